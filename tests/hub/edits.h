/* SPDX-License-Identifier: Apache-2.0 */
/* The same Hub at several times: what of a population had been created, published, deleted, renamed, moved and counted
 * so many weeks before --until. Drawn from a seed per repository, so that every view of the same population agrees with
 * every other. */
#ifndef HUB_EDITS_H
#define HUB_EDITS_H

#include <stdint.h>

struct population;

struct edit_opts {
	uint64_t seed; /* 0: the population stays as it is */
	int64_t until; /* s: the time of which the unedited population is */
	int64_t ago;   /* weeks before it: the view */
};

/* Keep the view in memory, and of nothing else; the population then answers as a recorded one does. */
void edits_apply(struct population *p, const struct edit_opts *o);

/* The time of the view. */
int64_t edits_time(const struct edit_opts *o);

#endif
