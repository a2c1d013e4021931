// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stdlib.h>

#include "reduce/estimate.h"
#include "tests/tap.h"

static int near(double a, double b)
{
	return fabs(a - b) < 5e-5;
}

static int holds(double p, int64_t n, unsigned *seed)
{
	int64_t x = 0;
	double low, high;

	for (int64_t i = 0; i < n; i++)
		x += rand_r(seed) < p * ((double)RAND_MAX + 1);
	estimate_share(x, n, &low, &high);
	return low <= p && p <= high;
}

static int close_to(double a, double b)
{
	return fabs(a - b) <= 1e-9 * fabs(b) + 1e-6;
}

static void test_total_values(void)
{
	static const struct {
		int64_t s_obs, f1, f2;
		int t;
		double point, low, high;
	} v[] = {
		/* Trees of Barro Colorado Island on 50 plots; 236.3732, standard error 6.54361: what specpool(BCI) of
		   the R package vegan prints. */
		{ 225, 21, 19, 50, 236.373158, 228.987513, 257.438441 },
		/* 135 rabbits in an enclosure, 18 nights: W. R. Edwards and L. L. Eberhardt, Journal of Wildlife
		   Management 31 (1967). These and the others computed apart, from exact fractions. */
		{ 76, 43, 16, 18, 130.571181, 100.898736, 195.605019 },
		{ 283, 142, 81, 10, 395.022222, 355.830709, 455.303394 },
		{ 30, 20, 10, 2, 40, 33.208116, 61.170940 },
		{ 5, 1, 4, 3, 5.083333333, 5.003050735, 7.276463 },
		{ 1000000, 700000, 200000, 6, 2020833.333333, 2014014.244400, 2027698.279585 },
		{ 13000000, 9000000, 1, 6, 33750013000000, 6600893853072.425770, 172562209675586.934725 },
		{ 10, 4, 0, 5, 14.8, 10.750934, 40.681811 },
		{ 2, 2, 0, 2, 2.5, 2.036723, 8.807743 },
		{ 3, 3, 0, 3, 5, 3.246241, 19.244270 },
	};
	struct estimate_total x;

	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		unsigned want = ESTIMATE_POINT | ESTIMATE_INTERVAL | (v[i].f2 ? 0 : ESTIMATE_NO_F2);

		estimate_total(v[i].s_obs, v[i].f1, v[i].f2, v[i].t, &x);
		ok(x.flags == want && close_to(x.point, v[i].point) && close_to(x.low, v[i].low) &&
			   close_to(x.high, v[i].high),
		   "seen %lld, once %lld, twice %lld of %d: %.3f, %.3f … %.3f", (long long)v[i].s_obs,
		   (long long)v[i].f1, (long long)v[i].f2, v[i].t, x.point, x.low, x.high);
	}
}

static void test_total_unknown(void)
{
	static const struct {
		int64_t s_obs, f1, f2;
		int t;
		unsigned flags;
		const char *why;
	} v[] = {
		{ 0, 0, 0, 6, 0, "nothing seen" },
		{ -5, 0, 0, 6, 0, "less than nothing seen" },
		{ INT64_MIN, INT64_MIN, INT64_MIN, INT32_MIN, 0, "the least of all" },
		{ 10, -1, 2, 6, 0, "f1 negative" },
		{ 10, 2, -1, 6, 0, "f2 negative" },
		{ 10, 8, 3, 6, 0, "more seen once or twice than seen" },
		{ 10, 11, 0, 6, 0, "more seen once than seen" },
		{ INT64_MAX, INT64_MAX, INT64_MAX, 6, 0, "f1 + f2 beyond 64 bits" },
		{ 10, 5, 2, 1, 0, "one occasion" },
		{ 10, 5, 2, 0, 0, "no occasion" },
		{ 10, 5, 2, -3, 0, "occasions negative" },
		{ 10, 5, 2, 2, 0, "seen three times on two occasions" },
		{ 10, 0, 3, 6, ESTIMATE_POINT, "f1 = 0" },
		{ 10, 0, 0, 6, ESTIMATE_POINT | ESTIMATE_NO_F2, "f1 = 0 and f2 = 0" },
		{ 10, 1, 0, 6, ESTIMATE_POINT | ESTIMATE_NO_F2, "f1 = 1 and f2 = 0" },
	};
	struct estimate_total x;

	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		double seen = v[i].s_obs > 0 ? (double)v[i].s_obs : 0;

		estimate_total(v[i].s_obs, v[i].f1, v[i].f2, v[i].t, &x);
		ok(x.flags == v[i].flags && close_to(x.point, seen) && close_to(x.low, seen) && isinf(x.high),
		   "%s: flags %u, %.0f", v[i].why, x.flags, x.point);
	}
}

/* The promise of the header for every mixture of small, large and impossible arguments. */
static void test_total_never_nan(void)
{
	static const int64_t v[] = { INT64_MIN,     -1,       0, 1, 2, 3, 7, 100, 13000000, INT64_MAX / 2,
				     INT64_MAX - 1, INT64_MAX };
	static const int occasion[] = { INT32_MIN, 0, 1, 2, 3, 6, INT32_MAX };
	enum { NV = sizeof v / sizeof *v, NT = sizeof occasion / sizeof *occasion };
	struct estimate_total x;
	int good = 1, known = 0;

	for (int i = 0; i < NV * NV * NV * NT; i++) {
		estimate_total(v[i % NV], v[i / NV % NV], v[i / NV / NV % NV], occasion[i / NV / NV / NV], &x);
		good &= x.low >= 0 && x.low <= x.point && x.point <= x.high; /* false for NaN */
		good &= isfinite(x.point) && !isfinite(x.high) == !(x.flags & ESTIMATE_INTERVAL);
		known += (x.flags & ESTIMATE_INTERVAL) != 0;
	}
	ok(good && known > 100, "%d mixtures of arguments: ordered, never NaN; %d with an interval", NV * NV * NV * NT,
	   known);
}

static void test_unequal_values(void)
{
	static const struct {
		int64_t s_obs, only[5], f2;
		int t;
		unsigned flags;
		double point, low, high;
	} v[] = {
		/* Computed apart, from exact fractions. */
		{ 30, { 12, 8 }, 10, 2, ESTIMATE_POINT | ESTIMATE_INTERVAL, 38.727272727, 32.754040, 57.655840 },
		{ 225, { 7, 7, 7 }, 19, 3, ESTIMATE_POINT | ESTIMATE_INTERVAL, 232.35, 227.427177, 247.257338 },
		{ 1000,
		  { 400, 100, 50, 20, 5 },
		  120,
		  5,
		  ESTIMATE_POINT | ESTIMATE_INTERVAL,
		  1651.652893,
		  1498.475109,
		  1851.901097 },
		{ 13000000,
		  { 6000000, 2000000, 1000, 0, 900000 },
		  2500000,
		  5,
		  ESTIMATE_POINT | ESTIMATE_INTERVAL,
		  20683556.926577,
		  20667911.786845,
		  20699233.987698 },
		{ 5, { 2, 1, 1 }, 0, 3, ESTIMATE_POINT | ESTIMATE_INTERVAL | ESTIMATE_NO_F2, 10, 5.597124, 46.867359 },
		{ 10, { 3, 0, 0 }, 4, 3, ESTIMATE_POINT, 10, 10, INFINITY }, /* one list holds all the others */
		{ 10, { 3, -1, 0 }, 4, 3, 0, 10, 10, INFINITY },
		{ 10, { INT64_MAX, 1 }, 4, 2, 0, 10, 10, INFINITY },
		{ 10, { 10 }, 0, 1, 0, 10, 10, INFINITY },
		{ 0, { 0, 0 }, 0, 2, 0, 0, 0, INFINITY },
	};
	struct estimate_total x;

	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		int same;

		estimate_unequal(v[i].s_obs, v[i].only, v[i].t, v[i].f2, &x);
		same = isinf(v[i].high) ? isinf(x.high) : close_to(x.high, v[i].high);
		ok(x.flags == v[i].flags && close_to(x.point, v[i].point) && close_to(x.low, v[i].low) && same,
		   "unequal lists %zu: flags %u, %.3f, %.3f … %.3f", i, x.flags, x.point, x.low, x.high);
	}
}

/* Equal counts: the bound of 1987 but for f2 + 1 in the place of f2. */
static void test_unequal_is_total(void)
{
	const int64_t only[4] = { 2000000, 2000000, 2000000, 2000000 };
	struct estimate_total x, y;

	estimate_unequal(10000000, only, 4, 1500000, &x);
	estimate_total(10000000, 8000000, 1500000, 4, &y);
	ok(fabs(x.point / y.point - 1) < 1e-6 && fabs(x.low / y.low - 1) < 1e-6 && fabs(x.high / y.high - 1) < 1e-6,
	   "lists that saw alike: the bound of 1987, %.1f and %.1f", x.point, y.point);
}

/* The variance of an interval by the square of the unseen. */
static double rel(const struct estimate_total *x, double seen)
{
	double s = log((x->point - seen) / (x->low - seen)) / 1.959964;

	return expm1(s * s);
}

static void test_fit_values(void)
{
	/* Hepatitis A on Taiwan, three lists; A. Chao et al., Statistics in Medicine 20 (2001). Independent lists would
	   mean 388 cases; there were 545. X^2 computed apart, with 60 digits. */
	static const int64_t taiwan[8] = { 0, 69, 55, 21, 63, 17, 18, 28 }, none[8] = { 9, 0, 0, 0, 0, 0, 0, 0 },
			     apart[8] = { 0, 10, 10, 0, 10, 0, 0, 0 }, nested[8] = { 0, 50, 0, 20, 0, 20, 0, 10 },
			     /* o = 1, 1/2, 1/4 exactly, and 8000 unseen */
		exact[8] = { 0, 8000, 4000, 4000, 2000, 2000, 1000, 1000 };
	struct estimate_total y, wide;
	struct estimate_fit x;

	estimate_fit(taiwan, 3, &x);
	ok(x.df == 3 && close_to(x.total, 388.48349495675774) && close_to(x.x2, 26.293702540988274) && x.p > 4e-6 &&
		   x.p < 1.6e-5,
	   "a known case: X^2 %.6f, %d, p %.2g", x.x2, x.df, x.p);
	estimate_unequal(271, (const int64_t[]){ 69, 55, 63 }, 3, 56, &y);
	wide = y;
	estimate_widen(271, 1, &wide);
	ok(wide.low == y.low && wide.point == y.point && wide.high == y.high, "variance times 1: the same interval");
	estimate_widen(271, x.x2 / x.df, &wide);
	ok(close_to(wide.point, y.point) && wide.low < y.low && wide.low > 271 && wide.high > y.high &&
		   close_to(log((wide.point - 271) / (wide.low - 271)) / log((y.point - 271) / (y.low - 271)),
			    sqrt(log1p(x.x2 / x.df * rel(&y, 271)) / log1p(rel(&y, 271)))),
	   "variance times X^2/df: %.1f ... %.1f is %.1f ... %.1f", y.low, y.high, wide.low, wide.high);
	wide = (struct estimate_total){ 5, 5, INFINITY, 0 };
	estimate_widen(5, 9, &wide);
	ok(wide.low == 5 && isinf(wide.high), "no interval is not widened");
	estimate_fit(exact, 3, &x);
	ok(x.df == 3 && x.x2 < 1e-9 && x.p > 0.99, "counts as of independent lists: X^2 %.2g, p %.4f", x.x2, x.p);
	estimate_fit(none, 3, &x);
	ok(x.df == 0 && x.p == 1, "nobody seen");
	estimate_fit(apart, 3, &x);
	ok(x.df == 0 && x.p == 1, "lists that never met");
	estimate_fit(nested, 3, &x);
	ok(x.df == 0 && x.p == 1, "a list that holds all others");
}

enum { LISTS = 6, TRUTH = 20000, SEEDS = 100 };

/* Accounts of two kinds; `copy` is the chance that the second list copies the first; negative: takes the others. */
struct world {
	double p[2][LISTS], copy;
};

static int chance(double p, unsigned *seed)
{
	return rand_r(seed) < p * ((double)RAND_MAX + 1);
}

/* The lists that see account i, as bits. */
static unsigned captures(const struct world *w, int i, unsigned *seed)
{
	const double *p = w->p[i % 2];
	unsigned first = (unsigned)chance(p[0], seed), seen = first;

	for (int j = 1; j < LISTS; j++)
		seen |= (j == 1 && chance(fabs(w->copy), seed) ? first ^ (w->copy < 0) : (unsigned)chance(p[j], seed))
		     << j;
	return seen;
}

enum { EQUAL, UNEQUAL };

/* Of the worlds that look dependent those whose lists overlap too much count up, those that avoid each other down. */
static struct estimate_total draw(const struct world *w, int how, unsigned *seed, int *suspects, int *above)
{
	int64_t f[LISTS + 1] = { 0 }, only[LISTS] = { 0 }, pattern[1 << LISTS] = { 0 };
	struct estimate_total x;
	struct estimate_fit fit;

	for (int i = 0; i < TRUTH; i++)
		pattern[captures(w, i, seed)]++;
	for (unsigned p = 0; p < 1u << LISTS; p++) {
		f[__builtin_popcount(p)] += pattern[p];
		for (int j = 0; j < LISTS; j++)
			only[j] += p == 1u << j ? pattern[p] : 0;
	}
	if (how == EQUAL)
		estimate_total(TRUTH - f[0], f[1], f[2], LISTS, &x);
	else
		estimate_unequal(TRUTH - f[0], only, LISTS, f[2], &x);
	estimate_fit(pattern, LISTS, &fit);
	*suspects += fit.p < 0.001;
	*above += fit.p < 0.001 && fit.total < x.point;
	return x;
}

/* Of SEEDS worlds: the intervals that hold the truth, the mean of the point over the truth, and its worst error. */
static int simulate(const struct world *w, int how, const char *what, double *mean, double *worst, int *suspects,
		    int *above)
{
	int good = 0;

	*mean = *worst = *suspects = *above = 0;
	for (unsigned s = 1; s <= SEEDS; s++) {
		unsigned seed = 19870000 + s;
		struct estimate_total x = draw(w, how, &seed, suspects, above);

		good += x.low <= TRUTH && TRUTH <= x.high;
		*mean += x.point / TRUTH / SEEDS;
		*worst = fmax(*worst, fabs(x.point / TRUTH - 1));
	}
	diag("%s, seeds 19870001 … 19870100: %d of 100 intervals hold the truth, mean %.4f of it, worst error %.2f %%, "
	     "%d look dependent",
	     what, good, *mean, 100 * *worst, *suspects);
	return good;
}

#define ALL(p)                                                                                                         \
	{                                                                                                              \
		p, p, p, p, p, p                                                                                       \
	}

static void test_total_worlds(void)
{
	static const struct world independent = { { ALL(0.2), ALL(0.2) }, 0 }, unlike = { { ALL(0.1), ALL(0.4) }, 0 },
				  copied = { { ALL(0.2), ALL(0.2) }, 0.8 }, avoiding = { { ALL(0.2), ALL(0.2) }, -0.3 },
				  dominated = { { { 0.8, 0.05, 0.05, 0.05, 0.05, 0.05 },
						  { 0.8, 0.05, 0.05, 0.05, 0.05, 0.05 } },
						0 };
	double mean, worst, factor;
	int good, suspects, above;

	good = simulate(&independent, EQUAL, "independent lists", &mean, &worst, &suspects, &above);
	ok(good >= 85, "independent lists: %d of 100 intervals hold the truth", good);
	ok(worst < 0.03, "independent lists: every point within 3 %%, worst %.2f %%", 100 * worst);
	simulate(&unlike, EQUAL, "accounts of two kinds", &mean, &worst, &suspects, &above);
	ok(mean < 0.97, "accounts that differ: a lower bound, %.3f of the truth", mean);
	simulate(&copied, EQUAL, "one list copies another", &mean, &worst, &suspects, &above);
	ok(mean < 0.97, "dependent lists: below the truth, %.3f of it", mean);
	simulate(&dominated, EQUAL, "one list dominates", &mean, &worst, &suspects, &above);
	factor = (mean - 1) / (0.2 * pow(0.95, 5)) + 1; /* of the unseen */
	ok(fabs(factor - 7.01) < 0.2, "a list that dominates: the unseen %.2f-fold, as the header says", factor);
	good = simulate(&independent, UNEQUAL, "independent lists, taken for unequal", &mean, &worst, &suspects,
			&above);
	ok(good >= 90 && suspects <= 2, "the same: %d of 100 intervals, %d look dependent", good, suspects);
	good = simulate(&dominated, UNEQUAL, "one list dominates, taken for unequal", &mean, &worst, &suspects, &above);
	ok(good >= 90 && fabs(mean - 1) < 0.01 && suspects <= 2,
	   "a list that dominates: %d of 100 intervals, mean %.4f, %d look dependent", good, mean, suspects);
	simulate(&unlike, UNEQUAL, "accounts of two kinds, lists taken for unequal", &mean, &worst, &suspects, &above);
	ok(mean < 0.97 && suspects >= 99 && above == suspects, "accounts that differ: a lower bound, %.3f; %d look so",
	   mean, suspects);
	simulate(&copied, UNEQUAL, "one list copies another, taken for unequal", &mean, &worst, &suspects, &above);
	ok(mean < 0.97 && suspects == 100 && above == 100, "dependent lists: below, %.3f of the truth; %d look so",
	   mean, suspects);
	simulate(&avoiding, UNEQUAL, "one list avoids another", &mean, &worst, &suspects, &above);
	ok(mean > 1.01 && suspects == 100 && above == 0, "lists that avoid each other: above, %.3f; %d look so", mean,
	   suspects);
}

int main(void)
{
	static const struct {
		int64_t x, n;
		double low, high;
	} t[] = {
		/* Computed apart from the formula; the first two also in the literature: Newcombe, Statistics in
		   Medicine 17 (1998), table I. */
		{ 81, 263, 0.2553, 0.3662 }, { 15, 148, 0.0624, 0.1605 }, { 0, 20, 0, 0.1611 },
		{ 1, 29, 0.0061, 0.1718 },   { 20, 20, 0.8389, 1 },       { 0, 0, 0, 1 },
	};
	static const double share[] = { 0.001, 0.003, 0.009, 0.027, 0.081 };
	double low, high;
	unsigned seed = 20261122;

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		estimate_share(t[i].x, t[i].n, &low, &high);
		ok(near(low, t[i].low) && near(high, t[i].high), "%lld of %lld: %.4f … %.4f", (long long)t[i].x,
		   (long long)t[i].n, low, high);
	}
	for (size_t s = 0; s < sizeof share / sizeof *share; s++) {
		int good = 0;

		for (int i = 0; i < 400; i++)
			good += holds(share[s], 10000, &seed);
		ok(good >= 368, "share %.3f: %d of 400 intervals hold it", share[s], good);
	}
	test_total_values();
	test_total_unknown();
	test_total_never_nan();
	test_unequal_values();
	test_unequal_is_total();
	test_fit_values();
	test_total_worlds();
	return plan_done();
}
