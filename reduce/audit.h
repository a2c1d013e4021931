// SPDX-License-Identifier: Apache-2.0
/* The second pass: repositories that the Hub listed by another order, drawn at random places of it (hubcrawl --audit),
 * looked for in the census. What of them the census lacks estimates what the walk by creation time was not shown.
 *
 * The sample lies in DIR/audit/ in files like shards. Counted are distinct repositories created at or before t0 that
 * lie in spans which the census has covered: what lies in its gaps is known to be missing. */
#ifndef REDUCE_AUDIT_H
#define REDUCE_AUDIT_H

#include "io/err.h"
#include "io/schema.h"
#include "reduce/figure.h"

struct census;
struct crawls;
struct facts;

struct audit {
	int64_t sampled[NKINDS], missed[NKINDS]; /* of all ranks, on all ranks */
	int64_t pages[NKINDS];                   /* that the sample has */
};

/* Collective over c->comm, c loaded; this rank's part of the requests is added to `crawls`. Errors: that of a file
 * (E_FORMAT: damaged, foreign), E_IO, E_NOMEM. */
int audit_count(struct audit *a, const struct census *c, const char *dir, struct crawls *crawls, struct err *e);

/* The figure completeness.audit. Rank 0. */
extern const struct figure_col audit_cols[6];
void audit_make(const struct facts *f, struct figure_table *t);

#endif
