// SPDX-License-Identifier: Apache-2.0
/* TAP under MPI: a test holds if it holds on every rank; rank 0 prints. Nothing jumps, so the ranks stay in step. */
#ifndef TESTS_MPI_TAP_MPI_H
#define TESTS_MPI_TAP_MPI_H

#include <mpi.h>

#include "tests/tap.h"

/* Collective over comm. Returns whether `cond` held on all ranks, the same on all of them. */
__attribute__((unused)) static int ok_all(MPI_Comm comm, int cond, const char *name)
{
	int rank, mine = cond != 0, all;

	MPI_Comm_rank(comm, &rank);
	MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_LAND, comm);
	if (!mine)
		fprintf(stderr, "# rank %d: %s\n", rank, name);
	if (rank == 0)
		ok(all, "%s", name);
	return all;
}

/* Print the plan on rank 0 and end MPI; returns the exit code. */
__attribute__((unused)) static int tap_finalize(void)
{
	int rank;

	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Finalize();
	return rank == 0 ? plan_done() : 0;
}

#endif
