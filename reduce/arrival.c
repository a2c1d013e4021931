// SPDX-License-Identifier: Apache-2.0
#include "reduce/arrival.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/arrival_parts.h"

int arrival_no_memory(struct err *e, enum field f)
{
	return err_set(e, E_NOMEM, "out of memory for column '%s'", schema[f].name);
}

static size_t cell_size(enum field f)
{
	switch (schema[f].type) {
	case COL_OID:
		return sizeof(struct oid);
	case COL_FLAG:
		return 1;
	case COL_CAT:
		return sizeof(int32_t);
	default:
		return sizeof(int64_t);
	}
}

static void **cells(struct column *c, enum field f)
{
	switch (schema[f].type) {
	case COL_OID:
		return (void **)&c->oid;
	case COL_FLAG:
		return (void **)&c->flag;
	default:
		return (void **)&c->i64;
	}
}

/* The widths in use are constants to the compiler. */
void arrival_pick(char *out, const char *x, const uint32_t *at, uint64_t n, size_t size)
{
	if (size == 8)
		for (uint64_t i = 0; i < n; i++)
			memcpy(out + 8 * i, x + 8 * (size_t)at[i], 8);
	else if (size == 4)
		for (uint64_t i = 0; i < n; i++)
			memcpy(out + 4 * i, x + 4 * (size_t)at[i], 4);
	else if (size == 12)
		for (uint64_t i = 0; i < n; i++)
			memcpy(out + 12 * i, x + 12 * (size_t)at[i], 12);
	else
		for (uint64_t i = 0; i < n; i++)
			memcpy(out + size * i, x + size * at[i], size);
}

int arrival_swap(const struct deal *d, MPI_Comm comm, int rc, enum field f, struct parcel *in, struct err *e)
{
	size_t size = cell_size(f);
	char *out = malloc((size_t)(d->total + 1) * size);
	struct parcel send = { out, d->nsend, size, d->total };
	uint64_t n = 0;

	if (!rc && !out)
		rc = arrival_no_memory(e, f);
	for (int to = 0; to < d->nranks && !rc; to++)
		for (size_t c = 0; c < d->nchunk; c++) {
			uint64_t i = d->start[c][to], m = d->start[c][to + 1] - i;

			if (m)
				arrival_pick(out + n * size, *cells(&d->chunk[c].col[f], f), d->row[c] + i, m, size);
			n += m;
		}
	/* F_OID and F_OBSERVED are small, and the hash of a tie needs the first. */
	for (size_t c = 0; c < d->nchunk && f != F_OID && f != F_OBSERVED; c++) {
		void **x = cells(&d->chunk[c].col[f], f);

		free(*x);
		*x = NULL;
	}
	rc = wire_exchange(comm, rc, &send, in, e);
	free(out);
	return rc;
}

int arrival_place(const struct arrival *a, struct table *t, enum field f, const struct parcel *in, struct err *e)
{
	void **x = cells(&t->col[f], f);

	*x = malloc((size_t)(a->nkeep + 1) * in->size);
	if (!*x)
		return arrival_no_memory(e, f);
	arrival_pick(*x, in->data, a->keep, a->nkeep, in->size);
	return E_OK;
}

int parts_init(struct parts *p, MPI_Comm comm, size_t size, struct err *e)
{
	int a = parcel_init(&p->len, comm, sizeof(uint32_t), e), b = parcel_init(&p->body, comm, size, e);

	return a ? a : b;
}

void parts_release(struct parts *p)
{
	parcel_release(&p->len);
	parcel_release(&p->body);
}

int parts_swap(MPI_Comm comm, int rc, struct parts *out, struct parts *in, struct err *e)
{
	rc = wire_exchange(comm, rc, &out->len, &in->len, e);
	rc = wire_exchange(comm, rc, &out->body, &in->body, e);
	parts_release(out);
	return rc;
}

uint64_t *parts_offsets(const struct parcel *len)
{
	uint64_t *off = malloc((size_t)(len->total + 1) * sizeof *off);
	const uint32_t *l = len->data;

	if (!off)
		return NULL;
	off[0] = 0;
	for (uint64_t i = 0; i < len->total; i++)
		off[i + 1] = off[i] + l[i];
	return off;
}

int parts_pack_lengths(const struct deal *d, MPI_Comm comm, enum field f, struct parts *out, struct err *e)
{
	uint32_t *len;

	memcpy(out->len.n, d->nsend, (size_t)d->nranks * sizeof *d->nsend);
	if (parcel_alloc(&out->len, comm, e))
		return e->code;
	len = out->len.data;
	for (int to = 0; to < d->nranks; to++)
		for (size_t c = 0; c < d->nchunk; c++) {
			const struct column *x = &d->chunk[c].col[f];
			const uint64_t *off = schema[f].type == COL_STR ? x->str.off : x->off;

			for (uint64_t i = d->start[c][to]; i < d->start[c][to + 1]; i++) {
				uint32_t row = d->row[c][i];

				*len = (uint32_t)(off[row + 1] - off[row]);
				out->body.n[to] += *len++;
			}
		}
	return E_OK;
}

static int pack_texts(const struct deal *d, MPI_Comm comm, enum field f, struct parts *out, struct err *e)
{
	char *at;

	if (parts_pack_lengths(d, comm, f, out, e) || parcel_alloc(&out->body, comm, e))
		return e->code;
	at = out->body.data;
	for (int to = 0; to < d->nranks; to++)
		for (size_t c = 0; c < d->nchunk; c++)
			for (uint64_t i = d->start[c][to]; i < d->start[c][to + 1]; i++) {
				size_t n;
				const char *s = texts_get(&d->chunk[c].col[f].str, d->row[c][i], &n);

				memcpy(at, s, n);
				at += n;
			}
	for (size_t c = 0; c < d->nchunk; c++)
		texts_release(&d->chunk[c].col[f].str);
	return E_OK;
}

static int place_texts(const struct arrival *a, const struct parts *in, struct texts *t)
{
	uint64_t *off = parts_offsets(&in->len), nbytes = 0;

	for (uint64_t i = 0; i < a->nkeep && off; i++)
		nbytes += off[a->keep[i] + 1] - off[a->keep[i]];
	t->off = malloc((size_t)(a->nkeep + 1) * sizeof *t->off);
	t->bytes = malloc((size_t)nbytes + 1);
	if (off && t->off && t->bytes) {
		t->off[0] = 0;
		for (uint64_t i = 0; i < a->nkeep; i++) {
			uint64_t from = off[a->keep[i]], n = off[a->keep[i] + 1] - from;

			memcpy(t->bytes + t->off[i], (char *)in->body.data + from, n);
			t->off[i + 1] = t->off[i] + n;
		}
		t->n = t->cap = a->nkeep;
		t->bytes_cap = nbytes + 1;
		free(off);
		return 0;
	}
	free(off);
	texts_release(t);
	return -1;
}

int arrival_texts(const struct arrival *a, const struct deal *d, MPI_Comm comm, int rc, enum field f,
		  struct column *out, struct err *e)
{
	struct parts send, in = { { 0 }, { 0 } };
	int rc2 = parts_init(&send, comm, 1, e);

	rc = rc ? rc : rc2;
	rc = rc ? rc : pack_texts(d, comm, f, &send, e);
	rc = parts_swap(comm, rc, &send, &in, e);
	if (!rc && place_texts(a, &in, &out->str))
		rc = arrival_no_memory(e, f);
	parts_release(&in);
	return rc;
}
