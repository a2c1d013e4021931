// SPDX-License-Identifier: Apache-2.0
#include "io/agree.h"

#include <string.h>
#include <time.h>

static void (*be_late)(void);
static int64_t late_ms;

/* Not MPI_Wtime(): who counts what MPI sends takes that for the end of a phase (tests/bench/count_mpi.c). */
static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * (int64_t)1000 + t.tv_nsec / 1000000;
}

void agree_limit(int64_t ms, void (*late)(void))
{
	be_late = late;
	late_ms = late ? now_ms() + ms : 0;
}

static void check_limit(void)
{
	void (*late)(void) = be_late;

	if (!late || now_ms() < late_ms)
		return;
	be_late = NULL;
	late();
}

void agree_wait(MPI_Request *req)
{
	agree_wait_and(req, NULL);
}

void agree_wait_and(MPI_Request *req, void (*look)(void))
{
	long ns = 20000;
	int done = 0;

	/* The first tests cost little and most messages are there by then; then sleep, up to 5 ms at a time. */
	for (int i = 0; !done; i++) {
		MPI_Test(req, &done, MPI_STATUS_IGNORE);
		if (done || i < 64)
			continue;
		if (look)
			look();
		check_limit();
		nanosleep(&(struct timespec){ 0, ns }, NULL);
		if (ns < 5000000)
			ns += ns / 2;
	}
}

/* The checker does not know that agree_wait() completes a request. */
// NOLINTBEGIN(clang-analyzer-optin.mpi.MPI-Checker)
void agree_bcast(MPI_Comm comm, void *x, uint64_t nbytes)
{
	const uint64_t piece = 1u << 30; /* a count of MPI is an int */

	for (uint64_t done = 0; done < nbytes || (nbytes == 0 && done == 0); done += piece) {
		uint64_t n = nbytes - done < piece ? nbytes - done : piece;
		MPI_Request req;

		MPI_Ibcast((char *)x + done, (int)n, MPI_BYTE, 0, comm, &req);
		agree_wait(&req);
	}
}

void agree_sum(MPI_Comm comm, const int64_t *x, int64_t *sum, int n)
{
	MPI_Request req;

	MPI_Iallreduce(x, sum, n, MPI_INT64_T, MPI_SUM, comm, &req);
	agree_wait(&req);
}

int err_agree(MPI_Comm comm, int rc, struct err *e)
{
	struct {
		int code, rank;
	} mine, worst;
	MPI_Request req;
	int rank;

	MPI_Comm_rank(comm, &rank);
	/* MPI_MAXLOC takes the lowest rank of those with the largest value (MPI 3.1, 5.9.4). */
	mine.code = rc;
	mine.rank = rank;
	MPI_Iallreduce(&mine, &worst, 1, MPI_2INT, MPI_MAXLOC, comm, &req);
	agree_wait(&req);
	if (worst.code == E_OK)
		return E_OK;
	if (rank == worst.rank && e->code == E_OK)
		err_set(e, rc, "rank %d failed", rank);
	struct err other = *e;
	MPI_Ibcast(&other, (int)sizeof other, MPI_BYTE, worst.rank, comm, &req);
	agree_wait(&req);
	*e = other;
	e->code = worst.code;
	/* Agreed before: then it names the rank already. */
	if (e->rank < 0)
		e->rank = worst.rank;
	return worst.code;
}

int err_agree_sum(MPI_Comm comm, int rc, int64_t *x, int n, struct err *e)
{
	int64_t mine[AGREE_SUMS + 1] = { rc != E_OK }, sum[AGREE_SUMS + 1] = { 0 };

	memcpy(mine + 1, x, (size_t)n * sizeof *x);
	agree_sum(comm, mine, sum, n + 1);
	if (sum[0]) {
		memset(x, 0, (size_t)n * sizeof *x);
		return err_agree(comm, rc, e);
	}
	memcpy(x, sum + 1, (size_t)n * sizeof *x);
	return E_OK;
}

int err_agree_max(MPI_Comm comm, int rc, int64_t *x, struct err *e)
{
	int64_t mine[2] = { rc != E_OK, *x }, most[2];
	MPI_Request req;

	MPI_Iallreduce(mine, most, 2, MPI_INT64_T, MPI_MAX, comm, &req);
	agree_wait(&req);
	*x = most[0] ? 0 : most[1];
	return most[0] ? err_agree(comm, rc, e) : E_OK;
}
// NOLINTEND(clang-analyzer-optin.mpi.MPI-Checker)
