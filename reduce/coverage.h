// SPDX-License-Identifier: Apache-2.0
/* Which part of a kind's axis has been crawled. The axis is (OID_MIN, last ObjectId of second t0]. */
#ifndef REDUCE_COVERAGE_H
#define REDUCE_COVERAGE_H

#include <mpi.h>
#include <stdint.h>

#include "io/cover.h"
#include "io/err.h"

/* The three divide the axis: in order, disjoint, as long as possible, the same however it was sealed. */
struct coverage {
	struct cover clean;   /* crawled */
	struct cover suspect; /* crawled, but its pages broke order or bounds: may have holes */
	struct cover gap;     /* not crawled */
};

/* Local: begin with nothing, add a piece. Returns 0, or -1 when memory is short. */
int coverage_add(struct coverage *c, struct span s, int suspect);

/* Collective: c becomes that of all ranks' pieces together, on all ranks. A span that any rank has crawled cleanly is
 * not suspect. Errors: rc of any rank, E_NOMEM. */
int coverage_merge(struct coverage *c, MPI_Comm comm, int rc, int64_t t0, struct err *e);

/* Share of the time since 2022-03-02, before which there are no creation times, up to t0, that was crawled: *length of
 * *whole, in units of 2^-32 s. Both 0 where t0 lies before. Local. */
void coverage_share(const struct coverage *c, int64_t t0, uint64_t *length, uint64_t *whole);

/* How much of the time from `from` up to `to`, without it, was listed, of what of it lies between 2022-03-02 and t0; of
 * nothing everything. share: that, or NULL. Local. */
enum listed { LISTED_NOT, LISTED_PART, LISTED_WHOLE };
enum listed coverage_listed(const struct coverage *c, int64_t t0, int64_t from, int64_t to, double *share);

void coverage_release(struct coverage *c);

#endif
