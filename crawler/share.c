// SPDX-License-Identifier: Apache-2.0
#include "crawler/share.h"

#include <sys/resource.h>

#include "io/agree.h"

/* As MPI_LONG_INT has it. */
struct pair {
	long value;
	int rank;
};

static int64_t cpu_ms(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000 +
	       (use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1000;
}

static struct share_end end_of(struct pair p)
{
	return (struct share_end){ p.value, p.rank };
}

// agree_wait() is the wait that the checker does not see.
// NOLINTBEGIN(clang-analyzer-optin.mpi.MPI-Checker)
void share_find(MPI_Comm comm, int64_t requests, struct share *s)
{
	struct pair mine[2] = { { (long)requests, 0 }, { (long)cpu_ms(), 0 } }, least[2], most[2];
	MPI_Request wait;
	int rank;

	MPI_Comm_size(comm, &s->nranks);
	MPI_Comm_rank(comm, &rank);
	mine[0].rank = mine[1].rank = rank;
	MPI_Iallreduce(mine, least, 2, MPI_LONG_INT, MPI_MINLOC, comm, &wait);
	agree_wait(&wait);
	MPI_Iallreduce(mine, most, 2, MPI_LONG_INT, MPI_MAXLOC, comm, &wait);
	agree_wait(&wait);
	s->least_requests = end_of(least[0]);
	s->least_cpu = end_of(least[1]);
	s->most_requests = end_of(most[0]);
	s->most_cpu = end_of(most[1]);
}
// NOLINTEND(clang-analyzer-optin.mpi.MPI-Checker)
