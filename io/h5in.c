// SPDX-License-Identifier: Apache-2.0
#include "io/h5in.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "io/h5guard.h"
#include "io/h5safe.h"
#include "io/snapshot.h"
#include "io/stamp.h"
#include "io/utc.h"

#define REDUCE_AGAIN   "reduce its folder again, or leave it out"

#define SMALL_BYTES    65536
#define TABLE_ROWS     10000000 /* windows, refused records */
#define ROUND_ELEMENTS 65536

struct h5in {
	hid_t file;
	char path[4096];
	uint64_t nbytes; /* of the file */
	int64_t t0;
	uint64_t nrows[NKINDS];
};

static int bad(const struct h5in *in, const char *name, const char *why, struct err *e)
{
	return err_set(e, E_FORMAT, "'%s' is damaged: '%s' %s; " REDUCE_AGAIN, in->path, name, why);
}

static int no_memory(const struct h5in *in, struct err *e)
{
	return err_set(e, E_NOMEM, "out of memory to read '%s'", in->path);
}

/* A dataset of one dimension that was checked. */
struct input {
	hid_t d, type;
	const char *name;
	size_t size; /* of an element */
	uint64_t n;
};

static void let_go(struct input *x)
{
	if (x->type >= 0)
		H5Tclose(x->type);
	if (x->d >= 0)
		H5Dclose(x->d);
	x->type = x->d = -1;
}

/* From input_open() to here the library is guarded. */
static void input_close(struct input *x)
{
	let_go(x);
	h5guard_end();
}

static int open_dataset(struct input *x, const struct h5in *in, const char *name, uint32_t width, uint64_t expect,
			struct err *e)
{
	hid_t space = -1;
	hsize_t n = 0;
	int good;

	*x = (struct input){ H5Dopen2(in->file, name, H5P_DEFAULT), -1, name, 0, 0 };
	if (x->d < 0)
		return bad(in, name, "is missing", e);
	x->type = H5Dget_type(x->d);
	space = H5Dget_space(x->d);
	x->size = x->type < 0 ? 0 : H5Tget_size(x->type);
	if (width)
		good = H5Tget_class(x->type) == H5T_STRING && H5Tis_variable_str(x->type) == 0 && x->size >= 1 &&
		       x->size <= width;
	else
		good = H5Tequal(x->type, H5T_STD_I64LE) > 0;
	good = good && space >= 0 && H5Sget_simple_extent_ndims(space) == 1 &&
	       H5Sget_simple_extent_dims(space, &n, NULL) == 1;
	if (space >= 0)
		H5Sclose(space);
	x->n = n;
	if (!good)
		bad(in, name, "has another type than it should", e);
	else if (expect != UINT64_MAX && x->n != expect)
		bad(in, name, "has another length than it should", e);
	else if (!h5safe_is_credible(x->d, x->n, x->size, in->nbytes))
		bad(in, name, "claims more than the file holds", e);
	if (e->code)
		let_go(x);
	return e->code;
}

/* Open a dataset of texts (width: the most bytes) or of signed integers (width 0) of 64 bits. expect: its length, or
 * UINT64_MAX. To be closed only where it could be opened. */
static int input_open(struct input *x, const struct h5in *in, const char *name, uint32_t width, uint64_t expect,
		      struct err *e)
{
	h5guard_begin(in->path);
	if (open_dataset(x, in, name, width, expect, e))
		h5guard_end();
	return e->code;
}

/* Elements [first, first + n) to x. */
static int input_read(const struct input *x, const struct h5in *in, uint64_t first, uint64_t n, void *to, struct err *e)
{
	enum err_code rc = h5safe_read(x->d, x->type, first, n, to);

	if (rc == E_NOMEM)
		return no_memory(in, e);
	if (rc)
		return h5safe_error(e, E_FORMAT, "'%s' is damaged: '%s' cannot be read; " REDUCE_AGAIN, in->path,
				    x->name);
	return E_OK;
}

/* Called with up to ROUND_ELEMENTS texts at a time; cells of `size` bytes, number `first` of the dataset on. */
typedef int take_fn(struct h5in *in, const char *cell, size_t size, uint64_t first, uint64_t n, void *arg,
		    struct err *e);

/* Texts [first, first + n) in rounds, so that memory does not grow with their width. */
static int read_texts(struct h5in *in, const struct input *x, uint64_t first, uint64_t n, take_fn *take, void *arg,
		      struct err *e)
{
	uint64_t most = n < ROUND_ELEMENTS ? n : ROUND_ELEMENTS;
	char *cell = malloc((size_t)most * x->size + 1);
	int rc = cell ? E_OK : no_memory(in, e);

	for (uint64_t i = 0; i < n && !rc; i += most) {
		uint64_t m = n - i < most ? n - i : most;

		rc = input_read(x, in, first + i, m, cell, e);
		rc = rc ? rc : take(in, cell, x->size, first + i, m, arg, e);
	}
	free(cell);
	return rc;
}

static size_t cell_length(const char *cell, size_t size)
{
	while (size > 0 && cell[size - 1] == '\0')
		size--;
	return size;
}

/* ---- the head ---- */

static int attr_open(hid_t obj, const char *name, H5T_class_t class, hid_t *a, hid_t *type)
{
	hid_t space;
	int good;

	*type = -1;
	*a = h5safe_has_attr(obj, name) > 0 ? H5Aopen(obj, name, H5P_DEFAULT) : -1;
	if (*a < 0)
		return 0;
	*type = H5Aget_type(*a);
	space = H5Aget_space(*a);
	good = *type >= 0 && space >= 0 && H5Tget_class(*type) == class && H5Sget_simple_extent_npoints(space) == 1;
	if (space >= 0)
		H5Sclose(space);
	return good;
}

static void attr_close(hid_t a, hid_t type)
{
	if (type >= 0)
		H5Tclose(type);
	if (a >= 0)
		H5Aclose(a);
}

/* 0, or -1 if there is no such attribute. */
static int attr_i64(hid_t obj, const char *name, int64_t *x)
{
	hid_t a, type;
	int rc = attr_open(obj, name, H5T_INTEGER, &a, &type) && h5safe_is_integer(type) &&
				 H5Aread(a, H5T_NATIVE_INT64, x) >= 0
		       ? 0
		       : -1;

	attr_close(a, type);
	return rc;
}

static int attr_text(hid_t obj, const char *name, char *dst, size_t n)
{
	hid_t a, type;
	size_t size;
	int rc = -1;

	memset(dst, 0, n);
	/* A size of 0 is one that is not known, and dst may be too small. */
	if (attr_open(obj, name, H5T_STRING, &a, &type) && H5Tis_variable_str(type) == 0 &&
	    (size = H5Tget_size(type)) > 0 && size <= n && H5Aread(a, type, dst) >= 0)
		rc = 0;
	dst[n - 1] = '\0';
	attr_close(a, type);
	return rc;
}

static int read_kind(struct h5in *in, struct h5in_head *h, int k, struct err *e)
{
	int64_t rows = -1;
	hid_t g;
	int has = h5safe_has(in->file, kind_name[k]);

	if (has <= 0)
		return has ? bad(in, kind_name[k], "cannot be read", e) : E_OK;
	g = H5Gopen2(in->file, kind_name[k], H5P_DEFAULT);
	if (g < 0 || attr_i64(g, "rows", &rows) || rows < 0)
		bad(in, kind_name[k], "does not tell its rows", e);
	if (g >= 0)
		H5Gclose(g);
	h->kinds |= 1u << k;
	h->nrows[k] = in->nrows[k] = rows < 0 ? 0 : (uint64_t)rows;
	return e->code;
}

static int read_head(struct h5in *in, struct h5in_head *h, struct err *e)
{
	int64_t version = 0;
	char t0[32];
	int has;

	memset(h, 0, sizeof *h);
	if (attr_i64(in->file, "schema", &version) || attr_text(in->file, "hub", h->hub, sizeof h->hub) ||
	    attr_text(in->file, "t0", t0, sizeof t0) || attr_text(in->file, "version", h->version, sizeof h->version) ||
	    attr_i64(in->file, "complete", &h->complete) || utc_parse(t0, strlen(t0), &h->t0))
		return err_set(e, E_FORMAT, "'%s' is no census.h5; " REDUCE_AGAIN, in->path);
	if (version != SNAPSHOT_SCHEMA)
		return err_set(e, E_FORMAT, "'%s' is a census of another schema than %d; " REDUCE_AGAIN, in->path,
			       SNAPSHOT_SCHEMA);
	has = h5safe_has_attr(in->file, "filters");
	if (has < 0 || (has && attr_text(in->file, "filters", h->filters, sizeof h->filters)))
		return bad(in, "filters", "cannot be read", e);
	in->t0 = h->t0;
	for (int k = 0; k < NKINDS && !e->code; k++)
		read_kind(in, h, k, e);
	return e->code;
}

static int open_census(struct h5in *in, struct h5in_head *head, struct err *e)
{
	struct stat st;

	if (h5safe_open(in->path, REDUCE_AGAIN, &in->file, e))
		return e->code;
	if (stat(in->path, &st))
		return err_sys(e, errno, "cannot read '%s'", in->path);
	in->nbytes = (uint64_t)st.st_size;
	return read_head(in, head, e);
}

int h5in_check(const char *path, const char *remedy, struct err *e)
{
	struct err x = ERR_INIT;

	stamp_check(path, "census", SNAPSHOT_SCHEMA, &x);
	if (x.code == E_FORMAT || x.code == E_DAMAGED) /* their remedies are for shards */
		return err_set(e, E_FORMAT, "'%s' is cut, damaged, or no census.h5 of this version; %s", path, remedy);
	return x.code ? err_set(e, x.code, "%s", x.text) : E_OK;
}

int h5in_open(struct h5in **out, const char *path, int check, struct h5in_head *head, struct err *e)
{
	struct h5in *in = calloc(1, sizeof *in);

	*out = NULL;
	if (!in)
		return err_set(e, E_NOMEM, "out of memory to read '%s'", path);
	in->file = -1;
	snprintf(in->path, sizeof in->path, "%s", path);
	if (!check || !h5in_check(path, REDUCE_AGAIN, e)) {
		h5guard_begin(path);
		open_census(in, head, e);
		h5guard_end();
	}
	if (e->code)
		h5in_close(&in);
	*out = in;
	return e->code;
}

void h5in_close(struct h5in **in)
{
	if (*in && (*in)->file >= 0)
		H5Fclose((*in)->file);
	free(*in);
	*in = NULL;
}

/* ---- rows ---- */

static int take_oids(struct h5in *in, const char *cell, size_t size, uint64_t first, uint64_t n, void *arg,
		     struct err *e)
{
	struct oid **to = arg;

	(void)first;
	for (uint64_t i = 0; i < n; i++, (*to)++) {
		if (oid_parse(*to, cell + i * size, size))
			return bad(in, "_id", "has a value that is none", e);
		if (oid_seconds(**to) > in->t0)
			return bad(in, "_id", "has a repository created after t0", e);
	}
	return E_OK;
}

/* The element before the slice is read as well, so that the slices of all ranks ascend as one. */
int h5in_oids(struct h5in *in, enum kind k, uint64_t first, uint64_t n, struct oid *out, struct err *e)
{
	struct oid before = OID_MIN, *at = &before;
	struct input x;
	char name[64];

	snprintf(name, sizeof name, "%s/%s", kind_name[k], schema[F_OID].name);
	if (input_open(&x, in, name, OID_HEX, in->nrows[k], e))
		return e->code;
	if (first > 0 && n > 0)
		read_texts(in, &x, first - 1, 1, take_oids, &at, e);
	at = out;
	if (!e->code)
		read_texts(in, &x, first, n, take_oids, &at, e);
	for (uint64_t i = 0; i < n && !e->code; i++) {
		if (oid_cmp(before, out[i]) >= 0)
			bad(in, name, "does not ascend", e);
		before = out[i];
	}
	input_close(&x);
	return e->code;
}

static int take_ids(struct h5in *in, const char *cell, size_t size, uint64_t first, uint64_t n, void *arg,
		    struct err *e)
{
	(void)first;
	for (uint64_t i = 0; i < n; i++)
		if (texts_add(arg, cell + i * size, cell_length(cell + i * size, size)))
			return no_memory(in, e);
	return E_OK;
}

int h5in_ids(struct h5in *in, enum kind k, uint64_t first, uint64_t n, struct texts *out, struct err *e)
{
	struct input x;
	char name[64];

	snprintf(name, sizeof name, "%s/%s", kind_name[k], schema[F_ID].name);
	if (input_open(&x, in, name, schema[F_ID].cap, in->nrows[k], e))
		return e->code;
	read_texts(in, &x, first, n, take_ids, out, e);
	input_close(&x);
	return e->code;
}

int h5in_counter(struct h5in *in, enum kind k, enum field f, uint64_t first, uint64_t n, int64_t *out, struct err *e)
{
	struct input x;
	char name[64];
	int has;

	for (uint64_t i = 0; i < n; i++)
		out[i] = -1;
	snprintf(name, sizeof name, "%s/%s", kind_name[k], schema[f].name);
	has = schema_has(k, f) ? h5safe_has(in->file, name) : 0;
	if (has <= 0)
		return has ? bad(in, name, "cannot be read", e) : E_OK;
	if (input_open(&x, in, name, 0, in->nrows[k], e))
		return e->code;
	input_read(&x, in, first, n, out, e);
	for (uint64_t i = 0; i < n && !e->code; i++)
		if (out[i] < -1)
			bad(in, name, "has a negative value", e);
	input_close(&x);
	return e->code;
}

/* ---- what it lacks ---- */

/* A small table's column of texts as they stand. */
static int get_texts(struct h5in *in, const char *name, uint32_t width, uint64_t expect, struct texts *t, struct err *e)
{
	struct input x;

	if (input_open(&x, in, name, width, expect, e))
		return e->code;
	if (x.n > TABLE_ROWS)
		bad(in, name, "has more rows than it can", e);
	else
		read_texts(in, &x, 0, x.n, take_ids, t, e);
	input_close(&x);
	return e->code;
}

static int text_is(const struct texts *t, uint64_t i, const char *s)
{
	size_t len;
	const char *x = texts_get(t, i, &len);

	return len == strlen(s) && !memcmp(x, s, len);
}

static int text_kind(const struct texts *t, uint64_t i)
{
	for (int k = 0; k < NKINDS; k++)
		if (text_is(t, i, kind_name[k]))
			return k;
	return -1;
}

static int text_oid(const struct texts *t, uint64_t i, struct oid *o)
{
	size_t len;
	const char *x = texts_get(t, i, &len);

	return oid_parse(o, x, len);
}

static int add_hole(struct h5in *in, const struct texts t[4], uint64_t i, struct cover hole[NKINDS],
		    struct oid last[NKINDS], struct err *e)
{
	int k = text_kind(&t[0], i);
	struct span s;

	if (k < 0 || text_oid(&t[1], i, &s.lo) || text_oid(&t[2], i, &s.hi))
		return bad(in, "windows", "has a row that is no span", e);
	if (text_is(&t[3], i, "covered"))
		return E_OK;
	/* In order, so that adding them is cheap, whoever wrote the file. */
	if (oid_cmp(s.lo, last[k]) < 0)
		return bad(in, "windows", "is not in order", e);
	last[k] = s.lo;
	return cover_add(&hole[k], s) ? no_memory(in, e) : E_OK;
}

int h5in_holes(struct h5in *in, struct cover hole[NKINDS], struct err *e)
{
	static const char *const name[4] = { "windows/kind", "windows/lo", "windows/hi", "windows/state" };
	struct texts t[4] = { { 0 } };
	struct oid last[NKINDS] = { OID_MIN, OID_MIN, OID_MIN };

	for (int c = 0; c < 4 && !e->code; c++)
		get_texts(in, name[c], c == 1 || c == 2 ? OID_HEX : 16, c ? t[0].n : UINT64_MAX, &t[c], e);
	for (uint64_t i = 0; i < t[0].n && !e->code; i++)
		add_hole(in, t, i, hole, last, e);
	for (int c = 0; c < 4; c++)
		texts_release(&t[c]);
	return e->code;
}

static int by_oid(const void *a, const void *b)
{
	return oid_cmp(*(const struct oid *)a, *(const struct oid *)b);
}

static int add_lost(struct h5in *in, const struct texts t[3], uint64_t i, struct oid *lost[NKINDS],
		    uint64_t nlost[NKINDS], struct err *e)
{
	int k = text_kind(&t[0], i);
	struct oid o;

	if (k < 0 || text_oid(&t[1], i, &o))
		return bad(in, "quarantine", "has a row that is none", e);
	/* A named field: the record was taken without it. Zeros: its _id was not readable. */
	if (!text_is(&t[2], i, "") || oid_cmp(o, OID_MIN) == 0)
		return E_OK;
	lost[k][nlost[k]++] = o;
	return E_OK;
}

int h5in_lost(struct h5in *in, struct oid *lost[NKINDS], uint64_t nlost[NKINDS], struct err *e)
{
	struct texts t[3] = { { 0 } };
	static const char *const name[3] = { "quarantine/kind", "quarantine/_id", "quarantine/field" };

	for (int c = 0; c < 3 && !e->code; c++)
		get_texts(in, name[c], c == 1 ? OID_HEX : 64, c ? t[0].n : UINT64_MAX, &t[c], e);
	for (int k = 0; k < NKINDS; k++) {
		nlost[k] = 0;
		lost[k] = malloc((size_t)(t[0].n + 1) * sizeof *lost[k]);
		if (!lost[k] && !e->code)
			no_memory(in, e);
	}
	for (uint64_t i = 0; i < t[0].n && !e->code; i++)
		add_lost(in, t, i, lost, nlost, e);
	for (int k = 0; k < NKINDS && !e->code; k++)
		qsort(lost[k], (size_t)nlost[k], sizeof *lost[k], by_oid);
	for (int c = 0; c < 3; c++)
		texts_release(&t[c]);
	return e->code;
}
