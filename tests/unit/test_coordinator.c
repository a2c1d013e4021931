// SPDX-License-Identifier: Apache-2.0
/* The coordinator against ranks that are played. */
#include "tests/played.h"
#include "tests/tap.h"

struct scenario {
	const char *name;
	enum growth growth;
	struct world world;
	int64_t rows;
	int total_unknown;
	double requests; /* at most, by those that all rows need */
	int64_t ms;      /* at most, to the last page */
	int64_t tail_ms; /* at most, from the moment when as many requests had been sent as all rows need; 0: not tested
			  */
};

static void play(const struct scenario *s)
{
	struct world x = s->world;
	int64_t pages = (s->rows + HUB_PAGE_ROWS - 1) / HUB_PAGE_ROWS;
	const struct coordinator_state *state;

	populate(&x, s->rows, s->growth);
	ok(run(&x, !s->total_unknown), "%s: every row once, the axis covered exactly once", s->name);
	state = coordinator_look(x.c);
	ok(state->requests == x.requests && state->rows == x.rows && x.budget[0].pending + x.budget[1].pending == 0,
	   "%s: every request and every token accounted for", s->name);
	ok(x.refused == 0, "%s: %lld replies 429", s->name, (long long)x.refused);
	ok((double)x.requests <= s->requests * (double)pages, "%s: %lld requests for %lld pages", s->name,
	   (long long)x.requests, (long long)pages);
	ok(x.last_page_ms <= s->ms, "%s: %.2f s", s->name, (double)x.last_page_ms / 1000);
	if (s->tail_ms)
		ok(x.last_page_ms - x.asked_ms <= s->tail_ms, "%s: %lld ms after the last request that rows need",
		   s->name, (long long)(x.last_page_ms - x.asked_ms));
	if (x.nhosts > 1)
		ok(x.most[0] > x.q / 2 && x.most[1] > x.q / 2, "%s: the most in a window was %lld and %lld of %lld",
		   s->name, (long long)x.most[0], (long long)x.most[1], (long long)x.q);
	ok(x.awake == 0 && x.late <= 50, "%s: %lld turns for nothing, a window was handed out at most %lld ms late",
	   s->name, (long long)x.awake, (long long)x.late);
	diag("%s: %lld messages, %lld cuts", s->name, (long long)x.messages, (long long)state->cuts);
	end(&x);
}

/* Pages of 240 to 260 ms, messages of up to 5 ms. */
#define PAGES    .latency_lo = 240, .latency_hi = 260, .max_delay = 5, .random = 7
#define NO_QUOTA .q = 1000000, .w_ms = 300000
#define SCALED   .q = 100, .w_ms = 3000

static const struct scenario scenarios[] = {
	{ "one rank", GROWTH_CURVE, { 1, 8, PAGES, NO_QUOTA }, 100000, .requests = 1.06, .ms = 4200, .tail_ms = 800 },
	{ "32 in flight",
	  GROWTH_CURVE,
	  { 4, 8, PAGES, NO_QUOTA },
	  400000,
	  .requests = 1.05,
	  .ms = 4200,
	  .tail_ms = 800 },
	{ "32 in flight, another growth",
	  GROWTH_OTHER,
	  { 4, 8, PAGES, NO_QUOTA },
	  400000,
	  .requests = 1.08,
	  .ms = 4400,
	  .tail_ms = 800 },
	{ "32 in flight, day and night",
	  GROWTH_DAILY,
	  { 4, 8, PAGES, NO_QUOTA },
	  400000,
	  .requests = 1.1,
	  .ms = 4400,
	  .tail_ms = 800 },
	{ "a million rows",
	  GROWTH_OTHER,
	  { 2, 16, PAGES, NO_QUOTA },
	  1000000,
	  .requests = 1.03,
	  .ms = 9000,
	  .tail_ms = 800 },
	{ "total unknown",
	  GROWTH_OTHER,
	  { 4, 8, PAGES, NO_QUOTA },
	  400000,
	  .total_unknown = 1,
	  .requests = 1.09,
	  .ms = 4800,
	  .tail_ms = 800 },
	{ "every tenth request fails",
	  GROWTH_CURVE,
	  { 4, 8, PAGES, NO_QUOTA, .fail = 0.1 },
	  200000,
	  .requests = 1.4,
	  .ms = 4000 },
	{ "all rows in one second, total unknown",
	  GROWTH_LUMP,
	  { 4, 8, PAGES, NO_QUOTA },
	  100000,
	  .total_unknown = 1,
	  .requests = 2.1,
	  .ms = 16000 },
	{ "slow messages, uneven pages",
	  GROWTH_OTHER,
	  { 4, 8, 50, 1500, .max_delay = 100, .random = 7, NO_QUOTA },
	  300000,
	  .requests = 1.12,
	  .ms = 12000,
	  .tail_ms = 3500 },
	{ "quota-bound", GROWTH_OTHER, { 4, 32, PAGES, SCALED }, 1176000, .requests = 1.02041, .ms = 34650 + 250 },
	{ "quota-bound, 100 ms to 2 s",
	  GROWTH_OTHER,
	  { 4, 32, 100, 2000, .max_delay = 5, .random = 7, SCALED },
	  1176000,
	  .requests = 1.05,
	  .ms = 40000 },
	{ "quota-bound, day and night",
	  GROWTH_DAILY,
	  { 4, 32, PAGES, SCALED },
	  1176000,
	  .requests = 1.03,
	  .ms = 37000 },
	{ "two addresses, a quota each",
	  GROWTH_OTHER,
	  { 4, 8, PAGES, SCALED, .nhosts = 2, .shift = { 0, 1300 } },
	  1000000,
	  .requests = 1.04,
	  .ms = 18500 },
	{ "two machines, three ranks",
	  GROWTH_OTHER,
	  { 3, 8, 240, 260, .max_delay = 50, .random = 7, SCALED, .nhosts = 2 },
	  500000,
	  .requests = 1.05,
	  .ms = 13000 },
	{ "1,024 ranks, quota-bound",
	  GROWTH_OTHER,
	  { 1024, 8, PAGES, .q = 1000, .w_ms = 30000 },
	  3000000,
	  .requests = 1.02,
	  .ms = 93000 },
	{ "1,024 ranks, the largest quota sold",
	  GROWTH_OTHER,
	  { 1024, 8, PAGES, .q = 100000, .w_ms = 300000 },
	  3000000,
	  .requests = 1.6,
	  .ms = 12000 },
};

/* One slot and two windows; the first request has been sent. `max_requests`: of the coordinator. */
static struct coordinator *one_slot(struct budget *b, int64_t max_requests)
{
	struct coordinator_setup s = { .nranks = 1, .nslots = 1, .rounds = 9, .max_requests = max_requests };
	struct budget_setup q = { .quota = 100000, .window_s = 300 };
	struct coordinator *c;
	struct msg m;
	int rank;

	s.scale[KIND_MODELS] = 1e-6; /* so that nothing is worth a cut */
	s.scale_known[KIND_MODELS] = 1;
	budget_init(b, &q, 0);
	c = coordinator_create(&s, b, 0);
	for (int i = 0; i < 2; i++)
		coordinator_add(c, &(struct window){ KIND_MODELS, HUB_ASC, { oid_at(1000 * i), oid_at(1000 * i + 1) } },
				0, NULL);
	ok(coordinator_due(c, 0) == 0, "tokens, a free slot and a window that waits: a turn is due at once");
	coordinator_turn(c, 0);
	while (coordinator_next(c, &rank, &m))
		;
	return c;
}

/* The page comes, or the request is to be made again. */
static void reply(struct coordinator *c, int comes)
{
	struct msg m = { .type = MSG_REPORT };

	m.u.report.asked = 2 - comes;
	m.u.report.spent = 1;
	m.u.report.nseen = 1;
	m.u.report.seen[0] = (struct msg_seen){ { -1, -1, -1, -1 }, 100, 0, -1, 0, comes };
	m.u.report.nprogress = (uint32_t)comes;
	m.u.report.progress[0] = (struct msg_progress){ .window = (uint64_t)1 << 32, .state = MSG_FINISHED };
	coordinator_feed(c, 0, &m, 100);
}

/* While the Hub is slower than the slots, or silent, nothing is due. */
static void waits(void)
{
	struct budget b;
	struct coordinator *c = one_slot(&b, 0);

	ok(coordinator_due(c, 50) == 1000, "the slot is taken: nothing is due, though tokens are there");
	reply(c, 1);
	ok(coordinator_due(c, 100) == 0, "the page has come, and the slot is free: a turn is due at once");
	coordinator_free(c);
	c = one_slot(&b, 0);
	reply(c, 0);
	ok(coordinator_due(c, 100) == 0, "a rank is hungry: a turn is due at once");
	coordinator_free(c);
	c = one_slot(&b, 1);
	reply(c, 0);
	ok(coordinator_due(c, 100) == 1000, "it is, and --max-requests is used up: no token comes");
	coordinator_free(c);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
		struct scenario s = scenarios[i];

		/* Another seed, for people who want to know how much is chance. */
		if (argc > 1)
			s.world.random = strtoull(argv[1], NULL, 10);
		play(&s);
	}
	waits();
	return plan_done();
}
