// SPDX-License-Identifier: Apache-2.0
#include "crawler/alone.h"

#include "crawler/stop.h"
#include "io/agree.h"

/* Of the caller's communicator, on which nobody else sends messages with tags of this size. */
#define TAG 2026

static MPI_Comm comm = MPI_COMM_NULL;
static int is_head;
static MPI_Request word = MPI_REQUEST_NULL; /* to rank 0 */
static int64_t nwords;                      /* that came to it, or were sent */

/* The checker follows a request through one function only. */
// NOLINTBEGIN(clang-analyzer-optin.mpi.MPI-Checker)
static void hear(void)
{
	MPI_Recv(NULL, 0, MPI_BYTE, MPI_ANY_SOURCE, TAG, comm, MPI_STATUS_IGNORE);
	nwords++;
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
	if (!stop_is_asked() || nwords > 0)
		return;
	nwords = 1;
	MPI_Isend(NULL, 0, MPI_BYTE, 0, TAG, comm, &word);
}

void alone_begin(MPI_Comm of)
{
	int rank;

	MPI_Comm_rank(of, &rank);
	comm = of;
	is_head = rank == 0;
	nwords = 0;
}

int alone_is_stopped(void)
{
	if (comm == MPI_COMM_NULL || !is_head)
		return stop_is_asked();
	look();
	return nwords > 0 || stop_is_asked();
}

void alone_end(void)
{
	int64_t told, all;
	MPI_Request over;

	MPI_Ibarrier(comm, &over);
	agree_wait_and(&over, is_head ? NULL : tell);
	told = is_head ? 0 : nwords;
	agree_sum(comm, &told, &all, 1);
	/* What was told too late is on its way. */
	while (is_head && nwords < all)
		hear();
	agree_wait(&word);
	comm = MPI_COMM_NULL;
}
// NOLINTEND(clang-analyzer-optin.mpi.MPI-Checker)
