// SPDX-License-Identifier: Apache-2.0
#include "crawler/alone.h"

#include "crawler/stop.h"
#include "io/agree.h"

/* Of the caller's communicator, on which nobody else sends messages with tags of this size. */
#define TAG 2026

static MPI_Comm comm = MPI_COMM_NULL;
static int rank, nworking; /* ranks 0 … nworking - 1 work */
static int has_told;
static int64_t nheard;

/* The checker follows a request through one function only. */
// NOLINTBEGIN(clang-analyzer-optin.mpi.MPI-Checker)
static void hear(void)
{
	MPI_Recv(NULL, 0, MPI_BYTE, MPI_ANY_SOURCE, TAG, comm, MPI_STATUS_IGNORE);
	nheard++;
}

static void look(void)
{
	int came;

	MPI_Iprobe(MPI_ANY_SOURCE, TAG, comm, &came, MPI_STATUS_IGNORE);
	if (came)
		hear();
}

static void tell(void)
{
	if (!stop_is_asked() || has_told)
		return;
	has_told = 1;
	for (int r = 0; r < nworking; r++) {
		MPI_Request word;

		if (r == rank)
			continue;
		MPI_Isend(NULL, 0, MPI_BYTE, r, TAG, comm, &word);
		/* Nothing has to be kept for it, and alone_end() sees to it that it arrives. */
		MPI_Request_free(&word);
	}
}

void alone_begin(MPI_Comm of, enum alone who)
{
	int nranks;

	MPI_Comm_rank(of, &rank);
	MPI_Comm_size(of, &nranks);
	comm = of;
	nworking = who == ALONE_EACH ? nranks : 1;
	has_told = 0;
	nheard = 0;
}

int alone_is_stopped(void)
{
	if (comm == MPI_COMM_NULL || rank >= nworking)
		return stop_is_asked();
	tell();
	look();
	return nheard > 0 || stop_is_asked();
}

void alone_end(void)
{
	int64_t told, all;
	MPI_Request over;

	MPI_Ibarrier(comm, &over);
	agree_wait_and(&over, tell);
	told = has_told;
	agree_sum(comm, &told, &all, 1);
	/* What was told too late is on its way. */
	while (rank < nworking && nheard < all - has_told)
		hear();
	comm = MPI_COMM_NULL;
}
// NOLINTEND(clang-analyzer-optin.mpi.MPI-Checker)
