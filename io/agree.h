// SPDX-License-Identifier: Apache-2.0
/* Agreement of all ranks on success or failure, so that nobody is left behind in a collective call.
 *
 * The pattern is: local part, agree, collective part, agree. An idle rank makes the same calls.
 */
#ifndef IO_AGREE_H
#define IO_AGREE_H

#include <mpi.h>
#include <stdint.h>

#include "io/err.h"

/* Collective over comm. `rc` is this rank's code and `e` its text. Afterwards every rank has the worst code, its text
 * and the rank (in comm) that failed in `e`; of several ranks with the worst code the lowest one's. Returns that code.
 * Sleeps while it waits, so a rank that is early costs nothing. */
int err_agree(MPI_Comm comm, int rc, struct err *e);

#define AGREE_SUMS 7

/* err_agree(), and with the same message the sums over all ranks of n <= AGREE_SUMS values, in place: meant where all
 * is well, zeros elsewhere. Collective over comm. */
int err_agree_sum(MPI_Comm comm, int rc, int64_t *x, int n, struct err *e);

/* err_agree(), and with the same message the largest *x >= 0 of all ranks. Collective over comm. */
int err_agree_max(MPI_Comm comm, int rc, int64_t *x, struct err *e);

/* Wait for a request without occupying the core: Open MPI's own waits poll. Local. */
void agree_wait(MPI_Request *req);

/* The same, and look() is called before each sleep, which takes 5 ms at most. NULL: nothing is. */
void agree_wait_and(MPI_Request *req, void (*look)(void));

/* From now on, where a wait of this rank finds itself later than `ms` from now, it calls late() once, which may end the
 * job; NULL ends that. For a rank that has reason to doubt that the others will come. Local. */
void agree_limit(int64_t ms, void (*late)(void));

/* MPI_Bcast of nbytes from rank 0 that sleeps while it waits. Collective. */
void agree_bcast(MPI_Comm comm, void *x, uint64_t nbytes);

/* Element-wise sum of n values over all ranks, result on all, that sleeps while it waits. Collective. */
void agree_sum(MPI_Comm comm, const int64_t *x, int64_t *sum, int n);

#endif
