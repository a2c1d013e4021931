// SPDX-License-Identifier: Apache-2.0
/* A distributed dictionary: the distinct texts that the ranks use, in one order over all of them, each owned by one
 * rank.
 *
 * A text's code is its place among all distinct texts, sorted bytewise: the same whatever the number of ranks. A rank
 * keeps the texts that its own rows use, and a share of the whole, so memory falls with the number of ranks.
 */
#ifndef REDUCE_LABELS_H
#define REDUCE_LABELS_H

#include <mpi.h>
#include <stdint.h>

#include "io/err.h"
#include "io/table.h"

struct labels {
	uint64_t nlocal;  /* texts of this rank */
	uint64_t total;   /* distinct texts of all ranks */
	uint64_t first;   /* code of own's first text */
	struct texts own; /* those this rank owns, sorted: the ranks' shares one behind the other are the whole */
	uint64_t width;   /* bytes of the longest text of all ranks */
	int32_t *global;  /* code of each local text, ascending */
	uint64_t *nsend;  /* local texts per owner: its share is a range of them */
	uint64_t *nrecv;  /* texts that each rank has of ours */
	uint32_t *slot;   /* … and which of own each of them is; sum of nrecv of them */
};

/* Collective over comm. `local` holds this rank's texts, sorted bytewise and distinct; the caller keeps them. `l` is
 * overwritten and must be released, also on error. Errors: rc of any rank, E_NOMEM, E_FORMAT (more than 2^31 - 2
 * distinct texts). */
int labels_build(struct labels *l, MPI_Comm comm, int rc, const struct texts *local, struct err *e);

/* Collective. x holds `width` numbers >= 0 for each local text; own[i * width …] becomes their sum over the ranks, by
 * wire_add(), for text i of l->own. */
int labels_sum(const struct labels *l, MPI_Comm comm, int rc, const int64_t *x, uint32_t width, int64_t *own,
	       struct err *e);

/* Keep only the codes and numbers; for a dictionary whose texts are written. Local. */
void labels_forget(struct labels *l);

void labels_release(struct labels *l);

/* Sort t bytewise, in place; *map (allocated, owned by the caller) has the new index of each old one. Local. Returns 0,
 * or -1 when memory is short. */
int labels_sort(struct texts *t, int32_t **map);

#endif
