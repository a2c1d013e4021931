// SPDX-License-Identifier: Apache-2.0
/* The second pass (--audit): pages of another order than the crawl's, each from a place drawn at random, kept apart
 * from the census in DIR/audit. What of them the census lacks tells hubreduce how much the walk by creation time was
 * not shown.
 *
 * A place is a repository of the census, each with the same chance; the page is what the Hub lists behind it, by
 * downloads (Spaces: by likes), largest first. Where the Hub takes no made-up cursor of that order, the most downloaded
 * ones are asked for instead, which is no random sample: said in one line.
 */
#ifndef CRAWLER_AUDIT_H
#define CRAWLER_AUDIT_H

#include "crawler/archive.h"
#include "crawler/budget.h"
#include "crawler/fetch.h"
#include "crawler/page.h"
#include "io/snapshot.h"

struct audit_setup {
	const struct hub *hub;
	struct fetch *fetch;
	struct budget *budget;
	struct archive *archive; /* keeps every reply, or NULL */
	const struct snapshot *snapshot;
	const char *dir; /* of the census */
	int64_t pages;   /* per kind, in all sessions */
	int retries;
	int64_t session;
	int64_t *requests;     /* of this session so far; what is asked is added */
	int64_t *counter;      /* NCOUNTERS: what it counts is added, of requests as of pages */
	int64_t *unfinished;   /* as the snapshot has it; DIR/snapshot.json tells of it, too, while pages are missing */
	int64_t max_requests;  /* of this session; 0 any number */
	int64_t start_ms;      /* of this session */
	int64_t max_time_ms;   /* likewise; 0 any time */
	int64_t max_outage_ms; /* as the coordinator's; 0: any */
	int heard;             /* the Hub has answered in this session */
	int64_t seal_rows, seal_ms;
	int (*is_stopped)(void);
};

/* Ask what is still missing of the sample, and seal it every seal_rows rows or seal_ms. Rank 0 alone, no MPI. The
 * sample is drawn from the snapshot's id, and asked in the order in which it was drawn: a second pass that was
 * interrupted, or is to have more pages, goes on with the places that one of so many pages has anyway. What has come is
 * sealed whatever ends it. A Hub that has answered in this session and does so no more is waited for, as in the crawl;
 * one that never has is E_HUB. Errors: E_STOPPED (asked to, a limit, an outage), E_HUB, E_DENIED, E_IO, E_FORMAT,
 * E_NOMEM. */
int audit_run(const struct audit_setup *s, struct err *e);

/* Verify the sealed samples of a folder, and set those of a kind aside where one is damaged (all of the kind: which of
 * its places were in the damaged one is not known), with a line for each. `is_stopped` is asked before each. Rank 0
 * alone. Errors: E_STOPPED, E_FORMAT, E_IO, E_NOMEM. */
int audit_check(const char *dir, const struct snapshot *s, int (*is_stopped)(void), struct err *e);

/* What is sealed of it: pages of each kind, and what was counted of its requests, which is added to `counter` (NULL: to
 * none). Damage counts
 * nothing. `is_stopped` is asked before each file. Rank 0 alone. Errors: E_STOPPED, E_FORMAT, E_IO, E_NOMEM. */
int audit_look(const char *dir, const struct snapshot *s, int64_t pages[NKINDS], int64_t *counter,
	       int (*is_stopped)(void), struct err *e);

/* Take a page's rows, in any order, into the sample of its kind, and count it. `observed`: s since 1970, when it was
 * received. Returns whether it was a list. Errors: E_NOMEM. */
int audit_take(struct shard *sample, struct page *page, const char *text, size_t n, int64_t observed, struct err *e);

/* Seal a sample into DIR/NAME, which is made where it is missing. Errors: E_IO, E_H5, E_NOMEM. */
int audit_seal(struct shard *sample, const char *dir, const char *name, struct err *e);

#endif
