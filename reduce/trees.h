// SPDX-License-Identifier: Apache-2.0
/* The base models from which most repositories derive. */
#ifndef REDUCE_TREES_H
#define REDUCE_TREES_H

#include "reduce/kin.h"

#define TREES_TOP 100

struct tree {
	uint32_t node, row; /* row: as in struct nodes */
	int64_t all;        /* repositories that are reached downwards from it */
};

struct trees {
	/* Rank 0: the largest of those roots that something derives from; ties by _id, what is not
	 * in the census last. A root names no base. */
	struct tree top[TREES_TOP];
	int n;
	struct texts name; /* in lower case */
};

/* Collective. `t` is overwritten, to be released, also on error. limit: of reach_passes(). Errors: rc of any rank,
 * E_NOMEM. */
int trees_build(struct trees *t, const struct kin *k, const struct nodes *x, const struct table *models, int rc,
		uint64_t limit, struct err *e);
void trees_release(struct trees *t);

#endif
