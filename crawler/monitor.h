// SPDX-License-Identifier: Apache-2.0
/* What rank 0 tells while it crawls: people by the progress line and a line at each event, a monitoring system by the
 * file of --metrics-file. */
#ifndef CRAWLER_MONITOR_H
#define CRAWLER_MONITOR_H

#include "crawler/coordinator.h"
#include "crawler/progress.h"
#include "io/snapshot.h"

/* No page for so long, though tokens are there, is worth a line. */
#define MONITOR_OUTAGE_MS 60000
/* The metrics file is written so often. */
#define MONITOR_METRICS_MS 10000

struct monitor {
	const char *metrics_file; /* NULL: none */
	const struct snapshot *snapshot;
	int nranks, nbudgets;
	int64_t kind_rows_before[NKINDS]; /* of earlier sessions */
	int64_t began_s;                  /* s since 1970 */
	/* its own, zero at first */
	int64_t shown, written, quota, window_ms, limited, rows, rows_ms;
	int assumed, outage, stopping, broken;
	struct progress last;
	struct coordinator_state last_state;
	int among_accounts;
	struct users_progress users; /* when they are discovered */
};

/* One line, and the metrics, when the Hub has answered. */
void monitor_begin(struct monitor *m);

/* At each turn of the loop. */
void monitor_turn(struct monitor *m, const struct progress *p, const struct coordinator_state *s, int64_t now);

/* The same while accounts are discovered. */
void monitor_users(struct monitor *m, const struct users_progress *p, int64_t now);

/* What the second pass has counted. */
void monitor_audit(struct monitor *m, const int64_t counter[NCOUNTERS]);

/* What it came to, over all ranks. */
void monitor_users_end(struct monitor *m, int64_t accounts, int64_t lists, int64_t refused, int64_t requests);

/* The metrics for the last time. */
void monitor_end(struct monitor *m, int exit_code);

#endif
