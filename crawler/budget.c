// SPDX-License-Identifier: Apache-2.0
#include "crawler/budget.h"

#include <math.h>

/* The interval of the reset is good enough when it is this short, or so small a part of the window. */
#define RESET_KNOWN_MS   30
#define RESET_KNOWN_PART 20
/* The latest replies count for so much in the mean of the latency. */
#define LATENCY_SHARE    0.06
#define FIRST_LATENCY_MS 500
/* How much more than evenly may be under way, to make up for what was not spent. */
#define CATCH_UP 1.25
/* A 429 that does not say for how long. */
#define PAUSE_MS 10000
/* A header whose reset lies further than this from what is known comes from a cache... */
#define STALE_MS 250
/* ... unless so many in a row say so: then the Hub's windows have moved. */
#define ODD_MAX 8

static int64_t min64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

void budget_init(struct budget *b, const struct budget_setup *s, int64_t now)
{
	*b = (struct budget){ .setup = *s };
	b->quota = s->quota > 0 ? s->quota : BUDGET_QUOTA;
	b->window_ms = 1000 * (s->window_s > 0 ? s->window_s : BUDGET_WINDOW_S);
	b->open_ms = now;
	reset_init(&b->reset, now + b->window_ms, now + b->window_ms);
}

void budget_init_like(struct budget *b, const struct budget *like, int64_t now)
{
	budget_init(b, &like->setup, now);
	b->quota = like->quota;
	b->window_ms = like->window_ms;
	b->latency_ms = like->latency_ms;
	reset_init(&b->reset, now + b->window_ms, now + b->window_ms);
}

/* The current window is over: the next one is believed to end one length later. */
static void roll(struct budget *b, int64_t at)
{
	b->open_ms = at;
	reset_roll(&b->reset, b->window_ms);
	/* Idle for whole windows: nothing is known but that the period goes on. */
	while (b->reset.hi <= at)
		reset_roll(&b->reset, b->window_ms);
	b->taken = b->carried = b->pending;
	b->answered = 0;
	b->shared = b->foreign > 0;
	b->foreign = b->margin = 0;
}

static void advance(struct budget *b, int64_t now)
{
	if (now >= b->reset.hi)
		roll(b, now);
}

/* Tokens of the window, the reserve taken off. */
static int64_t usable(const struct budget *b)
{
	int64_t n = b->quota - (int64_t)(b->setup.reserve * (double)b->quota + 0.5);

	return n > 0 ? n : 1;
}

int64_t budget_left(const struct budget *b)
{
	return max64(0, usable(b) - b->taken - b->foreign - b->margin);
}

int64_t budget_reset(struct budget *b, int64_t now)
{
	advance(b, now);
	return b->reset.hi - now;
}

/* Should the last token wait for the interval of the reset? Only where it is worth it and can be told from the rest. */
static int is_holding_back(const struct budget *b)
{
	return b->heard && b->quota >= 20 &&
	       b->reset.hi - b->reset.lo > max64(RESET_KNOWN_MS, b->window_ms / RESET_KNOWN_PART);
}

/* So long before its end a window's tokens are to be spent: a request that takes long may take long to arrive, and
 * would be counted in the next window. */
static int64_t spread_tail(const struct budget *b)
{
	return max64(min64(b->window_ms / 20, 2000), min64(b->window_ms / 8, (int64_t)b->latency_ms / 2));
}

/* How many of the window's tokens may have been taken by now, if they are spread evenly. */
static int64_t spread(const struct budget *b, int64_t now, int64_t all)
{
	int64_t span = max64(1, b->reset.lo - spread_tail(b) - b->open_ms), at = now - b->open_ms;

	if (at >= span)
		return all;
	/* A small advance, so that connections are not idle at the beginning. */
	return min64(all, 1 + all / 25 + (int64_t)((double)all * (double)at / (double)span));
}

int64_t budget_hoped(const struct budget *b)
{
	return max64(0, min64(usable(b) - b->foreign - b->margin - (b->taken - b->carried), usable(b)));
}

static int is_spread(const struct budget *b, double work)
{
	return !b->setup.burst && work > (double)budget_hoped(b);
}

double budget_pace(struct budget *b, int64_t now, double work)
{
	double latency = b->latency_ms > 0 ? b->latency_ms : FIRST_LATENCY_MS, steady, left;

	advance(b, now);
	if (!is_spread(b, work))
		return INFINITY;
	left = (double)max64(1, b->reset.hi - spread_tail(b) - now);
	steady = (double)usable(b) * latency / (double)(b->window_ms - spread_tail(b));
	return fmin((double)budget_hoped(b) * latency / left, CATCH_UP * steady);
}

int64_t budget_ready(struct budget *b, int64_t now, double work)
{
	int64_t left, own;

	advance(b, now);
	if (now < b->closed_until)
		return 0;
	left = budget_left(b);
	own = b->taken - b->carried;
	if (is_spread(b, work))
		left = min64(left, spread(b, now, own + left) - own);
	else if (work <= (double)left)
		return left;
	if (is_holding_back(b) && now < reset_scout(&b->reset))
		left = min64(left, budget_left(b) - 1);
	return max64(0, left);
}

int64_t budget_take(struct budget *b, int64_t now, int64_t n, double work)
{
	int64_t ready = budget_ready(b, now, work);

	n = max64(0, min64(n, ready));
	b->taken += n;
	b->pending += n;
	for (int64_t i = 0; i < n && i < BUDGET_NRECENT; i++)
		b->takes[b->ntakes++ % BUDGET_NRECENT] = now;
	return n;
}

int64_t budget_due(struct budget *b, int64_t now, double work)
{
	int64_t left, own;

	if (budget_ready(b, now, work) > 0)
		return 0;
	if (now < b->closed_until)
		return b->closed_until - now;
	left = budget_left(b);
	own = b->taken - b->carried;
	if (left == 0)
		return b->reset.hi - now;
	if (is_spread(b, work) && (left > 1 || !is_holding_back(b)))
		return max64(1, min64(b->reset.hi - now, (b->reset.lo - b->open_ms) / max64(1, own + left)));
	return max64(1, min64(b->reset.hi, reset_scout(&b->reset)) - now);
}

int64_t budget_valid(struct budget *b, int64_t now)
{
	advance(b, now);
	return max64(1, b->reset.hi - now);
}

void budget_return(struct budget *b, int64_t n)
{
	b->pending -= n;
	b->taken -= n;
	if (b->carried > b->taken)
		b->carried = b->taken;
}

/* --- what replies tell --- */

/* A budget that the user has fixed takes only the beginning of the windows from the Hub, and only if they are as long.
 */
static void learn_policy(struct budget *b, const struct hub_quota *q, int64_t now)
{
	if (q->quota <= 0 || q->window_s <= 0)
		return;
	if (b->setup.quota > 0) {
		b->heard |= q->window_s * 1000 == b->window_ms;
		return;
	}
	b->heard = 1;
	if (q->quota == b->quota && q->window_s * 1000 == b->window_ms)
		return;
	b->quota = q->quota;
	b->window_ms = q->window_s * 1000;
	/* The end of the window is not known any more; `t` of the same reply says more. */
	reset_init(&b->reset, now, now + b->window_ms);
}

/* In which window a reply was counted, by the reset that it tells. */
enum side { SIDE_ODD, SIDE_UNKNOWN, SIDE_LAST, SIDE_THIS, SIDE_NEXT };

static int64_t slack(const struct budget *b)
{
	return min64(STALE_MS, b->window_ms / 60);
}

/* Could it be of the n-th window after this one? */
static int suits(const struct budget *b, const struct budget_seen *s, int64_t n)
{
	return reset_suits(&b->reset, s->sent_ms, s->received_ms, s->quota.reset_s, n * b->window_ms, slack(b));
}

/* Times of a ring that are later than `at`. */
static int64_t count_since(const int64_t *ring, uint32_t n, int64_t at)
{
	int64_t count = 0;

	for (uint32_t i = 0; i < n && i < BUDGET_NRECENT; i++)
		count += ring[i] > at;
	return count;
}

/* Of ours, those that had been answered in this window before a time. */
static int64_t answered_before(const struct budget *b, int64_t at)
{
	return max64(0, b->answered - count_since(b->recent, b->nrecent, at));
}

/* `t` is a whole number of seconds, and a reply that was long under way may suit two windows. Then the count decides:
 * it can be neither more than all of this window, nor less than what had been answered in it. */
static enum side side_of(const struct budget *b, const struct budget_seen *s, int64_t now)
{
	int last, here, next;

	if (s->quota.reset_s < 0 || !b->heard)
		return SIDE_UNKNOWN;
	if (!b->reset.is_heard)
		return SIDE_THIS;
	/* Only around the reset itself can the Hub be a window ahead of us, and only what was sent before it, behind.
	 */
	here = suits(b, s, 0);
	next = suits(b, s, 1) && now >= b->reset.lo - slack(b);
	last = suits(b, s, -1) && s->sent_ms < b->open_ms;
	if (here + next + last == 0)
		return SIDE_ODD;
	if (here && last && s->quota.left >= 0 && b->quota - s->quota.left > b->taken + b->foreign)
		here = 0;
	if (here && next && s->quota.left >= 0 && b->quota - s->quota.left < answered_before(b, s->sent_ms))
		here = 0;
	if (here + next + last != 1)
		return SIDE_UNKNOWN;
	return here ? SIDE_THIS : next ? SIDE_NEXT : SIDE_LAST;
}

/* q - r requests had been counted when the reply was made. Of ours at most `taken`, and at least those that had been
 * answered when it was asked for: so many are others' at least and at most. Once there are others, the better guess is
 * that those of ours were counted that had been sent before. */
static void learn_foreign(struct budget *b, const struct budget_seen *s)
{
	int64_t used = b->quota - s->quota.left, elapsed = max64(1, s->received_ms - b->open_ms);
	int64_t least = used - b->taken;
	int64_t most = max64(0, used - answered_before(b, s->sent_ms));

	b->shared |= least > 0;
	if (b->shared)
		least = used - (b->taken - count_since(b->takes, b->ntakes, s->sent_ms));
	b->foreign = min64(max64(b->foreign, max64(0, least)), most);
	if (b->shared)
		b->margin = 1 + b->foreign * (s->received_ms - s->sent_ms) / elapsed;
}

/* For how long, when the 429 itself does not say so: to the reset if it is known, else ever longer. */
static int64_t pause_for(struct budget *b, int64_t now)
{
	int64_t pause = PAUSE_MS << min64(b->blind, 5);

	if (b->reset.is_heard)
		return b->reset.hi - now;
	/* Several that were under way together are one refusal. */
	if (now >= b->closed_until)
		b->blind++;
	return pause;
}

static void limited(struct budget *b, int64_t now, const struct budget_seen *s)
{
	int64_t pause;

	b->replies_429++;
	if (s->retry_after_ms >= 0)
		pause = s->retry_after_ms;
	else if (s->quota.left <= 0 && s->quota.reset_s >= 0)
		pause = 1000 * s->quota.reset_s + 1000;
	else
		pause = s->quota.left > 0 ? PAUSE_MS : pause_for(b, now);
	if (s->quota.left <= 0 && b->heard)
		b->foreign = max64(b->foreign, usable(b) - b->taken);
	b->closed_until = max64(b->closed_until, now + max64(pause, 100));
}

/* Count a reply in this window. `known`: by what it said. */
static void count_here(struct budget *b, const struct budget_seen *s, int known)
{
	if (known || s->sent_ms >= b->open_ms) {
		b->answered++;
		b->recent[b->nrecent++ % BUDGET_NRECENT] = s->received_ms;
	}
	if (known)
		reset_told(&b->reset, s->sent_ms, s->received_ms, s->quota.reset_s, b->window_ms);
	if (known && s->quota.left >= 0 && b->setup.quota == 0)
		learn_foreign(b, s);
}

/* The Hub's windows are not where they were taken to be: begin anew from what this reply says. */
static void start_over(struct budget *b, const struct budget_seen *s)
{
	if (++b->odd < ODD_MAX)
		return;
	b->odd = 0;
	b->reset.is_heard = 0;
	reset_told(&b->reset, s->sent_ms, s->received_ms, s->quota.reset_s, b->window_ms);
}

static void learn_latency(struct budget *b, int64_t ms)
{
	reset_way(&b->reset, ms);
	b->latency_ms += fmax(LATENCY_SHARE, 1.0 / (double)++b->ntold) * ((double)ms - b->latency_ms);
}

void budget_reply(struct budget *b, int64_t now, const struct budget_seen *s)
{
	enum side side;

	advance(b, now);
	b->pending--;
	learn_policy(b, &s->quota, now);
	learn_latency(b, max64(0, s->received_ms - s->sent_ms));
	side = side_of(b, s, now);
	b->odd = side >= SIDE_LAST ? 0 : b->odd;
	switch (side) {
	case SIDE_NEXT:
		/* Sent while the reset was uncertain, and it was behind it. */
		reset_not_after(&b->reset, s->received_ms);
		roll(b, now);
		b->carried++, b->taken++; /* this one, which is no longer pending */
		count_here(b, s, 1);
		break;
	case SIDE_LAST:
		/* Under way at the reset, and counted before it. */
		if (b->carried > 0)
			b->carried--, b->taken--;
		reset_not_before(&b->reset, s->sent_ms + b->window_ms);
		break;
	case SIDE_THIS:
		if (s->sent_ms >= b->open_ms)
			reset_not_before(&b->reset, s->sent_ms);
		else if (b->carried > 0)
			b->carried--;
		else
			b->taken++;
		count_here(b, s, 1);
		break;
	case SIDE_UNKNOWN:
		count_here(b, s, 0);
		break;
	case SIDE_ODD:
		count_here(b, s, 0);
		start_over(b, s);
		break;
	}
	if (s->limited)
		limited(b, now, s);
	else if (now >= b->closed_until)
		b->blind = 0;
}

void budget_spend(struct budget *b)
{
	b->pending--;
}

int64_t budget_closed(const struct budget *b, int64_t now)
{
	return max64(0, b->closed_until - now);
}
