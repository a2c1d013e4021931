// SPDX-License-Identifier: Apache-2.0
/* A signal to one rank while rank 0 works alone: rank 0 hears of it, also too late, and again the next time. */
#include "crawler/alone.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "crawler/stop.h"
#include "tests/mpi/tap_mpi.h"

static void nap(int ms)
{
	nanosleep(&(struct timespec){ 0, ms * 1000000L }, NULL);
}

/* Rank 0 waits until it hears of it, 10 s at most. */
static int hears(int rank)
{
	int heard = 0;

	alone_begin(MPI_COMM_WORLD);
	for (int i = 0; rank == 0 && !heard && i < 1000; i++, nap(10))
		heard = alone_is_stopped();
	alone_end();
	return rank != 0 || heard;
}

int main(int argc, char **argv)
{
	MPI_Comm comm = MPI_COMM_WORLD;
	int rank, size, good = 1;

	stop_catch();
	MPI_Init(&argc, &argv);
	MPI_Comm_rank(comm, &rank);
	MPI_Comm_size(comm, &size);
	for (int i = 0; i < 20; i++) {
		alone_begin(comm);
		good &= !alone_is_stopped();
		alone_end();
	}
	ok_all(comm, good, "nobody was asked");
	if (rank == size - 1)
		kill(getpid(), SIGUSR1);
	ok_all(comm, hears(rank), "the last rank was asked: rank 0 hears it");
	ok_all(comm, alone_is_stopped() == stop_is_asked(), "between two times it is this rank's own matter");
	ok_all(comm, hears(rank), "and hears it again the next time");
	kill(getpid(), SIGUSR1);
	for (int i = 0; i < 20; i++) {
		alone_begin(comm);
		if (rank == 0)
			nap(i); /* the others have told it, or do when it is over, or not at all */
		alone_end();
	}
	ok_all(comm, hears(rank), "all were asked, and rank 0 did not listen: nothing is left behind");
	return tap_finalize();
}
