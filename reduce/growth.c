// SPDX-License-Identifier: Apache-2.0
#include "reduce/growth.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/growth_top.h"
#include "reduce/period.h"
#include "reduce/wire.h"

const struct figure_col growth_org_cols[5] = {
	{ "parent", CELL_TEXT, FIGURE_KEY, NULL, "organisation, as the orgs table joins its namespaces" },
	{ "kind", CELL_TEXT, FIGURE_KEY, NULL, "models, datasets or spaces" },
	{ "period", CELL_TEXT, FIGURE_KEY, NULL, "year of creation, UTC; before: up to 2022-03-02" },
	{ "new", CELL_I64, 0, "repositories",
	  "repositories created in the period; missing where nothing of it was listed" },
	{ "ratio", CELL_F64, FIGURE_BESIDE, "1", "new repositories over those of the year before" },
};

const struct figure_col growth_month_cols[4] = {
	{ "parent", CELL_TEXT, FIGURE_KEY, NULL, "organisation, as the orgs table joins its namespaces" },
	{ "kind", CELL_TEXT, FIGURE_KEY, NULL, "models, datasets or spaces" },
	{ "month", CELL_TEXT, FIGURE_KEY, NULL, "month of creation, UTC" },
	{ "new", CELL_I64, 0, "repositories", "repositories created in the month, without those up to 2022-03-02" },
};

#define FIRST_YEAR  2022 /* the lump's */
#define FIRST_MONTH (FIRST_YEAR * 12)

/* Always shown. */
static const char *const always[] = { "Baidu", "ByteDance", "Tencent" };
#define NALWAYS (sizeof always / sizeof *always)

void growth_release(struct growth *g)
{
	if (!g)
		return;
	free(g->month);
	tally_release(&g->top);
	free(g);
}

static int64_t *months_of(const struct growth *g, int parent, int kind)
{
	return g->month + ((int64_t)parent * NKINDS + kind) * (1 + g->nmonths);
}

/* Rows come in order of creation, so the month is computed once a day. */
static void count_months(struct growth *g, const struct census *c, int kind)
{
	int64_t day = -1, slot = 0;

	for (uint64_t i = 0; i < c->kind[kind].t.n; i++) {
		int64_t created = census_created(c, kind, i);
		const struct org *org = owners_org(&c->owners, c->orgs, c->kind[kind].owner[i], created);

		if (!org)
			continue;
		if (period_day(created) != day) {
			day = period_day(created);
			slot = created < PERIOD_LUMP_END ? 0 : 1 + period_of(PERIOD_MONTH, day) - FIRST_MONTH;
		}
		months_of(g, org->parent, kind)[slot]++;
	}
}

int growth_prepare(struct facts *f, int rc, struct err *e)
{
	const struct census *c = f->c;
	struct growth *g = f->growth = calloc(1, sizeof *g);
	int64_t last = period_of(PERIOD_MONTH, period_day(c->snap.t0)) - FIRST_MONTH;
	uint64_t n;

	if ((rc = err_agree(c->comm, g ? rc : err_set(e, E_NOMEM, "out of memory for growth"), e)))
		return rc;
	g->nparent = orgs_nparent(c->orgs);
	g->nmonths = last >= 0 ? last + 1 : 0;
	g->base_year = period_year(c->snap.t0) - 2;
	n = (uint64_t)g->nparent * NKINDS * (uint64_t)(1 + g->nmonths);
	g->month = calloc((size_t)n + 1, sizeof *g->month);
	if ((rc = err_agree(c->comm, g->month ? E_OK : err_set(e, E_NOMEM, "out of memory for growth"), e)))
		return rc;
	for (int k = 0; k < NKINDS; k++)
		count_months(g, c, k);
	wire_sum(c->comm, g->month, n);
	return growth_top_find(g, c, rc, e);
}

/* New repositories of a year; FIRST_YEAR - 1: "before". */
static int64_t in_year(const struct growth *g, const int64_t *month, int year)
{
	int64_t sum = 0;

	if (year < FIRST_YEAR)
		return month[0];
	for (int64_t m = (year - FIRST_YEAR) * 12; m < (year - FIRST_YEAR + 1) * 12 && m < g->nmonths; m++)
		sum += month[1 + m];
	return sum;
}

enum listed growth_listed(const struct census *c, int kind, int year)
{
	int64_t from = year < FIRST_YEAR  ? PERIOD_LUMP_BEGIN
		     : year == FIRST_YEAR ? PERIOD_LUMP_END
					  : period_begin(PERIOD_YEAR, year) * 86400;

	return coverage_listed(&c->load.cover[kind], c->snap.t0, from,
			       year < FIRST_YEAR ? PERIOD_LUMP_END : period_begin(PERIOD_YEAR, year + 1) * 86400, NULL);
}

/* Growth from a year of which nothing is known is not known either; nor is it from none where what is not known may
 * have had some. */
static void put_ratio(struct figure_table *t, int64_t base, int64_t new, enum listed base_listed, enum listed listed)
{
	if (listed == LISTED_NOT || base_listed == LISTED_NOT)
		return;
	if (base > 0)
		figure_f64(t, 4, (double)new / (double)base);
	else if (new > 0 && base_listed == LISTED_WHOLE)
		figure_f64(t, 4, INFINITY);
}

static void put_parent(const struct facts *f, struct figure_table *t, const char *name, int kind, const int64_t *month,
		       int last_year)
{
	const struct growth *g = f->growth;
	enum listed before = LISTED_WHOLE;

	for (int y = FIRST_YEAR - 1; y <= (last_year > FIRST_YEAR - 1 ? last_year : FIRST_YEAR - 1); y++) {
		int64_t new = in_year(g, month, y), base = y > FIRST_YEAR ? in_year(g, month, y - 1) : 0;
		enum listed listed = growth_listed(f->c, kind, y);
		char year[32];

		figure_row(t);
		figure_name(t, 0, name);
		figure_name(t, 1, kind_name[kind]);
		figure_name(t, 2, y < FIRST_YEAR ? "before" : period_format(PERIOD_YEAR, y, year));
		if (new > 0 || listed != LISTED_NOT)
			figure_i64(t, 3, new);
		if (y <= FIRST_YEAR)
			figure_omit(t, 4);
		else
			put_ratio(t, base, new, before, listed);
		before = listed;
	}
}

static int has_any(const struct growth *g, int parent)
{
	const int64_t *x = months_of(g, parent, 0);

	for (int64_t i = 0; i < NKINDS * (1 + g->nmonths); i++)
		if (x[i])
			return 1;
	return 0;
}

static int is_always(const char *name)
{
	for (size_t i = 0; i < NALWAYS; i++)
		if (!strcmp(name, always[i]))
			return 1;
	return 0;
}

void growth_orgs(const struct facts *f, struct figure_table *t)
{
	const struct growth *g = f->growth;
	int last_year = period_year(f->c->snap.t0);
	int64_t *none = calloc((size_t)(1 + g->nmonths), sizeof *none);

	t->no_memory |= !none;
	for (int p = 0; p < g->nparent; p++)
		for (int k = 0; k < NKINDS; k++)
			if (census_has(f->c, k) && (has_any(g, p) || is_always(orgs_parent(f->c->orgs, p))))
				put_parent(f, t, orgs_parent(f->c->orgs, p), k, months_of(g, p, k), last_year);
	for (size_t i = 0; i < NALWAYS && none; i++)
		for (int k = 0; k < NKINDS; k++)
			if (census_has(f->c, k) && orgs_parent_index(f->c->orgs, always[i]) < 0)
				put_parent(f, t, always[i], k, none, last_year);
	free(none);
	if (f->c->snap.t0 < PERIOD_LUMP_END)
		figure_status(t, FIGURE_PARTIAL, "creation times before 2022-03-02 are not known");
}

void growth_orgs_monthly(const struct facts *f, struct figure_table *t)
{
	const struct growth *g = f->growth;

	for (int p = 0; p < g->nparent; p++)
		for (int k = 0; k < NKINDS; k++)
			for (int64_t m = 0; m < g->nmonths; m++) {
				int64_t new = months_of(g, p, k)[1 + m];
				char text[32];

				if (new == 0)
					continue;
				figure_row(t);
				figure_name(t, 0, orgs_parent(f->c->orgs, p));
				figure_name(t, 1, kind_name[k]);
				figure_name(t, 2, period_format(PERIOD_MONTH, FIRST_MONTH + m, text));
				figure_i64(t, 3, new);
			}
}

int64_t growth_of(const struct facts *f, const char *parent, int kind, int year)
{
	int p = orgs_parent_index(f->c->orgs, parent);
	int64_t sum = 0;

	for (int k = 0; k < NKINDS && p >= 0; k++)
		if (kind < 0 || k == kind)
			sum += in_year(f->growth, months_of(f->growth, p, k), year);
	return sum;
}
