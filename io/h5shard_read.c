// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "io/h5get.h"
#include "io/h5guard.h"
#include "io/h5safe.h"
#include "io/h5shard.h"
#include "io/shard_name.h"
#include "io/stamp.h"

static void check_codes(struct h5get *r, const char *name, const int32_t *code, uint64_t n, int32_t least,
			uint64_t nlabel)
{
	for (uint64_t i = 0; i < n; i++)
		if (code[i] < least || (code[i] >= 0 && (uint64_t)code[i] >= nlabel)) {
			h5get_bad(r, name, "has a code without a label");
			return;
		}
}

/* The hash of the dictionary is left out: whoever adds to it makes it anew. */
static void get_coded(struct h5get *r, const char *name, struct column *c, enum col_type type, uint64_t n)
{
	uint64_t ncode = 0, noff = 0;
	char path[64];

	snprintf(path, sizeof path, "%s/code", name);
	c->code = h5get_array(r, path, H5T_NATIVE_INT32, 0, type == COL_CAT ? n : UINT64_MAX, &ncode);
	h5get_texts(r, name, "label_", UINT64_MAX, &c->labels.text);
	if (!r->e->code)
		check_codes(r, name, c->code, ncode, type == COL_CAT ? -1 : 0, c->labels.text.n);
	if (type == COL_CAT)
		return;
	c->code_cap = ncode ? ncode : 1;
	snprintf(path, sizeof path, "%s/off", name);
	c->off = h5get_array(r, path, H5T_NATIVE_UINT64, 0, n + 1, &noff);
	if (!r->e->code && !h5get_offsets_hold(c->off, n, ncode))
		h5get_bad(r, path, "does not fit its codes");
}

static void check_texts_caps(struct h5get *r, const char *name, const struct texts *t, uint64_t cap)
{
	for (uint64_t i = 0; i < t->n; i++)
		if (t->off[i + 1] - t->off[i] > cap) {
			h5get_bad(r, name, "has a longer text than the schema allows");
			return;
		}
}

static void check_integers(struct h5get *r, const char *name, const int64_t *x, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		if (x[i] < -1) {
			h5get_bad(r, name, "has a negative value");
			return;
		}
}

static void get_column(struct h5get *r, struct table *t, enum field f, uint64_t n)
{
	struct column *c = &t->col[f];
	char name[48];
	uint64_t m = 0;

	snprintf(name, sizeof name, "rows/%s", schema[f].name);
	switch (schema[f].type) {
	case COL_OID:
		c->oid = h5get_array(r, name, H5T_NATIVE_UINT8, sizeof *c->oid, n, &m);
		break;
	case COL_I64:
		c->i64 = h5get_array(r, name, H5T_NATIVE_INT64, 0, n, &m);
		if (!r->e->code)
			check_integers(r, name, c->i64, n);
		break;
	case COL_FLAG:
		c->flag = h5get_array(r, name, H5T_NATIVE_INT8, 0, n, &m);
		for (uint64_t i = 0; !r->e->code && i < n; i++)
			if (c->flag[i] < -1 || c->flag[i] > 1)
				h5get_bad(r, name, "has a value that is no flag");
		break;
	case COL_STR:
		h5get_texts(r, name, "", n, &c->str);
		if (!r->e->code)
			check_texts_caps(r, name, &c->str, schema[f].cap);
		break;
	case COL_CAT:
	case COL_LIST:
		get_coded(r, name, c, schema[f].type, n);
		if (!r->e->code)
			check_texts_caps(r, name, &c->labels.text, schema[f].cap);
		break;
	}
}

static uint64_t count_rows(struct h5get *r)
{
	uint64_t n = 0;
	hid_t d = h5get_open(r, "rows/_id", 1, sizeof(struct oid), &n);

	if (d >= 0)
		H5Dclose(d);
	return n;
}

static void get_rows(struct h5get *r, struct table *t, uint64_t n)
{
	for (int f = 0; f < NFIELDS && !r->e->code; f++)
		if (schema_has(t->kind, (enum field)f))
			get_column(r, t, (enum field)f, n);
	if (r->e->code)
		return;
	t->n = n;
	t->cap = n;
}

static char *copy_text(struct h5get *r, const struct texts *t, uint64_t i)
{
	size_t len;
	const char *s = texts_get(t, i, &len);
	char *d = malloc(len + 1);

	if (!d) {
		h5get_no_memory(r);
		return NULL;
	}
	memcpy(d, s, len);
	d[len] = '\0';
	return d;
}

struct piece_columns {
	struct oid *lo, *hi;
	uint32_t *flags;
	int64_t *pages, *rows, *first, *last;
	struct texts next;
};

static void fill_pieces(struct h5get *r, struct shard *s, const struct piece_columns *c, uint32_t n)
{
	s->piece = calloc(n ? n : 1, sizeof *s->piece);
	if (!s->piece) {
		h5get_no_memory(r);
		return;
	}
	s->npiece = s->piece_cap = n;
	for (uint32_t i = 0; i < n; i++) {
		s->piece[i] = (struct shard_piece){
			{ c->lo[i], c->hi[i] }, c->flags[i], c->pages[i], c->rows[i], c->first[i], c->last[i], NULL
		};
		if (oid_cmp(c->lo[i], c->hi[i]) >= 0)
			h5get_bad(r, "pieces", "has an empty span");
		if (c->next.off[i + 1] > c->next.off[i])
			s->piece[i].next = copy_text(r, &c->next, i);
	}
}

static void get_pieces(struct h5get *r, struct shard *s)
{
	struct piece_columns c = { 0 };
	uint64_t n = 0, m;

	c.lo = h5get_array(r, "pieces/lo", H5T_NATIVE_UINT8, sizeof(struct oid), UINT64_MAX, &n);
	c.hi = h5get_array(r, "pieces/hi", H5T_NATIVE_UINT8, sizeof(struct oid), n, &m);
	c.flags = h5get_array(r, "pieces/flags", H5T_NATIVE_UINT32, 0, n, &m);
	c.pages = h5get_array(r, "pieces/pages", H5T_NATIVE_INT64, 0, n, &m);
	c.rows = h5get_array(r, "pieces/rows", H5T_NATIVE_INT64, 0, n, &m);
	c.first = h5get_array(r, "pieces/observed_first", H5T_NATIVE_INT64, 0, n, &m);
	c.last = h5get_array(r, "pieces/observed_last", H5T_NATIVE_INT64, 0, n, &m);
	h5get_texts(r, "pieces", "next_", n, &c.next);
	if (!r->e->code && n <= UINT32_MAX / 2)
		fill_pieces(r, s, &c, (uint32_t)n);
	free(c.lo);
	free(c.hi);
	free(c.flags);
	free(c.pages);
	free(c.rows);
	free(c.first);
	free(c.last);
	texts_release(&c.next);
}

static void fill_refusals(struct h5get *r, struct shard *s, uint32_t n, const int32_t *field, const int64_t *observed,
			  const struct oid *oid, const struct texts *why, const struct texts *raw)
{
	for (uint32_t i = 0; i < n && !r->e->code; i++) {
		char *w = copy_text(r, why, i);
		size_t nraw;
		const char *x = texts_get(raw, i, &nraw);

		if (field[i] < -1 || field[i] >= NFIELDS)
			h5get_bad(r, "refusals/field", "names a column that is not there");
		else if (w && shard_add_refusal(s, field[i], observed[i], oid[i], w, x, nraw))
			h5get_no_memory(r);
		free(w);
	}
}

static void get_refusals(struct h5get *r, struct shard *s)
{
	struct texts why = { 0 }, raw = { 0 };
	uint64_t n = 0, m;
	int32_t *field = h5get_array(r, "refusals/field", H5T_NATIVE_INT32, 0, UINT64_MAX, &n);
	int64_t *observed = h5get_array(r, "refusals/observed", H5T_NATIVE_INT64, 0, n, &m);
	struct oid *oid = h5get_array(r, "refusals/oid", H5T_NATIVE_UINT8, sizeof *oid, n, &m);

	h5get_texts(r, "refusals", "why_", n, &why);
	h5get_texts(r, "refusals", "raw_", n, &raw);
	/* Each takes more memory than room in the file. */
	if (!r->e->code && n > SHARD_REFUSALS_MAX)
		h5get_bad(r, "refusals", "are more than a crawl seals");
	if (!r->e->code)
		fill_refusals(r, s, (uint32_t)n, field, observed, oid, &why, &raw);
	free(field);
	free(observed);
	free(oid);
	texts_release(&why);
	texts_release(&raw);
}

/* A later version may know more counters: those we know come first. */
static void get_counters(struct h5get *r, struct shard *s)
{
	uint64_t n = 0;
	int64_t *x = h5get_array(r, "counters", H5T_NATIVE_INT64, 0, UINT64_MAX, &n);

	for (uint64_t i = 0; x && i < n && i < NCOUNTERS; i++)
		s->counter[i] = x[i];
	if (!r->e->code && !counters_are_credible(s->counter, NCOUNTERS))
		h5get_bad(r, "counters", "are no counts");
	free(x);
}

static void get_attrs(struct h5get *r, struct shard *s, const char *snapshot)
{
	char format[32], kind[32], id[40];
	int k;

	if (h5get_text_attr(r, "format", format, sizeof format) || strcmp(format, "hubcensus-shard")) {
		err_set(r->e, E_FORMAT, "'%s' is an HDF5 file but no shard of hubcensus; move it out of the folder",
			r->path);
		return;
	}
	if (h5get_attr(r, "version") != SHARD_VERSION && !r->e->code)
		err_set(r->e, E_FORMAT,
			"'%s' has another version of the shard format than %d; use the version that wrote it", r->path,
			SHARD_VERSION);
	if (h5get_text_attr(r, "snapshot", id, sizeof id) || strlen(id) != 32 ||
	    h5get_text_attr(r, "kind", kind, sizeof kind) || (k = kind_find(kind)) < 0) {
		h5get_bad(r, "the head", "is broken");
		return;
	}
	if (snapshot && strcmp(id, snapshot))
		err_set(r->e, E_FORMAT, "'%s' belongs to another census; move it out of the folder", r->path);
	memcpy(s->snapshot, id, sizeof s->snapshot);
	table_init(&s->rows, (enum kind)k);
	s->kind = (enum kind)k;
	s->rank = (int32_t)h5get_attr(r, "rank");
	s->seq = h5get_attr(r, "seq");
	s->session = h5get_attr(r, "session");
	s->sealed_at = h5get_attr(r, "sealed_at");
	s->hub_total = h5get_attr(r, "hub_total");
	if (snapshot && !r->e->code)
		shard_name_check(r->path, kind_name[s->kind], s->rank, s->seq, r->e);
}

static int read_guarded(struct shard *s, const char *path, const char *snapshot, int with_rows, uint64_t *nrows,
			struct err *e)
{
	struct h5get r = { -1, path, 0, e };
	struct stat st;

	if (h5safe_open(path, "move it away and crawl again", &r.file, e))
		return e->code;
	if (stat(path, &st)) {
		err_sys(e, errno, "cannot read '%s'", path);
	} else {
		r.nbytes = (uint64_t)st.st_size;
		get_attrs(&r, s, snapshot);
		*nrows = e->code ? 0 : count_rows(&r);
		if (with_rows)
			get_rows(&r, &s->rows, *nrows);
		get_pieces(&r, s);
		get_refusals(&r, s);
		get_counters(&r, s);
	}
	H5Fclose(r.file);
	return e->code;
}

/* Only what a crawl may have sealed is set aside by the next one; under another name it is somebody's file. */
static int check_stamp(const char *path, int under_any_name, struct err *e)
{
	struct err own = ERR_INIT;
	enum kind k;
	int64_t seq;
	int rank, rc = stamp_check(path, "shard", SHARD_VERSION, &own);

	if (rc == E_DAMAGED && !under_any_name && !shard_name_parse(path, &k, &rank, &seq))
		return err_set(e, E_FORMAT, "'%s' is no shard of hubcensus; move it out of the folder", path);
	return rc ? err_set(e, rc, "%s", own.text) : E_OK;
}

int shard_read(struct shard *s, const char *path, const char *snapshot, int with_rows, uint64_t *nrows, struct err *e)
{
	memset(s, 0, sizeof *s);
	*nrows = 0;
	if (check_stamp(path, !snapshot, e))
		return e->code;
	h5guard_begin(path);
	read_guarded(s, path, snapshot, with_rows, nrows, e);
	h5guard_end();
	return e->code;
}
