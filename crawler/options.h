// SPDX-License-Identifier: Apache-2.0
/* The options of hubcrawl, and what they mean. Local, the same on all ranks but for the environment, so only rank 0's
 * plan counts. */
#ifndef CRAWLER_OPTIONS_H
#define CRAWLER_OPTIONS_H

#include <stdint.h>

#include "crawler/budget.h"
#include "crawler/hub.h"
#include "io/opts.h"
#include "io/snapshot.h"

struct options {
	const char *hub, *kinds, *until, *fields, *token_file, *contact, *ca_file, *budget, *budget_scope, *save_probe,
		*log_format, *metrics_file, *from_archive, *known, *forget;
	struct opt_texts filter;
	int64_t max_requests, max_time, max_outage, in_flight, seal_rows, seal_time, timeout, retries, audit,
		user_requests;
	double reserve;
	int burst, dry_run, archive, quiet, no_user_names;
	const char *dir; /* the argument; NULL only with dry_run */
	uint64_t given;  /* which options were given, for opts_beside() */
};

extern const struct opts crawl_opts;

/* What the command line asks for; what it leaves open is taken from the folder later. */
struct plan {
	struct hub hub;
	struct budget_setup budget;
	unsigned kinds, fields;
	int users, hashed; /* accounts, too; keyed hashes of their names */
	int64_t until;     /* s since 1970; -1: not given */
	char author[97];
	int ntag;
	const char *tag[SNAPSHOT_TAGS_MAX];
	int hub_given, kinds_given, fields_given, filter_given;
	const char *of_users; /* an option that has no effect without accounts, or NULL */
};

/* Parse. *done: help was printed. Errors: E_USAGE. */
int options_parse(struct options *o, int argc, char **argv, int print, int *done, struct err *e);

/* Fill in what was not given and follows from the number of ranks. */
void options_share(struct options *o, int nranks);

/* Has every machine a budget of its own? */
int options_host_scope(const struct options *o);

/* Make the plan. Reads $HF_ENDPOINT. Errors: E_USAGE. */
int options_plan(struct plan *p, const struct options *o, struct err *e);

/* Fill *now with what the plan asks for; what it leaves open comes from `old` (NULL: defaults, and t0 = the present
 * second). Errors: E_USAGE. */
int options_snapshot(struct snapshot *now, const struct plan *p, const struct snapshot *old, struct err *e);

#endif
