// SPDX-License-Identifier: Apache-2.0
/* Exact order statistics of a distributed multiset of integers >= 0: elements by rank, sums of the largest, counts
 * below, Gini.
 *
 * The multiset is kept as runs (value, how often), each rank owning a range of values: downloads of millions of
 * repositories have some hundred thousand distinct values, because d distinct values >= 0 add up to at least d(d-1)/2.
 * After that every question costs one reduction.
 */
#ifndef REDUCE_RANK_H
#define REDUCE_RANK_H

#include <mpi.h>
#include <stdint.h>

#include "io/err.h"
#include "reduce/wire.h"

struct run {
	int64_t value;
	uint64_t count;
};

/* The pure part: n values, negative ones (absent) left out, as ascending runs of distinct values. *run is allocated;
 * free() it. Returns 0, or -1 when memory is short. */
int rank_runs(const int64_t *x, uint64_t n, struct run **run, uint64_t *nrun);

struct ranked {
	struct run *run; /* this rank's range of values */
	uint64_t nrun;
	uint64_t n, below; /* elements of all ranks; of those with a lower range */
	wide sum;          /* of all ranks */
};

/* Collective, as are all below: the same arguments but x and n on all ranks, the same results on all ranks. `r` is
 * overwritten, to be released, also on error. Errors: rc of any rank, E_NOMEM. */
int rank_build(struct ranked *r, MPI_Comm comm, int rc, const int64_t *x, uint64_t n, struct err *e);
void rank_release(struct ranked *r);

/* out[i] becomes element number k[i] of the ascending multiset, counted from 1 (1 <= k[i] <= r->n). */
void rank_elements(const struct ranked *r, MPI_Comm comm, const uint64_t *k, int nk, int64_t *out);

/* out[i] becomes the sum of the k[i] largest elements, of all where there are fewer. */
void rank_top(const struct ranked *r, MPI_Comm comm, const uint64_t *k, int nk, wide *out);

/* out[i] becomes the number of elements < bound[i]. */
void rank_below(const struct ranked *r, MPI_Comm comm, const int64_t *bound, int n, uint64_t *out);

/* Gini's coefficient, 2 sum(i x_i) / (n sum(x)) - (n + 1) / n over ascending x_i, computed in integers and divided
 * once. *g is left alone, and 0 returned, where it is not defined: no element, or all are 0. */
int rank_gini(const struct ranked *r, MPI_Comm comm, double *g);

/* Nearest rank: quantile num/den of n elements is element number ceil(n * num / den), at least 1. Pure. */
uint64_t rank_nearest(uint64_t n, uint64_t num, uint64_t den);

#endif
