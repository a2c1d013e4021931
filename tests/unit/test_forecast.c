// SPDX-License-Identifier: Apache-2.0
#include "crawler/forecast.h"

#include <math.h>

#include "tests/tap.h"

static void pages(void)
{
	struct forecast_setup f = {
		.rows = { 3100000, 1000000, 0 }, .page_rows = 1000, .windows = 1, .nslots = 16, .latency_ms = 500
	};
	double n = forecast_requests(&f);

	ok(forecast_pages(&f, KIND_SPACES) == 0, "nothing of a kind: no request");
	ok(n >= 4100 && n < 4100 * 1.02, "4.1 M rows: %.0f requests", n);
	f.windows = 0;
	ok(forecast_requests(&f) == 4100, "one walk per kind has no page that is cut short");
	f.page_rows = 500;
	ok(forecast_requests(&f) == 8200, "half the page, twice the requests");
	f = (struct forecast_setup){ .rows = { 398, 1, 1000 }, .page_rows = 1000, .windows = 1, .nslots = 64 };
	ok(forecast_requests(&f) == 3, "small kinds are not cut");
}

static void times(void)
{
	struct forecast_setup f = { .rows = { 1150000 }, .page_rows = 1000, .nslots = 8, .latency_ms = 200 };
	double last_s;

	f.windows = 1;
	f.page_rows = 1000;
	ok(fabs(forecast_requests(&f) - 1156) <= 2, "about 1,156 requests");
	last_s = forecast_ms(&f, 500, 300e3, -1, 0) / 1000 - 600;
	ok(last_s > 3 && last_s < 6, "500 per 300 s: two whole windows and %.1f s", last_s);
	ok(forecast_ms(&f, 100000, 300e3, -1, 0) < 35e3, "the largest quota: as fast as the connections allow");
	ok(forecast_ms(&f, 1000, 300e3, 400, 100e3) < 130e3 && forecast_ms(&f, 1000, 300e3, 400, 100e3) > 100e3,
	   "with 400 left for 100 s: the rest follows after the reset");
	ok(forecast_ms(&f, 5000, 300e3, 2000, 7e3) < 35e3, "with enough left nobody waits for the reset");
	f.latency_ms = 10000;
	ok(forecast_ms(&f, 500, 300e3, -1, 0) > 1156 / 8.0 * 10e3, "where pages are slower than the quota, they count");
	f.windows = 0;
	ok(fabs(forecast_ms(&f, 100000, 300e3, -1, 0) - 1150 * 10e3) < 1, "one walk: a page after the other");
	f.rows[0] = 0;
	ok(forecast_ms(&f, 500, 300e3, -1, 0) == 0 && forecast_ms(&f, 500, 300e3, 0, 50e3) >= 0, "nothing to do");
}

static void classes(void)
{
	int64_t last = 0;
	int rising = 1;

	for (int i = 0; i < FORECAST_NCLASSES; i++) {
		rising &= forecast_class[i].quota > last;
		last = forecast_class[i].quota;
	}
	ok(rising && forecast_class[0].quota == 500 && last == 100000, "quotas as sold, from 500 to 100,000");
}

int main(void)
{
	pages();
	times();
	classes();
	return plan_done();
}
