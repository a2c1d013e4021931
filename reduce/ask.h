// SPDX-License-Identifier: Apache-2.0
/* Asking the ranks that own them about numbered things: rank r owns first[r] … first[r + 1] - 1. All functions are
 * collective over comm, and agree on rc as those of wire.h do. Errors: rc of any rank, E_NOMEM. */
#ifndef REDUCE_ASK_H
#define REDUCE_ASK_H

#include <mpi.h>
#include <stdint.h>

#include "io/err.h"
#include "reduce/sets.h"
#include "reduce/wire.h"

struct ask {
	MPI_Comm comm;
	uint32_t base;       /* first[me] */
	uint64_t *nsend;     /* questions per rank */
	uint64_t n;          /* … and their sum */
	struct parcel query; /* uint32_t: what we are asked for, by rank */
};

/* *first becomes first[nranks + 1], the same on all ranks: rank r has n of them. Allocated, free() it, also on error.
 */
int ask_first(uint64_t **first, MPI_Comm comm, int rc, uint64_t n, struct err *e);

/* The rank that owns x. Local. */
int ask_owner(const uint64_t *first, int nranks, uint64_t x);

/* Ask for `want`, ascending; each should be there once. `a` is overwritten and must be released, also on error. */
int ask_begin(struct ask *a, MPI_Comm comm, int rc, const uint64_t *first, const uint32_t *want, uint64_t n,
	      struct err *e);
void ask_release(struct ask *a);

/* *got (allocated, free() it) becomes the values of what we asked for, in its order; own: those of what we own, `size`
 * bytes each. */
int ask_values(const struct ask *a, int rc, const void *own, size_t size, void **got, struct err *e);

/* The same for sets; `got` is overwritten and must be released, also on error. */
int ask_sets(const struct ask *a, int rc, const struct sets *own, struct sets *got, struct err *e);

#endif
