// SPDX-License-Identifier: Apache-2.0
/* What people see while it runs. Pure, but for progress_show(). */
#ifndef CRAWLER_PROGRESS_H
#define CRAWLER_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

struct progress {
	int64_t elapsed_ms;
	int64_t rows;        /* of this session */
	int64_t rows_before; /* of earlier ones */
	int64_t requests, limited;
	int64_t tokens, quota;       /* left in the window, and in a whole one */
	int64_t window_ms, reset_ms; /* its length, and how much of it is left */
	int assumed;                 /* neither the Hub nor the user has said it */
	double latency_ms;           /* of a page */
	double work, unsent;         /* requests that are still to be answered, and to be sent, predicted */
	int windows;
	int64_t paused_ms; /* all wait, after a 429 */
	int64_t quiet_ms;  /* no page has come for so long; 0 where they do */
};

/* One line, n bytes at most. Returns dst. */
char *progress_line(char *dst, size_t n, const struct progress *p);

/* ms until the end; -1 too early to tell. As the quota allows: what the present window does not give comes with the
 * next ones, and the last is spent as fast as possible. But where the pace so far is slower than that by a window and
 * more, by that pace. */
int64_t progress_left(const struct progress *p);

/* Share of the time so far, 0 … 1, that the quota would have taken for as many requests: 1 is the floor. */
double progress_floor(const struct progress *p);

/* Share, 0 … 1, that so many requests are of those that the quota gave in the time so far, a whole window at least. */
double progress_used(const struct progress *p, int64_t requests);

/* The same while accounts are discovered. */
struct users_progress {
	int64_t accounts, before; /* known, and of them from earlier sessions and the repositories */
	int64_t lists, requests;  /* finished and sent in this session */
	int64_t refused;          /* lists that may not be seen, or whose account or repository is gone; likewise */
	int64_t limit;            /* requests that this session may send; -1 any number */
	int64_t tokens, quota, window_ms;
	int64_t elapsed_ms; /* since the discovery began */
	int64_t paused_ms, quiet_ms;
};

/* ms until the limit is reached at the pace so far; -1 no limit, or too early to tell. Where there is none nobody knows
 * how many lists there are. */
int64_t progress_users_left(const struct users_progress *p);

char *progress_users_line(char *dst, size_t n, const struct users_progress *p);
void progress_show_users(const struct users_progress *p, int64_t now, int64_t *last);

/* Show it if it is time to: on a terminal the live line 4 times a second, else a line every 30 s. *last is the
 * caller's, 0 at first. */
void progress_show(const struct progress *p, int64_t now, int64_t *last);

#endif
