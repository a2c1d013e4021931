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
