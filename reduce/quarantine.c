// SPDX-License-Identifier: Apache-2.0
#include "reduce/quarantine.h"

#include <stdlib.h>
#include <string.h>

#include "reduce/order.h"
#include "reduce/wire.h"

void quarantine_release(struct quarantine *q)
{
	free(q->row);
	free(q->text);
	memset(q, 0, sizeof *q);
}

static int reserve(void **x, uint64_t *cap, uint64_t want, size_t size)
{
	uint64_t n = *cap ? *cap : 16;
	void *y;

	if (want <= *cap)
		return 0;
	while (n < want)
		n *= 2;
	y = realloc(*x, (size_t)n * size);
	if (!y)
		return -1;
	*x = y;
	*cap = n;
	return 0;
}

int quarantine_add(struct quarantine *q, const struct shard *s, int64_t t0)
{
	for (uint32_t i = 0; i < s->nrefusal; i++) {
		const struct shard_refusal *f = &s->refusal[i];
		size_t nwhy = strlen(f->why);

		if (oid_seconds(f->oid) > t0)
			continue;
		if (reserve((void **)&q->row, &q->cap, q->n + 1, sizeof *q->row) ||
		    reserve((void **)&q->text, &q->text_cap, q->ntext + nwhy + f->nraw, 1))
			return -1;
		q->row[q->n++] =
			(struct refused){ (int32_t)s->kind, f->field, f->oid, (uint32_t)nwhy, f->nraw, q->ntext };
		memcpy(q->text + q->ntext, f->why, nwhy);
		memcpy(q->text + q->ntext + nwhy, f->raw, f->nraw);
		q->ntext += nwhy + f->nraw;
	}
	return 0;
}

static int refused_order(const void *a, const void *b, void *text)
{
	const struct refused *x = a, *y = b;
	const char *s = text;
	int c;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if ((c = oid_cmp(x->oid, y->oid)))
		return c;
	if (x->field != y->field)
		return x->field < y->field ? -1 : 1;
	if ((c = order_text_cmp(s + x->at, x->nwhy, s + y->at, y->nwhy)))
		return c;
	return order_text_cmp(s + x->at + x->nwhy, x->nraw, s + y->at + y->nwhy, y->nraw);
}

static void sort_and_drop(struct quarantine *q)
{
	uint64_t n = 0;

	if (q->n)
		qsort_r(q->row, (size_t)q->n, sizeof *q->row, refused_order, q->text);
	for (uint64_t i = 0; i < q->n; i++)
		if (n == 0 || refused_order(&q->row[n - 1], &q->row[i], q->text))
			q->row[n++] = q->row[i];
	q->n = n;
}

int quarantine_gather(struct quarantine *q, MPI_Comm comm, int rc, struct err *e)
{
	struct parcel row = { 0 }, text = { 0 };
	int me, n;

	MPI_Comm_rank(comm, &me);
	MPI_Comm_size(comm, &n);
	rc = wire_gather(comm, rc, q->row, q->n, sizeof *q->row, &row, e);
	rc = wire_gather(comm, rc, q->text, q->ntext, 1, &text, e);
	if (!rc) {
		uint64_t i = 0, base = 0;

		quarantine_release(q);
		for (int r = 0; r < n && me == 0; base += text.n[r++])
			for (uint64_t j = 0; j < row.n[r]; j++)
				((struct refused *)row.data)[i++].at += base;
		if (me == 0) {
			*q = (struct quarantine){ row.data, row.total, row.total, text.data, text.total, text.total };
			row.data = text.data = NULL;
			sort_and_drop(q);
		}
	}
	parcel_release(&row);
	parcel_release(&text);
	return rc;
}
