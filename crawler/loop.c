// SPDX-License-Identifier: Apache-2.0
#include "crawler/loop.h"

#include <stdio.h>
#include <string.h>

#include "crawler/watch.h"
#include "io/log.h"

/* Messages do not wake curl's sleep, so it is short where one was just sent or came, and doubles while nothing happens:
 * many ranks that wait must not cost. All wait for rank 0, which sleeps less. */
#define SLEEP_MIN_MS  1
#define SLEEP_HEAD_MS 4
#define SLEEP_MAX_MS  20

/* The state of one run of the loop. */
struct turn {
	int events; /* of this turn */
	int64_t sleep_ms;
	struct watch watch;
	int rc; /* first failure of this rank */
};

/* To the coordinator, wherever it is. */
static int to_coordinator(struct loop *l, const struct msg *m, int64_t now)
{
	if (!l->coordinator)
		return transport_send(l->transport, 0, m);
	coordinator_feed(l->coordinator, 0, m, now);
	return 0;
}

static int receive(struct loop *l, struct turn *t, int64_t now)
{
	struct msg m;
	int rank;

	while (transport_receive(l->transport, &rank, &m)) {
		t->events++;
		if (l->coordinator)
			coordinator_feed(l->coordinator, rank, &m, now);
		else
			worker_feed(l->worker, &m, now);
	}
	return 0;
}

static int report(struct loop *l, struct turn *t, int64_t now)
{
	struct msg m;

	while (worker_next(l->worker, now, &m)) {
		t->events++;
		if (to_coordinator(l, &m, now))
			return -1;
	}
	return 0;
}

static int direct(struct loop *l, struct turn *t, int64_t now)
{
	struct msg m;
	int rank;

	if (!l->coordinator)
		return 0;
	if (coordinator_turn(l->coordinator, now))
		return -1;
	while (coordinator_next(l->coordinator, &rank, &m)) {
		t->events++;
		if (rank == 0)
			worker_feed(l->worker, &m, now);
		else if (transport_send(l->transport, rank, &m))
			return -1;
	}
	return 0;
}

/* This rank has failed, or was told to stop: the coordinator stops the others. */
static int tell_trouble(struct loop *l, struct turn *t, int code, const struct err *e, int64_t now)
{
	struct msg m;

	return watch_trouble(&t->watch, code, e, &m) ? to_coordinator(l, &m, now) : 0;
}

static void show(struct loop *l, int64_t now)
{
	const struct coordinator_state *s = coordinator_look(l->coordinator);
	struct progress p = { .elapsed_ms = now - l->start_ms,
			      .rows = s->rows,
			      .rows_before = l->rows_before,
			      .requests = s->requests,
			      .limited = s->limited,
			      .window_ms = l->budget->window_ms,
			      .reset_ms = budget_reset(l->budget, now),
			      .latency_ms = l->budget->latency_ms,
			      .work = s->work,
			      .unsent = s->unsent,
			      .windows = s->windows,
			      .paused_ms = budget_closed(l->budget, now),
			      .quiet_ms = s->quiet_ms };

	for (int i = 0; i < l->nbudgets; i++) {
		p.tokens += budget_left(l->budget + i);
		p.quota += l->budget[i].quota;
	}
	monitor_turn(l->monitor, &p, s, now);
}

static int check_stop(struct loop *l, struct turn *t, int64_t now, struct err *e)
{
	if (l->coordinator && l->max_time_ms > 0 && now - l->start_ms >= l->max_time_ms)
		coordinator_stop(l->coordinator, MSG_ASKED);
	if (!l->is_stopped() || t->watch.told_trouble)
		return 0;
	if (tell_trouble(l, t, E_STOPPED, e, now))
		return -1;
	/* Sealed at once: after a signal there may be little time. */
	if (!t->rc)
		t->rc = worker_stop(l->worker, now, e);
	return 0;
}

static void sleep_a_little(struct loop *l, struct turn *t, int64_t now)
{
	int64_t cap = l->coordinator && l->nranks > 1 ? SLEEP_HEAD_MS : SLEEP_MAX_MS, due = worker_due(l->worker, now);

	if (l->coordinator && coordinator_due(l->coordinator, now) < due)
		due = coordinator_due(l->coordinator, now);
	t->sleep_ms = t->events > 0 ? SLEEP_MIN_MS : 2 * t->sleep_ms;
	if (t->sleep_ms > cap)
		t->sleep_ms = cap;
	fetch_poll(l->fetch, (int)(due < t->sleep_ms ? due : t->sleep_ms));
}

static int is_over(struct loop *l)
{
	if (!worker_is_over(l->worker) || transport_pending(l->transport) > 0)
		return 0;
	return !l->coordinator || coordinator_is_over(l->coordinator);
}

int loop_run(struct loop *l, struct err *e)
{
	struct turn t = { .sleep_ms = SLEEP_MIN_MS };

	for (;;) {
		int64_t now = clock_ms();
		int rc;

		t.events = 0;
		if (receive(l, &t, now) || check_stop(l, &t, now, e))
			watch_mute(l->transport);
		rc = worker_turn(l->worker, now, e);
		if (rc && !t.rc)
			t.rc = rc;
		if (t.rc && tell_trouble(l, &t, t.rc, e, now))
			watch_mute(l->transport);
		if (report(l, &t, now) || direct(l, &t, now))
			watch_mute(l->transport);
		if (l->coordinator)
			watch_quiet(&t.watch, coordinator_look(l->coordinator)), show(l, now);
		if (is_over(l))
			break;
		if (l->coordinator)
			watch_lost(&t.watch, l->coordinator, l->transport, worker_is_over(l->worker), now);
		sleep_a_little(l, &t, now);
	}
	if (l->coordinator)
		log_live("");
	return t.rc;
}
