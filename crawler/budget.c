// SPDX-License-Identifier: Apache-2.0
#include "crawler/budget.h"

/* The interval of the reset is good enough when it is this short. */
#define RESET_KNOWN_MS 30
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
	b->reset_lo = b->reset_hi = now + b->window_ms;
	b->first_sent = b->fastest_ms = INT64_MAX;
}

void budget_init_like(struct budget *b, const struct budget *like, int64_t now)
{
	budget_init(b, &like->setup, now);
	b->quota = like->quota;
	b->window_ms = like->window_ms;
	b->reset_lo = b->reset_hi = now + b->window_ms;
}

/* The current window is over: the next one is believed to end one length later. */
static void roll(struct budget *b, int64_t at)
{
	b->open_ms = at;
	b->reset_lo += b->window_ms;
	b->reset_hi += b->window_ms;
	/* Idle for whole windows: nothing is known but that the period goes on. */
	while (b->reset_hi <= at) {
		b->reset_lo += b->window_ms;
		b->reset_hi += b->window_ms;
	}
	b->taken = b->carried = b->pending;
	b->answered = 0;
	b->shared = b->foreign > 0;
	b->foreign = b->margin = 0;
	b->first_sent = INT64_MAX;
}

static void advance(struct budget *b, int64_t now)
{
	if (now >= b->reset_hi)
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

/* Should the last token wait for the interval of the reset? Only where it is worth it and can be told from the rest. */
static int is_holding_back(const struct budget *b)
{
	return b->heard && b->reset_hi - b->reset_lo > RESET_KNOWN_MS && b->quota >= 20;
}

/* When the held-back token goes: first close to the early end, where the reset is if the Hub rounds up, then in the
 * middle. */
static int64_t scout_at(const struct budget *b)
{
	int64_t width = b->reset_hi - b->reset_lo;

	return b->reset_lo + (width > 1000 ? RESET_KNOWN_MS : width / 2);
}

/* How many of the window's tokens may have been taken by now, if they are spread evenly up to shortly before its end.
 */
static int64_t spread(const struct budget *b, int64_t now, int64_t all)
{
	int64_t tail = min64(b->window_ms / 20, 2000);
	int64_t span = max64(1, b->reset_lo - tail - b->open_ms), at = now - b->open_ms;

	if (at >= span)
		return all;
	/* A small advance, so that connections are not idle at the beginning. */
	return min64(all, 1 + all / 25 + (int64_t)((double)all * (double)at / (double)span));
}

static int is_spread(const struct budget *b, int64_t left, double work)
{
	return !b->setup.burst && work > (double)left;
}

int64_t budget_ready(struct budget *b, int64_t now, double work)
{
	int64_t left, own;

	advance(b, now);
	if (now < b->closed_until)
		return 0;
	left = budget_left(b);
	own = b->taken - b->carried;
	if (is_spread(b, left, work))
		left = min64(left, spread(b, now, own + left) - own);
	else if (work <= (double)left)
		return left;
	if (is_holding_back(b) && now < scout_at(b))
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
		return b->reset_hi - now;
	if (is_spread(b, left, work) && (left > 1 || !is_holding_back(b)))
		return max64(1, min64(b->reset_hi - now, (b->reset_lo - b->open_ms) / max64(1, own + left)));
	return max64(1, min64(b->reset_hi, scout_at(b)) - now);
}

int64_t budget_valid(struct budget *b, int64_t now)
{
	advance(b, now);
	return max64(1, b->reset_hi - now);
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
	b->reset_lo = now;
	b->reset_hi = now + b->window_ms;
	b->heard_reset = 0;
}

/* In which window a reply was counted, by the reset that it tells. */
enum side { SIDE_ODD, SIDE_UNKNOWN, SIDE_LAST, SIDE_THIS, SIDE_NEXT };

static int64_t slack(const struct budget *b)
{
	return min64(STALE_MS, b->window_ms / 60);
}

/* Does [lo, hi] touch the interval of this window's reset, or of the n-th one after it? */
static int touches(const struct budget *b, int64_t lo, int64_t hi, int64_t n)
{
	int64_t from = b->reset_lo + n * b->window_ms, to = b->reset_hi + n * b->window_ms;

	return lo <= to + slack(b) && from - slack(b) <= hi;
}

/* Times of a ring that are later than `at`. */
static int64_t count_since(const int64_t *ring, uint32_t n, int64_t at)
{
	int64_t count = 0;

	for (uint32_t i = 0; i < n && i < BUDGET_NRECENT; i++)
		count += ring[i] > at;
	return count;
}

/* A reply was made, and its request counted, at the latest when this would have been sent: a way back is as long as the
 * fastest's at least. On the clock of sending that is what bounds the reset from above; from below the time of sending
 * does. */
static int64_t sent_by(const struct budget *b, const struct budget_seen *s)
{
	return max64(s->sent_ms, s->received_ms - b->fastest_ms);
}

/* Of ours, those that had been answered in this window before a time. */
static int64_t answered_before(const struct budget *b, int64_t at)
{
	return max64(0, b->answered - count_since(b->recent, b->nrecent, at));
}

/* `t` is a whole number of seconds, rounded nobody knows how, so the reset lies within a second of it on either side;
 * and a reply that was long under way may fit two windows. Then the count decides: it can be neither more than all of
 * this window, nor less than what had been answered in it. */
static enum side side_of(const struct budget *b, const struct budget_seen *s, int64_t now)
{
	int64_t lo = s->sent_ms + 1000 * s->quota.reset_s - 1000, hi = sent_by(b, s) + 1000 * s->quota.reset_s + 1000;
	int last, here, next;

	if (s->quota.reset_s < 0 || !b->heard)
		return SIDE_UNKNOWN;
	if (!b->heard_reset)
		return SIDE_THIS;
	/* Only around the reset itself can the Hub be a window ahead of us, and only what was sent before it, behind.
	 */
	here = touches(b, lo, hi, 0);
	next = touches(b, lo, hi, 1) && now >= b->reset_lo - slack(b);
	last = touches(b, lo, hi, -1) && s->sent_ms < b->open_ms;
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

static void learn_reset(struct budget *b, const struct budget_seen *s)
{
	int64_t lo = s->sent_ms + 1000 * s->quota.reset_s - 1000, hi = sent_by(b, s) + 1000 * s->quota.reset_s + 1000;

	b->reset_lo = max64(b->reset_lo, lo);
	b->reset_hi = min64(b->reset_hi, hi);
	if (b->reset_lo > b->reset_hi || !b->heard_reset) {
		b->reset_lo = lo;
		b->reset_hi = hi;
	}
	b->heard_reset = 1;
	/* Where a window begins with its first request, it ends one length after that, and nowhere later. */
	if (b->first_sent != INT64_MAX) {
		b->reset_hi = max64(b->reset_hi, b->first_sent + b->window_ms);
		b->reset_lo = min64(b->reset_lo, b->reset_hi);
	}
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

	if (b->heard_reset)
		return b->reset_hi - now;
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
		b->first_sent = min64(b->first_sent, sent_by(b, s));
	}
	if (known)
		learn_reset(b, s);
	if (known && s->quota.left >= 0 && b->setup.quota == 0)
		learn_foreign(b, s);
}

/* The Hub's windows are not where they were taken to be: begin anew from what this reply says. */
static void start_over(struct budget *b, const struct budget_seen *s)
{
	if (++b->odd < ODD_MAX)
		return;
	b->odd = 0;
	b->heard_reset = 0;
	b->first_sent = INT64_MAX;
	learn_reset(b, s);
}

void budget_reply(struct budget *b, int64_t now, const struct budget_seen *s)
{
	enum side side;

	advance(b, now);
	b->pending--;
	b->fastest_ms = min64(b->fastest_ms, max64(0, s->received_ms - s->sent_ms));
	learn_policy(b, &s->quota, now);
	side = side_of(b, s, now);
	b->odd = side >= SIDE_LAST ? 0 : b->odd;
	switch (side) {
	case SIDE_NEXT:
		/* Sent while the reset was uncertain, and it was behind it. */
		b->reset_hi = min64(b->reset_hi, max64(b->reset_lo, sent_by(b, s)));
		roll(b, now);
		b->carried++, b->taken++; /* this one, which is no longer pending */
		count_here(b, s, 1);
		break;
	case SIDE_LAST:
		/* Under way at the reset, and counted before it. */
		if (b->carried > 0)
			b->carried--, b->taken--;
		b->reset_lo = min64(b->reset_hi, max64(b->reset_lo, s->sent_ms + b->window_ms));
		break;
	case SIDE_THIS:
		if (s->sent_ms >= b->open_ms)
			b->reset_lo = min64(b->reset_hi, max64(b->reset_lo, s->sent_ms));
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

int64_t budget_closed(const struct budget *b, int64_t now)
{
	return max64(0, b->closed_until - now);
}
