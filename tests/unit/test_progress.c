// SPDX-License-Identifier: Apache-2.0
/* The progress line: its words, and whether what it says about the time left comes true in played crawls. */
#include "crawler/progress.h"

#include <string.h>

#include "tests/played.h"
#include "tests/tap.h"

#define EVERY_MS 100
#define NSEEN    4096

/* What was said, and when, of the crawl that is being played. */
static struct {
	int64_t at, left;
} said[NSEEN];
static int nsaid;

static void watch(struct world *x)
{
	const struct coordinator_state *s = coordinator_look(x->c);
	struct progress p = { .elapsed_ms = x->now,
			      .rows = s->rows,
			      .requests = s->requests,
			      .tokens = budget_left(x->budget),
			      .quota = x->budget->quota,
			      .window_ms = x->budget->window_ms,
			      .reset_ms = budget_reset(x->budget, x->now),
			      .latency_ms = x->budget->latency_ms,
			      .work = s->work,
			      .unsent = s->unsent };

	if (x->now % EVERY_MS || nsaid == NSEEN || s->stopping)
		return;
	said[nsaid].at = x->now;
	said[nsaid++].left = progress_left(&p);
}

/* From a fifth of the way on the end is foretold within 10 % of the whole crawl. */
static void play(const char *name, struct world x, enum growth growth, int64_t rows)
{
	int64_t worst = 0, at = 0;

	nsaid = 0;
	x.watch = watch;
	x.random = 3;
	populate(&x, rows, growth);
	ok(run(&x, 1), "%s: crawled", name);
	for (int i = 0; i < nsaid; i++) {
		int64_t off = llabs(said[i].at + said[i].left - x.last_page_ms);

		if (5 * said[i].at >= x.last_page_ms && off > worst) {
			worst = off;
			at = said[i].at;
		}
	}
	ok(10 * worst <= x.last_page_ms, "%s: at most %lld ms of %lld off, at %lld", name, (long long)worst,
	   (long long)x.last_page_ms, (long long)at);
	end(&x);
}

static void test_plays(void)
{
	struct world scaled = {
		.nranks = 4, .nslots = 32, .latency_lo = 280, .latency_hi = 320, .max_delay = 5, .q = 100, .w_ms = 3000
	};
	struct world x = scaled;

	play("quota-bound", x, GROWTH_OTHER, 1200000);
	play("quota-bound, day and night", x, GROWTH_DAILY, 1150000);
	x.q = 500;
	x.w_ms = 300000;
	play("the anonymous quota", x, GROWTH_OTHER, 3100000);
	x.nslots = 8;
	x.q = 1000000;
	play("latency-bound", x, GROWTH_OTHER, 1000000);
	x.q = 100;
	x.w_ms = 3000;
	x.nslots = 1;
	play("too few slots for the quota", x, GROWTH_OTHER, 500000);
}

static void test_line(void)
{
	struct progress p = { .elapsed_ms = 600000,
			      .rows = 900000,
			      .rows_before = 100000,
			      .requests = 900,
			      .tokens = 100,
			      .quota = 500,
			      .window_ms = 300000,
			      .reset_ms = 60000,
			      .latency_ms = 500,
			      .work = 1105,
			      .unsent = 1100,
			      .windows = 2 };
	char line[256];

	ok(!strcmp(progress_line(line, sizeof line, &p), "1000000 rows, 900 requests, 100 of 500 tokens left, 90 % of "
							 "floor, 1500 rows/s, 2 windows, 12 min to go"),
	   "%s", line);
	ok(progress_used(&p, 900) == 0.9, "and used, of two windows");
	p.elapsed_ms = 2000;
	ok(progress_floor(&p) == 1 && progress_used(&p, 340) == 0.68,
	   "340 of 500 in 2 s are two thirds, whatever the pace");
	ok(progress_used(&p, 600) == 1, "of two windows of the Hub within one of ours: no more than all");
	p.elapsed_ms = 600000;
	p.paused_ms = 12345;
	ok(strstr(progress_line(line, sizeof line, &p), ", waiting 13 s for the quota") != NULL, "%s", line);
	p.unsent = 90;
	p.work = 100;
	p.paused_ms = 0;
	ok(progress_left(&p) < 70000, "what the window still gives: by the pace");
	p.requests = 2;
	ok(progress_left(&p) == -1 && strstr(progress_line(line, sizeof line, &p), "? to go"), "too early to tell");
	p.work = 0;
	ok(progress_left(&p) == 0, "nothing is left");
}

int main(void)
{
	test_line();
	test_plays();
	return plan_done();
}
