// SPDX-License-Identifier: Apache-2.0
/* Who was made of whom: every edge from a model to a base, at the rank that has the model's node. */
#ifndef REDUCE_KIN_H
#define REDUCE_KIN_H

#include "reduce/nodes.h"
#include "reduce/reach.h"

enum { KIN_BY_TAG, KIN_BY_ID, KIN_BY_BOTH, KIN_LOOPS, KIN_COUNTS };

struct kin {
	struct graph g;     /* nodes as in struct nodes; without loops */
	uint8_t *relations; /* per item of g.base: a bit per enum relation */
	uint8_t *loop;      /* per own node: the same for the edge to itself, 0: there is none */
	uint32_t *base;     /* distinct bases of this rank's edges, ascending, loops included */
	uint64_t nbase;
	uint8_t *is_base; /* per own node: is it a base of anything */

	/* Of all ranks. */
	int64_t nedge[KIN_COUNTS]; /* edges that tags tell, that baseModels tells, both; and those to the same node */
	int64_t norphan;           /* bases that are not in the census */
};

/* Collective. `k` is overwritten, to be released, also on error; it refers to x->first. Errors: rc of any rank,
 * E_NOMEM. */
int kin_build(struct kin *k, const struct nodes *x, const struct census *c, int rc, struct err *e);
void kin_release(struct kin *k);

#endif
