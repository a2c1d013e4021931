// SPDX-License-Identifier: Apache-2.0
/* From what is missing of a census to the first windows of a crawl. Rank 0, no MPI. */
#ifndef CRAWLER_START_H
#define CRAWLER_START_H

#include "crawler/coordinator.h"
#include "crawler/probe.h"
#include "crawler/resume.h"

/* Where a kind is probed: the largest of its gaps. */
struct span start_place(const struct cover *gaps, enum kind k);

/* How many rows the growth curve is off by, from the totals that the Hub tells (-1: not told). `now_s`: s since 1970.
 */
void start_scale(struct coordinator_setup *s, const struct snapshot *snap, const int64_t hub_total[NKINDS],
		 int64_t now_s);

/* Everything that is missing, in the way that the probe found to work. Errors: E_NOMEM. */
int start_windows(struct coordinator *c, const struct snapshot *snap, const struct resume *r, const struct probe *p,
		  struct err *e);

#endif
