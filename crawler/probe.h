// SPDX-License-Identifier: Apache-2.0
/* The first requests of a crawl: does the Hub do what the windows rely on? One request per kind, and one for its total,
 * each with a token of the budget.
 *
 *   PROBE_ASC    a made-up cursor in the middle gives the rows above it, oldest first: windows
 *   PROBE_DESC   ... only newest first: windows that are walked downwards
 *   PROBE_CHAIN_ASC, PROBE_CHAIN_DESC   made-up cursors are refused or ignored: one walk per kind along the Hub's own
 * cursors
 */
#ifndef CRAWLER_PROBE_H
#define CRAWLER_PROBE_H

#include "crawler/budget.h"
#include "crawler/worker.h"
#include "io/warc.h"

enum probe_mode { PROBE_NONE, PROBE_ASC, PROBE_DESC, PROBE_CHAIN_ASC, PROBE_CHAIN_DESC };

struct probe_setup {
	const struct hub *hub;
	struct fetch *fetch;
	struct archive *archive; /* keeps every reply, or NULL */
	struct warc *saved;      /* keeps the replies, or NULL */
	const struct snapshot *snapshot;
	struct worker *worker; /* its buffers take the pages: a probe's page is work done */
	struct budget *budget;
	int retries;
	int64_t deadline_ms;   /* by clock_ms(), whatever the Hub says; 0: none */
	int64_t max_outage_ms; /* as the coordinator's; 0: any */
	uint64_t seed;
	/* Per kind: the largest gap; empty: nothing to probe. What the Hub does not give there may be the very reason
	 * for the gap: then another place is asked, and that page is not kept. */
	const struct span *where;
	const int *want_total; /* per kind */
	int (*is_stopped)(void);
};

struct probe {
	enum probe_mode mode[NKINDS];
	struct span done[NKINDS]; /* what the probe's page has completed; may be empty */
	int64_t total[NKINDS];    /* -1: not told, or not asked */
	struct window good;       /* of some kind: the page at its beginning has come; empty: only those of chains */
};

/* Local, rank 0. Says in one line what it fell back to, and in one that the Hub wants it to wait. Errors: E_HUB (cannot
 * be reached, is no Hub), E_DENIED, E_STOPPED (a signal, the deadline, an outage), E_NOMEM, E_IO (a reply could not be
 * saved). */
int probe_run(struct probe *p, const struct probe_setup *s, struct err *e);

#endif
