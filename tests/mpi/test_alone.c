// SPDX-License-Identifier: Apache-2.0
/* A signal to one rank while rank 0, or each, works alone: who works hears of it, also too late, and again the next
 * time. */
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

/* Who works waits until it hears of it, 10 s at most. */
static int hears(int rank, enum alone who)
{
	int heard = 0, works = rank == 0 || who == ALONE_EACH;

	alone_begin(MPI_COMM_WORLD, who);
	for (int i = 0; works && !heard && i < 1000; i++, nap(10))
		heard = alone_is_stopped();
	alone_end();
	return !works || heard;
}

/* The last rank is signalled when it has done its part, the others still work. */
static int hears_of_the_idle(int rank, int last)
{
	int heard = rank == last;

	alone_begin(MPI_COMM_WORLD, ALONE_EACH);
	if (rank == last)
		kill(getpid(), SIGUSR1);
	for (int i = 0; !heard && i < 1000; i++, nap(10))
		heard = alone_is_stopped();
	alone_end();
	return heard;
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
		alone_begin(comm, i % 2 ? ALONE_EACH : ALONE_HEAD);
		good &= !alone_is_stopped();
		alone_end();
	}
	ok_all(comm, good, "nobody was asked");
	ok_all(comm, hears_of_the_idle(rank, size - 1), "the last rank was asked when it was done: all hear it");
	ok_all(comm, hears(rank, ALONE_HEAD), "rank 0 hears it");
	ok_all(comm, alone_is_stopped() == stop_is_asked(), "between two times it is this rank's own matter");
	ok_all(comm, hears(rank, ALONE_HEAD) && hears(rank, ALONE_EACH), "and it is heard again the next time");
	kill(getpid(), SIGUSR1);
	for (int i = 0; i < 20; i++) {
		alone_begin(comm, i % 2 ? ALONE_EACH : ALONE_HEAD);
		if (rank == 0)
			nap(i); /* the others have told it, or do when it is over, or not at all */
		alone_end();
	}
	ok_all(comm, hears(rank, ALONE_EACH) && hears(rank, ALONE_HEAD),
	       "all were asked, and nobody listened: nothing is left behind");
	return tap_finalize();
}
