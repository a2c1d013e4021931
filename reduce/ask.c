// SPDX-License-Identifier: Apache-2.0
#include "reduce/ask.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */

int(ask_first)(uint64_t **out, MPI_Comm comm, int rc, uint64_t n, struct err *e)
{
	int nranks;
	uint64_t *first;

	MPI_Comm_size(comm, &nranks);
	*out = first = calloc((size_t)nranks + 1, sizeof *first);
	if (!rc && !first)
		rc = err_set(e, E_NOMEM, "out of memory for the numbers of ranks");
	if ((rc = err_agree(comm, rc, e)) || !first) /* behind the agreement it is there */
		return rc;
	MPI_Allgather(&n, 1, MPI_UINT64_T, first + 1, 1, MPI_UINT64_T, comm);
	for (int r = 0; r < nranks; r++)
		first[r + 1] += first[r];
	return rc;
}

int ask_owner(const uint64_t *first, int nranks, uint64_t x)
{
	int lo = 0, hi = nranks - 1;

	while (lo < hi) {
		int mid = lo + (hi - lo) / 2;

		if (x < first[mid + 1])
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

void ask_release(struct ask *a)
{
	free(a->nsend);
	parcel_release(&a->query);
	memset(a, 0, sizeof *a);
}

int(ask_begin)(struct ask *a, MPI_Comm comm, int rc, const uint64_t *first, const uint32_t *want, uint64_t n,
	       struct err *e)
{
	union {
		const uint32_t *in;
		void *out;
	} data = { want };
	struct parcel send = { data.out, NULL, sizeof *want, n };
	uint64_t at = 0;
	int nranks, me;

	MPI_Comm_size(comm, &nranks);
	MPI_Comm_rank(comm, &me);
	memset(a, 0, sizeof *a);
	a->comm = comm;
	a->n = n;
	a->nsend = send.n = calloc((size_t)nranks, sizeof *send.n);
	if (!rc && !send.n)
		rc = err_set(e, E_NOMEM, "out of memory for questions to other ranks");
	if (!rc) {
		a->base = (uint32_t)first[me];
		for (int r = 0; r < nranks; r++) {
			uint64_t end = first[r + 1] > UINT32_MAX ? n : sets_find(want, n, (uint32_t)first[r + 1]);

			send.n[r] = end - at;
			at = end;
		}
	}
	return wire_exchange(comm, rc, &send, &a->query, e);
}

int(ask_values)(const struct ask *a, int rc, const void *own, size_t size, void **got, struct err *e)
{
	struct parcel send = { NULL, a->query.n, size, a->query.total }, recv = { 0 };
	const uint32_t *query = a->query.data;

	*got = NULL;
	if (!rc && !(send.data = malloc((size_t)(send.total + 1) * size)))
		rc = err_set(e, E_NOMEM, "out of memory for answers to other ranks");
	for (uint64_t i = 0; i < send.total && !rc; i++)
		memcpy((char *)send.data + i * size, (const char *)own + (query[i] - a->base) * size, size);
	rc = wire_exchange(a->comm, rc, &send, &recv, e);
	free(send.data);
	if (!rc) {
		*got = recv.data;
		recv.data = NULL;
	}
	parcel_release(&recv);
	return rc;
}

/* All items that are asked for, in the order of the questions; n becomes their number per rank. */
static uint32_t *pack(const struct ask *a, const struct sets *own, struct parcel *send, int nranks)
{
	const uint32_t *query = a->query.data;
	uint64_t at = 0;
	uint32_t *x;

	for (int r = 0; r < nranks; r++)
		for (uint64_t i = 0; i < a->query.n[r]; i++, query++)
			send->n[r] += sets_size(own, *query - a->base);
	for (int r = 0; r < nranks; r++)
		send->total += send->n[r];
	x = malloc((size_t)(send->total + 1) * sizeof *x);
	query = a->query.data;
	for (uint64_t i = 0; i < a->query.total && x; i++) {
		uint64_t n;
		const uint32_t *item = sets_get(own, query[i] - a->base, &n);

		if (n)
			memcpy(x + at, item, (size_t)n * sizeof *x);
		at += n;
	}
	return x;
}

/* Sizes and items that arrived, as sets. The items go over. */
static int unpack(struct sets *got, const uint32_t *size, uint64_t n, struct parcel *item)
{
	if (item->total >= UINT32_MAX || sets_init(got, n))
		return -1;
	for (uint64_t i = 0; i < n; i++)
		got->off[i + 1] = got->off[i] + size[i];
	got->n = n;
	got->item = item->data;
	got->cap = item->total;
	item->data = NULL;
	return 0;
}

int(ask_sets)(const struct ask *a, int rc, const struct sets *own, struct sets *got, struct err *e)
{
	struct parcel send, recv = { 0 };
	uint32_t *size = calloc((size_t)own->n + 1, sizeof *size);
	void *sizes = NULL;
	int nranks, rc2;

	MPI_Comm_size(a->comm, &nranks);
	memset(got, 0, sizeof *got);
	rc2 = parcel_init(&send, a->comm, sizeof(uint32_t), e);
	if (!rc && (rc2 || !size))
		rc = err_set(e, E_NOMEM, "out of memory for answers to other ranks");
	for (uint64_t i = 0; i < own->n && !rc; i++)
		size[i] = (uint32_t)sets_size(own, i);
	rc = ask_values(a, rc, size, sizeof *size, &sizes, e);
	free(size);
	if (!rc && !(send.data = pack(a, own, &send, nranks)))
		rc = err_set(e, E_NOMEM, "out of memory for answers to other ranks");
	rc = wire_exchange(a->comm, rc, &send, &recv, e);
	parcel_release(&send);
	if (!rc && unpack(got, sizes, a->n, &recv))
		rc = err_set(e, E_NOMEM, "out of memory for answers of other ranks");
	parcel_release(&recv);
	free(sizes);
	return err_agree(a->comm, rc, e);
}
