// SPDX-License-Identifier: Apache-2.0
/* What a crawl says at its end, on stdout: lines of a name and what is to be said, or with --log-format=json one
 * object. */
#ifndef CRAWLER_SUMMARY_H
#define CRAWLER_SUMMARY_H

#include "crawler/progress.h"
#include "crawler/resume.h"
#include "crawler/share.h"

enum summary_phase { SUMMARY_FOLDER, SUMMARY_PROBE, SUMMARY_CRAWL, SUMMARY_AUDIT, SUMMARY_NPHASES };

struct summary {
	const char *dir;
	int64_t audit; /* pages of the second pass, where that is what goes on; else 0 */
	const struct snapshot *snapshot;
	const struct resume *resume;     /* as it is on disk now */
	const int64_t *session;          /* NCOUNTERS sums of this session */
	const struct progress *progress; /* the last one: use of the budget */
	const struct share *share;
	const int64_t *phase_ms; /* SUMMARY_NPHASES */
	int64_t wall_ms;
	int silent; /* it stopped because the Hub did not answer */
	int exit_code;
	int goes_on; /* the discovery of accounts follows */
};

void summary_print(const struct summary *s);

/* Nothing was left to do, but for the accounts if it goes on; gaps: which the Hub leaves. */
void summary_complete(const char *dir, const struct resume *r, int gaps, int goes_on);

#endif
