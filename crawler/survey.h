// SPDX-License-Identifier: Apache-2.0
/* The first contact with a Hub: what can be found out with a handful of requests, one after the other. Local, no MPI,
 * writes nothing.
 *
 * Per kind a page of 1,000 from a made-up cursor in the middle of what is missing, and the kind's total; where a reply
 * leaves open what was refused, the next kind is asked otherwise; what then remains goes into a better estimate of
 * totals that were not told.
 */
#ifndef CRAWLER_SURVEY_H
#define CRAWLER_SURVEY_H

#include "crawler/fetch.h"
#include "io/cover.h"
#include "io/snapshot.h"
#include "io/warc.h"

#define SURVEY_REQUESTS 6

enum finding { FOUND_UNCLEAR, FOUND_NO, FOUND_YES };

extern const char *const finding_name[];

struct survey_setup {
	const struct hub *hub;
	struct fetch *fetch;
	struct warc *saved; /* keeps the replies, or NULL */
	const struct snapshot *snapshot;
	const struct span *where; /* per kind; an empty one is not asked for */
	int (*is_stopped)(void);
};

struct survey {
	enum finding cursor;                   /* a made-up cursor works */
	enum finding direction;                /* direction=1 does */
	enum finding page_size;                /* limit=1000 gives 1,000 rows */
	enum finding headers;                  /* every reply has both rate-limit headers */
	enum finding totals;                   /* told for every kind; unclear too where they would not help */
	int nrequests, npages, limited;        /* limited: a reply was 429, and nothing was asked after it */
	int64_t page_rows;                     /* of a full page */
	struct hub_quota quota;                /* as last told; -1 not */
	int64_t total[NKINDS];                 /* -1: not told */
	double seen[NKINDS], expected[NKINDS]; /* rows of its pages, and by the growth curve in the same stretch */
	int is_whole[NKINDS];                  /* `seen` is all there is */
	int64_t rows, bytes, memory; /* of all pages: rows, bytes of the bodies, bytes of the rows in memory */
	int64_t latency_ms;          /* mean, of the pages */
};

/* Errors: E_HUB (cannot be reached, is no Hub), E_DENIED, E_STOPPED, E_NOMEM, E_IO (a reply could not be saved). */
int survey_run(struct survey *s, const struct survey_setup *u, struct err *e);

#endif
