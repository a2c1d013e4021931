// SPDX-License-Identifier: Apache-2.0
#include "reduce/engagement.h"

#include <stdlib.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/compare.h"
#include "reduce/period.h"
#include "reduce/served.h"
#include "reduce/wire.h"

#define WEEK 604800 /* s */

/* The counter's 30 days, as a rate per week. */
#define PER_WEEK_NUM 7
#define PER_WEEK_DEN 30

/* How the rate of an age is found. */
#define CROSS_SECTION "cross_section"
#define DIFFERENCES   "differences"
#define METHOD                                                                                                         \
	{                                                                                                              \
		"method", CELL_TEXT, FIGURE_KEY, NULL, "cross_section: of one census; differences: between censuses"   \
	}

const struct figure_col engagement_week_cols[9] = {
	METHOD,
	{ "week", CELL_TEXT, FIGURE_KEY, "weeks", "age in whole weeks: at t0, or in the middle between two censuses" },
	{ "downloads", CELL_I64, 0, "downloads in 30 days", "cross_section: sum over the models of this age" },
	{ "downloads_all_time", CELL_I64, 0, "downloads", "cross_section: sum over the models of this age" },
	{ "made", CELL_DIFF, 0, "downloads", "differences: downloads_all_time made at this age" },
	{ "rate", CELL_F64, 0, "1 / week",
	  "cross_section: share of the downloads of a lifetime that fell in a week of the last 30 days" },
	{ "repositories", CELL_I64, 0, "repositories",
	  "models of this age; differences: once for each interval in which they were" },
	{ "repository_weeks", CELL_F64, 0, "weeks", "differences: how long these models were watched, together" },
	{ "weekly", CELL_F64, 0, "downloads / week", "differences: made / repository_weeks" },
};

const struct figure_col engagement_half_cols[5] = {
	METHOD,
	{ "peak_repositories", CELL_I64, 0, "repositories", "models of the age at which the rate is highest" },
	{ "peak_week", CELL_I64, 0, "weeks", "age at which the rate is highest; the youngest of several" },
	{ "repositories", CELL_I64, 0, "repositories", "models of the age at which the rate has halved" },
	{ "week", CELL_I64, 0, "weeks", "first age behind the peak at which the rate is below half of it" },
};

static void count_model(struct engagement *x, const struct table *t, uint64_t row, int64_t age_s)
{
	int64_t downloads = t->col[F_DOWNLOADS].i64[row], lifetime = t->col[F_DOWNLOADS_ALL].i64[row];
	struct age *a;

	x->has[COUNTER_30_DAYS] += downloads >= 0;
	x->has[COUNTER_ALL_TIME] += lifetime >= 0;
	if (downloads < 0 || lifetime < 1 || age_s / WEEK >= ENGAGEMENT_WEEKS)
		return;
	a = &x->week[age_s / WEEK];
	a->repositories++;
	a->downloads = wire_add(a->downloads, downloads);
	a->lifetime = wire_add(a->lifetime, lifetime);
}

int engagement_prepare(struct facts *f, int rc, struct err *e)
{
	const struct census *c = f->c;
	struct engagement *x = f->engagement = calloc(1, sizeof *x);

	if ((rc = err_agree(c->comm, x ? rc : err_set(e, E_NOMEM, "out of memory for engagement"), e)))
		return rc;
	for (uint64_t i = 0; i < c->kind[KIND_MODELS].t.n; i++) {
		int64_t created = census_created(c, KIND_MODELS, i);

		/* The age of what is in the lump is not known. */
		if (created >= PERIOD_LUMP_END)
			count_model(x, &c->kind[KIND_MODELS].t, i, c->snap.t0 - created);
	}
	wire_sum(c->comm, x->has, NDOWNLOADS);
	wire_sum(c->comm, (int64_t *)x->week, ENGAGEMENT_WEEKS * (sizeof(struct age) / sizeof(int64_t)));
	return E_OK;
}

/* Rates are compared as products of two counters of 63 bits, which fit into 127. */
static int is_above(const struct age *a, const struct age *b)
{
	return (wide)a->downloads * b->lifetime > (wide)b->downloads * a->lifetime;
}

static int is_below_half(const struct age *a, const struct age *peak)
{
	return 2 * (wide)a->downloads * peak->lifetime < (wide)peak->downloads * a->lifetime;
}

int engagement_peak(const struct age *week, int n)
{
	int peak = -1;

	for (int w = 0; w < n; w++)
		if (week[w].repositories && (peak < 0 || is_above(&week[w], &week[peak])))
			peak = w;
	return peak;
}

int engagement_half(const struct age *week, int n, int peak)
{
	for (int w = peak + 1; w < n && peak >= 0; w++)
		if (week[w].repositories && is_below_half(&week[w], &week[peak]))
			return w;
	return -1;
}

/* What differences need of each earlier census. */
static void begin_differences(const struct census *c, struct figure_table *t)
{
	for (int i = c->compare->previous.n - 1; i >= 0; i--) {
		char why[COMPARE_WHY];

		if (!(c->compare->previous.at[i].head.kinds >> KIND_MODELS & 1))
			figure_status(t, FIGURE_PARTIAL, "an earlier census does not take models");
		else if (!compare_has(c, c->compare, i, KIND_MODELS, THEN_ALL_TIME, why))
			figure_status(t, FIGURE_PARTIAL, "%s", why);
	}
}

/* What both need; -1 where it is not there. Otherwise the number of models that count. */
static int64_t begin(const struct facts *f, struct figure_table *t)
{
	const struct engagement *x = f->engagement;
	int64_t n = 0;

	if (!served_field(f->c, KIND_MODELS, F_DOWNLOADS, t) || !served_field(f->c, KIND_MODELS, F_DOWNLOADS_ALL, t))
		return -1;
	if (f->c->kind[KIND_MODELS].total == 0)
		figure_status(t, FIGURE_NOT_AVAILABLE, "the census has no models");
	for (int i = 0; i < NDOWNLOADS; i++)
		if (!x->has[i])
			figure_status(t, FIGURE_NOT_AVAILABLE, "the Hub served no %s for models", counter_member[i]);
	for (int w = 0; w < ENGAGEMENT_WEEKS; w++)
		n += x->week[w].repositories;
	if (!f->c->compare)
		figure_status(t, FIGURE_PARTIAL,
			      "one census: models of different ages side by side, not the same ones over time");
	else
		begin_differences(f->c, t);
	t->rows = n;
	return t->status == FIGURE_NOT_AVAILABLE ? -1 : n;
}

/* The ages between censuses in the shape of those of one: the rate is downloads / lifetime, here per second watched. */
static void as_ages(const struct between *b, struct age *age)
{
	for (int w = 0; w < ENGAGEMENT_WEEKS; w++)
		age[w] = (struct age){ b[w].seconds ? b[w].repositories : 0, b[w].up - b[w].down, b[w].seconds };
}

static void begin_week(struct figure_table *t, const char *method, int week)
{
	char text[16];

	snprintf(text, sizeof text, "%d", week);
	figure_row(t);
	figure_name(t, 0, method);
	figure_name(t, 1, text);
}

static void omit(struct figure_table *t, int first, int last)
{
	for (int c = first; c <= last; c++)
		figure_omit(t, c);
}

static void put_differences(const struct between *b, struct figure_table *t)
{
	struct age age[ENGAGEMENT_WEEKS];

	as_ages(b, age);
	for (int w = 0; w < ENGAGEMENT_WEEKS; w++) {
		if (!age[w].repositories)
			continue;
		begin_week(t, DIFFERENCES, w);
		omit(t, 2, 3);
		figure_i64(t, 4, age[w].downloads);
		figure_omit(t, 5);
		figure_i64(t, 6, age[w].repositories);
		figure_share(t, 7, (double)age[w].lifetime, WEEK);
		figure_share(t, 8, (double)((wide)age[w].downloads * WEEK), (double)age[w].lifetime);
	}
}

void engagement_weeks(const struct facts *f, struct figure_table *t)
{
	if (begin(f, t) < 0)
		return;
	for (int w = 0; w < ENGAGEMENT_WEEKS; w++) {
		const struct age *a = &f->engagement->week[w];

		if (!a->repositories)
			continue;
		begin_week(t, CROSS_SECTION, w);
		figure_i64(t, 2, a->downloads);
		figure_i64(t, 3, a->lifetime);
		figure_omit(t, 4);
		figure_share(t, 5, (double)(PER_WEEK_NUM * (wide)a->downloads),
			     (double)(PER_WEEK_DEN * (wide)a->lifetime));
		figure_i64(t, 6, a->repositories);
		omit(t, 7, 8);
	}
	if (f->c->compare)
		put_differences(f->c->compare->week, t);
}

static void put_half(struct figure_table *t, const char *method, const struct age *week)
{
	int peak = engagement_peak(week, ENGAGEMENT_WEEKS), half;

	if (peak >= 0 && week[peak].downloads <= 0)
		peak = -1;
	half = engagement_half(week, ENGAGEMENT_WEEKS, peak);
	figure_row(t);
	figure_name(t, 0, method);
	if (peak >= 0) {
		figure_i64(t, 1, week[peak].repositories);
		figure_i64(t, 2, peak);
	}
	if (half >= 0) {
		figure_i64(t, 3, week[half].repositories);
		figure_i64(t, 4, half);
	}
}

void engagement_half_peak(const struct facts *f, struct figure_table *t)
{
	struct age age[ENGAGEMENT_WEEKS];

	if (begin(f, t) < 0)
		return;
	put_half(t, CROSS_SECTION, f->engagement->week);
	if (!f->c->compare)
		return;
	as_ages(f->c->compare->week, age);
	put_half(t, DIFFERENCES, age);
}
