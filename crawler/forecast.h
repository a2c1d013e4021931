// SPDX-License-Identifier: Apache-2.0
/* How many requests a crawl will take, and how long. Pure. */
#ifndef CRAWLER_FORECAST_H
#define CRAWLER_FORECAST_H

#include <stdint.h>

#include "io/schema.h"

/* What is sold, requests to the API per 300 s (hub-docs, docs/hub/rate-limits.md, table of September 2025). */
struct forecast_class {
	const char *name;
	int64_t quota;
};
#define FORECAST_NCLASSES 7
#define FORECAST_WINDOW_S 300
extern const struct forecast_class forecast_class[FORECAST_NCLASSES];

struct forecast_setup {
	double rows[NKINDS]; /* still to be crawled; 0: nothing of that kind */
	int64_t page_rows;   /* of a full page */
	int windows;         /* the axis is cut into windows; else there is one walk per kind */
	int nslots;          /* requests at a time, of all ranks */
	int64_t latency_ms;  /* of a page */
};

/* Pages of one kind, the pages that are cut short by a window's end included. */
double forecast_pages(const struct forecast_setup *f, int kind);

/* Requests of all kinds; the three for totals come on top. */
double forecast_requests(const struct forecast_setup *f);

/* ms from the first request to the last reply with `quota` requests per `window_ms`, of which the present window has
 * `left` for another `reset_ms` (left -1: all of it). */
double forecast_ms(const struct forecast_setup *f, double quota, double window_ms, double left, double reset_ms);

#endif
