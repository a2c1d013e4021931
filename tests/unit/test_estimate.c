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
	double low, high;
	unsigned seed = 20261122;

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		estimate_share(t[i].x, t[i].n, &low, &high);
		ok(near(low, t[i].low) && near(high, t[i].high), "%lld of %lld: %.4f … %.4f", (long long)t[i].x,
		   (long long)t[i].n, low, high);
	}
	for (double p = 0.001; p < 0.1; p *= 3) {
		int good = 0;

		for (int i = 0; i < 400; i++)
			good += holds(p, 10000, &seed);
		ok(good >= 368, "share %.3f: %d of 400 intervals hold it", p, good);
	}
	return plan_done();
}
