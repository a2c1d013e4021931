// SPDX-License-Identifier: Apache-2.0
#include "reduce/grid.h"
#include "reduce/wire.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tests/mpi/tap_mpi.h"

static int rank, nranks;

/* Rank r sends n(r, d) numbers r * 10^6 + d * 10^3 + i to rank d; some pairs have none. */
static uint64_t npair(int from, int to)
{
	return (uint64_t)((from * 7 + to * 3) % 5 * 11);
}

static int came_right(MPI_Comm comm, const struct parcel *in)
{
	const int64_t *x = in->data;
	int me, n;

	MPI_Comm_rank(comm, &me);
	MPI_Comm_size(comm, &n);
	for (int r = 0; r < n; r++) {
		if (in->n[r] != npair(r, me))
			return 0;
		for (uint64_t i = 0; i < in->n[r]; i++)
			if (*x++ != r * 1000000 + me * 1000 + (int64_t)i)
				return 0;
	}
	return 1;
}

static int exchanged(MPI_Comm comm, const struct wire_rule *rule)
{
	struct parcel out, in = { 0 };
	struct err e = ERR_INIT;
	int64_t *x;
	int me, n, rc = parcel_init(&out, comm, sizeof *x, &e);

	MPI_Comm_rank(comm, &me);
	MPI_Comm_size(comm, &n);
	for (int d = 0; d < n && !rc; d++)
		out.n[d] = npair(me, d);
	rc = rc ? rc : parcel_alloc(&out, comm, &e);
	x = out.data;
	for (int d = 0; d < n && !rc; d++)
		for (uint64_t i = 0; i < out.n[d]; i++)
			*x++ = me * 1000000 + d * 1000 + (int64_t)i;
	rc = wire_exchange_by(comm, rc, &out, &in, rule, &e);
	rc = rc == E_OK && came_right(comm, &in);
	parcel_release(&out);
	parcel_release(&in);
	return rc;
}

static void check_exchange(uint64_t limit, const char *name)
{
	ok_all(MPI_COMM_WORLD, exchanged(MPI_COMM_WORLD, &(struct wire_rule){ limit, INT_MAX, 0 }), name);
}

/* On a grid where there is one: 4 of the ranks are 2 by 2, 6 are 2 by 3; and what is too much for it. */
static void check_grid(void)
{
	int n = nranks == 5 ? 4 : nranks, good = 1, cols = 0;
	MPI_Comm some;

	MPI_Comm_split(MPI_COMM_WORLD, rank < n, rank, &some);
	if (rank < n) {
		const struct grid *g = grid_of(some);

		cols = g ? g->ncols : 0;
		good = exchanged(some, &(struct wire_rule){ INT_MAX, 2, 4096 }) &&
		       exchanged(some, &(struct wire_rule){ INT_MAX, 2, 8 }) &&
		       exchanged(some, &(struct wire_rule){ 3, 2, 4096 });
	}
	ok_all(MPI_COMM_WORLD, rank >= n || cols == (n == 4 ? 2 : n == 6 ? 3 : 0), "a grid where the ranks make one");
	ok_all(MPI_COMM_WORLD, good, "an exchange by way of it, and of what is too much for it");
	grid_forget(some);
	MPI_Comm_free(&some);
}

static void check_failure(void)
{
	struct parcel out, in = { 0 };
	struct err e = ERR_INIT;
	int rc = parcel_init(&out, MPI_COMM_WORLD, 1, &e);

	if (rank == nranks - 1)
		rc = err_set(&e, E_IO, "disk of rank %d", rank);
	rc = wire_exchange(MPI_COMM_WORLD, rc, &out, &in, &e);
	ok_all(MPI_COMM_WORLD, rc == E_IO && e.rank == nranks - 1 && !strncmp(e.text, "disk of rank", 12),
	       "one rank fails: all say so");
	parcel_release(&out);
	parcel_release(&in);
}

static void check_gather(void)
{
	int64_t x[3] = { rank, rank, rank };
	struct parcel in = { 0 };
	struct err e = ERR_INIT;
	int rc = wire_gather(MPI_COMM_WORLD, E_OK, x, (uint64_t)rank % 4, sizeof *x, &in, &e), good = rc == E_OK;
	uint64_t at = 0;

	for (int r = 0; r < nranks && rank == 0; r++)
		for (uint64_t i = 0; i < (uint64_t)r % 4; i++)
			good &= ((int64_t *)in.data)[at++] == r;
	ok_all(MPI_COMM_WORLD, good && in.total == at, "rank 0 gathers in the order of the ranks, the others nothing");
	parcel_release(&in);
}

static void check_share(void)
{
	char text[] = "the same everywhere";
	uint64_t n = rank == 0 ? sizeof text - 1 : 0;
	void *at = rank == 0 ? text : NULL;
	struct err e = ERR_INIT;
	int rc = wire_share(MPI_COMM_WORLD, E_OK, &at, &n, &e);

	ok_all(MPI_COMM_WORLD, rc == E_OK && n == sizeof text - 1 && !strcmp(at, text), "rank 0 shares bytes");
	if (rank != 0)
		free(at);
	n = 0;
	at = NULL;
	rc = wire_share(MPI_COMM_WORLD, E_OK, &at, &n, &e);
	ok_all(MPI_COMM_WORLD, rc == E_OK && n == 0, "and none");
	free(at);
}

static void check_sums(void)
{
	int64_t x[3] = { rank, rank == 0 ? INT64_MAX : 1, 0 };
	wide w[2] = { (wide)INT64_MAX * 1000, -rank };
	uint64_t total, before;

	wire_sum(MPI_COMM_WORLD, x, 3);
	ok_all(MPI_COMM_WORLD, x[0] == nranks * (nranks - 1) / 2 && x[1] == INT64_MAX && x[2] == 0,
	       "sums stay at their bound");
	wire_sum_wide(MPI_COMM_WORLD, w, 2);
	ok_all(MPI_COMM_WORLD, w[0] == (wide)INT64_MAX * 1000 * nranks && w[1] == -(wide)(nranks * (nranks - 1) / 2),
	       "sums of 128 bits");
	ok_all(MPI_COMM_WORLD, wire_max(MPI_COMM_WORLD, (uint64_t)rank * 3) == (uint64_t)(nranks - 1) * 3,
	       "the largest");
	before = wire_before(MPI_COMM_WORLD, 2, &total);
	ok_all(MPI_COMM_WORLD, before == (uint64_t)rank * 2 && total == (uint64_t)nranks * 2, "what is before");
}

int main(int argc, char **argv)
{
	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &nranks);
	check_exchange(INT_MAX, "an exchange at once");
	check_exchange(7, "the same in rounds of 7");
	check_exchange(1, "the same one by one");
	check_grid();
	check_failure();
	check_gather();
	check_share();
	check_sums();
	return tap_finalize();
}
