// SPDX-License-Identifier: Apache-2.0
#include "crawler/reset.h"

/* Our clocks are cut to whole ms, at both ends. */
#define TICK_MS 2
/* A rounding is refuted when its bounds miss each other by more than a busy rank may mistake. */
#define SLOP_MS 10
#define ALL     ((1u << RESET_NROUNDINGS) - 1)

/* t was rounded up, to the nearest, down: the true time left is so much less or more at most. */
static const struct {
	int64_t less, more;
} rounding[RESET_NROUNDINGS] = { { 1000, 0 }, { 500, 500 }, { 0, 1000 } };

static int64_t min64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t end_of(const struct reset *r, int i)
{
	return max64(r->by[i].lo, r->by[i].hi - r->way + TICK_MS);
}

static void sum_up(struct reset *r)
{
	int64_t lo = INT64_MAX, hi = INT64_MIN;

	for (int i = 0; i < RESET_NROUNDINGS; i++)
		if (r->fits >> i & 1) {
			lo = min64(lo, r->by[i].lo);
			hi = max64(hi, end_of(r, i));
		}
	r->lo = lo;
	r->hi = hi;
}

void reset_init(struct reset *r, int64_t lo, int64_t hi)
{
	*r = (struct reset){ .fits = ALL, .is_fresh = 1 };
	for (int i = 0; i < RESET_NROUNDINGS; i++) {
		r->by[i].lo = lo;
		r->by[i].hi = hi;
	}
	r->lo = lo;
	r->hi = hi;
	r->way = INT64_MAX;
}

void reset_way(struct reset *r, int64_t ms)
{
	/* What was assumed before the first is on the clock of sending. */
	for (int i = 0; i < RESET_NROUNDINGS && r->way == INT64_MAX; i++)
		r->by[i].hi += ms - TICK_MS;
	if (ms >= r->way)
		return;
	r->way = ms;
	sum_up(r);
}

/* Strike out what is refuted. Returns 0, and strikes nothing, if that were all. */
static int refute(struct reset *r)
{
	unsigned fits = 0;

	for (int i = 0; i < RESET_NROUNDINGS; i++)
		if (r->fits >> i & 1 && r->by[i].lo <= r->by[i].hi - r->way + SLOP_MS)
			fits |= 1u << i;
	if (fits)
		r->fits = fits;
	return fits != 0;
}

void reset_told(struct reset *r, int64_t sent, int64_t received, int64_t t_s, int64_t window_ms)
{
	int64_t limit = received + window_ms;

	for (int again = 0; again < 2; again++) {
		for (int i = 0; i < RESET_NROUNDINGS; i++) {
			int64_t lo = sent + 1000 * t_s - rounding[i].less;
			int64_t hi = min64(limit, received + 1000 * t_s + rounding[i].more);

			r->by[i].lo = r->is_heard ? max64(r->by[i].lo, lo) : lo;
			r->by[i].hi = r->is_heard && !r->is_fresh ? min64(r->by[i].hi, hi) : hi;
		}
		r->is_fresh = 0;
		r->is_heard = 1;
		if (refute(r))
			break;
		/* Nothing fits what was believed: begin anew from this reply. */
		r->is_heard = 0;
		r->fits = ALL;
	}
	sum_up(r);
}

int reset_suits(const struct reset *r, int64_t sent, int64_t received, int64_t t_s, int64_t later, int64_t slack)
{
	for (int i = 0; i < RESET_NROUNDINGS; i++) {
		int64_t lo = sent + 1000 * t_s - rounding[i].less;
		int64_t hi = received - r->way + 1000 * t_s + rounding[i].more;

		if (r->fits >> i & 1 && lo <= end_of(r, i) + later + slack && r->by[i].lo + later - slack <= hi)
			return 1;
	}
	return 0;
}

void reset_not_before(struct reset *r, int64_t sent)
{
	for (int i = 0; i < RESET_NROUNDINGS; i++)
		r->by[i].lo = max64(r->by[i].lo, sent);
	refute(r);
	sum_up(r);
}

void reset_not_after(struct reset *r, int64_t received)
{
	for (int i = 0; i < RESET_NROUNDINGS; i++)
		r->by[i].hi = min64(r->by[i].hi, received);
	if (!refute(r))
		for (int i = 0; i < RESET_NROUNDINGS; i++)
			r->by[i].lo = min64(r->by[i].lo, r->by[i].hi - r->way);
	sum_up(r);
}

void reset_roll(struct reset *r, int64_t window_ms)
{
	for (int i = 0; i < RESET_NROUNDINGS; i++) {
		r->by[i].lo += window_ms;
		r->by[i].hi += window_ms;
	}
	r->lo += window_ms;
	r->hi += window_ms;
	r->is_fresh = 1;
}

int64_t reset_scout(const struct reset *r)
{
	int64_t first = INT64_MAX;
	int n = 0;

	for (int i = 0; i < RESET_NROUNDINGS; i++)
		if (r->fits >> i & 1) {
			first = min64(first, end_of(r, i));
			n++;
		}
	return n > 1 && first < r->hi ? first : r->lo + (r->hi - r->lo) / 2;
}
