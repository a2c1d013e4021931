// SPDX-License-Identifier: Apache-2.0
#include "reduce/series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "io/h5out.h"
#include "io/schema.h"
#include "io/snapshot.h"
#include "io/utc.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/figures.h"
#include "reduce/labels.h"
#include "reduce/moments.h"
#include "reduce/points.h"
#include "reduce/wire.h"

enum row_status { ROW_OK, ROW_PARTIAL, ROW_ABSENT, ROW_NOT_AVAILABLE, ROW_NOT_COMPUTED, ROW_NO_CENSUS, NROW_STATUS };
static const char *const row_status_name[NROW_STATUS] = { "ok",           "partial",  "absent", "not available",
							  "not computed", "no census" };

/* The numbers of this rank's keys: cell i * nmoments + m. */
struct grid {
	MPI_Comm comm;
	const struct moments *m;
	struct points points; /* of the files this rank has read; its statuses are those of all */
	struct labels key;    /* key.own: this rank's keys, ascending over the ranks */
	int64_t *count;
	double *value;
	uint8_t *has;
	uint64_t ncell;
};

static int no_memory(struct err *e)
{
	return err_set(e, E_NOMEM, "out of memory for the series; use more ranks");
}

/* Snapshots are dealt out one by one. */
static int read_files(struct grid *g, const char *dir, struct err *e)
{
	int me, nranks, rc = points_init(&g->points, g->m->n) ? no_memory(e) : E_OK;

	MPI_Comm_rank(g->comm, &me);
	MPI_Comm_size(g->comm, &nranks);
	for (uint64_t i = (uint64_t)me; i < g->m->n && !rc; i += (uint64_t)nranks) {
		char path[4096];

		if (g->m->at[i].state != MOMENT_CENSUS)
			continue;
		if ((size_t)snprintf(path, sizeof path, "%s/%s/census.json", dir, g->m->at[i].folder) >= sizeof path)
			rc = err_set(e, E_USAGE, "the folder's name is too long");
		else
			rc = points_read(&g->points, path, i, e);
	}
	return err_agree(g->comm, rc, e);
}

static int by_key(const void *a, const void *b)
{
	const struct point *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->moment > y->moment) - (x->moment < y->moment);
}

/* Keys of all ranks in one order, each owned by one; points carry their place in it. */
static int number_keys(struct grid *g, struct err *e)
{
	struct points *x = &g->points;
	int32_t *map = NULL;
	int me, rc = E_OK;

	MPI_Comm_rank(g->comm, &me);
	points_statuses(x, g->comm);
	for (int i = 0; i < figure_count && me == 0 && !rc; i++)
		if (points_figure(i) && !x->has_key[i] && points_bare(x, i))
			rc = no_memory(e);
	if (!rc && labels_sort(&x->key.text, &map))
		rc = no_memory(e);
	for (uint64_t i = 0; i < x->n && !rc; i++)
		x->at[i].key = map[x->at[i].key];
	free(map);
	if (!rc && x->n)
		qsort(x->at, (size_t)x->n, sizeof *x->at, by_key);
	return labels_build(&g->key, g->comm, rc, &x->key.text, e);
}

/* Points to the owners of their keys. */
static int send_points(struct grid *g, struct parcel *in, struct err *e)
{
	struct points *x = &g->points;
	struct parcel out;
	uint64_t at = 0, keys = 0;
	int nranks, rc = parcel_init(&out, g->comm, sizeof *x->at, e);

	MPI_Comm_size(g->comm, &nranks);
	for (int r = 0; r < nranks && !rc; r++) {
		uint64_t from = at;

		keys += g->key.nsend[r];
		while (at < x->n && (uint64_t)x->at[at].key < keys)
			at++;
		out.n[r] = at - from;
	}
	for (uint64_t i = 0; i < x->n && !rc; i++)
		x->at[i].key = g->key.global[x->at[i].key];
	out.data = x->at;
	out.total = x->n;
	rc = wire_exchange(g->comm, rc, &out, in, e);
	out.data = NULL;
	parcel_release(&out);
	free(x->at);
	x->at = NULL;
	x->n = x->cap = 0;
	return rc;
}

static int fill_grid(struct grid *g, struct err *e)
{
	struct parcel in = { 0 };
	const struct point *p;
	int rc = send_points(g, &in, e);

	g->ncell = g->key.own.n * g->m->n;
	g->count = malloc((size_t)(g->ncell + 1) * sizeof *g->count);
	g->value = malloc((size_t)(g->ncell + 1) * sizeof *g->value);
	g->has = calloc((size_t)g->ncell + 1, 1);
	if (!rc && (!g->count || !g->value || !g->has))
		rc = no_memory(e);
	for (uint64_t i = 0; i < g->ncell && !rc; i++) {
		g->count[i] = INT64_MIN;
		g->value[i] = NAN;
	}
	p = in.data;
	for (uint64_t i = 0; i < in.total && !rc; i++) {
		uint64_t cell = ((uint64_t)p[i].key - g->key.first) * g->m->n + (uint64_t)p[i].moment;

		g->count[cell] = p[i].count;
		g->value[cell] = p[i].value;
		g->has[cell] = 1;
	}
	parcel_release(&in);
	return err_agree(g->comm, rc, e);
}

/* Why there is a number in a cell, or none. */
static enum row_status status_of(const struct grid *g, int figure, uint64_t moment, int has)
{
	uint8_t known = g->points.known[(uint64_t)figure * g->m->n + moment];

	if (g->m->at[moment].state != MOMENT_CENSUS)
		return ROW_NO_CENSUS;
	if (known == FIGURE_UNKNOWN)
		return ROW_NOT_COMPUTED;
	if (known == FIGURE_IS_MISSING)
		return ROW_NOT_AVAILABLE;
	return !has ? ROW_ABSENT : known == FIGURE_IS_OK ? ROW_OK : ROW_PARTIAL;
}

/* ---- the file ---- */

static char *cells_of(const struct texts *t, uint64_t width)
{
	char *x = calloc((size_t)t->n + 1, (size_t)width);

	for (uint64_t i = 0; i < t->n && x; i++) {
		size_t len;
		const char *s = texts_get(t, i, &len);

		memcpy(x + i * width, s, len < width ? len : (size_t)width);
	}
	return x;
}

/* This rank's n texts of a dataset. */
static int store_texts(const struct grid *g, struct h5out *out, const char *path, const char *what,
		       const struct texts *t, uint64_t width, struct err *e)
{
	struct h5out_spec spec = {
		.path = path, .type = H5OUT_TEXT, .description = what, .unit = "1", .missing = "empty string"
	};
	char *x = cells_of(t, width ? width : 1);
	int rc = err_agree(g->comm, x ? E_OK : no_memory(e), e);

	spec.width = (uint32_t)(width ? width : 1);
	if (!rc)
		rc = h5out_column(out, &spec, x, t->n, e);
	free(x);
	return rc;
}

/* The distinct parts of this rank's keys, and which each key has; -1 for the empty one. */
static int find_parts(const struct grid *g, enum key_part p, struct dict *d, int32_t *code, struct err *e)
{
	int32_t *map;

	for (uint64_t i = 0; i < g->key.own.n; i++) {
		size_t n, len;
		const char *key = texts_get(&g->key.own, i, &n), *s = key_part(key, n, p, &len);

		code[i] = -1;
		if (len && dict_add(d, s, len, &code[i]))
			return no_memory(e);
	}
	if (labels_sort(&d->text, &map))
		return no_memory(e);
	for (uint64_t i = 0; i < g->key.own.n; i++)
		code[i] = code[i] < 0 ? -1 : map[code[i]];
	free(map);
	return E_OK;
}

/* A code per key, repeated for every moment. */
static int store_codes(const struct grid *g, struct h5out *out, const struct h5out_spec *spec, const int32_t *code,
		       const int32_t *global, struct err *e)
{
	int32_t *x = malloc((size_t)(g->ncell + 1) * sizeof *x);
	int rc = err_agree(g->comm, x ? E_OK : no_memory(e), e);

	for (uint64_t i = 0; i < g->key.own.n && !rc; i++)
		for (uint64_t m = 0; m < g->m->n; m++)
			x[i * g->m->n + m] = code[i] < 0 ? -1 : global[code[i]];
	if (!rc)
		rc = h5out_column(out, spec, x, g->ncell, e);
	free(x);
	return rc;
}

static int store_part(const struct grid *g, struct h5out *out, enum key_part p, struct err *e)
{
	static const char *const name[NKEY_PARTS] = { "figure", "organisation", "item" };
	static const char *const what[NKEY_PARTS] = { "key of the figure",
						      "organisation or namespace, of figures that are told by those",
						      "which of the figure's numbers, divided by slashes" };
	char path[64], label_path[64];
	struct h5out_spec spec = { .path = path,
				   .type = H5OUT_I32,
				   .description = what[p],
				   .unit = "1",
				   .missing = "-1",
				   .labels = label_path };
	struct dict d = { 0 };
	struct labels l;
	int32_t *code = calloc((size_t)g->key.own.n + 1, sizeof *code);
	int rc = code ? find_parts(g, p, &d, code, e) : no_memory(e);

	snprintf(path, sizeof path, "/series/%s", name[p]);
	snprintf(label_path, sizeof label_path, "/series/labels/%s", name[p]);
	rc = labels_build(&l, g->comm, rc, &d.text, e);
	rc = rc ? rc : store_codes(g, out, &spec, code, l.global, e);
	rc = rc ? rc : store_texts(g, out, label_path, what[p], &l.own, l.width, e);
	labels_release(&l);
	dict_release(&d);
	free(code);
	return rc;
}

static int figure_of_key(const struct grid *g, uint64_t i)
{
	size_t n, len;
	const char *key = texts_get(&g->key.own, i, &n), *s = key_part(key, n, KEY_FIGURE, &len);

	return figures_find(s, len);
}

static int store_status(const struct grid *g, struct h5out *out, struct err *e)
{
	const struct h5out_spec spec = { .path = "/series/status",
					 .type = H5OUT_I32,
					 .description = "why there is a number, or none",
					 .unit = "1",
					 .missing = "never missing",
					 .labels = "/series/labels/status" };
	struct texts name = { 0 };
	int32_t *x = malloc((size_t)(g->ncell + 1) * sizeof *x);
	int me, rc = x ? E_OK : no_memory(e);

	MPI_Comm_rank(g->comm, &me);
	for (uint64_t i = 0; i < g->key.own.n && !rc; i++) {
		int figure = figure_of_key(g, i);

		for (uint64_t m = 0; m < g->m->n; m++)
			x[i * g->m->n + m] = (int32_t)status_of(g, figure, m, g->has[i * g->m->n + m]);
	}
	for (int i = 0; i < NROW_STATUS && me == 0 && !rc; i++)
		if (texts_add(&name, row_status_name[i], strlen(row_status_name[i])))
			rc = no_memory(e);
	rc = err_agree(g->comm, rc, e);
	rc = rc ? rc : h5out_column(out, &spec, x, g->ncell, e);
	rc = rc ? rc : store_texts(g, out, "/series/labels/status", spec.description, &name, 16, e);
	texts_release(&name);
	free(x);
	return rc;
}

static int store_numbers(struct grid *g, struct h5out *out, struct err *e)
{
	const struct h5out_spec value = { .path = "/series/value",
					  .type = H5OUT_F64,
					  .description = "the number; +inf stands for \"from none\"",
					  .unit = "that of the figure",
					  .missing = "NaN" };
	const struct h5out_spec count = { .path = "/series/count",
					  .type = H5OUT_I64,
					  .description = "the number where it is an integer",
					  .unit = "that of the figure",
					  .missing = "-9223372036854775808" };
	const struct h5out_spec t0 = { .path = "/series/t0",
				       .type = H5OUT_I64,
				       .description = "the snapshot",
				       .unit = "s since 1970-01-01T00:00:00Z",
				       .missing = "never missing" };
	int rc = h5out_column(out, &value, g->value, g->ncell, e);

	rc = rc ? rc : h5out_column(out, &count, g->count, g->ncell, e);
	for (uint64_t i = 0; i < g->ncell && !rc; i++)
		g->count[i] = g->m->at[i % g->m->n].t0;
	return rc ? rc : h5out_column(out, &t0, g->count, g->ncell, e);
}

static const struct figure_col snapshot_cols[4 + NKINDS] = {
	{ "t0", CELL_I64, 0, "s since 1970-01-01T00:00:00Z", "end of its axis, or when one was expected" },
	{ "folder", CELL_TEXT, 0, NULL, "below that of the series" },
	{ "state", CELL_TEXT, 0, NULL, "census, unfinished (begun, not reduced) or missing" },
	{ "complete", CELL_BOOL, 0, NULL, "whether the census has no gaps" },
	{ "models", CELL_I64, 0, "repositories", "in the census" },
	{ "datasets", CELL_I64, 0, "repositories", "in the census" },
	{ "spaces", CELL_I64, 0, "repositories", "in the census" },
};

static int store_snapshots(const struct grid *g, struct h5out *out, struct err *e)
{
	struct figure_table t;
	int me, rc;

	MPI_Comm_rank(g->comm, &me);
	figure_init(&t, snapshot_cols, 4 + NKINDS);
	for (uint64_t i = 0; i < g->m->n && me == 0; i++) {
		const struct moment *m = &g->m->at[i];

		figure_row(&t);
		figure_i64(&t, 0, m->t0);
		figure_name(&t, 1, m->folder);
		figure_name(&t, 2, moment_state_name[m->state]);
		if (m->state == MOMENT_CENSUS)
			figure_bool(&t, 3, g->points.complete[i]);
		for (int k = 0; k < NKINDS; k++)
			if (g->points.total[i * NKINDS + (uint64_t)k] >= 0)
				figure_i64(&t, 4 + k, g->points.total[i * NKINDS + (uint64_t)k]);
	}
	rc = figure_store(&t, "/snapshots", out, e);
	figure_release(&t);
	return rc;
}

static int store(struct grid *g, const char *path, int64_t every_s, struct err *e)
{
	struct h5out *out = NULL;
	int rc = h5out_create(&out, g->comm, path, "series", e);

	if (rc)
		return rc;
	rc = h5out_attr_i64(out, "/", "schema", SNAPSHOT_SCHEMA, e);
	rc = rc ? rc : h5out_attr_text(out, "/", "hub", g->m->hub, e);
	rc = rc ? rc : h5out_attr_text(out, "/", "filters", g->m->filters, e);
	rc = rc ? rc : h5out_attr_i64(out, "/", "every_s", every_s, e);
	for (int p = 0; p < NKEY_PARTS && !rc; p++)
		rc = store_part(g, out, (enum key_part)p, e);
	rc = rc ? rc : store_status(g, out, e);
	rc = rc ? rc : store_numbers(g, out, e);
	rc = rc ? rc : store_snapshots(g, out, e);
	/* An error of ours leaves no file behind; h5out_close() agrees on what remains. */
	h5out_close(&out, rc == E_OK, e);
	return e->code;
}

/* ---- what there is, for people ---- */

static void describe(const struct grid *g, struct sheet *s)
{
	char title[600], name[64], t0[32];
	uint64_t missing = 0;

	snprintf(title, sizeof title, "Series of %.500s: %llu snapshots", g->m->hub, (unsigned long long)g->m->n);
	sheet_init(s, title);
	sheet_block(s, "Snapshots", 0, kind_name, NKINDS);
	for (uint64_t i = 0; i < g->m->n; i++) {
		const struct moment *m = &g->m->at[i];

		snprintf(name, sizeof name, "%.10s%s%s", utc_format(m->t0, t0), m->state == MOMENT_CENSUS ? "" : " ",
			 m->state == MOMENT_CENSUS ? "" : moment_state_name[m->state]);
		sheet_line(s, name);
		for (int k = 0; k < NKINDS; k++) {
			int64_t n = g->points.total[i * NKINDS + (uint64_t)k];

			if (n >= 0)
				sheet_count(s, n);
			else
				sheet_none(s);
		}
		missing += m->state != MOMENT_CENSUS;
	}
	if (missing)
		sheet_note(s, "Note: of %llu snapshots there is no census.", (unsigned long long)missing);
}

static void grid_release(struct grid *g)
{
	points_release(&g->points);
	labels_release(&g->key);
	free(g->count);
	free(g->value);
	free(g->has);
}

int series_make(MPI_Comm comm, const char *dir, int64_t every_s, struct sheet *s, struct err *e)
{
	struct moments m;
	struct grid g = { .comm = comm, .m = &m };
	char path[4096];
	int me, rc = moments_find(&m, comm, dir, every_s, e);

	MPI_Comm_rank(comm, &me);
	if (!rc && (size_t)snprintf(path, sizeof path, "%s/series.h5", dir) >= sizeof path)
		rc = err_set(e, E_USAGE, "the folder's name is too long");
	rc = rc ? rc : read_files(&g, dir, e);
	rc = rc ? rc : number_keys(&g, e);
	rc = rc ? rc : fill_grid(&g, e);
	rc = rc ? rc : store(&g, path, every_s, e);
	if (!rc && me == 0)
		describe(&g, s);
	grid_release(&g);
	moments_release(&m);
	return rc;
}
