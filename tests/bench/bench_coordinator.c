// SPDX-License-Identifier: Apache-2.0
/* What the coordinator costs: a crawl on many ranks is played once and all that the coordinator was told is kept; then
 * that is told to a new one, and only its CPU time is measured. One JSON object per case, on a line of its own. */
#include <stdio.h>
#include <time.h>

#include "tests/played.h"

#define REPEATS 5

struct told {
	int64_t at;
	int rank;
	struct msg *m; /* as long as msg_size() says */
};

static struct {
	struct told *at;
	size_t n, cap;
} trace;

static void keep(struct world *x, int rank, const struct msg *m)
{
	struct told *t;

	if (trace.n == trace.cap) {
		trace.cap = trace.cap ? 2 * trace.cap : 4096;
		trace.at = realloc(trace.at, trace.cap * sizeof *trace.at);
	}
	t = trace.at + trace.n++;
	t->at = x->now;
	t->rank = rank;
	t->m = malloc(msg_size(m) + 1);
	memcpy(t->m, m, msg_size(m));
}

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* What the coordinator says when all of it is told again. */
struct heard {
	int64_t windows, tokens, messages, turns;
	double seconds;
};

static void turn(struct world *x, struct heard *h)
{
	struct msg m;
	int rank;

	coordinator_turn(x->c, x->now);
	h->turns++;
	while (coordinator_next(x->c, &rank, &m)) {
		h->messages++;
		h->windows += m.type == MSG_WINDOW;
		h->tokens += m.type == MSG_TOKENS;
	}
}

/* One turn for every ms in which something arrives, and one every 4 ms, as in the event loop. */
static struct heard replay(const struct world *like)
{
	struct world x = *like;
	struct heard h = { 0 };
	size_t i = 0;
	double began;

	begin(&x, 1);
	began = cpu_s();
	for (; i < trace.n; x.now++) {
		int told = 0;

		for (; i < trace.n && trace.at[i].at == x.now; i++, told = 1)
			coordinator_feed(x.c, trace.at[i].rank, trace.at[i].m, x.now);
		if (told || x.now % 4 == 0)
			turn(&x, &h);
	}
	h.seconds = cpu_s() - began;
	h.messages += (int64_t)trace.n;
	coordinator_free(x.c);
	return h;
}

static void forget(void)
{
	for (size_t i = 0; i < trace.n; i++)
		free(trace.at[i].m);
	trace.n = 0;
}

static void measure(const char *name, struct world x, int64_t rows)
{
	struct world like = x;
	struct heard best = { .seconds = 1e9 };
	double crawl_s, share;
	int good;

	populate(&x, rows, GROWTH_OTHER);
	x.record = keep;
	x.random = 1;
	good = run(&x, 1);
	like.nrows = rows;
	for (int i = 0; i < REPEATS; i++) {
		struct heard h = replay(&like);

		if (h.seconds < best.seconds)
			best = h;
	}
	crawl_s = (double)x.last_page_ms / 1000;
	share = best.seconds / crawl_s;
	printf("{\"case\": \"coordinator, %s\", \"ranks\": %d, \"good\": %s, \"requests\": %lld, \"crawl_s\": %.3f, "
	       "\"requests_per_s\": %.1f, \"windows\": %lld, \"token_messages\": %lld, \"messages\": %lld, "
	       "\"cpu_s\": %.4f, \"us_per_message\": %.3f, \"us_per_window\": %.1f, \"us_per_token_message\": %.2f, "
	       "\"messages_per_s_at_one_core\": %.0f, \"share_of_a_core\": %.5f}\n",
	       name, x.nranks, good ? "true" : "false", (long long)x.requests, crawl_s, (double)x.requests / crawl_s,
	       (long long)best.windows, (long long)best.tokens, (long long)best.messages, best.seconds,
	       best.seconds * 1e6 / (double)best.messages, best.seconds * 1e6 / (double)best.windows,
	       best.seconds * 1e6 / (double)best.tokens, (double)best.messages / best.seconds, share);
	fflush(stdout);
	forget();
	end(&x);
}

int main(int argc, char **argv)
{
	int64_t scale = argc > 1 && !strcmp(argv[1], "--quick") ? 4 : 1;
	struct world sold = { .nranks = 1024,
			      .nslots = 8,
			      .latency_lo = 200,
			      .latency_hi = 800,
			      .max_delay = 10,
			      .q = 10000,
			      .w_ms = 30000 };
	struct world free_run = { .nranks = 1024,
				  .nslots = 1,
				  .latency_lo = 200,
				  .latency_hi = 800,
				  .max_delay = 10,
				  .q = 1000000,
				  .w_ms = 300000 };

	/* The largest quota sold, 100,000 per 300 s, in a tenth of the window: three windows and a part of them. */
	measure("100,000 requests per 300 s", sold, scale == 1 ? 32000000 : 12000000);
	measure("no quota, 1,024 in flight", free_run, 12000000 / scale);
	free(trace.at);
	return 0;
}
