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

void estimate_total(int64_t s_obs, int64_t f1, int64_t f2, int t, struct estimate_total *out)
{
	double seen = s_obs > 0 ? (double)s_obs : 0, n, var, c;

	*out = (struct estimate_total){ seen, seen, INFINITY, 0 };
	if (!possible(s_obs, f1, f2, t))
		return;
	out->flags = ESTIMATE_POINT | (f2 == 0 ? ESTIMATE_NO_F2 : 0);
	unseen(seen, (double)f1, (double)f2, (t - 1) / (double)t, &n, &var);
	if (n <= 0)
		return;
	c = exp(Z * sqrt(log1p(var / n / n)));
	out->point = seen + n;
	out->low = seen + n / c;
	out->high = seen + n * c;
	out->flags |= ESTIMATE_INTERVAL;
}
