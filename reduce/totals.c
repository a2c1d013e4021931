// SPDX-License-Identifier: Apache-2.0
#include "reduce/totals.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/period.h"
#include "reduce/wire.h"

const struct figure_col totals_cols[1] = {
	{ "value", CELL_I64, 0, "repositories", "distinct repositories" },
};

const struct figure_col totals_owner_cols[2] = {
	{ "kind", CELL_TEXT, FIGURE_KEY, NULL, "models, datasets, spaces, or all" },
	{ "value", CELL_I64, 0, "namespaces", "distinct namespaces that own a repository, ASCII letter case aside" },
};

const struct figure_col totals_period_cols[7] = {
	{ "kind", CELL_TEXT, FIGURE_KEY, NULL, "models, datasets or spaces" },
	{ "type", CELL_TEXT, FIGURE_KEY, NULL, "day, month or year" },
	{ "period", CELL_TEXT, FIGURE_KEY, NULL, "period of creation, UTC" },
	{ "covered", CELL_F64, 0, "share", "share of the period that was listed; left out where that is all of it" },
	{ "cumulative", CELL_I64, 0, "repositories", "repositories created up to the end of the period" },
	{ "lump", CELL_BOOL, 0, "1", "1 if the period holds 2022-03-02, the creation day of everything older" },
	{ "new", CELL_I64, 0, "repositories",
	  "repositories created in the period; missing where nothing of it was listed" },
};

void totals_release(struct periods *p)
{
	for (int k = 0; k < NKINDS && p; k++)
		free(p->day[k]);
	free(p);
}

static int count_days(struct periods *p, const struct census *c)
{
	p->ndays = period_day(c->snap.t0 > 0 ? c->snap.t0 : 0) + 1;
	for (int k = 0; k < NKINDS; k++) {
		if (!census_has(c, k))
			continue;
		p->day[k] = calloc((size_t)p->ndays, sizeof *p->day[k]);
		if (!p->day[k])
			return -1;
		for (uint64_t i = 0; i < c->kind[k].t.n; i++)
			p->day[k][period_day(census_created(c, k, i))]++;
	}
	return 0;
}

int totals_prepare(struct facts *f, int rc, struct err *e)
{
	const struct census *c = f->c;
	struct periods *p = f->periods = calloc(1, sizeof *p);

	if (!rc && (!p || count_days(p, c)))
		rc = err_set(e, E_NOMEM, "out of memory for the periods");
	if ((rc = err_agree(c->comm, rc, e)))
		return rc;
	for (int k = 0; k < NKINDS; k++)
		if (p->day[k])
			wire_sum(c->comm, p->day[k], (uint64_t)p->ndays);
	return E_OK;
}

static void total_of(const struct facts *f, int kind, struct figure_table *t)
{
	if (!census_has(f->c, kind)) {
		figure_status(t, FIGURE_NOT_AVAILABLE, "this census does not take %s", kind_name[kind]);
		return;
	}
	figure_row(t);
	figure_i64(t, 0, (int64_t)f->c->kind[kind].total);
}

void totals_models(const struct facts *f, struct figure_table *t)
{
	total_of(f, KIND_MODELS, t);
}

void totals_datasets(const struct facts *f, struct figure_table *t)
{
	total_of(f, KIND_DATASETS, t);
}

void totals_spaces(const struct facts *f, struct figure_table *t)
{
	total_of(f, KIND_SPACES, t);
}

void totals_owners(const struct facts *f, struct figure_table *t)
{
	for (int k = 0; k < NKINDS; k++) {
		if (!census_has(f->c, k))
			continue;
		figure_row(t);
		figure_name(t, 0, kind_name[k]);
		figure_i64(t, 1, f->c->owners.distinct[k]);
	}
	figure_row(t);
	figure_name(t, 0, "all");
	figure_i64(t, 1, (int64_t)f->c->owners.all.total);
}

/* A period without any is told where it is not known to have none. */
static void put_period(struct figure_table *t, const struct census *c, int kind, enum period_type type, int64_t period,
		       int64_t new, int64_t cumulative)
{
	double share = 1;
	enum listed listed = census_listed(c, kind, type, period, &share);
	int64_t lump = period_of(type, period_day(PERIOD_LUMP_BEGIN));
	char text[32];

	if (new == 0 && listed == LISTED_WHOLE)
		return;
	figure_row(t);
	figure_name(t, 0, kind_name[kind]);
	figure_name(t, 1, period_name[type]);
	figure_name(t, 2, period_format(type, period, text));
	if (listed == LISTED_WHOLE)
		figure_omit(t, 3);
	else
		figure_f64(t, 3, share);
	figure_i64(t, 4, cumulative);
	figure_bool(t, 5, period == lump);
	if (new > 0 || listed != LISTED_NOT)
		figure_i64(t, 6, new);
}

static void put_periods(struct figure_table *t, const struct facts *f, int kind, enum period_type type)
{
	const struct periods *p = f->periods;
	int64_t at = period_of(type, 0), new = 0, cumulative = 0;

	for (int64_t d = 0; d < p->ndays; d++) {
		int64_t now = period_of(type, d);

		if (now != at) {
			put_period(t, f->c, kind, type, at, new, cumulative);
			at = now;
			new = 0;
		}
		new += p->day[kind][d];
		cumulative += p->day[kind][d];
	}
	put_period(t, f->c, kind, type, at, new, cumulative);
}

void totals_by_period(const struct facts *f, struct figure_table *t)
{
	for (int k = 0; k < NKINDS; k++)
		for (int type = 0; type < NPERIODS && f->periods->day[k]; type++)
			put_periods(t, f, k, (enum period_type)type);
}
