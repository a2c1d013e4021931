// SPDX-License-Identifier: Apache-2.0
/* Models and the names of bases as numbered nodes: who is who, over all ranks.
 *
 * A node is a name without regard to ASCII letter case, whether a model of the census has it or only a tag. Two
 * repositories whose ids differ in letter case alone are one node, hence one repository of a family: the Hub has no
 * such pairs, they are one repository that was seen before and after a change of its name. A base that is told by its
 * _id is the node of the model that has this _id. Where a model tells as many bases of the census by
 * _id as it names, and all but one are the same, and no model has the name that is left, then that is a former name of
 * the repository that is left, and all edges to the name lead there. An _id that is not in the census is taken to be
 * one of the bases that the same model's tags name; where there is no tag left for it, it is a node without a name.
 *
 * Nodes are numbered in the order of a 96-bit hash of the name (XXH3), each rank having a range of hashes: a node has
 * the same number whatever the number of ranks. Of 10^7 names two have the same hash with a probability below 10^-15.
 */
#ifndef REDUCE_NODES_H
#define REDUCE_NODES_H

#include "reduce/base.h"
#include "reduce/census.h"

struct nodes {
	MPI_Comm comm;
	uint64_t *first;     /* nranks + 1: nodes of rank r are first[r] … first[r + 1] - 1 */
	uint64_t *first_row; /* nranks + 1: the same for rows of models */
	uint64_t n;          /* nodes of this rank */

	/* Per own node. */
	uint32_t *row;  /* 1 + the row (over all ranks) of the model, the oldest if there are several; 0: not in the
			   census */
	int32_t *space; /* its namespace: code in `spaces`, -1: the name has none */
	int32_t *owner; /* who owns the model: the same, -1: nobody, or not in the census */

	/* Per local row, local name, local label of F_BASES. */
	uint32_t *of_row;
	struct base_names names;
	uint32_t *of_name;
	uint32_t *of_base; /* NODE_NONE: not in the census, and nowhere needed */
	uint8_t *is_dead;  /* not in the census */

	struct texts space_text; /* this rank's namespaces, lower case, sorted */
	struct labels spaces;    /* … of all ranks: codes are in the order of the names */
	uint64_t nrenamed;       /* former names that were followed, of all ranks */
};

#define NODE_NONE UINT32_MAX

/* Collective. `x` is overwritten, to be released, also on error. Errors: rc of any rank, E_NOMEM, E_FORMAT (2^32 - 1
 * nodes). */
int nodes_build(struct nodes *x, const struct census *c, int rc, struct err *e);
void nodes_release(struct nodes *x);

#endif
