// SPDX-License-Identifier: Apache-2.0
/* The budget of requests: q per fixed window of w seconds, shared by all ranks. Pure: the clock (ms, any origin, never
 * backwards) is an argument.
 *
 * A token is the right to send one request. Tokens are taken (leased), and each ends in one of two ways: returned
 * unused, or spent, and then one budget_reply() or budget_spend() follows, whatever became of the request.
 *
 *   taken in this window + others' requests in it <= q (less the reserve), always; and what was under way when the
 * window ended may have been counted in either, so it counts in both until its reply says where it was.
 *
 * The end of a window is known as an interval (reset.h). Nothing that needs the new window is sent before its late end.
 * Where that costs more than a token is worth, the last token of a window is held back to be sent inside the interval:
 * its reply tells on which side of the reset it was, and so narrows the interval for this and all following windows.
 */
#ifndef CRAWLER_BUDGET_H
#define CRAWLER_BUDGET_H

#include <stdint.h>

#include "crawler/hub.h"
#include "crawler/reset.h"

/* The anonymous quota, used until a header says otherwise (hub-docs, docs/hub/rate-limits.md, table of September 2025).
 */
#define BUDGET_QUOTA    500
#define BUDGET_WINDOW_S 300

struct budget_setup {
	int64_t quota, window_s; /* fixed by the user; 0: learn */
	double reserve;          /* share of the quota that is left to others */
	int burst;               /* never spread */
};

#define BUDGET_NRECENT 1024 /* at least the replies of one latency: 333 per second are sold */

struct budget {
	struct budget_setup setup;
	int64_t quota, window_ms;
	int64_t open_ms;      /* when our current window began */
	struct reset reset;   /* when it ends */
	int64_t taken;        /* tokens that count, or may count, in it */
	int64_t answered;     /* of the requests sent in it, those with a reply */
	int64_t carried;      /* of taken: under way since the window before */
	int64_t pending;      /* taken and neither returned nor replied */
	int64_t foreign;      /* requests of others in it, as far as known */
	int64_t closed_until; /* after a 429 */
	double latency_ms;    /* of the last replies, mean; 0 none */
	int64_t ntold;        /* replies, ever */
	int heard;      /* the Hub has said what its windows are: without that, what is left of one means nothing */
	int blind;      /* pauses in a row after a 429 that did not say for how long */
	int odd;        /* replies in a row that told another reset */
	int shared;     /* somebody else spends the same quota, in this window or the last */
	int64_t margin; /* requests that they may make while ours are on the way */
	int64_t recent[BUDGET_NRECENT]; /* when the last replies came, a ring */
	uint32_t nrecent;
	int64_t takes[BUDGET_NRECENT]; /* when the last tokens were taken, a ring */
	uint32_t ntakes;
	int64_t replies_429;
};

/* What a reply told. Times on the budget's clock. */
struct budget_seen {
	struct hub_quota quota;
	int64_t sent_ms, received_ms;
	int64_t retry_after_ms; /* -1 none */
	int limited;            /* 429 */
};

void budget_init(struct budget *b, const struct budget_setup *s, int64_t now);

/* Another budget of the same Hub, of which nothing has been spent: its quota and the length of its windows are known
 * from `like`, not when they begin. */
void budget_init_like(struct budget *b, const struct budget *like, int64_t now);

/* How many tokens could be taken now. `work`: requests that are left to be sent, as far as one can tell: with fewer
 * than the window has tokens, nothing is spread. */
int64_t budget_ready(struct budget *b, int64_t now, double work);

/* Take up to n of them. Returns how many. */
int64_t budget_take(struct budget *b, int64_t now, int64_t n, double work);

/* How long from now, in ms, until there may be another; 0 if there is one. */
int64_t budget_due(struct budget *b, int64_t now, double work);

/* For how many ms from now a token taken now may be used. */
int64_t budget_valid(struct budget *b, int64_t now);

void budget_return(struct budget *b, int64_t n);

/* A request ended; s->quota with -1 where its reply told nothing, or there was none. */
void budget_reply(struct budget *b, int64_t now, const struct budget_seen *s);

/* A request ended, and nothing is learned from it: it was for something that another quota may have counted. */
void budget_spend(struct budget *b);

/* Everybody waits until then (ms left), after a 429; 0: nobody. */
int64_t budget_closed(const struct budget *b, int64_t now);

/* Tokens of the current window that are left, for people. */
int64_t budget_left(const struct budget *b);

/* ms until the next window's can be taken. */
int64_t budget_reset(struct budget *b, int64_t now);

/* Tokens of the current window that are left, or will be when it is known that what was under way at its beginning was
 * counted before. */
int64_t budget_hoped(const struct budget *b);

/* How many requests have to be under way at a time, so that the tokens of the window are spent before it ends;
 * INFINITY where nothing is spread. */
double budget_pace(struct budget *b, int64_t now, double work);

#endif
