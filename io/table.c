// SPDX-License-Identifier: Apache-2.0
#include "io/table.h"

#include <stdlib.h>
#include <string.h>

#include "io/grow.h"

void table_init(struct table *t, enum kind kind)
{
	memset(t, 0, sizeof *t);
	t->kind = kind;
	for (int f = 0; f < NFIELDS; f++)
		if (schema_has(kind, (enum field)f) && (schema[f].type == COL_STR || schema[f].type == COL_LIST))
			t->packed[t->npacked++] = (uint8_t)f;
}

void table_release(struct table *t)
{
	for (int f = 0; f < NFIELDS; f++) {
		struct column *c = &t->col[f];

		free(c->oid);
		free(c->i64);
		free(c->flag);
		free(c->code);
		free(c->off);
		texts_release(&c->str);
		dict_release(&c->labels);
	}
	table_init(t, t->kind);
}

void table_clear(struct table *t)
{
	table_truncate(t, 0);
	for (int f = 0; f < NFIELDS; f++)
		dict_clear(&t->col[f].labels);
}

/* What a row's text, or list, is expected to take at least; more comes by doubling. */
#define TEXT_BYTES    16
#define LIST_ELEMENTS 4

/* `cap` is the number of rows the column will have room for; what it had is t->cap. */
static int column_reserve(struct column *c, enum col_type type, uint64_t old, uint64_t cap)
{
	uint64_t had = old;

	switch (type) {
	case COL_OID:
		return array_grow((void **)&c->oid, &had, cap, sizeof *c->oid);
	case COL_I64:
		return array_grow((void **)&c->i64, &had, cap, sizeof *c->i64);
	case COL_FLAG:
		return array_grow((void **)&c->flag, &had, cap, sizeof *c->flag);
	case COL_CAT:
		return array_grow((void **)&c->code, &had, cap, sizeof *c->code);
	case COL_LIST:
		had = old ? old + 1 : 0;
		if (array_grow((void **)&c->off, &had, cap + 1, sizeof *c->off))
			return -1;
		if (!old)
			c->off[0] = 0;
		return array_grow((void **)&c->code, &c->code_cap, LIST_ELEMENTS * cap, sizeof *c->code);
	case COL_STR:
		return texts_reserve(&c->str, cap, TEXT_BYTES * cap);
	}
	return 0;
}

int table_reserve(struct table *t, uint64_t n)
{
	uint64_t cap = t->cap ? t->cap : 64;

	if (n <= t->cap)
		return 0;
	while (cap < n)
		cap *= 2;
	for (int f = 0; f < NFIELDS; f++)
		if (schema_has(t->kind, (enum field)f) && column_reserve(&t->col[f], schema[f].type, t->cap, cap))
			return -1; /* columns that grew hold more than t->cap says: harmless */
	t->cap = cap;
	return 0;
}

/* Rows are made absent so many at a time, column by column. */
#define BLANK 64

static void blank_column(struct column *c, enum col_type type, uint64_t i, uint64_t n)
{
	switch (type) {
	case COL_OID:
		memset(c->oid + i, 0, n * sizeof *c->oid);
		break;
	case COL_I64:
		memset(c->i64 + i, 0xFF, n * sizeof *c->i64);
		break;
	case COL_FLAG:
		memset(c->flag + i, 0xFF, n * sizeof *c->flag);
		break;
	case COL_CAT:
		memset(c->code + i, 0xFF, n * sizeof *c->code);
		break;
	case COL_LIST:
	case COL_STR:
		break;
	}
}

static void blank_rows(struct table *t, uint64_t i)
{
	uint64_t n = t->cap - i < BLANK ? t->cap - i : BLANK;

	for (int f = 0; f < NFIELDS; f++)
		if (schema_has(t->kind, (enum field)f))
			blank_column(&t->col[f], schema[f].type, i, n);
	t->blank = i + n;
}

int table_begin_row(struct table *t)
{
	uint64_t i = t->n;

	if (table_reserve(t, i + 1))
		return -1;
	if (i >= t->blank)
		blank_rows(t, i);
	for (int k = 0; k < t->npacked; k++) {
		struct column *c = t->col + t->packed[k];

		if (schema[t->packed[k]].type == COL_LIST) {
			c->off[i + 1] = c->off[i];
		} else {
			/* Room for as many rows is room for as many texts. */
			c->str.n = i + 1;
			c->str.off[i + 1] = c->str.off[i];
		}
	}
	return 0;
}

void table_end_row(struct table *t)
{
	t->n++;
}

void table_truncate(struct table *t, uint64_t n)
{
	t->n = n < t->n ? n : t->n;
	t->blank = 0;
	for (int f = 0; f < NFIELDS; f++)
		texts_truncate(&t->col[f].str, t->n);
}

int table_set_text(struct table *t, enum field f, const char *s, size_t len)
{
	texts_truncate(&t->col[f].str, t->n);
	return texts_add(&t->col[f].str, s, len);
}

int table_set_label(struct table *t, enum field f, const char *s, size_t len)
{
	return dict_add(&t->col[f].labels, s, len, &t->col[f].code[t->n]);
}

static int add_code(struct column *c, uint64_t row, int32_t code)
{
	uint64_t at = c->off[row + 1];

	if (at >= c->code_cap && array_grow((void **)&c->code, &c->code_cap, at + 1, sizeof *c->code))
		return -1;
	c->code[at] = code;
	c->off[row + 1] = at + 1;
	return 0;
}

int table_add_element(struct table *t, enum field f, const char *s, size_t len)
{
	struct column *c = &t->col[f];
	int32_t code;

	return dict_add(&c->labels, s, len, &code) || add_code(c, t->n, code) ? -1 : 0;
}

static int put_elements(struct column *c, const struct table_run *run, size_t nrun, const int32_t *code, uint64_t end)
{
	uint64_t r = run[0].row, at = c->off[r + 1], n = 0;

	for (size_t i = 0; i < nrun; i++)
		n += run[i].n;
	if (at + n > c->code_cap && array_grow((void **)&c->code, &c->code_cap, at + n, sizeof *c->code))
		return -1;
	if (n)
		memcpy(c->code + at, code, n * sizeof *code);
	for (size_t i = 0; i < nrun; i++) {
		for (; r < run[i].row; r++)
			c->off[r + 1] = at;
		at += run[i].n;
	}
	for (; r < end; r++)
		c->off[r + 1] = at;
	return 0;
}

int table_put_codes(struct table *t, enum field f, const struct table_run *run, size_t nrun, const int32_t *code,
		    uint64_t end)
{
	if (nrun > 0 && schema[f].type == COL_LIST)
		return put_elements(&t->col[f], run, nrun, code, end);
	for (size_t i = 0; i < nrun; code += run[i++].n)
		if (run[i].n)
			t->col[f].code[run[i].row] = *code;
	return 0;
}

/* map[code of src] = code of dst, for the codes in use; -1 where not met yet. */
static int translate(struct dict *dst, const struct dict *src, int32_t *map, int32_t code, int32_t *out)
{
	size_t len;
	const char *s;

	if (code < 0) {
		*out = -1;
		return 0;
	}
	if (map[code] < 0) {
		s = dict_get(src, code, &len);
		if (dict_add(dst, s, len, &map[code]))
			return -1;
	}
	*out = map[code];
	return 0;
}

static int append_codes(struct column *d, const struct column *s, uint64_t at, uint64_t first, uint64_t n, int32_t *map)
{
	for (uint64_t i = 0; i < n; i++)
		if (translate(&d->labels, &s->labels, map, s->code[first + i], &d->code[at + i]))
			return -1;
	return 0;
}

static int append_lists(struct column *d, const struct column *s, uint64_t at, uint64_t first, uint64_t n, int32_t *map)
{
	uint64_t from = s->off[first], m = s->off[first + n] - from, to = d->off[at];

	if (array_grow((void **)&d->code, &d->code_cap, to + m, sizeof *d->code))
		return -1;
	for (uint64_t i = 0; i < m; i++)
		if (translate(&d->labels, &s->labels, map, s->code[from + i], &d->code[to + i]))
			return -1;
	for (uint64_t i = 0; i < n; i++)
		d->off[at + i + 1] = to + (s->off[first + i + 1] - from);
	return 0;
}

static int append_texts(struct texts *d, const struct texts *s, uint64_t first, uint64_t n)
{
	uint64_t from = s->off[first], m = s->off[first + n] - from, at = texts_nbytes(d);

	if (texts_reserve(d, d->n + n, at + m))
		return -1;
	if (m)
		memcpy(d->bytes + at, s->bytes + from, m);
	for (uint64_t i = 0; i < n; i++)
		d->off[d->n + i + 1] = at + (s->off[first + i + 1] - from);
	d->n += n;
	return 0;
}

static int append_column(struct table *t, enum field f, const struct column *s, uint64_t first, uint64_t n)
{
	struct column *d = &t->col[f];
	enum col_type type = schema[f].type;
	int32_t *map = NULL;
	int rc = 0;

	if (type == COL_CAT || type == COL_LIST) {
		size_t nmap = (size_t)s->labels.text.n + 1;

		map = malloc(nmap * sizeof *map);
		if (!map)
			return -1;
		memset(map, 0xFF, nmap * sizeof *map);
	}
	if (type == COL_OID)
		memcpy(d->oid + t->n, s->oid + first, n * sizeof *d->oid);
	else if (type == COL_I64)
		memcpy(d->i64 + t->n, s->i64 + first, n * sizeof *d->i64);
	else if (type == COL_FLAG)
		memcpy(d->flag + t->n, s->flag + first, n * sizeof *d->flag);
	else if (type == COL_CAT)
		rc = append_codes(d, s, t->n, first, n, map);
	else if (type == COL_LIST)
		rc = append_lists(d, s, t->n, first, n, map);
	else
		rc = append_texts(&d->str, &s->str, first, n);
	free(map);
	return rc;
}

int table_append(struct table *t, const struct table *src, uint64_t first, uint64_t n)
{
	if (n == 0)
		return 0;
	if (table_reserve(t, t->n + n))
		return -1;
	for (int f = 0; f < NFIELDS; f++) {
		if (!schema_has(t->kind, (enum field)f))
			continue;
		if (append_column(t, (enum field)f, &src->col[f], first, n)) {
			table_truncate(t, t->n);
			return -1;
		}
	}
	t->n += n;
	return 0;
}

/* Of a label, beside its text: where it begins, and two slots to find it. */
#define LABEL_NBYTES (sizeof(uint64_t) + 2 * sizeof(struct dict_slot))

uint64_t table_nbytes(const struct table *t)
{
	static const uint64_t width[] = {
		[COL_OID] = 12, [COL_STR] = 8, [COL_I64] = 8, [COL_FLAG] = 1, [COL_CAT] = 4, [COL_LIST] = 8,
	};
	uint64_t sum = 0;

	for (int f = 0; f < NFIELDS; f++) {
		const struct column *c = &t->col[f];

		if (!schema_has(t->kind, (enum field)f))
			continue;
		sum += t->n * width[schema[f].type];
		if (schema[f].type == COL_STR)
			sum += texts_nbytes(&c->str);
		if (schema[f].type == COL_LIST && t->n)
			sum += c->off[t->n] * 4;
		sum += texts_nbytes(&c->labels.text) + c->labels.text.n * LABEL_NBYTES;
	}
	return sum;
}
