// SPDX-License-Identifier: Apache-2.0
/* The ranks of a communicator as a grid of R rows and C columns, row by row, and an all-to-all of small messages on it:
 * first along a column to the row of whom it is for, then along that row. A rank speaks to R - 1 and C - 1 others where
 * it would speak to R C - 1, and each byte is sent twice (Johnsson and Ho, "Optimum broadcasting and personalized
 * communication in hypercubes", IEEE Trans. Comput. 38, 1989, here on a torus of two dimensions). */
#ifndef REDUCE_GRID_H
#define REDUCE_GRID_H

#include <mpi.h>
#include <stddef.h>
#include <stdint.h>

struct grid {
	int nrows, ncols;
	MPI_Comm column, row; /* this rank's; their ranks are in the order of the rows, of the columns */
};

/* The grid of comm that is nearest to a square, made when it is first asked for. NULL where there is none: a prime
 * number of ranks, or one of them is out of memory. Collective. */
const struct grid *grid_of(MPI_Comm comm);

/* Free it, if there is one, before MPI ends. Collective. */
void grid_forget(MPI_Comm comm);

/* An exchange on its way: init, counts, alloc, run, release. */
struct grid_swap {
	const struct grid *g;
	uint64_t *nthere;  /* [R][C]: at the rank between, elements from each of its column for each of its row */
	uint64_t *nturned; /* [C][R]: the same the other way round */
	uint64_t *nhere;   /* [C][R]: for this rank, from each of its row those of each of that one's column */
	uint64_t *next;    /* [R C]: where blocks lie that are to be turned */
	int *count;        /* counts and displacements for MPI */
	char *there, *turned;
	uint64_t npassing; /* elements that pass this rank */
};

/* Local. -1: out of memory. To be released in any case. */
int grid_swap_init(struct grid_swap *s, const struct grid *g);
void grid_swap_release(struct grid_swap *s);

/* From what this rank sends to each to what it gets from each: [R C], both. Collective. */
void grid_swap_counts(struct grid_swap *s, const uint64_t *nsend, uint64_t *nrecv);

/* Room for the elements on their way; total: sum of nrecv. Local. -1: out of memory. */
int grid_swap_alloc(struct grid_swap *s, uint64_t total, size_t size);

/* Send elements of `size` bytes, in the order of the ranks both; on no rank more of them than an int counts, those that
 * pass included. Collective. */
void grid_swap_run(struct grid_swap *s, const uint64_t *nsend, const void *send, void *recv, size_t size);

#endif
