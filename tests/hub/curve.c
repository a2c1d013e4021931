/* SPDX-License-Identifier: Apache-2.0 */
#include "curve.h"

#include <math.h>

#include "when.h"

enum { NPOINT = CURVE_PIECES + 1 };

struct point {
	int year, month, day;
	double cumulative; /* of the number on 2026-11-22 */
};

/* Models: 3.3 M = 1; datasets: 1.2 M; Spaces: 1.6 M. The first point is the lump. */
static const struct point points[NKIND][NPOINT] = {
	[MODELS] = { { 2022, 3, 3, 0.020 },
		     { 2023, 1, 1, 0.042 },
		     { 2024, 1, 1, 0.140 },
		     { 2025, 1, 1, 0.327 },
		     { 2026, 1, 1, 0.685 },
		     { 2026, 8, 17, 0.897 },
		     { 2026, 11, 22, 1.0 },
		     { 2027, 11, 22, 1.85 } },
	[DATASETS] = { { 2022, 3, 3, 0.012 },
		       { 2023, 1, 1, 0.026 },
		       { 2024, 1, 1, 0.085 },
		       { 2025, 1, 1, 0.240 },
		       { 2026, 1, 1, 0.560 },
		       { 2026, 8, 17, 0.860 },
		       { 2026, 11, 22, 1.0 },
		       { 2027, 11, 22, 1.95 } },
	[SPACES] = { { 2022, 3, 3, 0.004 },
		     { 2023, 1, 1, 0.035 },
		     { 2024, 1, 1, 0.150 },
		     { 2025, 1, 1, 0.350 },
		     { 2026, 1, 1, 0.690 },
		     { 2026, 8, 17, 0.900 },
		     { 2026, 11, 22, 1.0 },
		     { 2027, 11, 22, 1.70 } },
};

static int64_t point_time(const struct point *p)
{
	return when_date(p->year, p->month, p->day);
}

/* The curve at a time. */
static double curve_value(enum kind kind, int64_t t)
{
	const struct point *p = points[kind];
	int k = 0;
	while (k < NPOINT - 2 && t > point_time(p + k + 1))
		k++;
	double a = (double)point_time(p + k), b = (double)point_time(p + k + 1);
	return p[k].cumulative * pow(p[k + 1].cumulative / p[k].cumulative, ((double)t - a) / (b - a));
}

static void pieces_init(struct curve *c)
{
	const struct point *p = points[c->kind];
	for (int k = 0; k < CURVE_PIECES; k++) {
		double a = (double)point_time(p + k), b = (double)point_time(p + k + 1);
		c->piece[k] = (struct piece){ a, b - a, p[k].cumulative, log(p[k + 1].cumulative / p[k].cumulative) };
	}
}

/* The time at which the curve has a value. */
static double curve_inverse(const struct curve *c, double v)
{
	const struct piece *p = c->piece, *last = p + CURVE_PIECES - 1;
	if (v < p->value) /* a population too small for a lump */
		v = p->value;
	while (p < last && v > p[1].value)
		p++;
	return p->from + p->span * log(v / p->value) / p->rise;
}

void curve_init(struct curve *c, enum kind kind, uint64_t n, int64_t until)
{
	c->kind = kind;
	c->n = n;
	c->until = until;
	c->top = curve_value(kind, until);
	pieces_init(c);
	c->lump = (uint64_t)((double)n * points[kind][0].cumulative / c->top);
}

/* Models were given their _id at 23:29:04 … :06, datasets at :22, as recorded. */
static int64_t lump_time(const struct curve *c, uint64_t i)
{
	int64_t t = when_date(2022, 3, 2) + 23 * 3600 + 29 * 60 + (c->kind == MODELS ? 4 : 22);
	if (i >= c->lump / 10)
		t++;
	if (i >= c->lump / 10 * 7)
		t++;
	return t;
}

int64_t curve_time(const struct curve *c, uint64_t i)
{
	if (i + 1 >= c->n)
		return c->until;
	if (i < c->lump)
		return lump_time(c, i);
	double t = curve_inverse(c, (double)(i + 1) / (double)c->n * c->top);
	int64_t s = (int64_t)t;
	return s < c->until ? s : c->until;
}

uint64_t curve_count(const struct curve *c, int64_t t)
{
	uint64_t lo = 0, hi = c->n;
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		if (curve_time(c, mid) < t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}
