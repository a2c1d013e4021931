// SPDX-License-Identifier: Apache-2.0
/* How far models are from what they were made of in the end, and which models are made of one another. */
#ifndef REDUCE_DEPTHS_H
#define REDUCE_DEPTHS_H

#include "reduce/kin.h"

struct depths {
	int64_t *count;        /* models whose nearest root is so many edges up, of all ranks; 0: they name no base */
	uint64_t n;            /* numbers in count */
	int64_t ncycle, nnode; /* see cycles.h */
	int rounds;
};

/* Collective. A cycle to which nothing else leads is cut before its node of the least number, which counts as a root.
 * `d` is overwritten, to be released, also on error. limit: of reach_find(). Errors: rc of any rank, E_NOMEM. */
int depths_build(struct depths *d, const struct kin *k, const struct nodes *x, int rc, uint64_t limit, struct err *e);
void depths_release(struct depths *d);

#endif
