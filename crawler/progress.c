// SPDX-License-Identifier: Apache-2.0
#include "crawler/progress.h"

#include <math.h>
#include <stdio.h>

#include "io/log.h"

#define LIVE_MS  250
#define PLAIN_MS 30000

/* Waiting for tokens, and then about two pages at the very end. */
static double by_quota(const struct progress *p)
{
	double missing = p->unsent - (double)p->tokens;

	if (p->quota <= 0 || missing <= 0)
		return 0;
	return (double)p->reset_ms + (ceil(missing / (double)p->quota) - 1) * (double)p->window_ms + 2 * p->latency_ms;
}

int64_t progress_left(const struct progress *p)
{
	double pace, quota;

	if (p->work <= 0)
		return 0;
	if (p->requests < 5 || p->elapsed_ms < 1000)
		return -1;
	pace = p->work * (double)p->elapsed_ms / (double)p->requests;
	quota = by_quota(p);
	if (quota > 0 && pace < quota + (double)p->window_ms)
		pace = quota;
	return (int64_t)fmax(pace, (double)p->paused_ms + p->latency_ms);
}

double progress_floor(const struct progress *p)
{
	double floor = p->quota > 0 ? (double)p->requests * (double)p->window_ms / (double)p->quota : 0;

	return p->elapsed_ms > 0 && floor < (double)p->elapsed_ms ? floor / (double)p->elapsed_ms : p->elapsed_ms > 0;
}

double progress_used(const struct progress *p, int64_t requests)
{
	double windows = p->window_ms > 0 ? fmax(1, (double)p->elapsed_ms / (double)p->window_ms) : 1;

	return p->quota > 0 ? fmin(1, (double)requests / (windows * (double)p->quota)) : 0;
}

/* "3 h 05 min", "12 min", "40 s". */
static void duration(char *dst, size_t n, int64_t ms)
{
	int64_t s = ms / 1000;

	if (ms < 0)
		snprintf(dst, n, "?");
	else if (s >= 3600)
		snprintf(dst, n, "%lld h %02lld min", (long long)(s / 3600), (long long)(s / 60 % 60));
	else if (s >= 90)
		snprintf(dst, n, "%lld min", (long long)((s + 30) / 60));
	else
		snprintf(dst, n, "%lld s", (long long)s);
}

char *progress_line(char *dst, size_t n, const struct progress *p)
{
	char left[48], wait[64] = "";
	double seconds = (double)(p->elapsed_ms > 0 ? p->elapsed_ms : 1) / 1000;

	duration(left, sizeof left, progress_left(p));
	if (p->quiet_ms > 0)
		snprintf(wait, sizeof wait, ", no page for %lld s", (long long)((p->quiet_ms + 999) / 1000));
	else if (p->paused_ms > 0)
		snprintf(wait, sizeof wait, ", waiting %lld s for the quota", (long long)((p->paused_ms + 999) / 1000));
	snprintf(dst, n,
		 "%lld rows, %lld requests, %lld of %lld tokens left, %.0f %% of floor, %.0f rows/s, %d windows, %s to "
		 "go%s",
		 (long long)p->rows_before + p->rows, (long long)p->requests, (long long)p->tokens, (long long)p->quota,
		 100 * progress_floor(p), (double)p->rows / seconds, p->windows, left, wait);
	return dst;
}

static void put_line(const struct progress *p, const char *line)
{
	int64_t left = progress_left(p);
	struct log_field field[] = { { "rows", (double)(p->rows_before + p->rows) },
				     { "rows_this_session", (double)p->rows },
				     { "requests", (double)p->requests },
				     { "replies_429", (double)p->limited },
				     { "tokens", (double)p->tokens },
				     { "quota", (double)p->quota },
				     { "quota_use", progress_floor(p) },
				     { "windows", p->windows },
				     { "elapsed_s", (double)p->elapsed_ms / 1000 },
				     { "left_s", left < 0 ? NAN : (double)left / 1000 } };

	log_event("progress", field, (int)(sizeof field / sizeof *field), "%s", line);
}

int64_t progress_users_left(const struct users_progress *p)
{
	double left = (double)(p->limit - p->requests);

	if (p->limit < 0 || p->requests < 5 || p->elapsed_ms < 1000)
		return -1;
	return left > 0 ? (int64_t)(left * (double)p->elapsed_ms / (double)p->requests) : 0;
}

char *progress_users_line(char *dst, size_t n, const struct users_progress *p)
{
	char left[48], of[32] = "", go[64] = "", wait[64] = "";

	if (p->quiet_ms > 0)
		snprintf(wait, sizeof wait, ", no page for %lld s", (long long)((p->quiet_ms + 999) / 1000));
	else if (p->paused_ms > 0)
		snprintf(wait, sizeof wait, ", waiting %lld s for the quota", (long long)((p->paused_ms + 999) / 1000));
	if (p->limit >= 0) {
		duration(left, sizeof left, progress_users_left(p));
		snprintf(of, sizeof of, " of %lld", (long long)p->limit);
		snprintf(go, sizeof go, ", %s to go", left);
	}
	snprintf(dst, n,
		 "%lld accounts known, %lld lists asked, %lld%s requests, %.1f new accounts per request, %lld of %lld "
		 "tokens left%s%s",
		 (long long)p->accounts, (long long)p->lists + (long long)p->refused, (long long)p->requests, of,
		 p->requests > 0 ? (double)(p->accounts - p->before) / (double)p->requests : 0.0, (long long)p->tokens,
		 (long long)p->quota, go, wait);
	return dst;
}

static void put_users_line(const struct users_progress *p, const char *line)
{
	int64_t left = progress_users_left(p);
	struct log_field field[] = { { "accounts", (double)p->accounts },
				     { "accounts_before", (double)p->before },
				     { "lists", (double)p->lists },
				     { "lists_refused", (double)p->refused },
				     { "requests", (double)p->requests },
				     { "tokens", (double)p->tokens },
				     { "quota", (double)p->quota },
				     { "elapsed_s", (double)p->elapsed_ms / 1000 },
				     { "left_s", left < 0 ? NAN : (double)left / 1000 } };

	log_event("progress", field, (int)(sizeof field / sizeof *field), "%s", line);
}

/* Is it time for another line? */
static int is_due(int64_t now, int64_t *last)
{
	int live = log_is_live();

	if (*last == 0 && !live)
		*last = now;
	if (now - *last < (live ? LIVE_MS : PLAIN_MS))
		return 0;
	*last = now;
	return 1;
}

void progress_show(const struct progress *p, int64_t now, int64_t *last)
{
	char line[256];

	if (!is_due(now, last))
		return;
	progress_line(line, sizeof line, p);
	if (log_is_live())
		log_live(line);
	else
		put_line(p, line);
}

void progress_show_users(const struct users_progress *p, int64_t now, int64_t *last)
{
	char line[256];

	if (!is_due(now, last))
		return;
	progress_users_line(line, sizeof line, p);
	if (log_is_live())
		log_live(line);
	else
		put_users_line(p, line);
}
