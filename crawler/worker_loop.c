// SPDX-License-Identifier: Apache-2.0
#include "crawler/worker_loop.h"

/* Messages do not wake curl's sleep, so it is short where one was just sent or came, and doubles while nothing happens:
 * many ranks that wait must not cost. All wait for rank 0, which sleeps less. Where ranks share a core, each time that
 * one wakes for nothing it takes the core, and its caches, from another: a millisecond for each of them, for by then
 * the others have had their turn. */
#define SLEEP_MIN_MS   1
#define SLEEP_CROWD_MS 8
#define SLEEP_HEAD_MS  4
#define SLEEP_MAX_MS   20

LOOP_CALLS(worker)

static void show(struct loop *of, int64_t now)
{
	const struct worker_loop *l = (const struct worker_loop *)of;
	const struct coordinator_state *s = coordinator_look(of->coordinator);
	struct progress p = { .elapsed_ms = now - of->start_ms,
			      .rows = s->rows,
			      .rows_before = l->rows_before,
			      .requests = s->requests,
			      .limited = s->limited,
			      .window_ms = of->budget->window_ms,
			      .reset_ms = budget_reset(of->budget, now),
			      .assumed = !of->budget->heard && of->budget->setup.quota == 0,
			      .latency_ms = of->budget->latency_ms,
			      .work = s->work,
			      .unsent = s->unsent,
			      .windows = s->windows,
			      .paused_ms = budget_closed(of->budget, now),
			      .quiet_ms = s->quiet_ms };

	loop_budgets(of, &p.tokens, &p.quota);
	monitor_turn(of->monitor, &p, s, now);
}

static int64_t sleep_ms(struct loop *of, int any)
{
	struct worker_loop *l = (struct worker_loop *)of;
	int is_head = of->coordinator && of->nranks > 1;
	int64_t most = is_head ? SLEEP_HEAD_MS : SLEEP_MAX_MS, least = is_head ? SLEEP_MIN_MS : l->crowd;

	if (least > SLEEP_CROWD_MS)
		least = SLEEP_CROWD_MS;
	l->sleep_ms = any ? least : 2 * l->sleep_ms;
	if (l->sleep_ms > most)
		l->sleep_ms = most;
	return l->sleep_ms;
}

int worker_loop_run(struct worker_loop *l, struct worker *w, struct err *e)
{
	static const struct loop_member member = { .feed = feed,
						   .next = next,
						   .turn = turn,
						   .stop = stop,
						   .due = due,
						   .is_over = is_over,
						   .show = show,
						   .sleep_ms = sleep_ms };

	l->loop.member = &member;
	l->loop.work = w;
	l->sleep_ms = SLEEP_MIN_MS;
	return loop_run(&l->loop, e);
}
