// SPDX-License-Identifier: Apache-2.0
/* How evenly the ranks shared the work: the least and the most busy one. */
#ifndef CRAWLER_SHARE_H
#define CRAWLER_SHARE_H

#include <mpi.h>
#include <stdint.h>

/* A value of the lowest rank that has it. */
struct share_end {
	int64_t value;
	int rank;
};

struct share {
	int nranks;
	struct share_end least_requests, most_requests; /* sent in this session */
	struct share_end least_cpu, most_cpu;           /* ms of the process, its threads and the system for it */
};

/* Collective over comm, with this rank's requests; the result is on all ranks. Sleeps while it waits. */
void share_find(MPI_Comm comm, int64_t requests, struct share *s);

#endif
