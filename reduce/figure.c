// SPDX-License-Identifier: Apache-2.0
#include "reduce/figure.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void figure_init(struct figure_table *t, const struct figure_col *col, int ncol)
{
	memset(t, 0, sizeof *t);
	t->col = col;
	t->ncol = ncol;
	t->rows = -1;
}

void figure_release(struct figure_table *t)
{
	for (int c = 0; c < t->ncol; c++) {
		free(t->data[c].state);
		free(t->data[c].i);
		free(t->data[c].x);
		texts_release(&t->data[c].text);
	}
	figure_init(t, t->col, t->ncol);
}

static int grow(void **x, uint64_t n, size_t size)
{
	void *y = realloc(*x, (size_t)n * size);

	if (!y)
		return -1;
	*x = y;
	return 0;
}

static int grow_col(struct figure_data *d, enum cell_type type, uint64_t cap)
{
	if (grow((void **)&d->state, cap, sizeof *d->state))
		return -1;
	if (type == CELL_F64)
		return grow((void **)&d->x, cap, sizeof *d->x);
	return type == CELL_TEXT ? 0 : grow((void **)&d->i, cap, sizeof *d->i);
}

void figure_row(struct figure_table *t)
{
	uint64_t cap = t->cap ? 2 * t->cap : 16, i = t->nrow;

	if (t->no_memory)
		return;
	for (int c = 0; c < t->ncol && i == t->cap; c++)
		if (grow_col(&t->data[c], t->col[c].type, cap)) {
			t->no_memory = 1;
			return;
		}
	t->cap = i == t->cap ? cap : t->cap;
	for (int c = 0; c < t->ncol; c++) {
		struct figure_data *d = &t->data[c];

		d->state[i] = CELL_MISSING;
		if (t->col[c].type == CELL_F64)
			d->x[i] = NAN;
		else if (t->col[c].type != CELL_TEXT)
			d->i[i] = t->col[c].type == CELL_DIFF ? INT64_MIN : -1;
		else if (texts_add(&d->text, "", 0))
			t->no_memory = 1;
	}
	t->nrow++;
}

void figure_text(struct figure_table *t, int col, const char *s, size_t len)
{
	struct figure_data *d = &t->data[col];

	if (t->no_memory)
		return;
	texts_truncate(&d->text, t->nrow - 1);
	if (texts_add(&d->text, s, len))
		t->no_memory = 1;
	d->state[t->nrow - 1] = CELL_VALUE;
}

void figure_name(struct figure_table *t, int col, const char *s)
{
	figure_text(t, col, s, strlen(s));
}

void figure_i64(struct figure_table *t, int col, int64_t x)
{
	if (t->no_memory)
		return;
	t->data[col].i[t->nrow - 1] = x;
	t->data[col].state[t->nrow - 1] = CELL_VALUE;
}

void figure_bool(struct figure_table *t, int col, int x)
{
	figure_i64(t, col, x != 0);
}

void figure_f64(struct figure_table *t, int col, double x)
{
	if (t->no_memory || isnan(x))
		return;
	t->data[col].x[t->nrow - 1] = isinf(x) ? x : rint(x * 1e9) / 1e9;
	t->data[col].state[t->nrow - 1] = CELL_VALUE;
}

void figure_omit(struct figure_table *t, int col)
{
	if (!t->no_memory)
		t->data[col].state[t->nrow - 1] = CELL_OMITTED;
}

void figure_share(struct figure_table *t, int col, double num, double den)
{
	if (den > 0)
		figure_f64(t, col, num / den);
}

__attribute__((format(printf, 2, 0))) static void set_why(struct figure_table *t, const char *fmt, va_list ap)
{
	/* clang-tidy 14 loses va_start() when it is given several files. */
	vsnprintf(t->why, sizeof t->why, fmt, ap); /* NOLINT(clang-analyzer-valist.Uninitialized) */
}

void figure_status(struct figure_table *t, enum figure_status s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (s > t->status)
		set_why(t, fmt, ap);
	va_end(ap);
	t->status = s > t->status ? s : t->status;
}

const char *figure_status_name(enum figure_status s)
{
	static const char *const name[] = { "ok", "partial", "not available" };

	return name[s];
}

/* Texts of a census are UTF-8, for the crawl takes no others; should a shard hold one that is not, its bytes are shown
 * as Latin-1. */
static json_t *json_text(const char *s, size_t len)
{
	json_t *j = json_stringn(s, len);
	char *wide, *at;

	if (j)
		return j;
	wide = at = calloc(2 * len + 1, 1);
	for (size_t i = 0; i < len && wide; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < 0x80)
			*at++ = (char)c;
		else {
			*at++ = (char)(0xC0 | c >> 6);
			*at++ = (char)(0x80 | (c & 0x3F));
		}
	}
	j = wide ? json_stringn(wide, (size_t)(at - wide)) : NULL;
	free(wide);
	return j;
}

static json_t *json_cell(const struct figure_table *t, int c, uint64_t row)
{
	const struct figure_data *d = &t->data[c];
	size_t len;
	const char *s;

	if (d->state[row] != CELL_VALUE)
		return json_null();
	switch (t->col[c].type) {
	case CELL_I64:
	case CELL_DIFF:
		return json_integer(d->i[row]);
	case CELL_BOOL:
		return json_boolean(d->i[row]);
	case CELL_F64:
		return isinf(d->x[row]) ? json_string("from none") : json_real(d->x[row]);
	default:
		s = texts_get(&d->text, row, &len);
		return json_text(s, len);
	}
}

static int is_leaf(const struct figure_table *t, int c)
{
	return !(t->col[c].flags & (FIGURE_KEY | FIGURE_BESIDE));
}

/* A name "a/b" is member b of member a. */
static int put_member(json_t *leaf, const char *name, json_t *x)
{
	const char *slash = strchr(name, '/');
	json_t *group;

	if (!slash)
		return json_object_set_new(leaf, name, x);
	group = json_object_getn(leaf, name, (size_t)(slash - name));
	if (!group && !json_object_setn_new(leaf, name, (size_t)(slash - name), json_object()))
		group = json_object_getn(leaf, name, (size_t)(slash - name));
	return json_object_set_new(group, slash + 1, x);
}

/* The value itself where there is one value column, else an object of them. */
static json_t *json_leaf(const struct figure_table *t, uint64_t row)
{
	int n = 0, only = 0;
	json_t *leaf;

	for (int c = 0; c < t->ncol; c++)
		if (is_leaf(t, c)) {
			n++;
			only = c;
		}
	if (n == 1)
		return json_cell(t, only, row);
	leaf = json_object();
	for (int c = 0; c < t->ncol && leaf; c++)
		if (is_leaf(t, c) && t->data[c].state[row] != CELL_OMITTED &&
		    put_member(leaf, t->col[c].name, json_cell(t, c, row))) {
			json_decref(leaf);
			leaf = NULL;
		}
	return leaf;
}

static const char *key_text(json_t *name, size_t *len)
{
	*len = json_string_length(name);
	return json_string_value(name);
}

/* The object below `at` by that name, made where missing. NULL when memory is short. */
static json_t *descend(json_t *at, json_t *name)
{
	size_t len;
	const char *s = key_text(name, &len);
	json_t *x = json_object_getn(at, s, len);

	if (json_is_object(x))
		return x;
	return json_object_setn_new(at, s, len, json_object()) ? NULL : json_object_getn(at, s, len);
}

static int put_beside(const struct figure_table *t, uint64_t row, json_t *at, json_t *name)
{
	size_t len;
	const char *s = key_text(name, &len);

	for (int c = 0; c < t->ncol; c++) {
		char member[512];

		if (!(t->col[c].flags & FIGURE_BESIDE) || t->data[c].state[row] == CELL_OMITTED)
			continue;
		snprintf(member, sizeof member, "%s_%.*s", t->col[c].name, (int)len, s);
		if (json_object_set_new(at, member, json_cell(t, c, row)))
			return -1;
	}
	return 0;
}

static int put_row(const struct figure_table *t, uint64_t row, json_t *root)
{
	json_t *at = root, *name = NULL;
	size_t len;
	const char *s;
	int rc = 0;

	for (int c = 0; c < t->ncol && !rc && t->col[c].flags & FIGURE_KEY && t->data[c].state[row] == CELL_VALUE;
	     c++) {
		json_t *next = json_cell(t, c, row);

		if (name && !(at = descend(at, name)))
			rc = -1;
		json_decref(name);
		name = next;
	}
	if (rc || !name) {
		json_decref(name);
		return -1;
	}
	s = key_text(name, &len);
	rc = json_object_setn_new(at, s, len, json_leaf(t, row)) || put_beside(t, row, at, name) ? -1 : 0;
	json_decref(name);
	return rc;
}

json_t *figure_json(const struct figure_table *t)
{
	json_t *root;

	if (t->no_memory)
		return NULL;
	if (!(t->col[0].flags & FIGURE_KEY))
		return t->nrow ? json_leaf(t, 0) : json_null();
	root = json_object();
	for (uint64_t i = 0; i < t->nrow && root; i++)
		if (put_row(t, i, root)) {
			json_decref(root);
			return NULL;
		}
	return root;
}

/* Texts of one column in cells of the longest one's width. NULL when memory is short. */
static char *fixed_texts(const struct texts *t, uint64_t nrow, uint32_t width)
{
	char *x = calloc((size_t)nrow + 1, width);

	for (uint64_t i = 0; i < nrow && x; i++) {
		size_t len;
		const char *s = texts_get(t, i, &len);

		memcpy(x + i * width, s, len < width ? len : width);
	}
	return x;
}

static int8_t *narrow(const int64_t *x, uint64_t n)
{
	int8_t *y = malloc((size_t)n + 1);

	for (uint64_t i = 0; i < n && y; i++)
		y[i] = (int8_t)x[i];
	return y;
}

static uint32_t widest(const struct texts *t)
{
	uint64_t width = 1;

	for (uint64_t i = 0; i < t->n; i++)
		width = t->off[i + 1] - t->off[i] > width ? t->off[i + 1] - t->off[i] : width;
	return (uint32_t)width;
}

static int store_col(const struct figure_table *t, int c, const char *group, struct h5out *out, const struct err *e)
{
	static const enum h5_type type[] = { [CELL_TEXT] = H5OUT_TEXT,
					     [CELL_I64] = H5OUT_I64,
					     [CELL_F64] = H5OUT_F64,
					     [CELL_BOOL] = H5OUT_I8,
					     [CELL_DIFF] = H5OUT_I64 };
	static const char *const missing[] = { "empty string", "-1", "NaN; +inf stands for \"from none\"", "-1",
					       "-9223372036854775808" };
	const struct figure_col *col = &t->col[c];
	char path[256];
	uint32_t width = widest(&t->data[c].text);
	struct h5out_spec spec = { path, type[col->type],    width, col->description, col->unit ? col->unit : "1",
				   NULL, missing[col->type], NULL };
	void *own = NULL;
	const void *x = t->data[c].i;
	int rc;

	snprintf(path, sizeof path, "%s/%s", group, col->name);
	if (t->no_memory)
		x = NULL;
	else if (col->type == CELL_TEXT)
		x = own = fixed_texts(&t->data[c].text, t->nrow, width);
	else if (col->type == CELL_BOOL)
		x = own = narrow(t->data[c].i, t->nrow);
	else if (col->type == CELL_F64)
		x = t->data[c].x;
	rc = h5out_local(out, &spec, x, t->nrow + (uint64_t)t->no_memory, e);
	free(own);
	return rc;
}

int figure_store(const struct figure_table *t, const char *group, struct h5out *out, const struct err *e)
{
	int rc = E_OK;

	for (int c = 0; c < t->ncol && !rc && t->status != FIGURE_NOT_AVAILABLE; c++)
		rc = store_col(t, c, group, out, e);
	return rc;
}

int figure_store_status(const struct figure_table *t, const char *group, struct h5out *out, const struct err *e)
{
	int rc = h5out_attr_text(out, group, "status", figure_status_name(t->status), e);

	if (!rc && t->status != FIGURE_OK)
		rc = h5out_attr_text(out, group, "why", t->why, e);
	if (!rc && t->rows >= 0)
		rc = h5out_attr_i64(out, group, "rows", t->rows, e);
	return rc ? rc : figure_store(t, group, out, e);
}
