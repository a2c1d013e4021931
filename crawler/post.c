// SPDX-License-Identifier: Apache-2.0
#include "crawler/post.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TAG 2023

struct parcel {
	MPI_Request req;
	struct parcel *next;
	unsigned char bytes[]; /* POST_MAX */
};

struct post {
	MPI_Comm comm;
	struct parcel *out, *spare;
	int64_t sent, received;
};

/* The checker follows a request through one function only; here each lives from one call to another. */
// NOLINTBEGIN(clang-analyzer-optin.mpi.MPI-Checker)
struct post *post_create(MPI_Comm comm)
{
	struct post *p = calloc(1, sizeof *p);
	int mine = p != NULL, all;

	MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_MIN, comm);
	if (!all || !p) {
		free(p);
		return NULL;
	}
	MPI_Comm_dup(comm, &p->comm);
	return p;
}

static void parcels_free(struct parcel *x)
{
	while (x) {
		struct parcel *next = x->next;

		free(x);
		x = next;
	}
}

void post_free(struct post *p)
{
	if (!p)
		return;
	MPI_Comm_free(&p->comm);
	parcels_free(p->out);
	parcels_free(p->spare);
	free(p);
}

int post_pending(struct post *p)
{
	int n = 0;

	for (struct parcel **at = &p->out; *at;) {
		struct parcel *x = *at;
		int done;

		MPI_Test(&x->req, &done, MPI_STATUS_IGNORE);
		if (!done) {
			at = &x->next;
			n++;
			continue;
		}
		*at = x->next;
		x->next = p->spare;
		p->spare = x;
	}
	return n;
}

int post_send(struct post *p, int rank, const void *bytes, size_t n)
{
	struct parcel *x;

	post_pending(p);
	x = p->spare;
	if (x)
		p->spare = x->next;
	else if (!(x = malloc(sizeof *x + POST_MAX)))
		return -1;
	memcpy(x->bytes, bytes, n);
	x->next = p->out;
	p->out = x;
	MPI_Isend(x->bytes, (int)n, MPI_BYTE, rank, TAG, p->comm, &x->req);
	p->sent++;
	return 0;
}

size_t post_receive(struct post *p, int *rank, void *bytes)
{
	MPI_Message m;
	MPI_Status st;
	int there, n;

	MPI_Improbe(MPI_ANY_SOURCE, TAG, p->comm, &there, &m, &st);
	if (!there)
		return 0;
	MPI_Get_count(&st, MPI_BYTE, &n);
	MPI_Mrecv(bytes, POST_MAX, MPI_BYTE, &m, &st);
	*rank = st.MPI_SOURCE;
	p->received++;
	return (size_t)n;
}
// NOLINTEND(clang-analyzer-optin.mpi.MPI-Checker)

int64_t post_sent(const struct post *p)
{
	return p->sent;
}

int64_t post_received(const struct post *p)
{
	return p->received;
}

static void drain(struct post *p, void (*take)(void *arg, int rank, const void *bytes, size_t n), void *arg)
{
	unsigned char bytes[POST_MAX];
	int rank;
	size_t n;

	while ((n = post_receive(p, &rank, bytes)))
		if (take)
			take(arg, rank, bytes, n);
	post_pending(p);
}

/* Nobody sends any more, so the sum is 0 once everything has arrived; until then each goes on receiving, or a rank that
 * is late with its part would find nobody to take it. */
// NOLINTBEGIN(clang-analyzer-optin.mpi.MPI-Checker)
void post_settle(struct post *p, void (*take)(void *arg, int rank, const void *bytes, size_t n), void *arg)
{
	static const struct timespec nap = { 0, 200000 };
	int64_t all = 1;

	while (all != 0) {
		int64_t mine;
		MPI_Request req;
		int done = 0;

		drain(p, take, arg);
		mine = p->sent - p->received;
		MPI_Iallreduce(&mine, &all, 1, MPI_INT64_T, MPI_SUM, p->comm, &req);
		for (MPI_Test(&req, &done, MPI_STATUS_IGNORE); !done; MPI_Test(&req, &done, MPI_STATUS_IGNORE)) {
			drain(p, take, arg);
			nanosleep(&nap, NULL);
		}
	}
}
// NOLINTEND(clang-analyzer-optin.mpi.MPI-Checker)
