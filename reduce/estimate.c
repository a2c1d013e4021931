// SPDX-License-Identifier: Apache-2.0
#include "reduce/estimate.h"

#include <math.h>

#define Z 1.959963984540054 /* the 97.5 % point of the normal distribution */

void estimate_share(int64_t x, int64_t n, double *low, double *high)
{
	double zz = Z * Z, k = (double)x, m = (double)n, middle, half;

	*low = 0;
	*high = 1;
	if (n <= 0)
		return;
	middle = (k + zz / 2) / (m + zz);
	half = Z * sqrt(k * (m - k) / m + zz / 4) / (m + zz);
	/* At the ends the two terms are equal but for rounding. */
	*low = x == 0 ? 0 : fmax(0, middle - half);
	*high = x == n ? 1 : fmin(1, middle + half);
}

static int possible(int64_t s_obs, int64_t f1, int64_t f2, int t)
{
	if (t < 2 || s_obs <= 0 || f1 < 0 || f2 < 0 || f1 > s_obs || f2 > s_obs - f1)
		return 0;
	return t > 2 || f1 + f2 == s_obs; /* nobody is seen three times on two occasions */
}

/* The unseen and the variance of their number. */
static void unseen(double s_obs, double f1, double f2, double a, double *n, double *var)
{
	double r;

	if (f2 > 0) {
		r = f1 / f2;
		*n = a * r * f1 / 2;
		*var = f2 * (a * r * r / 2 + a * a * r * r * r + a * a * r * r * r * r / 4);
		return;
	}
	*n = a * f1 * (f1 - 1) / 2;
	*var = *n + a * a * (f1 * (2 * f1 - 1) * (2 * f1 - 1) - f1 * f1 * f1 * f1 / (s_obs + *n)) / 4;
}

/* Point and interval from the unseen and their variance. */
static void log_normal(double seen, double n, double var, struct estimate_total *out)
{
	double c;

	if (n <= 0)
		return;
	c = exp(Z * sqrt(log1p(var / n / n)));
	out->point = seen + n;
	out->low = seen + n / c;
	out->high = seen + n * c;
	out->flags |= ESTIMATE_INTERVAL;
}

void estimate_widen(int64_t s_obs, double factor, struct estimate_total *out)
{
	double seen = (double)s_obs, n = out->point - seen, c;

	if (!(out->flags & ESTIMATE_INTERVAL) || factor <= 1)
		return;
	c = log(n / (out->low - seen)) / Z;
	log_normal(seen, n, factor * expm1(c * c) * n * n, out);
}

void estimate_total(int64_t s_obs, int64_t f1, int64_t f2, int t, struct estimate_total *out)
{
	double seen = s_obs > 0 ? (double)s_obs : 0, n, var;

	*out = (struct estimate_total){ seen, seen, INFINITY, 0 };
	if (!possible(s_obs, f1, f2, t))
		return;
	out->flags = ESTIMATE_POINT | (f2 == 0 ? ESTIMATE_NO_F2 : 0);
	unseen(seen, (double)f1, (double)f2, (t - 1) / (double)t, &n, &var);
	log_normal(seen, n, var, out);
}

/* The sum of only[], or -1 where that is none. */
static int64_t sum_of(const int64_t *only, int t)
{
	int64_t f1 = 0;

	for (int j = 0; j < t; j++) {
		if (only[j] < 0 || only[j] > INT64_MAX - f1)
			return -1;
		f1 += only[j];
	}
	return f1;
}

void estimate_unequal(int64_t s_obs, const int64_t *only, int t, int64_t f2, struct estimate_total *out)
{
	double seen = s_obs > 0 ? (double)s_obs : 0, g = (double)f2 + 1, n = 0, var = 0, before = 0;
	int64_t f1 = sum_of(only, t);

	*out = (struct estimate_total){ seen, seen, INFINITY, 0 };
	if (!possible(s_obs, f1, f2, t))
		return;
	out->flags = ESTIMATE_POINT | (f2 == 0 ? ESTIMATE_NO_F2 : 0);
	for (int j = 0; j < t; j++) {
		double z = (double)only[j], others = (double)(f1 - only[j]);

		n += before * z / g;
		var += others / g * (others / g) * z;
		before += z;
	}
	log_normal(seen, n, n + var + n * n / g, out);
}

/* What is needed of the patterns, with occasions that saw nobody left out. */
struct seen {
	int t;
	int64_t total, most, of[ESTIMATE_OCCASIONS]; /* most: the largest of[] */
	unsigned bit[ESTIMATE_OCCASIONS];
};

static void count_seen(const int64_t *pattern, int t, struct seen *s)
{
	*s = (struct seen){ .t = 0 };
	for (int j = 0; j < t; j++) {
		int64_t n = 0;

		for (unsigned w = 1; w < 1u << t; w++)
			n += w >> j & 1 ? pattern[w] : 0;
		if (n == 0)
			continue;
		s->of[s->t] = n;
		s->most = n > s->most ? n : s->most;
		s->bit[s->t++] = 1u << j;
	}
	for (unsigned w = 1; w < 1u << t; w++)
		s->total += pattern[w];
}

/* Ascending in N where it is below 0, and from the root on above: log of both sides of Darroch's equation. */
static double excess(const struct seen *s, double n)
{
	double x = log1p(-(double)s->total / n);

	for (int j = 0; j < s->t; j++)
		x -= log1p(-(double)s->of[j] / n);
	return x;
}

/* Darroch's N; infinite where no two occasions saw the same. */
static double darroch(const struct seen *s)
{
	double lo = (double)s->total, hi = 2 * lo + 1;

	while (excess(s, hi) < 0 && hi < 0x1p80)
		hi *= 2;
	for (int i = 0; i < 200 && hi < 0x1p80; i++) {
		double mid = lo + (hi - lo) / 2;

		if (excess(s, mid) < 0)
			lo = mid;
		else
			hi = mid;
	}
	return hi < 0x1p80 ? hi : INFINITY;
}

/* What the model expects of one set of occasions (bits as in s->bit), per account that is not seen. */
static double odds_of(const struct seen *s, double n, unsigned set)
{
	double x = 1;

	for (int j = 0; j < s->t; j++)
		if (set >> j & 1)
			x *= (double)s->of[j] / (n - (double)s->of[j]);
	return x;
}

/* The accounts of that set. */
static int64_t count_of(const struct seen *s, const int64_t *pattern, unsigned set)
{
	unsigned w = 0;

	for (int j = 0; j < s->t; j++)
		w |= set >> j & 1 ? s->bit[j] : 0;
	return pattern[w];
}

static double upper_tail(double x2, int df)
{
	double v = 2 / (9.0 * df);

	return erfc((cbrt(x2 / df) - (1 - v)) / sqrt(2 * v)) / 2;
}

void estimate_fit(const int64_t *pattern, int t, struct estimate_fit *out)
{
	double n, unseen, rare = 0, rare_seen = 0, x2 = 0;
	struct seen s;
	int cells = 0;

	*out = (struct estimate_fit){ 0, 0, 1, 0 };
	count_seen(pattern, t < ESTIMATE_OCCASIONS ? t : ESTIMATE_OCCASIONS, &s);
	/* A list that holds all others leaves nothing unseen, and nothing to compare. */
	if (s.t < 3 || s.most == s.total || !isfinite(n = darroch(&s)))
		return;
	unseen = n - (double)s.total;
	for (unsigned set = 1; set < 1u << s.t; set++) {
		double want = unseen * odds_of(&s, n, set), got = (double)count_of(&s, pattern, set);

		if (want < 5) {
			rare += want;
			rare_seen += got;
			continue;
		}
		x2 += (got - want) * (got - want) / want;
		cells++;
	}
	if (rare > 0) {
		x2 += (rare_seen - rare) * (rare_seen - rare) / rare;
		cells++;
	}
	if (cells - 1 - s.t < 1)
		return;
	*out = (struct estimate_fit){ n, x2, upper_tail(x2, cells - 1 - s.t), cells - 1 - s.t };
}
