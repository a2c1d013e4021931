// SPDX-License-Identifier: Apache-2.0
#include "crawler/monitor.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "io/log.h"
#include "io/metrics.h"
#include "io/utc.h"

#define NAME(x) "hubcensus_crawl_" x

static int64_t rows_before(const struct monitor *m)
{
	int64_t n = 0;

	for (int k = 0; k < NKINDS; k++)
		n += m->kind_rows_before[k];
	return n;
}

/* --- metrics --- */

static void put_replies(struct metrics *x, const int64_t *c)
{
	static const struct {
		const char *status;
		enum counter counter;
	} reply[] = { { "2xx", CNT_OK },           { "3xx", CNT_REDIRECT },     { "429", CNT_TOO_MANY },
		      { "4xx", CNT_CLIENT_ERROR }, { "5xx", CNT_SERVER_ERROR }, { "none", CNT_NO_REPLY } };

	metrics_family(x, NAME("replies_total"), METRICS_COUNTER,
		       "Replies of this session by status; none: reset, timed out or cut short; 4xx without 429.");
	for (size_t i = 0; i < sizeof reply / sizeof *reply; i++)
		metrics_sample(x, NAME("replies_total"), "status", reply[i].status, (double)c[reply[i].counter]);
}

static void put_work(struct metrics *x, const struct monitor *m)
{
	const int64_t *c = m->last_state.counter;

	metrics_family(x, NAME("rows"), METRICS_GAUGE, "Repositories in the folder, with those of earlier sessions.");
	for (int k = 0; k < NKINDS; k++)
		if (m->snapshot->kinds >> k & 1)
			metrics_sample(x, NAME("rows"), "kind", kind_name[k],
				       (double)(m->kind_rows_before[k] + m->last_state.kind_rows[k]));
	metrics_value(x, NAME("requests_total"), METRICS_COUNTER, "Requests sent in this session.",
		      (double)c[CNT_REQUESTS]);
	put_replies(x, c);
	metrics_value(x, NAME("retries_total"), METRICS_COUNTER, "Requests that repeated another.",
		      (double)c[CNT_RETRIES]);
	metrics_value(x, NAME("received_bytes_total"), METRICS_COUNTER, "Bodies as received.",
		      (double)c[CNT_BYTES_WIRE]);
	metrics_value(x, NAME("body_bytes_total"), METRICS_COUNTER, "The same, decompressed.", (double)c[CNT_BYTES]);
	metrics_value(x, NAME("refused_records_total"), METRICS_COUNTER, "Records in the quarantine.",
		      (double)c[CNT_REFUSED]);
	metrics_value(x, NAME("windows"), METRICS_GAUGE, "Windows being crawled or waiting.", m->last_state.windows);
	metrics_value(x, NAME("given_up_windows_total"), METRICS_COUNTER, "Windows that remain as gaps.",
		      (double)m->last_state.given_up);
	metrics_value(x, NAME("left_requests"), METRICS_GAUGE, "Requests still to be answered, predicted.",
		      floor(m->last_state.work + 0.5));
}

static void put_budget(struct metrics *x, const struct monitor *m)
{
	const struct progress *p = &m->last;

	metrics_value(x, NAME("quota_requests"), METRICS_GAUGE, "The quota of a window, of all budgets.",
		      (double)p->quota);
	metrics_value(x, NAME("quota_window_seconds"), METRICS_GAUGE, "Length of a quota window.",
		      (double)p->window_ms / 1000);
	metrics_value(x, NAME("quota_left_requests"), METRICS_GAUGE, "What is left of it in this window.",
		      (double)p->tokens);
	metrics_value(x, NAME("quota_use_ratio"), METRICS_GAUGE,
		      "Share of the time that the quota would have taken for as many requests.", progress_floor(p));
	metrics_value(x, NAME("quota_wait_seconds_total"), METRICS_COUNTER,
		      "Time in which ranks had something to ask, nothing on the way, and no token; a sum over ranks.",
		      (double)m->last_state.wait_ms / 1000);
	metrics_value(x, NAME("paused_seconds"), METRICS_GAUGE, "How long nothing is asked yet, after a 429.",
		      (double)p->paused_ms / 1000);
}

static void put_users(struct metrics *x, const struct users_progress *p)
{
	metrics_value(x, NAME("accounts"), METRICS_GAUGE, "Accounts known, with those of earlier sessions.",
		      (double)p->accounts);
	metrics_value(x, NAME("account_lists_total"), METRICS_COUNTER, "Lists of accounts asked to their end.",
		      (double)p->lists);
	metrics_value(x, NAME("account_lists_refused_total"), METRICS_COUNTER,
		      "Lists that may not be seen, or whose account or repository is gone.", (double)p->refused);
	metrics_value(x, NAME("account_requests_total"), METRICS_COUNTER,
		      "Requests for accounts sent in this session, beside the others.", (double)p->requests);
}

/* exit_code -1: it runs. A file that cannot be written is said once, and no reason to stop. */
static void write_metrics(struct monitor *m, int exit_code)
{
	struct err e = ERR_INIT;
	struct metrics x;
	int64_t left = m->among_accounts ? progress_users_left(&m->users) : progress_left(&m->last);

	if (!m->metrics_file || m->broken)
		return;
	metrics_begin(&x);
	metrics_family(&x, NAME("info"), METRICS_GAUGE, "Always 1.");
	metrics_sample(&x, NAME("info"), "version", HUBCENSUS_VERSION, 1);
	metrics_value(&x, NAME("running"), METRICS_GAUGE, "1 while it crawls.", exit_code < 0);
	if (exit_code >= 0)
		metrics_value(&x, NAME("exit_code"), METRICS_GAUGE, "0 complete, 3 stopped, 4 failed, 5 gaps.",
			      exit_code);
	metrics_value(&x, NAME("ranks"), METRICS_GAUGE, "MPI ranks.", m->nranks);
	metrics_value(&x, NAME("start_time_seconds"), METRICS_GAUGE, "When this session began, since 1970.",
		      (double)m->began_s);
	metrics_value(&x, NAME("update_time_seconds"), METRICS_GAUGE, "When this was written, since 1970.",
		      (double)time(NULL));
	put_work(&x, m);
	put_budget(&x, m);
	if (m->among_accounts)
		put_users(&x, &m->users);
	if (left >= 0)
		metrics_value(&x, NAME("left_seconds"), METRICS_GAUGE, "Time until the end, predicted.",
			      (double)left / 1000);
	if (metrics_write(&x, m->metrics_file, &e)) {
		log_warn("%s; the crawl goes on without", e.text);
		m->broken = 1;
	}
}

/* --- events --- */

static void tell_quota(struct monitor *m, const struct progress *p)
{
	if (p->quota == m->quota && p->window_ms == m->window_ms && p->assumed == m->assumed)
		return;
	m->assumed = p->assumed;
	m->quota = p->quota;
	m->window_ms = p->window_ms;
	log_event("quota",
		  (struct log_field[]){ { "requests", (double)p->quota }, { "window_s", (double)p->window_ms / 1000 } },
		  2, "the quota is %s%lld requests per %lld s", p->assumed ? "assumed: " : "", (long long)p->quota,
		  (long long)(p->window_ms / 1000));
}

static void tell_limited(struct monitor *m, const struct progress *p)
{
	if (p->limited == m->limited)
		return;
	m->limited = p->limited;
	log_event("limited",
		  (struct log_field[]){ { "replies_429", (double)p->limited },
					{ "paused_s", (double)p->paused_ms / 1000 } },
		  2, "a reply of 429, %lld so far: nothing is asked for %lld s", (long long)p->limited,
		  (long long)((p->paused_ms + 999) / 1000));
}

static void tell_outage(struct monitor *m, const struct progress *p, int64_t now)
{
	int64_t silent_s = (now - m->rows_ms) / 1000;

	if (p->rows != m->rows || p->paused_ms > 0 || p->tokens <= 0 || m->rows_ms == 0) {
		if (m->outage && p->rows != m->rows)
			log_event("outage_over", (struct log_field[]){ { "silent_s", (double)silent_s } }, 1,
				  "pages again, after %lld s", (long long)silent_s);
		if (p->rows != m->rows || !m->outage) {
			m->rows = p->rows;
			m->rows_ms = now;
			m->outage = 0;
		}
		return;
	}
	if (m->outage || now - m->rows_ms < MONITOR_OUTAGE_MS)
		return;
	m->outage = 1;
	log_event("outage", (struct log_field[]){ { "silent_s", (double)silent_s } }, 1,
		  "no page for %lld s: asking on", (long long)silent_s);
}

static void tell_stop(struct monitor *m, const struct coordinator_state *s)
{
	if (!s->stopping || m->stopping)
		return;
	m->stopping = 1;
	if (s->silent)
		log_event("stop", NULL, 0, "the Hub gave no page for too long: sealing what is there");
	else if (s->why == MSG_ASKED)
		log_event("stop", NULL, 0, "stopping as asked: sealing what is there");
	else if (s->why == MSG_FAILURE)
		log_event("stop", NULL, 0, "a rank has failed: sealing what is there");
}

void monitor_begin(struct monitor *m)
{
	char t0[32], machines[64] = "";
	int64_t before = rows_before(m);

	if (m->nbudgets > 1)
		snprintf(machines, sizeof machines, ", a budget for each of %d machines", m->nbudgets);
	log_event("start",
		  (struct log_field[]){ { "ranks", m->nranks },
					{ "machines_with_a_budget", m->nbudgets },
					{ "rows_before", (double)before } },
		  3, "%s %s up to %s, %d rank%s%s", before > 0 ? "going on with" : "crawling", m->snapshot->hub,
		  utc_format(m->snapshot->t0, t0), m->nranks, m->nranks > 1 ? "s" : "", machines);
	write_metrics(m, -1);
}

static void write_in_time(struct monitor *m, int64_t now)
{
	if (now - m->written < MONITOR_METRICS_MS)
		return;
	m->written = now;
	write_metrics(m, -1);
}

void monitor_turn(struct monitor *m, const struct progress *p, const struct coordinator_state *s, int64_t now)
{
	tell_quota(m, p);
	tell_limited(m, p);
	tell_outage(m, p, now);
	tell_stop(m, s);
	progress_show(p, now, &m->shown);
	m->last = *p;
	m->last_state = *s;
	write_in_time(m, now);
}

void monitor_users(struct monitor *m, const struct users_progress *p, int64_t now)
{
	progress_show_users(p, now, &m->shown);
	m->among_accounts = 1;
	m->users = *p;
	/* Of the budget; the rest stays as the repositories left it. */
	m->last.requests = p->requests;
	m->last.tokens = p->tokens;
	m->last.quota = p->quota;
	m->last.window_ms = p->window_ms;
	m->last.elapsed_ms = p->elapsed_ms;
	m->last.paused_ms = p->paused_ms;
	write_in_time(m, now);
}

void monitor_audit(struct monitor *m, const int64_t counter[NCOUNTERS])
{
	for (int i = 0; i < NCOUNTERS; i++)
		if (counter_is_of_requests(i))
			m->last_state.counter[i] += counter[i];
}

void monitor_users_end(struct monitor *m, int64_t accounts, int64_t lists, int64_t refused, int64_t requests)
{
	m->among_accounts = 1;
	m->users.accounts = accounts;
	m->users.lists = lists;
	m->users.refused = refused;
	m->users.requests = requests;
}

void monitor_end(struct monitor *m, int exit_code)
{
	write_metrics(m, exit_code);
}
