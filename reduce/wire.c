// SPDX-License-Identifier: Apache-2.0
#include "reduce/wire.h"
#include "reduce/analyzer.h" /* last */

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/grid.h"

/* An all-to-all of so few bytes per pair of ranks takes longer for its messages than for its bytes, with 2 us for a
 * message and 5 GB/s, so that to send each byte twice and most messages never is a gain. Fewer ranks gain nothing. */
#define GRID_RANKS 16
#define GRID_BYTES 4096

static int comm_size(MPI_Comm comm)
{
	int n;

	MPI_Comm_size(comm, &n);
	return n;
}

int parcel_init(struct parcel *p, MPI_Comm comm, size_t size, struct err *e)
{
	*p = (struct parcel){ NULL, NULL, size, 0 };
	p->n = calloc((size_t)comm_size(comm), sizeof *p->n);
	return p->n ? E_OK : err_set(e, E_NOMEM, "out of memory for an exchange");
}

void parcel_release(struct parcel *p)
{
	free(p->data);
	free(p->n);
	*p = (struct parcel){ NULL, NULL, p->size, 0 };
}

int parcel_alloc(struct parcel *p, MPI_Comm comm, struct err *e)
{
	p->total = 0;
	for (int r = 0; r < comm_size(comm); r++)
		p->total += p->n[r];
	p->data = malloc((size_t)(p->total ? p->total : 1) * p->size);
	if (!p->data)
		return err_set(e, E_NOMEM, "out of memory for %llu values of an exchange",
			       (unsigned long long)p->total);
	return E_OK;
}

/* One MPI_Alltoallv, where all counts and displacements are ints. */
static void exchange_at_once(MPI_Comm comm, const struct parcel *send, struct parcel *recv, int *work,
			     MPI_Datatype type)
{
	int n = comm_size(comm), *sc = work, *sd = work + n, *rc = work + 2 * n, *rd = work + 3 * n;

	for (int r = 0, s = 0, d = 0; r < n; r++) {
		sc[r] = (int)send->n[r];
		rc[r] = (int)recv->n[r];
		sd[r] = s;
		rd[r] = d;
		s += sc[r];
		d += rc[r];
	}
	MPI_Alltoallv(send->data, sc, sd, type, recv->data, rc, rd, type, comm);
}

/* Send a rank its part and receive ours from another, `limit` elements at a time. */
static void exchange_pair(MPI_Comm comm, const char *out, uint64_t nout, int to, char *in, uint64_t nin, int from,
			  uint64_t limit, size_t size, MPI_Datatype type)
{
	while (nout || nin) {
		uint64_t o = nout < limit ? nout : limit, i = nin < limit ? nin : limit;

		MPI_Sendrecv(out, (int)o, type, o ? to : MPI_PROC_NULL, 0, in, (int)i, type, i ? from : MPI_PROC_NULL,
			     0, comm, MPI_STATUS_IGNORE);
		out += o * size;
		in += i * size;
		nout -= o;
		nin -= i;
	}
}

/* In as many steps as there are ranks, so that a rank has one partner to send to at a time. */
static void exchange_by_pairs(MPI_Comm comm, const struct parcel *send, struct parcel *recv, uint64_t limit,
			      MPI_Datatype type)
{
	int n = comm_size(comm), me;

	MPI_Comm_rank(comm, &me);
	for (int step = 0; step < n; step++) {
		int to = (me + step) % n, from = (me + n - step) % n;
		const char *out = send->data;
		char *in = recv->data;

		for (int r = 0; r < to; r++)
			out += send->n[r] * send->size;
		for (int r = 0; r < from; r++)
			in += recv->n[r] * recv->size;
		exchange_pair(comm, out, send->n[to], to, in, recv->n[from], from, limit, send->size, type);
	}
}

/* What an exchange needs beside what is sent and comes. */
struct wire_work {
	struct grid_swap grid; /* grid.g: NULL where the ranks are too few for one */
	int *counts;
};

static int work_init(struct wire_work *w, const struct grid *g, int n)
{
	*w = (struct wire_work){ .counts = malloc(4 * (size_t)n * sizeof *w->counts) };
	return !w->counts || (g && grid_swap_init(&w->grid, g)) ? -1 : 0;
}

static void work_release(struct wire_work *w)
{
	grid_swap_release(&w->grid);
	free(w->counts);
}

/* Room for what comes, and for what passes if all of it is little. *most: the elements that this rank is busy with. */
static int make_room(struct wire_work *w, MPI_Comm comm, const struct parcel *send, struct parcel *recv,
		     uint64_t little, int64_t *most, struct err *e)
{
	uint64_t n = send->total;
	int rc = parcel_alloc(recv, comm, e);

	n = recv->total > n ? recv->total : n;
	if (w->grid.g && w->grid.npassing > n)
		n = w->grid.npassing;
	if (!rc && w->grid.g && n <= little && grid_swap_alloc(&w->grid, recv->total, recv->size))
		rc = err_set(e, E_NOMEM, "out of memory for an exchange");
	*most = (int64_t)n;
	return rc;
}

static void exchange_data(MPI_Comm comm, struct wire_work *w, const struct parcel *send, struct parcel *recv,
			  uint64_t most, uint64_t little, uint64_t limit)
{
	MPI_Datatype type;

	if (most == 0)
		return;
	if (w->grid.g && most <= little) {
		grid_swap_run(&w->grid, send->n, send->data, recv->data, send->size);
		return;
	}
	MPI_Type_contiguous((int)send->size, MPI_BYTE, &type);
	MPI_Type_commit(&type);
	if (most <= limit)
		exchange_at_once(comm, send, recv, w->counts, type);
	else
		exchange_by_pairs(comm, send, recv, limit, type);
	MPI_Type_free(&type);
}

int wire_exchange_by(MPI_Comm comm, int rc, const struct parcel *send, struct parcel *recv,
		     const struct wire_rule *rule, struct err *e)
{
	int n = comm_size(comm);
	const struct grid *g = n >= rule->grid_ranks ? grid_of(comm) : NULL;
	uint64_t little;
	struct wire_work w = { .counts = NULL };
	int64_t most = 0;

	*recv = (struct parcel){ NULL, NULL, send->size, 0 };
	if (!rc)
		rc = parcel_init(recv, comm, send->size, e);
	if (!rc && work_init(&w, g, n))
		rc = err_set(e, E_NOMEM, "out of memory for an exchange");
	if ((rc = err_agree(comm, rc, e)))
		goto out;
	/* Where a rank has failed its parcel has no size yet. */
	little = rule->grid_bytes * (uint64_t)n / send->size;
	little = little < rule->limit ? little : rule->limit;
	if (g)
		grid_swap_counts(&w.grid, send->n, recv->n);
	else
		MPI_Alltoall(send->n, 1, MPI_UINT64_T, recv->n, 1, MPI_UINT64_T, comm);
	rc = make_room(&w, comm, send, recv, little, &most, e);
	if (!(rc = err_agree_max(comm, rc, &most, e)))
		exchange_data(comm, &w, send, recv, (uint64_t)most, little, rule->limit);
out:
	work_release(&w);
	return rc;
}

int(wire_exchange)(MPI_Comm comm, int rc, const struct parcel *send, struct parcel *recv, struct err *e)
{
	static const struct wire_rule usual = { INT_MAX, GRID_RANKS, GRID_BYTES };

	return wire_exchange_by(comm, rc, send, recv, &usual, e);
}

/* As an exchange: for more than MPI can count. */
static int gather_by_exchange(MPI_Comm comm, int rc, const void *x, uint64_t n, size_t size, struct parcel *recv,
			      struct err *e)
{
	struct parcel send;
	int rc2 = parcel_init(&send, comm, size, e);
	union {
		const void *in;
		void *out;
	} data = { x }; /* a parcel's data are not const, wire_exchange() does not write to those it sends */

	if (!rc)
		rc = rc2;
	if (!rc) {
		send.data = data.out;
		send.n[0] = send.total = n;
	}
	rc = wire_exchange(comm, rc, &send, recv, e);
	send.data = NULL;
	parcel_release(&send);
	return rc;
}

static void gather_data(MPI_Comm comm, const void *x, uint64_t n, size_t size, struct parcel *recv, int *work)
{
	MPI_Datatype type;
	int nranks = comm_size(comm), sum = 0;

	for (int r = 0; r < nranks && recv->n; r++) {
		work[r] = (int)recv->n[r];
		work[nranks + r] = sum;
		sum += work[r];
	}
	MPI_Type_contiguous((int)size, MPI_BYTE, &type);
	MPI_Type_commit(&type);
	MPI_Gatherv(x, (int)n, type, recv->data, work, work + nranks, type, 0, comm);
	MPI_Type_free(&type);
}

int(wire_gather)(MPI_Comm comm, int rc, const void *x, uint64_t n, size_t size, struct parcel *recv, struct err *e)
{
	int nranks = comm_size(comm), *work = NULL;
	int64_t total = 0;

	*recv = (struct parcel){ NULL, NULL, size, 0 };
	rc = rc ? rc : parcel_init(recv, comm, size, e);
	if (!rc && !(work = malloc(2 * (size_t)nranks * sizeof *work)))
		rc = err_set(e, E_NOMEM, "out of memory for an exchange");
	if ((rc = err_agree(comm, rc, e)))
		goto out;
	MPI_Gather(&n, 1, MPI_UINT64_T, recv->n, 1, MPI_UINT64_T, 0, comm);
	rc = parcel_alloc(recv, comm, e);
	total = (int64_t)recv->total;
	if ((rc = err_agree_max(comm, rc, &total, e)))
		goto out;
	if (total <= INT_MAX) {
		gather_data(comm, x, n, size, recv, work);
	} else {
		parcel_release(recv);
		rc = gather_by_exchange(comm, rc, x, n, size, recv, e);
	}
out:
	free(work);
	return rc;
}

int wire_share(MPI_Comm comm, int rc, void **x, uint64_t *nbytes, struct err *e)
{
	int me;

	MPI_Comm_rank(comm, &me);
	if ((rc = err_agree(comm, rc, e)))
		return rc;
	agree_bcast(comm, nbytes, sizeof *nbytes);
	if (me != 0 && !(*x = calloc(1, (size_t)*nbytes + 1)))
		rc = err_set(e, E_NOMEM, "out of memory for %llu bytes from rank 0", (unsigned long long)*nbytes);
	if ((rc = err_agree(comm, rc, e)))
		return rc;
	agree_bcast(comm, *x, *nbytes);
	return E_OK;
}

static void add_counts(void *in, void *inout, int *n, MPI_Datatype *type)
{
	const int64_t *x = in;
	int64_t *y = inout;

	(void)type;
	for (int i = 0; i < *n; i++)
		y[i] = wire_add(x[i], y[i]);
}

void wire_sum(MPI_Comm comm, int64_t *x, uint64_t n)
{
	const uint64_t piece = 1u << 27;
	MPI_Op op;

	MPI_Op_create(add_counts, 1, &op);
	for (uint64_t i = 0; i < n; i += piece)
		MPI_Allreduce(MPI_IN_PLACE, x + i, (int)(n - i < piece ? n - i : piece), MPI_INT64_T, op, comm);
	MPI_Op_free(&op);
}

static void add_wide(void *in, void *inout, int *n, MPI_Datatype *type)
{
	(void)type;
	for (int i = 0; i < *n; i++) {
		wide x, y; /* MPI's buffers need not be aligned to 16 bytes */

		memcpy(&x, (char *)in + (size_t)i * sizeof x, sizeof x);
		memcpy(&y, (char *)inout + (size_t)i * sizeof y, sizeof y);
		y += x;
		memcpy((char *)inout + (size_t)i * sizeof y, &y, sizeof y);
	}
}

void wire_sum_wide(MPI_Comm comm, wide *x, uint64_t n)
{
	MPI_Datatype type;
	MPI_Op op;

	if (n == 0)
		return;
	MPI_Type_contiguous(2, MPI_UINT64_T, &type);
	MPI_Type_commit(&type);
	MPI_Op_create(add_wide, 1, &op);
	MPI_Allreduce(MPI_IN_PLACE, x, (int)n, type, op, comm);
	MPI_Op_free(&op);
	MPI_Type_free(&type);
}

uint64_t wire_max(MPI_Comm comm, uint64_t x)
{
	uint64_t most;

	MPI_Allreduce(&x, &most, 1, MPI_UINT64_T, MPI_MAX, comm);
	return most;
}

uint64_t wire_before(MPI_Comm comm, uint64_t x, uint64_t *total)
{
	uint64_t before = 0;
	int me;

	MPI_Exscan(&x, &before, 1, MPI_UINT64_T, MPI_SUM, comm);
	MPI_Comm_rank(comm, &me);
	if (me == 0)
		before = 0; /* MPI leaves rank 0's result undefined */
	MPI_Allreduce(&x, total, 1, MPI_UINT64_T, MPI_SUM, comm);
	return before;
}
