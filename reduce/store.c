// SPDX-License-Identifier: Apache-2.0
#include "reduce/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "io/h5out.h"
#include "io/utc.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/compare.h"
#include "reduce/complete.h"
#include "reduce/country.h"
#include "reduce/figures.h"
#include "reduce/headcount_store.h"
#include "reduce/report.h"
#include "reduce/wire.h"

#ifndef HUBCENSUS_VERSION
#define HUBCENSUS_VERSION "0.0.0"
#endif

/* What a column is in a file. */
struct place {
	char path[96], labels[96], part[112], source[64];
	struct h5out_spec spec;
};

static void place_init(struct place *p, int kind, int f)
{
	const struct col *c = &schema[f];

	snprintf(p->path, sizeof p->path, "/%s/%s", kind_name[kind], c->name);
	snprintf(p->labels, sizeof p->labels, "/%s/labels/%s", kind_name[kind], c->name);
	snprintf(p->source, sizeof p->source, "%s%s%s", c->expand ? c->expand : "", c->member ? "." : "",
		 c->member ? c->member : "");
	p->spec =
		(struct h5out_spec){ p->path, H5OUT_I64, 0, c->description, c->unit, p->source, schema_missing(c->type),
				     NULL };
}

static int store_fixed(struct h5out *out, struct place *p, enum h5_type type, const void *x, uint64_t n, struct err *e)
{
	p->spec.type = type;
	return h5out_column(out, &p->spec, x, n, e);
}

/* Texts in cells of `width` bytes; t is freed. */
static int store_texts(struct h5out *out, struct h5out_spec *spec, struct texts *t, uint64_t width, struct err *e)
{
	uint64_t n = t->n;
	char *x;
	int rc;

	width = width ? width : 1;
	x = calloc((size_t)n + 1, (size_t)width);
	if (!x)
		err_set(e, E_NOMEM, "out of memory for '%s'", spec->path);
	for (uint64_t i = 0; i < t->n && x; i++) {
		size_t len;
		const char *s = texts_get(t, i, &len);

		memcpy(x + i * width, s, len < width ? len : (size_t)width);
	}
	spec->type = H5OUT_TEXT;
	spec->width = (uint32_t)width;
	texts_release(t);
	rc = h5out_column(out, spec, x, n, e);
	free(x);
	return rc;
}

static int store_strings(struct h5out *out, MPI_Comm comm, struct place *p, struct texts *t, struct err *e)
{
	uint64_t width = 0;

	for (uint64_t i = 0; i < t->n; i++)
		width = t->off[i + 1] - t->off[i] > width ? t->off[i + 1] - t->off[i] : width;
	return store_texts(out, &p->spec, t, wire_max(comm, width), e);
}

static int store_oids(struct h5out *out, struct place *p, struct column *c, uint64_t n, struct err *e)
{
	char *x = malloc((size_t)n * OID_HEX + OID_HEX + 1);
	int rc;

	if (!x)
		err_set(e, E_NOMEM, "out of memory for '%s'", p->path);
	/* oid_hex() ends with a NUL, where the next one begins. */
	for (uint64_t i = 0; i < n && x; i++)
		oid_hex(c->oid[i], x + i * OID_HEX);
	p->spec.type = H5OUT_TEXT;
	p->spec.width = OID_HEX;
	free(c->oid);
	c->oid = NULL;
	rc = h5out_column(out, &p->spec, x, n, e);
	free(x);
	return rc;
}

static void globalise(int32_t *code, uint64_t n, const struct labels *l)
{
	for (uint64_t i = 0; i < n; i++)
		if (code[i] >= 0)
			code[i] = l->global[code[i]];
}

/* Ends of the lists, counted over all ranks; the first rank puts a 0 before. */
static int store_list(struct h5out *out, const struct census *cs, struct place *p, struct column *c, uint64_t n,
		      struct err *e)
{
	uint64_t ncodes = n ? c->off[n] : 0, total, before = wire_before(cs->comm, ncodes, &total);
	int64_t *end = malloc((size_t)(n + 1) * sizeof *end);
	uint64_t first = cs->rank == 0;
	int rc;

	if (!end)
		err_set(e, E_NOMEM, "out of memory for '%s'", p->path);
	if (end && first)
		end[0] = 0;
	for (uint64_t i = 0; i < n && end; i++)
		end[i + first] = (int64_t)(before + c->off[i + 1]);
	p->spec.path = p->part;
	snprintf(p->part, sizeof p->part, "%s/offsets", p->path);
	p->spec.labels = NULL;
	p->spec.unit = "elements";
	p->spec.missing = "no element";
	rc = store_fixed(out, p, H5OUT_I64, end, n + first, e);
	snprintf(p->part, sizeof p->part, "%s/codes", p->path);
	p->spec.labels = p->labels;
	p->spec.unit = schema[F_TAGS].unit;
	if (!rc)
		rc = store_fixed(out, p, H5OUT_I32, c->code, ncodes, e);
	free(end);
	return rc;
}

static int store_column(struct h5out *out, struct census *cs, int kind, int f, struct err *e)
{
	struct rows *r = &cs->kind[kind];
	struct column *c = &r->t.col[f];
	struct place p;
	int rc = E_OK;

	place_init(&p, kind, f);
	switch (schema[f].type) {
	case COL_OID:
		return store_oids(out, &p, c, r->t.n, e);
	case COL_STR:
		return store_strings(out, cs->comm, &p, &c->str, e);
	case COL_I64:
		rc = store_fixed(out, &p, H5OUT_I64, c->i64, r->t.n, e);
		free(c->i64);
		c->i64 = NULL;
		break;
	case COL_FLAG:
		rc = store_fixed(out, &p, H5OUT_I8, c->flag, r->t.n, e);
		free(c->flag);
		c->flag = NULL;
		break;
	case COL_CAT:
		globalise(c->code, r->t.n, &r->label[f]);
		p.spec.labels = p.labels;
		rc = store_fixed(out, &p, H5OUT_I32, c->code, r->t.n, e);
		break;
	case COL_LIST:
		globalise(c->code, r->t.n ? c->off[r->t.n] : 0, &r->label[f]);
		rc = store_list(out, cs, &p, c, r->t.n, e);
		break;
	}
	free(c->code);
	free(c->off);
	c->code = NULL;
	c->off = NULL;
	return rc;
}

static int store_labels(struct h5out *out, struct census *cs, int kind, int f, struct err *e)
{
	struct rows *r = &cs->kind[kind];
	struct place p;

	place_init(&p, kind, f);
	p.spec.path = p.labels;
	p.spec.missing = "never missing";
	return store_texts(out, &p.spec, &r->label[f].own, r->label[f].width, e);
}

/* Rows first, labels last: memory falls as columns go, and the labels of tags are long. */
static int store_kind(struct h5out *out, struct census *c, int kind, struct err *e)
{
	struct rows *r = &c->kind[kind];
	char group[32];
	int rc;

	snprintf(group, sizeof group, "/%s", kind_name[kind]);
	rc = h5out_attr_i64(out, group, "rows", (int64_t)r->total, e);
	free(r->owner);
	r->owner = NULL;
	for (int f = 0; f < NFIELDS; f++)
		dict_release(&r->t.col[f].labels);
	for (int f = NFIELDS - 1; f >= 0 && !rc; f--)
		if (schema_has((enum kind)kind, (enum field)f) && !(schema[f].flags & COL_SHARD))
			rc = store_column(out, c, kind, f, e);
	for (int f = 0; f < NFIELDS && !rc; f++)
		if (rows_is_labelled((enum kind)kind, f))
			rc = store_labels(out, c, kind, f, e);
	return rc;
}

static const struct figure_col org_cols[7] = {
	{ "namespace", CELL_TEXT, 0, NULL, "namespace, as written in the table" },
	{ "parent", CELL_TEXT, 0, NULL, "organisation that joins namespaces" },
	{ "country", CELL_TEXT, 0, NULL, "ISO 3166-1 alpha-2 code" },
	{ "sector", CELL_TEXT, 0, NULL, "industry, academia, non-profit, government, community or individual" },
	{ "source", CELL_TEXT, 0, NULL, "where that is known from" },
	{ "from", CELL_I64, 0, "s since 1970-01-01T00:00:00Z", "the row holds for repositories created from then on" },
	{ "to", CELL_I64, 0, "s since 1970-01-01T00:00:00Z", "and before then" },
};

static void put_orgs(const struct orgs *orgs, struct figure_table *t)
{
	for (size_t i = 0; i < orgs_nrow(orgs); i++) {
		const struct org *o = orgs_row(orgs, i);

		figure_row(t);
		figure_name(t, 0, o->namespace);
		figure_name(t, 1, o->parent_name);
		figure_name(t, 2, o->country >= 0 ? country_code(o->country) : "");
		figure_name(t, 3, sector_name(o->sector));
		figure_name(t, 4, o->source);
		if (o->from_s != INT64_MIN)
			figure_i64(t, 5, o->from_s);
		if (o->to_s != INT64_MAX)
			figure_i64(t, 6, o->to_s);
	}
}

static int store_tables(struct h5out *out, const struct census *c, struct err *e)
{
	struct figure_table orgs, windows, quarantine;
	int rc;

	figure_init(&orgs, org_cols, 7);
	figure_init(&windows, complete_window_cols, 4);
	figure_init(&quarantine, complete_quarantine_cols, 5);
	if (c->rank == 0) {
		put_orgs(c->orgs, &orgs);
		complete_windows(c, &windows);
		complete_quarantine(c, &quarantine);
	}
	rc = figure_store(&orgs, "/orgs", out, e);
	rc = rc ? rc : figure_store(&windows, "/windows", out, e);
	rc = rc ? rc : figure_store(&quarantine, "/quarantine", out, e);
	figure_release(&orgs);
	figure_release(&windows);
	figure_release(&quarantine);
	return rc;
}

static int store_head(struct h5out *out, const struct census *c, struct err *e)
{
	char t0[32];
	int rc = h5out_attr_i64(out, "/", "schema", SNAPSHOT_SCHEMA, e);

	rc = rc ? rc : h5out_attr_text(out, "/", "hub", c->snap.hub, e);
	rc = rc ? rc : h5out_attr_text(out, "/", "t0", utc_format(c->snap.t0, t0), e);
	rc = rc ? rc : h5out_attr_text(out, "/", "version", HUBCENSUS_VERSION, e);
	if (!rc && snapshot_is_partial(&c->snap)) {
		char *filters = report_filters(&c->snap);

		rc = err_agree(c->comm, filters ? E_OK : err_set(e, E_NOMEM, "out of memory for the filters"), e);
		rc = rc ? rc : h5out_attr_text(out, "/", "filters", filters, e);
		free(filters);
	}
	return rc ? rc : h5out_attr_i64(out, "/", "complete", census_is_complete(c), e);
}

int store_census(struct census *c, const char *path, const unsigned char *chosen, const struct figure_table *table,
		 const struct figure_table *run, struct err *e)
{
	struct h5out *out = NULL;
	int rc = h5out_create(&out, c->comm, path, "census", e);

	if (rc)
		return rc;
	owners_release(&c->owners);
	rc = store_head(out, c, e);
	for (int k = 0; k < NKINDS && !rc; k++)
		if (census_has(c, k))
			rc = store_kind(out, c, k, e);
	laps_end(c->laps, "write.", "rows");
	if (!rc && c->snap.users)
		rc = headcount_store(out, &c->accounts, c->comm, e);
	rc = rc ? rc : store_tables(out, c, e);
	if (!rc && c->compare)
		rc = changes_store(&c->compare->changes, compare_kinds(c), compare_since(c), c->comm, out, e);
	rc = rc ? rc : figures_store(chosen, table, out, e);
	rc = rc ? rc : figure_store(run, "/run", out, e);
	laps_end(c->laps, "write.", "figures");
	/* An error of ours leaves no file behind; h5out_close() agrees on what remains. */
	h5out_close(&out, rc == E_OK, e);
	laps_end(c->laps, "write.", "close");
	return e->code;
}
