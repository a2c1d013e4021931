// SPDX-License-Identifier: Apache-2.0
#include "crawler/summary.h"

#include <stdio.h>
#include <string.h>

static void print_missing(const struct summary *s)
{
	struct cover gaps = COVER_INIT;

	for (int k = 0; k < NKINDS; k++) {
		double share;

		if (resume_gaps(s->resume, s->snapshot, (enum kind)k, &gaps) || gaps.n == 0)
			continue;
		share = (double)cover_length(&gaps, resume_axis(s->snapshot)) /
			(double)span_length(resume_axis(s->snapshot));
		printf("missing      %s: %zu stretches, %.3g %% of the axis\n", kind_name[k], gaps.n, 100 * share);
	}
	cover_release(&gaps);
	if (s->resume->suspect)
		printf("suspect      %lld stretches came out of order or out of bounds twice\n",
		       (long long)s->resume->suspect);
}

void summary_print(const struct summary *s)
{
	const int64_t *c = s->session, *all = s->resume->counter;

	for (int k = 0; k < NKINDS; k++)
		if (s->snapshot->kinds >> k & 1)
			printf("%-12s %lld rows\n", kind_name[k], (long long)s->resume->rows[k]);
	printf("requests     %lld (%lld retries, %lld replies 429), %lld in all sessions\n", (long long)c[CNT_REQUESTS],
	       (long long)c[CNT_RETRIES], (long long)c[CNT_TOO_MANY], (long long)all[CNT_REQUESTS]);
	if (all[CNT_REFUSED] || all[CNT_FIELDS_REFUSED])
		printf("quarantine   %lld records, %lld single members\n", (long long)all[CNT_REFUSED],
		       (long long)all[CNT_FIELDS_REFUSED]);
	printf("wall         %.1f s\n", (double)s->wall_ms / 1000);
	print_missing(s);
	if (snapshot_is_partial(s->snapshot))
		printf("partial      a census of the filtered part only\n");
	if (s->silent)
		printf("stopped      the Hub has not answered for too long\n");
	if (s->exit_code == 3)
		printf("next         hubcrawl %s goes on\n", s->dir);
	else if (s->exit_code == 0)
		printf("next         hubreduce %s\n", s->dir);
	else
		printf("next         hubcrawl %s asks for the missing part again, hubreduce %s takes what is there\n",
		       s->dir, s->dir);
	fflush(stdout);
}

void summary_complete(const char *dir, const struct resume *r)
{
	int64_t rows = 0;

	for (int k = 0; k < NKINDS; k++)
		rows += r->rows[k];
	printf("'%s' is complete: %lld rows in %zu shards\nnext         hubreduce %s\n", dir, (long long)rows,
	       r->nshards, dir);
	fflush(stdout);
}
