// SPDX-License-Identifier: Apache-2.0
#include "crawler/forecast.h"

#include <math.h>

const struct forecast_class forecast_class[FORECAST_NCLASSES] = {
	{ "anonymous", 500 },   { "free account", 1000 },     { "PRO", 2500 },        { "Team", 3000 },
	{ "Enterprise", 6000 }, { "Enterprise Plus", 10000 }, { "+ Higher", 100000 },
};

/* Windows of a kind beside those that keep all connections busy at the end: measured against the stand-in, 2026-11. */
#define WINDOWS_MORE 4
/* Rows of a window below which it is not cut (crawler/pool.c), so many more windows there can be at most. */
#define WINDOW_ROWS 1400.0

static double all_rows(const struct forecast_setup *f)
{
	double all = 0;

	for (int k = 0; k < NKINDS; k++)
		all += f->rows[k];
	return all;
}

double forecast_pages(const struct forecast_setup *f, int kind)
{
	double rows = f->rows[kind], all = all_rows(f), windows;

	if (rows <= 0)
		return 0;
	if (!f->windows)
		return ceil(rows / (double)f->page_rows);
	windows = WINDOWS_MORE + (double)f->nslots * rows / all;
	windows = fmin(windows, fmax(1, rows / WINDOW_ROWS));
	/* A window ends within a page, anywhere. */
	return ceil(rows / (double)f->page_rows + 0.5 * (windows - 1));
}

double forecast_requests(const struct forecast_setup *f)
{
	double n = 0;

	for (int k = 0; k < NKINDS; k++)
		n += forecast_pages(f, k);
	return n;
}

/* n requests as fast as the connections allow. */
static double flight_ms(const struct forecast_setup *f, double n)
{
	int walks = 0;

	for (int k = 0; k < NKINDS; k++)
		walks += f->rows[k] > 0;
	if (f->windows || walks > f->nslots)
		walks = f->nslots;
	return n > 0 && walks > 0 ? ceil(n / walks) * (double)f->latency_ms : 0;
}

double forecast_ms(const struct forecast_setup *f, double quota, double window_ms, double left, double reset_ms)
{
	double n = forecast_requests(f), full, ms = 0;

	if (left >= 0 && left < quota) {
		if (n <= left)
			return flight_ms(f, n);
		ms = fmax(reset_ms, flight_ms(f, left));
		n -= left;
	}
	/* The last window's requests are not spread. */
	full = n > 0 ? ceil(n / quota) - 1 : 0;
	return ms + full * fmax(window_ms, flight_ms(f, quota)) + flight_ms(f, n - full * quota);
}
