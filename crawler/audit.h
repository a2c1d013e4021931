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

#include "crawler/budget.h"
#include "crawler/fetch.h"
#include "io/snapshot.h"

struct audit_setup {
	const struct hub *hub;
	struct fetch *fetch;
	struct budget *budget;
	const struct snapshot *snapshot;
	const char *dir; /* of the census */
	int64_t pages;   /* per kind, in all sessions */
	int retries;
	int64_t session;
	int (*is_stopped)(void);
};

/* Ask what is still missing of the sample and seal it. Rank 0 alone, no MPI. The sample is drawn from the snapshot's
 * id, so a second pass that was interrupted goes on with the same places. Errors: E_STOPPED, E_HUB, E_DENIED, E_IO,
 * E_FORMAT, E_NOMEM. */
int audit_run(const struct audit_setup *s, struct err *e);

#endif
