// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/ask.h"
#include "reduce/nodes.h"
#include "reduce/size.h"
#include "reduce/sizes.h"

static int no_memory(struct err *e)
{
	return err_set(e, E_NOMEM, "out of memory for parameter counts");
}

/* A model's own count. */
static int64_t own_count(const struct table *t, uint64_t row, uint8_t *source)
{
	size_t len;
	const char *id = texts_get(&t->col[F_ID].str, row, &len);
	int64_t n;

	*source = SIZE_SAFETENSORS;
	if ((n = t->col[F_PARAMETERS].i64[row]) > 0)
		return n;
	*source = SIZE_GGUF;
	if ((n = t->col[F_GGUF].i64[row]) > 0)
		return n;
	*source = SIZE_NAME;
	if ((n = size_from_name(id, len)) > 0)
		return n;
	*source = SIZE_UNKNOWN;
	return 0;
}

/* The one base that baseModels tells, if it is in the census. */
static uint32_t only_base(const struct nodes *x, const struct table *t, uint64_t row)
{
	const struct column *bases = &t->col[F_BASES];
	uint64_t at = bases->off[row];

	if (bases->off[row + 1] - at != 1 || x->is_dead[bases->code[at]])
		return NODE_NONE;
	return x->of_base[bases->code[at]];
}

/* What a row was quantized from, NODE_NONE if its tags do not say so. row_of: 1 + row of each local name, or 0. */
static uint32_t quantized_from(const struct nodes *x, const struct table *t, uint64_t row, const uint32_t *row_of)
{
	const struct column *tags = &t->col[F_TAGS];

	for (uint64_t i = tags->off[row]; i < tags->off[row + 1]; i++) {
		int32_t name = x->names.of_tag[tags->code[i]];
		uint32_t base;

		if (name < 0 || x->names.relation[tags->code[i]] != QUANTIZED)
			continue;
		if ((base = only_base(x, t, row)) != NODE_NONE)
			return base;
		if (row_of[name])
			return x->of_name[name];
	}
	return NODE_NONE;
}

/* Ask about x[0 … n-1], in any order and with repetitions: value[i], 4 or 8 bytes, is what the owner has. */
struct question {
	uint32_t *want;
	uint64_t n;
	void *got;
};

static void question_release(struct question *q)
{
	free(q->want);
	free(q->got);
}

static int put(struct question *q, const struct nodes *x, int rc, const uint64_t *first, const uint32_t *about,
	       uint64_t n, const void *own, size_t size, struct err *e)
{
	struct ask a;

	memset(q, 0, sizeof *q);
	if (!rc && !(q->want = malloc((size_t)(n + 1) * sizeof *q->want)))
		rc = no_memory(e);
	for (uint64_t i = 0; i < n && !rc; i++)
		if (about[i] != NODE_NONE)
			q->want[q->n++] = about[i];
	q->n = rc ? 0 : sets_sort(q->want, q->n);
	rc = ask_begin(&a, x->comm, rc, first, q->want, q->n, e);
	rc = ask_values(&a, rc, own, size, &q->got, e);
	ask_release(&a);
	return rc;
}

static uint64_t answer(const struct question *q, uint32_t about)
{
	return sets_find(q->want, q->n, about);
}

/* 1 + row of every local name, 0 where no model has it. */
static int rows_of_names(const struct nodes *x, int rc, uint32_t **row, struct err *e)
{
	uint64_t n = x->names.name.text.n;
	struct question q;

	*row = malloc((size_t)(n + 1) * sizeof **row);
	if (!rc && !*row)
		rc = no_memory(e);
	rc = put(&q, x, rc, x->first, x->of_name, n, x->row, sizeof *x->row, e);
	for (uint64_t i = 0; i < n && !rc && *row; i++)
		(*row)[i] = ((const uint32_t *)q.got)[answer(&q, x->of_name[i])];
	question_release(&q);
	return rc;
}

/* base[i], a node, becomes the row that stands for it. */
static int nodes_to_rows(const struct nodes *x, int rc, uint32_t *base, uint64_t n, struct err *e)
{
	struct question q;

	rc = put(&q, x, rc, x->first, base, n, x->row, sizeof *x->row, e);
	for (uint64_t i = 0; i < n && !rc && base; i++)
		if (base[i] != NODE_NONE) {
			uint32_t row = ((const uint32_t *)q.got)[answer(&q, base[i])];

			base[i] = row ? row - 1 : NODE_NONE;
		}
	question_release(&q);
	return rc;
}

static int find_bases(const struct nodes *x, const struct table *t, int rc, uint32_t **base, struct err *e)
{
	uint32_t *row_of = NULL;

	rc = rows_of_names(x, rc, &row_of, e);
	*base = calloc((size_t)t->n + 1, sizeof **base);
	if (!rc && !*base)
		rc = no_memory(e);
	for (uint64_t i = 0; i < t->n && !rc && *base; i++)
		(*base)[i] = quantized_from(x, t, i, row_of);
	free(row_of);
	return nodes_to_rows(x, rc, *base, t->n, e);
}

int sizes_of_models(const struct nodes *x, const struct census *c, int rc, int64_t **count, uint8_t **source,
		    struct err *e)
{
	const struct table *t = &c->kind[KIND_MODELS].t;
	uint32_t *base = NULL;
	struct question q;

	*count = malloc((size_t)(t->n + 1) * sizeof **count);
	*source = malloc((size_t)t->n + 1);
	if (!rc && (!*count || !*source))
		rc = no_memory(e);
	for (uint64_t i = 0; i < t->n && !rc; i++)
		(*count)[i] = own_count(t, i, &(*source)[i]);
	rc = find_bases(x, t, rc, &base, e);
	rc = put(&q, x, rc, x->first_row, base, t->n, *count, sizeof **count, e);
	for (uint64_t i = 0; i < t->n && !rc && base && *count && *source; i++) {
		int64_t n = base[i] == NODE_NONE ? 0 : ((const int64_t *)q.got)[answer(&q, base[i])];

		if (n > 0) {
			(*count)[i] = n;
			(*source)[i] = SIZE_BASE;
		}
	}
	question_release(&q);
	free(base);
	return rc;
}
