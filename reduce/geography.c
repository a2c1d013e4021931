// SPDX-License-Identifier: Apache-2.0
#include "reduce/geography.h"

#include "reduce/country.h"
#include "reduce/period.h"
#include "reduce/served.h"

#define COUNTER_COL                                                                                                    \
	{                                                                                                              \
		"counter", CELL_TEXT, FIGURE_KEY, NULL, "downloads (30 days) or downloads_all_time"                    \
	}
#define PERIOD_COL                                                                                                     \
	{                                                                                                              \
		"period", CELL_TEXT, FIGURE_KEY, NULL, "year of creation, UTC; or all"                                 \
	}

const struct figure_col geography_share_cols[4] = {
	COUNTER_COL,
	PERIOD_COL,
	{ "country", CELL_TEXT, FIGURE_KEY, NULL,
	  "ISO 3166-1 alpha-2 code of the owner's organisation, or unclassified" },
	{ "share", CELL_F64, 0, "share", "share of the period's downloads" },
};
const struct figure_col geography_coverage_cols[3] = {
	COUNTER_COL,
	PERIOD_COL,
	{ "share", CELL_F64, 0, "share", "share of the period's downloads whose owner has a country" },
};
const struct figure_col geography_cumulative_cols[4] = {
	COUNTER_COL,
	{ "country", CELL_TEXT, FIGURE_KEY, NULL, "ISO 3166-1 alpha-2 code of the owner's organisation" },
	{ "month", CELL_TEXT, FIGURE_KEY, NULL, "month of creation, UTC" },
	{ "value", CELL_I64, 0, "downloads", "downloads of the models created up to the month's end" },
};
const struct figure_col geography_passing_cols[4] = {
	COUNTER_COL,
	{ "measure", CELL_TEXT, FIGURE_KEY, NULL,
	  "cumulative: models created up to the month's end; monthly: those created in the month" },
	{ "first", CELL_TEXT, 0, NULL, "first month in which China is above the United States" },
	{ "since", CELL_TEXT, 0, NULL, "month since which it is in every month up to that of t0" },
};

static wide cell(const struct publishers *p, int64_t month, int64_t place, int weight)
{
	return p->country[(month * NPLACE + place) * NWEIGHT + weight];
}

/* Sum over the months of period i (publishers_period()). */
static wide sum_of(const struct publishers *p, int64_t i, int64_t place, int weight)
{
	wide sum = 0;

	for (int64_t m = 0; m < p->nmonths; m++)
		if (i == 0 || (p->month + m) / 12 == p->year + i - 1)
			sum += cell(p, m, place, weight);
	return sum;
}

static wide whole_of(const struct publishers *p, int64_t i, int weight)
{
	wide sum = 0;

	for (int64_t place = 0; place < NPLACE; place++)
		sum += sum_of(p, i, place, weight);
	return sum;
}

static const char *place_name(int64_t place)
{
	return place ? country_code((int)place - 1) : "unclassified";
}

static void begin(struct figure_table *t, int counter, const char *period)
{
	figure_row(t);
	figure_name(t, 0, counter_key[counter]);
	if (period)
		figure_name(t, 1, period);
}

/* Countries that publish, also those that nobody downloads from; what is unclassified in any case. */
static void put_shares(const struct publishers *p, struct figure_table *t, int counter, int64_t i, wide whole)
{
	char period[32];

	for (int64_t place = 0; place < NPLACE; place++) {
		if (place && !sum_of(p, i, place, WEIGHT_REPOSITORIES))
			continue;
		begin(t, counter, publishers_period(p, i, period));
		figure_name(t, 2, place_name(place));
		figure_share(t, 3, (double)sum_of(p, i, place, counter), (double)whole);
	}
}

static void put_coverage(const struct publishers *p, struct figure_table *t, int counter, int64_t i, wide whole)
{
	char period[32];

	begin(t, counter, publishers_period(p, i, period));
	figure_share(t, 2, (double)(whole - sum_of(p, i, 0, counter)), (double)whole);
}

/* Walk the periods in which anything was downloaded. */
static void for_each(const struct facts *f, struct figure_table *t,
		     void (*put)(const struct publishers *p, struct figure_table *t, int counter, int64_t i,
				 wide whole))
{
	const struct publishers *p = f->publishers;

	if (!served_field(f->c, KIND_MODELS, F_OID, t))
		return;
	t->rows = (int64_t)f->c->kind[KIND_MODELS].total;
	for (int c = 0; c < NDOWNLOADS; c++) {
		int any = 0;

		for (int64_t i = 0; i <= p->nyears && p->has[c]; i++) {
			wide whole = whole_of(p, i, c);

			if (whole)
				put(p, t, c, i, whole);
			any |= whole > 0;
		}
		if (any)
			continue;
		begin(t, c, NULL);
		if (served_counter(f->c, KIND_MODELS, (enum counter_of)c, p->has[c], t))
			figure_status(t, FIGURE_PARTIAL, "no model has any %s", counter_member[c]);
	}
}

void geography_share(const struct facts *f, struct figure_table *t)
{
	for_each(f, t, put_shares);
}

void geography_coverage(const struct facts *f, struct figure_table *t)
{
	for_each(f, t, put_coverage);
}

static void put_cumulative(const struct publishers *p, struct figure_table *t, int counter, int64_t place)
{
	wide sum = 0;
	char month[32];

	for (int64_t m = 0; m < p->nmonths; m++) {
		sum += cell(p, m, place, counter);
		figure_row(t);
		figure_name(t, 0, counter_key[counter]);
		figure_name(t, 1, place_name(place));
		figure_name(t, 2, period_format(PERIOD_MONTH, p->month + m, month));
		if (sum <= INT64_MAX)
			figure_i64(t, 3, (int64_t)sum);
		else
			figure_status(t, FIGURE_PARTIAL, "the sum of %s exceeds 2^63 - 1", counter_member[counter]);
	}
}

/* The two that are compared are always there. */
static int64_t china(void)
{
	return country_index("CN", 2) + 1;
}

static int64_t united_states(void)
{
	return country_index("US", 2) + 1;
}

void geography_cumulative(const struct facts *f, struct figure_table *t)
{
	const struct publishers *p = f->publishers;

	if (!served_field(f->c, KIND_MODELS, F_OID, t))
		return;
	t->rows = (int64_t)f->c->kind[KIND_MODELS].total;
	for (int c = 0; c < NDOWNLOADS; c++) {
		if (!served_counter(f->c, KIND_MODELS, (enum counter_of)c, p->has[c], t)) {
			begin(t, c, NULL);
			continue;
		}
		for (int64_t place = 1; place < NPLACE; place++)
			if (place == china() || place == united_states() || sum_of(p, 0, place, WEIGHT_REPOSITORIES))
				put_cumulative(p, t, c, place);
	}
}

static void put_passing(const struct publishers *p, struct figure_table *t, int counter, int is_cumulative)
{
	int64_t first = -1, since = -1;
	wide cn = 0, us = 0;
	char month[32];

	for (int64_t m = 0; m < p->nmonths; m++) {
		cn = (is_cumulative ? cn : 0) + cell(p, m, china(), counter);
		us = (is_cumulative ? us : 0) + cell(p, m, united_states(), counter);
		first = first < 0 && cn > us ? m : first;
		since = cn <= us ? -1 : since < 0 ? m : since;
	}
	begin(t, counter, is_cumulative ? "cumulative" : "monthly");
	if (first >= 0)
		figure_name(t, 2, period_format(PERIOD_MONTH, p->month + first, month));
	if (since >= 0)
		figure_name(t, 3, period_format(PERIOD_MONTH, p->month + since, month));
}

void geography_passing(const struct facts *f, struct figure_table *t)
{
	const struct publishers *p = f->publishers;

	if (!served_field(f->c, KIND_MODELS, F_OID, t))
		return;
	t->rows = (int64_t)f->c->kind[KIND_MODELS].total;
	for (int c = 0; c < NDOWNLOADS; c++) {
		served_counter(f->c, KIND_MODELS, (enum counter_of)c, p->has[c], t);
		put_passing(p, t, c, 1);
		put_passing(p, t, c, 0);
	}
}
