// SPDX-License-Identifier: Apache-2.0
#include "crawler/transport.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define TAG 2022

struct letter {
	MPI_Request req;
	struct letter *next;
	struct msg m;
};

struct transport {
	MPI_Comm comm;
	MPI_Request receive; /* always posted, so that arriving messages need no buffer of MPI's */
	struct msg in;
	struct letter *out; /* being sent */
	struct letter *spare;
};

/* The checker follows a request through one function only; here each lives from one call to another. */
// NOLINTBEGIN(clang-analyzer-optin.mpi.MPI-Checker)
static void post(struct transport *t)
{
	MPI_Irecv(&t->in, (int)sizeof t->in, MPI_BYTE, MPI_ANY_SOURCE, TAG, t->comm, &t->receive);
}

int transport_hosts(MPI_Comm comm, int *host)
{
	MPI_Comm node;
	int rank, nranks, lowest, n = 0;

	MPI_Comm_rank(comm, &rank);
	MPI_Comm_size(comm, &nranks);
	MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
	lowest = rank;
	MPI_Bcast(&lowest, 1, MPI_INT, 0, node);
	MPI_Comm_free(&node);
	MPI_Gather(&lowest, 1, MPI_INT, host, 1, MPI_INT, 0, comm);
	/* The lowest rank of a machine has its number already when the others are looked at. */
	for (int r = 0; host && r < nranks; r++)
		host[r] = host[r] == r ? n++ : host[host[r]];
	MPI_Bcast(&n, 1, MPI_INT, 0, comm);
	return n;
}

int transport_crowd(MPI_Comm comm)
{
	MPI_Comm node;
	cpu_set_t mine;
	int nranks, ncores;

	/* A rank may be bound to its own core, or the job to some of a machine: what all ranks have together counts. */
	if (sched_getaffinity(0, sizeof mine, &mine))
		memset(&mine, 0, sizeof mine);
	MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
	MPI_Comm_size(node, &nranks);
	MPI_Allreduce(MPI_IN_PLACE, &mine, sizeof mine, MPI_BYTE, MPI_BOR, node);
	MPI_Comm_free(&node);
	ncores = CPU_COUNT(&mine);
	return ncores ? (nranks + ncores - 1) / ncores : 1;
}

struct transport *transport_create(MPI_Comm comm)
{
	struct transport *t = calloc(1, sizeof *t);
	int mine = t != NULL, all;

	MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_MIN, comm);
	if (!all || !t) {
		free(t);
		return NULL;
	}
	MPI_Comm_dup(comm, &t->comm);
	post(t);
	return t;
}

static void letters_free(struct letter *l)
{
	while (l) {
		struct letter *next = l->next;

		free(l);
		l = next;
	}
}

void transport_free(struct transport *t)
{
	if (!t)
		return;
	MPI_Cancel(&t->receive);
	MPI_Wait(&t->receive, MPI_STATUS_IGNORE);
	MPI_Comm_free(&t->comm);
	letters_free(t->out);
	letters_free(t->spare);
	free(t);
}

void transport_abort(struct transport *t, int code)
{
	MPI_Abort(t->comm, code);
	abort();
}

int transport_pending(struct transport *t)
{
	int n = 0;

	for (struct letter **at = &t->out; *at;) {
		struct letter *l = *at;
		int done;

		MPI_Test(&l->req, &done, MPI_STATUS_IGNORE);
		if (done) {
			*at = l->next;
			l->next = t->spare;
			t->spare = l;
		} else {
			at = &l->next;
			n++;
		}
	}
	return n;
}

int transport_send(struct transport *t, int rank, const struct msg *m)
{
	size_t n = msg_size(m);
	struct letter *l = t->spare;

	if (l)
		t->spare = l->next;
	else if (!(l = malloc(sizeof *l)))
		return -1;
	memcpy(&l->m, m, n);
	l->next = t->out;
	t->out = l;
	MPI_Isend(&l->m, (int)n, MPI_BYTE, rank, TAG, t->comm, &l->req);
	return 0;
}

int transport_receive(struct transport *t, int *rank, struct msg *m)
{
	MPI_Status st;
	int done, n;
	size_t size;

	MPI_Test(&t->receive, &done, &st);
	if (!done)
		return 0;
	MPI_Get_count(&st, MPI_BYTE, &n);
	*rank = st.MPI_SOURCE;
	size = n >= (int)offsetof(struct msg, u) ? msg_size(&t->in) : 0;
	if (size > 0 && size == (size_t)n)
		memcpy(m, &t->in, size);
	post(t);
	return size > 0 && size == (size_t)n;
}
// NOLINTEND(clang-analyzer-optin.mpi.MPI-Checker)
