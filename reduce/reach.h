// SPDX-License-Identifier: Apache-2.0
/* What lies upstream of every node of a distributed graph: the labels of all its ancestors, and how far the nearest
 * root is. All functions are collective over g->comm; errors: rc of any rank, E_NOMEM.
 *
 * Doubling (pointer jumping: JaJa, An Introduction to Parallel Algorithms, 1992, section 2.2; Wyllie 1979), from trees
 * to graphs. After a round each node v knows
 *     F(v)  the labels of its ancestors at most c steps up,
 *     d(v)  the number of steps up to the nearest root, if it is at most c,
 *     J(v)  the ancestors exactly s steps up that are no roots themselves.
 * In a round it asks the nodes u of J(v) for theirs: F(v) += F(u), d(v) = min(d(v), s + d(u)), which gives c + s, and
 * J(v) = union of J(u), which doubles s. While s = c, c doubles too: a chain of depth D takes about log2(D) rounds. The
 * end is a round in which no F and no d changed: were there a label (a root) further than c up from some node, then, on
 * the shortest way to it, there would be a node with the label exactly c + 1 up, and the round would have found it.
 * That argument needs no order of the nodes, so cycles need no cutting here: a set holds a label once.
 *
 * Where many nodes have many bases, sets J may grow although F does not. When they would outgrow `limit` on some rank
 * they stay as they are, and with them s: from then on the rounds grow as D / s. Sets F that would outgrow it are
 * computed in several passes over parts of the labels; the pass of a single label always fits. So memory is bounded by
 * nodes, edges and limit, and no result depends on the limit or on the number of ranks. */
#ifndef REDUCE_REACH_H
#define REDUCE_REACH_H

#include <mpi.h>
#include <stdint.h>

#include "io/err.h"
#include "reduce/sets.h"

/* Rank r has the nodes first[r] … first[r + 1] - 1. A node without bases is a root. */
struct graph {
	MPI_Comm comm;
	uint64_t *first;  /* nranks + 1, the same on all ranks */
	uint64_t n;       /* nodes of this rank */
	struct sets base; /* per own node: the nodes right above it, without itself */
};

#define REACH_NONE UINT32_MAX /* no label; no root upstream */

struct reach {
	struct sets label; /* per own node: F */
	uint32_t *depth;   /* per own node: d, or REACH_NONE where all ways up end in cycles */
	struct sets jump;  /* per own node: J; empty unless a way up goes on for as long as the rounds went */
	int rounds;
	int doubled; /* every round doubled s */
};

/* label: of each own node, REACH_NONE or a number that its descendants are to know, if it lies in [lo, hi); NULL: none
 * has one. limit: items that the sets of one kind may have per rank. *full: they would have had more, and `r` is empty.
 * `r` is overwritten and must be released, also on error. */
int reach_find(struct reach *r, const struct graph *g, int rc, const uint32_t *label, uint32_t lo, uint32_t hi,
	       uint64_t limit, int *full, struct err *e);
void reach_release(struct reach *r);

/* What to do with F of the labels [lo, hi). Local. Returns 0 or -1 (memory is short). */
typedef int reach_take(void *arg, const struct sets *label, uint32_t lo, uint32_t hi);

/* reach_find() for labels [lo, hi), in as many passes as the limit asks for; *rounds becomes the sum of theirs. */
int reach_passes(const struct graph *g, int rc, const uint32_t *label, uint32_t lo, uint32_t hi, uint64_t limit,
		 reach_take *take, void *arg, int *rounds, struct err *e);

#endif
