// SPDX-License-Identifier: Apache-2.0
#include "crawler/summary.h"

#include <jansson.h> /* the object of --log-format=json */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/log.h"

/* The stretches of time of which a kind lacks the repositories, and their share of all of it. 0: none, or not known for
 * want of memory. */
static size_t missing_of(const struct summary *s, int k, double *share)
{
	struct span whole = cover_times(s->snapshot->t0);
	struct cover gaps = COVER_INIT;
	size_t n = resume_gaps(s->resume, s->snapshot, (enum kind)k, &gaps) ? 0 : gaps.n;

	*share = span_length(whole) ? (double)cover_length(&gaps, whole) / (double)span_length(whole) : 0;
	cover_release(&gaps);
	return n;
}

static void print_missing(const struct summary *s)
{
	double share;

	for (int k = 0; k < NKINDS; k++) {
		size_t n = missing_of(s, k, &share);

		if (n)
			printf("missing      %s: %zu stretches, %.4g %% of the time since 2022-03-02\n", kind_name[k],
			       n, 100 * share);
	}
	if (s->resume->suspect)
		printf("suspect      %lld stretches came out of order or out of bounds twice\n",
		       (long long)s->resume->suspect);
}

static void print_requests(const struct summary *s)
{
	const int64_t *c = s->session;

	printf("requests     %lld (%lld retries), %lld in all sessions\n", (long long)c[CNT_REQUESTS],
	       (long long)c[CNT_RETRIES], (long long)s->resume->counter[CNT_REQUESTS]);
	printf("replies      %lld good, %lld of 429, %lld other 4xx, %lld of 5xx, %lld redirects, %lld none\n",
	       (long long)c[CNT_OK], (long long)c[CNT_TOO_MANY], (long long)c[CNT_CLIENT_ERROR],
	       (long long)c[CNT_SERVER_ERROR], (long long)c[CNT_REDIRECT], (long long)c[CNT_NO_REPLY]);
	printf("bytes        %.1f MB received, %.1f MB decompressed\n", (double)c[CNT_BYTES_WIRE] / 1e6,
	       (double)c[CNT_BYTES] / 1e6);
	if (s->progress->quota > 0)
		printf("budget       %.0f %% used of %lld requests per %lld s; %.1f s of all ranks waited for it\n",
		       100 * progress_used(s->progress, c[CNT_REQUESTS]), (long long)s->progress->quota,
		       (long long)(s->progress->window_ms / 1000), (double)c[CNT_WAIT_QUOTA_MS] / 1000);
}

static const char *const phase_name[SUMMARY_NPHASES] = { "folder", "probe", "crawl", "second pass" };
static const char *const phase_key[SUMMARY_NPHASES] = { "folder", "probe", "crawl", "second_pass" };

static void print_time(const struct summary *s)
{
	const struct share *r = s->share;

	printf("wall         %.1f s", (double)s->wall_ms / 1000);
	for (int i = 0; i < SUMMARY_NPHASES; i++)
		printf("%s%s %.1f", i ? ", " : ": ", phase_name[i], (double)s->phase_ms[i] / 1000);
	printf("\nranks        %d: least busy %lld requests (rank %d), %.1f s of CPU (rank %d); most %lld (%d), %.1f s "
	       "(%d)\n",
	       r->nranks, (long long)r->least_requests.value, r->least_requests.rank, (double)r->least_cpu.value / 1000,
	       r->least_cpu.rank, (long long)r->most_requests.value, r->most_requests.rank,
	       (double)r->most_cpu.value / 1000, r->most_cpu.rank);
}

static void print_next(const struct summary *s)
{
	char dir[ERR_WORD], audit[32] = "";

	err_word(dir, sizeof dir, s->dir);
	if (s->audit > 0)
		snprintf(audit, sizeof audit, "--audit=%lld ", (long long)s->audit);
	if (s->exit_code == 3)
		printf("next         hubcrawl %s%s goes on\n", audit, dir);
	else if (s->goes_on)
		printf("next         the accounts\n");
	else if (s->exit_code == 0)
		printf("next         hubreduce %s\n", dir);
	else
		printf("next         hubcrawl %s asks for the missing part again, hubreduce %s takes what is there\n",
		       dir, dir);
}

static json_t *share_json(struct share_end e, double unit)
{
	return json_pack("{s:f, s:i}", "value", (double)e.value / unit, "rank", e.rank);
}

static json_t *missing_json(const struct summary *s)
{
	json_t *o = json_object();
	double share;

	for (int k = 0; k < NKINDS; k++) {
		size_t n = missing_of(s, k, &share);

		if (n)
			json_object_set_new(o, kind_name[k],
					    json_pack("{s:I, s:f}", "stretches", (json_int_t)n, "share", share));
	}
	return o;
}

/* What cannot be put together for want of memory is left out: the crawl itself is over. */
static void print_json(const struct summary *s)
{
	json_t *o = json_object(), *rows = json_object(), *session = json_object(), *wall = json_object();
	char *text;

	json_object_set_new(o, "program", json_string("hubcrawl"));
	json_object_set_new(o, "event", json_string("end"));
	json_object_set_new(o, "exit_code", json_integer(s->exit_code));
	for (int k = 0; k < NKINDS; k++)
		if (s->snapshot->kinds >> k & 1)
			json_object_set_new(rows, kind_name[k], json_integer(s->resume->rows[k]));
	for (int i = 0; i < NCOUNTERS; i++)
		json_object_set_new(session, counter_name[i], json_integer(s->session[i]));
	for (int i = 0; i < SUMMARY_NPHASES; i++)
		json_object_set_new(wall, phase_key[i], json_real((double)s->phase_ms[i] / 1000));
	json_object_set_new(o, "rows", rows);
	json_object_set_new(o, "session", session);
	json_object_set_new(o, "missing", missing_json(s));
	json_object_set_new(o, "suspect", json_integer(s->resume->suspect));
	json_object_set_new(o, "partial", json_boolean(snapshot_is_partial(s->snapshot)));
	json_object_set_new(o, "quota", json_integer(s->progress->quota));
	json_object_set_new(o, "quota_window_s", json_integer(s->progress->window_ms / 1000));
	json_object_set_new(o, "quota_use", json_real(progress_used(s->progress, s->session[CNT_REQUESTS])));
	json_object_set_new(o, "wall_s", json_real((double)s->wall_ms / 1000));
	json_object_set_new(o, "phase_s", wall);
	json_object_set_new(o, "ranks", json_integer(s->share->nranks));
	json_object_set_new(o, "requests_least", share_json(s->share->least_requests, 1));
	json_object_set_new(o, "requests_most", share_json(s->share->most_requests, 1));
	json_object_set_new(o, "cpu_s_least", share_json(s->share->least_cpu, 1000));
	json_object_set_new(o, "cpu_s_most", share_json(s->share->most_cpu, 1000));
	text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(6));
	if (text)
		puts(text);
	free(text);
	json_decref(o);
	fflush(stdout);
}

void summary_print(const struct summary *s)
{
	const int64_t *all = s->resume->counter;

	if (log_is_json()) {
		print_json(s);
		return;
	}
	for (int k = 0; k < NKINDS; k++)
		if (s->snapshot->kinds >> k & 1)
			printf("%-12s %lld rows\n", kind_name[k], (long long)s->resume->rows[k]);
	print_requests(s);
	if (all[CNT_REFUSED] || all[CNT_FIELDS_REFUSED])
		printf("refused      %lld records, %lld single members\n", (long long)all[CNT_REFUSED],
		       (long long)all[CNT_FIELDS_REFUSED]);
	print_time(s);
	print_missing(s);
	if (snapshot_is_partial(s->snapshot))
		printf("partial      a census of the filtered part only\n");
	if (s->silent)
		printf("stopped      the Hub has not answered for too long\n");
	print_next(s);
	fflush(stdout);
}

void summary_complete(const char *dir, const struct resume *r, int gaps, int goes_on)
{
	const char *but = gaps ? " but for gaps" : "";
	char text[ERR_WORD];
	int64_t rows = 0;

	if (log_is_json()) {
		log_event("complete", NULL, 0, "'%s' is complete%s", dir, but);
		return;
	}

	for (int k = 0; k < NKINDS; k++)
		rows += r->rows[k];
	printf("'%s' is complete%s: %lld rows in %zu shards\n", err_printable(text, sizeof text, dir, strlen(dir)), but,
	       (long long)rows, r->nshards);
	if (!goes_on)
		printf("next         hubreduce %s\n", err_word(text, sizeof text, dir));
	fflush(stdout);
}
