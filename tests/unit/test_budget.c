// SPDX-License-Identifier: Apache-2.0
/* The budget against a fixed-window server that is simulated to the millisecond. */
#include "crawler/budget.h"

#include <string.h>

#include "crawler/retry.h"
#include "tests/tap.h"

enum rounding { ROUND_UP, ROUND_DOWN, ROUND_NEAREST };

struct server {
	int64_t q, w_ms, phase; /* a window begins at phase, phase + w, … */
	int64_t window, used;   /* number of the window, requests counted in it */
	enum rounding rounding;
	int64_t refused, counted;
};

/* A request arrives. */
static void serve(struct server *s, int64_t now, struct budget_seen *seen)
{
	int64_t k = (now - s->phase) / s->w_ms, left;

	if (k != s->window) {
		s->window = k;
		s->used = 0;
	}
	left = s->phase + (k + 1) * s->w_ms - now;
	seen->limited = s->used >= s->q;
	if (seen->limited)
		s->refused++;
	else
		s->used++, s->counted++;
	seen->quota.quota = s->q;
	seen->quota.window_s = s->w_ms / 1000;
	seen->quota.left = s->q - s->used;
	seen->quota.reset_s = s->rounding == ROUND_UP   ? (left + 999) / 1000
			    : s->rounding == ROUND_DOWN ? left / 1000
							: (left + 500) / 1000;
	seen->retry_after_ms = -1;
}

struct trip {
	int64_t arrives, returns;
	int served;
	struct budget_seen seen;
};

#define NTRIPS 64

struct world {
	struct server server;
	struct budget budget;
	int64_t latency_lo, latency_hi;
	int nslots, nforeign_per_s;
	double silent; /* share of replies without headers */
	double stale;  /* share with headers of some time ago */
	uint64_t random;
	struct trip trip[NTRIPS];
	int flying;
	int64_t sent, done, end_ms;
	struct budget_seen old;
};

static double draw(struct world *x)
{
	return (double)(retry_random(&x->random) >> 11) / 9007199254740992.0;
}

static void depart(struct world *x, int64_t now)
{
	for (int i = 0; i < x->nslots; i++) {
		struct trip *t = x->trip + i;
		int64_t latency = x->latency_lo + (int64_t)(draw(x) * (double)(x->latency_hi - x->latency_lo));

		if (t->returns)
			continue;
		*t = (struct trip){ .arrives = now + latency / 3, .returns = now + latency };
		t->seen.sent_ms = now;
		x->flying++;
		x->sent++;
		return;
	}
}

static void arrive(struct world *x, struct trip *t, int64_t now)
{
	if (!t->served && now >= t->arrives) {
		t->served = 1;
		serve(&x->server, now, &t->seen);
	}
	if (now < t->returns)
		return;
	t->seen.received_ms = now;
	x->done += !t->seen.limited;
	x->flying--;
	if (draw(x) < x->silent)
		t->seen.quota = (struct hub_quota){ -1, -1, -1, -1 };
	else if (draw(x) < x->stale)
		t->seen.quota = x->old.quota;
	else if (draw(x) < 0.01)
		x->old = t->seen;
	budget_reply(&x->budget, now, &t->seen);
	t->returns = 0;
}

/* Make n requests; the time when the last reply came. */
static int64_t run(struct world *x, int64_t n, const struct budget_setup *setup)
{
	int64_t now = 0;

	x->old.quota = (struct hub_quota){ -1, -1, -1, -1 };
	budget_init(&x->budget, setup, 0);
	for (; x->done < n && now < 1000000; now++) {
		struct budget_seen foreign;

		for (int i = 0; i < x->nslots; i++)
			if (x->trip[i].returns)
				arrive(x, x->trip + i, now);
		if (x->nforeign_per_s && now % (1000 / x->nforeign_per_s) == 0 && x->server.used < x->server.q)
			serve(&x->server, now, &foreign);
		while (x->flying < x->nslots && x->done + x->flying < n &&
		       budget_take(&x->budget, now, 1, (double)(n - x->done - x->flying)))
			depart(x, now);
	}
	return x->end_ms = now;
}

static void scenario(const char *name, struct world x, int64_t n, double most, int64_t refused)
{
	struct budget_setup learn = { 0 };
	int64_t q = x.server.q - x.nforeign_per_s * x.server.w_ms / 1000;
	int64_t floor = ((n + q - 1) / q - 1) * x.server.w_ms;
	double ratio = (double)run(&x, n, &learn) / (double)floor;

	ok(x.server.refused <= refused, "%s: %lld replies 429", name, (long long)x.server.refused);
	ok(ratio <= most, "%s: %.3f times the floor", name, ratio);
}

static void test_exact(void)
{
	struct world plain = {
		.server = { .q = 100, .w_ms = 3000 }, .latency_lo = 300, .latency_hi = 301, .nslots = 32, .random = 1
	};
	struct world x;

	scenario("rounded up", plain, 1180, 1.05, 0);
	x = plain, x.server.phase = -1234;
	scenario("begun in the middle of a window", x, 1180, 1.08, 0);
	x = plain, x.server.rounding = ROUND_DOWN;
	scenario("rounded down", x, 1180, 1.12, 0);
	x = plain, x.server.rounding = ROUND_NEAREST;
	scenario("rounded to the nearest", x, 1180, 1.12, 0);
	x = plain, x.latency_lo = 100, x.latency_hi = 2000, x.nslots = 64;
	scenario("latency 100 ms to 2 s", x, 1180, 1.20, 0);
	x = plain, x.silent = 0.3;
	scenario("a third of the replies say nothing", x, 1180, 1.08, 0);
	x = plain, x.nforeign_per_s = 10;
	scenario("somebody else spends 30 %", x, 840, 1.10, 12);
	x = plain, x.server.q = 500, x.server.w_ms = 300000, x.latency_hi = 2000;
	scenario("the anonymous quota", x, 1600, 1.02, 0);
	x = plain, x.stale = 0.05, x.server.q = 1000, x.server.w_ms = 60000;
	scenario("stale headers", x, 5900, 1.10, 0);
}

static void test_rules(void)
{
	struct budget_setup fixed = { .quota = 10, .window_s = 60, .reserve = 0.2, .burst = 1 };
	struct budget_seen none = { .quota = { -1, -1, -1, -1 }, .retry_after_ms = -1 };
	struct budget b;

	budget_init(&b, &fixed, 5000);
	ok(budget_take(&b, 5000, 100, 1e9) == 8, "the reserve is left");
	ok(budget_take(&b, 64999, 100, 1e9) == 0, "nothing more in this window");
	budget_return(&b, 3);
	ok(budget_take(&b, 5001, 100, 1e9) == 3, "what came back can be taken again");
	for (int i = 0; i < 8; i++)
		budget_reply(&b, 6000, &none);
	ok(budget_take(&b, 65000, 100, 1e9) == 8, "the next window, by our own clock");
	none.limited = 1;
	none.retry_after_ms = 7000;
	budget_reply(&b, 66000, &none);
	ok(budget_closed(&b, 66000) == 7000 && budget_ready(&b, 72999, 1) == 0, "after a 429 all wait as told");
	ok(budget_due(&b, 66000, 1) == 7000, "and know for how long");
}

/* A request that ended, and whose reply tells of another quota, or none came. */
static void test_spent(void)
{
	struct budget_setup fixed = { .quota = 10, .window_s = 60 };
	struct budget b;

	budget_init(&b, &fixed, 0);
	ok(budget_take(&b, 0, 10, 1) == 10, "all tokens of a window");
	for (int i = 0; i < 4; i++)
		budget_spend(&b);
	ok(budget_take(&b, 59999, 1, 1) == 0 && b.answered == 0,
	   "4 are spent: none comes back, none counts as answered");
	ok(budget_take(&b, 60000, 10, 1) == 4 && b.pending == 10, "in the next window only the 6 still count");
	budget_spend(&b);
	ok(budget_take(&b, 60001, 10, 1) == 0, "and one that ends then may have been counted in it");
	ok(budget_take(&b, 120000, 10, 1) == 1, "but not in the one after");
}

static void test_spread(void)
{
	struct budget_setup fixed = { .quota = 300, .window_s = 300 };
	struct budget b;
	int64_t got = 0, half = 0;

	budget_init(&b, &fixed, 0);
	for (int64_t now = 0; now < 300000; now += 100) {
		got += budget_take(&b, now, 100, 1e9);
		if (now == 150000)
			half = got;
	}
	ok(half > 140 && half < 175, "half of the tokens in half of the window: %lld", (long long)half);
	ok(got == 300, "all of them by its end");
	budget_init(&b, &fixed, 0);
	ok(budget_take(&b, 0, 1000, 200) == 300, "less work than tokens: nothing is spread");
}

int main(void)
{
	test_rules();
	test_spent();
	test_spread();
	test_exact();
	return plan_done();
}
