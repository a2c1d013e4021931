// SPDX-License-Identifier: Apache-2.0
/* What a crawl says at its end, on stdout. */
#ifndef CRAWLER_SUMMARY_H
#define CRAWLER_SUMMARY_H

#include "crawler/resume.h"

struct summary {
	const char *dir;
	const struct snapshot *snapshot;
	const struct resume *resume; /* as it is on disk now */
	const int64_t *session;      /* NCOUNTERS sums of this session */
	int64_t rows_before;         /* rows that were there before it */
	int64_t wall_ms;
	int silent; /* it stopped because the Hub did not answer */
	int exit_code;
};

void summary_print(const struct summary *s);

/* Nothing was left to do. */
void summary_complete(const char *dir, const struct resume *r);

#endif
