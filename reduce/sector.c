// SPDX-License-Identifier: Apache-2.0
#include "reduce/sector.h"

#include "reduce/served.h"

const struct figure_col sector_share_cols[4] = {
	{ "of", CELL_TEXT, FIGURE_KEY, NULL, "repositories, downloads (30 days) or downloads_all_time" },
	{ "period", CELL_TEXT, FIGURE_KEY, NULL, "year of creation, UTC; or all" },
	{ "sector", CELL_TEXT, FIGURE_KEY, NULL, "sector of the owner, or unclassified" },
	{ "share", CELL_F64, 0, "share", "share of the period's models or downloads" },
};

static const char *weight_name(int w)
{
	return w == WEIGHT_REPOSITORIES ? "repositories" : counter_key[w];
}

/* Sum over the years of period i (publishers_period()). */
static wide sum_of(const struct publishers *p, int64_t i, int sector, int weight)
{
	wide sum = 0;

	for (int64_t y = 0; y < p->nyears; y++)
		if (i == 0 || y == i - 1)
			sum += p->sector[(y * NSECTOR + sector) * NWEIGHT + weight];
	return sum;
}

/* All sectors, in a period that has anything. Returns whether it has. */
static int put_period(const struct publishers *p, struct figure_table *t, int weight, int64_t i)
{
	wide whole = 0;
	char period[32];

	for (int s = 0; s < NSECTOR; s++)
		whole += sum_of(p, i, s, weight);
	for (int s = 0; s < NSECTOR && whole; s++) {
		figure_row(t);
		figure_name(t, 0, weight_name(weight));
		figure_name(t, 1, publishers_period(p, i, period));
		figure_name(t, 2, sector_name((enum sector)s));
		figure_share(t, 3, (double)sum_of(p, i, s, weight), (double)whole);
	}
	return whole > 0;
}

void sector_share(const struct facts *f, struct figure_table *t)
{
	const struct publishers *p = f->publishers;

	if (!served_field(f->c, KIND_MODELS, F_OID, t))
		return;
	t->rows = (int64_t)f->c->kind[KIND_MODELS].total;
	for (int w = 0; w < NWEIGHT; w++) {
		int any = 0;

		for (int64_t i = 0; i <= p->nyears; i++)
			any |= put_period(p, t, w, i);
		if (any)
			continue;
		figure_row(t);
		figure_name(t, 0, weight_name(w));
		if (w == WEIGHT_REPOSITORIES)
			figure_status(t, FIGURE_PARTIAL, "the census has no models");
		else if (served_counter(f->c, KIND_MODELS, (enum counter_of)w, p->has[w], t))
			figure_status(t, FIGURE_PARTIAL, "no model has any %s", counter_member[w]);
	}
}
