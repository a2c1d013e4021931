// SPDX-License-Identifier: Apache-2.0
#include "reduce/publishers.h"

#include <stdlib.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/period.h"

void publishers_release(struct publishers *p)
{
	if (!p)
		return;
	free(p->country);
	free(p->sector);
	free(p);
}

const char *publishers_period(const struct publishers *p, int64_t i, char dst[32])
{
	return i == 0 ? "all" : period_format(PERIOD_YEAR, p->year + i - 1, dst);
}

/* Rows are in order of creation: the first one's month is this rank's earliest. Collective. */
static void find_periods(struct publishers *p, const struct census *c)
{
	int64_t last_day = period_day(c->snap.t0), last = period_of(PERIOD_MONTH, last_day), first = last;

	if (c->kind[KIND_MODELS].t.n)
		first = period_of(PERIOD_MONTH, period_day(census_created(c, KIND_MODELS, 0)));
	p->month = last - (int64_t)wire_max(c->comm, (uint64_t)(last - first));
	p->nmonths = last - p->month + 1;
	p->year = p->month / 12;
	p->nyears = last / 12 - p->year + 1;
}

static void add(wide *to, const int64_t weight[NWEIGHT])
{
	for (int w = 0; w < NWEIGHT; w++)
		to[w] += weight[w];
}

static void weigh(struct publishers *p, const struct table *t, uint64_t row, int64_t weight[NWEIGHT])
{
	weight[WEIGHT_REPOSITORIES] = 1;
	for (int i = 0; i < NDOWNLOADS; i++) {
		int64_t x = t->col[counter_field[i]].i64[row];

		weight[i] = x > 0 ? x : 0;
		p->has[i] += x >= 0;
	}
}

static void count_models(struct publishers *p, const struct census *c)
{
	const struct rows *r = &c->kind[KIND_MODELS];
	int64_t day = -1, month = 0, weight[NWEIGHT];

	for (uint64_t i = 0; i < r->t.n; i++) {
		int64_t created = census_created(c, KIND_MODELS, i);
		const struct org *org = owners_org(&c->owners, c->orgs, r->owner[i], created);
		int64_t place = org ? org->country + 1 : 0, sector = org ? (int64_t)org->sector : SECTOR_UNCLASSIFIED;

		if (period_day(created) != day) {
			day = period_day(created);
			month = period_of(PERIOD_MONTH, day);
		}
		weigh(p, &r->t, i, weight);
		add(p->country + ((month - p->month) * NPLACE + place) * NWEIGHT, weight);
		add(p->sector + ((month / 12 - p->year) * NSECTOR + sector) * NWEIGHT, weight);
	}
}

int publishers_prepare(struct facts *f, int rc, struct err *e)
{
	const struct census *c = f->c;
	struct publishers *p = f->publishers = calloc(1, sizeof *p);
	uint64_t ncountry, nsector;

	if ((rc = err_agree(c->comm, p ? rc : err_set(e, E_NOMEM, "out of memory for publishers"), e)))
		return rc;
	find_periods(p, c);
	ncountry = (uint64_t)p->nmonths * NPLACE * NWEIGHT;
	nsector = (uint64_t)p->nyears * NSECTOR * NWEIGHT;
	p->country = calloc((size_t)ncountry, sizeof *p->country);
	p->sector = calloc((size_t)nsector, sizeof *p->sector);
	if (!p->country || !p->sector)
		rc = err_set(e, E_NOMEM, "out of memory for publishers");
	if ((rc = err_agree(c->comm, rc, e)))
		return rc;
	count_models(p, c);
	wire_sum_wide(c->comm, p->country, ncountry);
	wire_sum_wide(c->comm, p->sector, nsector);
	wire_sum(c->comm, p->has, NDOWNLOADS);
	return E_OK;
}
