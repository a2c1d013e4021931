// SPDX-License-Identifier: Apache-2.0
#include "reduce/concentration.h"

#include <stdio.h>
#include <stdlib.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/rank.h"

const char *const counter_key[NDOWNLOADS] = { "downloads", "downloads_all_time" };
const enum field counter_field[NDOWNLOADS] = { F_DOWNLOADS, F_DOWNLOADS_ALL };
const char *const counter_member[NDOWNLOADS] = { "downloads", "downloadsAllTime" };

#define KIND_COL                                                                                                       \
	{                                                                                                              \
		"kind", CELL_TEXT, FIGURE_KEY, NULL, "models or datasets"                                              \
	}
#define COUNTER_COL                                                                                                    \
	{                                                                                                              \
		"counter", CELL_TEXT, FIGURE_KEY, NULL, "downloads (30 days) or downloads_all_time"                    \
	}

const struct figure_col concentration_counter_cols[2] = { COUNTER_COL,
							  { "share", CELL_F64, 0, "share", "share, 0 to 1" } };
const struct figure_col concentration_sum_cols[3] = { KIND_COL,
						      COUNTER_COL,
						      { "value", CELL_I64, 0, "downloads", "sum of the counter" } };
const struct figure_col concentration_rows_cols[3] = {
	KIND_COL, COUNTER_COL, { "value", CELL_I64, 0, "repositories", "repositories that have the counter" }
};
const struct figure_col concentration_gini_cols[3] = { KIND_COL,
						       COUNTER_COL,
						       { "gini", CELL_F64, 0, "1", "Gini's coefficient" } };
const struct figure_col concentration_top_cols[4] = {
	KIND_COL,
	COUNTER_COL,
	{ "top", CELL_TEXT, FIGURE_KEY, NULL, "how many, or which part, of the most downloaded repositories" },
	{ "share", CELL_F64, 0, "share", "their share of all downloads" }
};
const struct figure_col concentration_below_cols[4] = {
	KIND_COL,
	COUNTER_COL,
	{ "below", CELL_TEXT, FIGURE_KEY, "downloads", "bound" },
	{ "share", CELL_F64, 0, "share", "share of the repositories with fewer downloads than that" }
};
const struct figure_col concentration_decile_cols[4] = {
	KIND_COL,
	COUNTER_COL,
	{ "quantile", CELL_TEXT, FIGURE_KEY, NULL, "part of the repositories" },
	{ "value", CELL_I64, 0, "downloads", "downloads that this part has at most (nearest rank)" }
};

static const struct {
	const char *name;
	uint64_t k, per; /* the k largest; or of every `per` repositories k, rounded up */
} top_of[NTOP] = {
	{ "10", 10, 0 },       { "50", 50, 0 },       { "200", 200, 0 },   { "1000", 1000, 0 },
	{ "10000", 10000, 0 }, { "0.01%", 1, 10000 }, { "0.1%", 1, 1000 }, { "1%", 1, 100 },
};
#define TOP200 2

static const int64_t below_of[NBELOW] = { 1, 10, 100, 200, 1000 };
#define BELOW200 3

static int is_counted(const struct census *c, int k)
{
	return census_has(c, k) && schema_has((enum kind)k, F_DOWNLOADS);
}

static void measure(struct spread *s, const struct ranked *r, MPI_Comm comm)
{
	uint64_t k[NTOP], decile[NDECILE], below[NBELOW];
	wide top[NTOP];

	s->n = (int64_t)r->n;
	s->sum = r->sum <= INT64_MAX ? (int64_t)r->sum : -1;
	s->whole = (double)r->sum;
	for (int i = 0; i < NTOP; i++)
		k[i] = top_of[i].per ? rank_nearest(r->n, top_of[i].k, top_of[i].per) : top_of[i].k;
	for (unsigned i = 0; i < NDECILE; i++)
		decile[i] = rank_nearest(r->n, i + 1, 10);
	rank_top(r, comm, k, NTOP, top);
	rank_elements(r, comm, decile, NDECILE, s->decile);
	rank_below(r, comm, below_of, NBELOW, below);
	s->has_gini = rank_gini(r, comm, &s->gini);
	for (int i = 0; i < NTOP; i++)
		s->top[i] = (double)top[i];
	for (int i = 0; i < NBELOW; i++)
		s->below[i] = (int64_t)below[i];
}

int concentration_prepare(struct facts *f, int rc, struct err *e)
{
	const struct census *c = f->c;

	f->concentration = calloc(1, sizeof *f->concentration);
	if (!rc && !f->concentration)
		rc = err_set(e, E_NOMEM, "out of memory for the concentration");
	if ((rc = err_agree(c->comm, rc, e)))
		return rc;
	for (int k = 0; k < NKINDS; k++)
		for (int i = 0; i < NDOWNLOADS && is_counted(c, k); i++) {
			struct ranked r;

			rc = rank_build(&r, c->comm, rc, c->kind[k].t.col[counter_field[i]].i64, c->kind[k].t.n, e);
			if (!rc)
				measure(&f->concentration->of[k][i], &r, c->comm);
			rank_release(&r);
		}
	return err_agree(c->comm, rc, e);
}

/* Says of a counter that is not there why, and returns whether it is. */
static int served(const struct facts *f, int k, int i, struct figure_table *t)
{
	if (f->concentration->of[k][i].n)
		return 1;
	if (f->c->kind[k].total == 0)
		figure_status(t, FIGURE_PARTIAL, "the census has no %s", kind_name[k]);
	else if (!(f->c->snap.fields >> counter_field[i] & 1))
		figure_status(t, FIGURE_PARTIAL, "%s was not asked for", counter_member[i]);
	else
		figure_status(t, FIGURE_PARTIAL, "the Hub served no %s for %s", counter_member[i], kind_name[k]);
	return 0;
}

static void begin(struct figure_table *t, int k, int i)
{
	figure_row(t);
	figure_name(t, 0, kind_name[k]);
	figure_name(t, 1, counter_key[i]);
}

/* Walk the counters of the kinds taken; one that is not there leaves a row without further keys and value, so null.
 * also_none: unless it was asked for. */
static void for_each(const struct facts *f, struct figure_table *t,
		     void (*put)(struct figure_table *t, int k, int i, const struct spread *s), int also_none)
{
	int any = 0;

	for (int k = 0; k < NKINDS; k++)
		for (int i = 0; i < NDOWNLOADS && is_counted(f->c, k); i++) {
			any = 1;
			if (served(f, k, i, t) || (also_none && f->c->snap.fields >> counter_field[i] & 1))
				put(t, k, i, &f->concentration->of[k][i]);
			else
				begin(t, k, i);
		}
	if (!any)
		figure_status(t, FIGURE_NOT_AVAILABLE, "this census takes neither models nor datasets");
}

static void put_sum(struct figure_table *t, int k, int i, const struct spread *s)
{
	begin(t, k, i);
	if (s->sum >= 0)
		figure_i64(t, 2, s->sum);
	else
		figure_status(t, FIGURE_PARTIAL, "the sum of %s exceeds 2^63 - 1", counter_member[i]);
}

void concentration_sum(const struct facts *f, struct figure_table *t)
{
	for_each(f, t, put_sum, 0);
}

/* A counter that was asked for and is not there is a count here, of none. */
static void put_rows(struct figure_table *t, int k, int i, const struct spread *s)
{
	begin(t, k, i);
	figure_i64(t, 2, s->n);
}

void concentration_rows(const struct facts *f, struct figure_table *t)
{
	for_each(f, t, put_rows, 1);
}

static void put_gini(struct figure_table *t, int k, int i, const struct spread *s)
{
	begin(t, k, i);
	if (s->has_gini)
		figure_f64(t, 2, s->gini);
}

void concentration_gini(const struct facts *f, struct figure_table *t)
{
	for_each(f, t, put_gini, 0);
}

static void put_shares(struct figure_table *t, int k, int i, const struct spread *s)
{
	for (int j = 0; j < NTOP; j++) {
		begin(t, k, i);
		figure_name(t, 2, top_of[j].name);
		figure_share(t, 3, s->top[j], s->whole);
	}
}

void concentration_shares(const struct facts *f, struct figure_table *t)
{
	for_each(f, t, put_shares, 0);
}

static void put_below(struct figure_table *t, int k, int i, const struct spread *s)
{
	for (int j = 0; j < NBELOW; j++) {
		char text[32];

		snprintf(text, sizeof text, "%d", (int)below_of[j]);
		begin(t, k, i);
		figure_name(t, 2, text);
		figure_share(t, 3, (double)s->below[j], (double)s->n);
	}
}

void concentration_below(const struct facts *f, struct figure_table *t)
{
	for_each(f, t, put_below, 0);
}

static void put_deciles(struct figure_table *t, int k, int i, const struct spread *s)
{
	for (int j = 0; j < NDECILE; j++) {
		char text[32];

		snprintf(text, sizeof text, "%d%%", 10 * (j + 1));
		begin(t, k, i);
		figure_name(t, 2, text);
		figure_i64(t, 3, s->decile[j]);
	}
}

void concentration_deciles(const struct facts *f, struct figure_table *t)
{
	for_each(f, t, put_deciles, 0);
}

/* The two that stand for all: models only, one share per counter. */
static void headline(const struct facts *f, struct figure_table *t, int below)
{
	if (!census_has(f->c, KIND_MODELS)) {
		figure_status(t, FIGURE_NOT_AVAILABLE, "this census does not take models");
		return;
	}
	t->rows = 0;
	for (int i = 0; i < NDOWNLOADS; i++) {
		const struct spread *s = &f->concentration->of[KIND_MODELS][i];

		figure_row(t);
		figure_name(t, 0, counter_key[i]);
		t->rows = s->n > t->rows ? s->n : t->rows;
		if (!served(f, KIND_MODELS, i, t))
			continue;
		if (below)
			figure_share(t, 1, (double)s->below[BELOW200], (double)s->n);
		else
			figure_share(t, 1, s->top[TOP200], s->whole);
	}
}

void concentration_top200(const struct facts *f, struct figure_table *t)
{
	headline(f, t, 0);
}

void concentration_below200(const struct facts *f, struct figure_table *t)
{
	headline(f, t, 1);
}
