// SPDX-License-Identifier: Apache-2.0
/* What the reduce sends between ranks, whatever its size: a count of MPI is an int, ours are 64 bits wide.
 *
 * All functions are collective over comm. Those that take `rc` are also the end of a local part: all ranks agree on rc
 * first, and when one has failed all return its error and nothing has been sent.
 */
#ifndef REDUCE_WIRE_H
#define REDUCE_WIRE_H

#include <mpi.h>
#include <stddef.h>
#include <stdint.h>

#include "io/err.h"

/* Elements for (from) rank 0, then those for (from) rank 1, … */
struct parcel {
	void *data;
	uint64_t *n;    /* elements per rank */
	size_t size;    /* bytes of an element */
	uint64_t total; /* sum of n */
};

/* No elements for anybody. Local. E_NOMEM. */
int parcel_init(struct parcel *p, MPI_Comm comm, size_t size, struct err *e);
void parcel_release(struct parcel *p);

/* Allocate data for the sum of p->n. Local. E_NOMEM. */
int parcel_alloc(struct parcel *p, MPI_Comm comm, struct err *e);

/* Send every rank its part of `send`; what arrives is in `recv`, which is overwritten, also on error, and must be
 * released. What is little goes by way of a grid (reduce/grid.h). Errors: rc of any rank, E_NOMEM. */
int wire_exchange(MPI_Comm comm, int rc, const struct parcel *send, struct parcel *recv, struct err *e);

/* How it goes: at most `limit` elements in one call of MPI; by way of a grid from so many ranks on, up to so many bytes
 * per pair of ranks. */
struct wire_rule {
	uint64_t limit;
	int grid_ranks;
	uint64_t grid_bytes;
};

/* The same by another rule; for tests. */
int wire_exchange_by(MPI_Comm comm, int rc, const struct parcel *send, struct parcel *recv,
		     const struct wire_rule *rule, struct err *e);

/* Send this rank's n elements to rank 0, where `recv` holds those of all ranks in their order; it is empty elsewhere.
 */
int wire_gather(MPI_Comm comm, int rc, const void *x, uint64_t n, size_t size, struct parcel *recv, struct err *e);

/* Give rank 0's *nbytes bytes at *x to all: the others' *x is allocated, with a NUL behind it. Errors: rc of any rank,
 * E_NOMEM. */
int wire_share(MPI_Comm comm, int rc, void **x, uint64_t *nbytes, struct err *e);

/* a + b for a, b >= 0, or INT64_MAX where that does not fit. Commutative and associative. */
static inline int64_t wire_add(int64_t a, int64_t b)
{
	return a > INT64_MAX - b ? INT64_MAX : a + b;
}

/* In place: x[i] becomes the sum over the ranks by wire_add(), on all ranks. x[i] >= 0. */
void wire_sum(MPI_Comm comm, int64_t *x, uint64_t n);

__extension__ typedef __int128 wide;

/* The same for 128-bit integers; their sums must fit. */
void wire_sum_wide(MPI_Comm comm, wide *x, uint64_t n);

/* The largest x of all ranks. */
uint64_t wire_max(MPI_Comm comm, uint64_t x);

/* Sum of x over the ranks before this one; *total is that over all. */
uint64_t wire_before(MPI_Comm comm, uint64_t x, uint64_t *total);

#endif
