// SPDX-License-Identifier: Apache-2.0
#include "crawler/users_loop.h"

#include <stdio.h>
#include <string.h>

#include "crawler/loop.h"
#include "crawler/watch.h"
#include "io/log.h"

/* Messages do not wake curl's sleep, so it is short while some are expected. */
#define SLEEP_BUSY_MS 1
#define SLEEP_MAX_MS  20
/* Between two waves, while rank 0 has nothing to ask and otherwise. */
#define WAVE_IDLE_MS 2
#define WAVE_BUSY_MS 50

/* Parcels of a turn: the pages of this rank are not to wait for those of others. */
#define PARCELS 64

/* Sums over the ranks that have answered a wave. */
struct wave {
	int64_t number;
	int nanswers, nidle;
	int64_t sent, received, lists, accounts;
	double best;
};

struct turn {
	int events; /* of this turn */
	int64_t sleep_ms;
	int64_t began_ms;
	struct watch watch;
	int rc; /* first failure of this rank */
	struct wave now, before;
	int64_t wave_ms;
	int64_t accounts_before; /* the first request */
};

static int to_coordinator(struct users_loop *l, const struct msg *m, int64_t now)
{
	if (!l->coordinator)
		return transport_send(l->transport, 0, m);
	coordinator_feed(l->coordinator, 0, m, now);
	return 0;
}

/* --- waves: rank 0 --- */

static void take_status(struct turn *t, const struct item_status *s)
{
	if (s->wave != t->now.number)
		return;
	t->now.nanswers++;
	t->now.nidle += s->idle != 0;
	t->now.sent += s->sent;
	t->now.received += s->received;
	t->now.lists += s->lists;
	t->now.accounts += s->accounts;
	t->now.best = s->best > t->now.best ? s->best : t->now.best;
}

static int begin_wave(struct users_loop *l, struct turn *t, int64_t now)
{
	struct item_wave w = { .number = t->now.number + 1, .best = t->now.best };
	unsigned char bytes[1 + sizeof w] = { PARCEL_WAVE };
	struct item_status own;
	int rc = 0;

	t->before = t->now;
	t->now = (struct wave){ .number = w.number, .best = -1 };
	t->wave_ms = now;
	memcpy(bytes + 1, &w, sizeof w);
	for (int r = 1; r < l->nranks && !rc; r++)
		rc = post_send(l->post, r, bytes, sizeof bytes);
	asker_hold(l->asker, w.best);
	asker_status(l->asker, &own);
	own.wave = w.number;
	take_status(t, &own);
	return rc;
}

static int is_quiet(const struct users_loop *l, const struct turn *t)
{
	return t->now.nanswers == l->nranks && t->now.nidle == l->nranks && t->before.nidle == l->nranks &&
	       t->before.received == t->now.sent;
}

static int wave(struct users_loop *l, struct turn *t, int64_t now)
{
	struct item_status own;
	int64_t pause = WAVE_BUSY_MS;

	if (t->now.number > 0 && t->now.nanswers < l->nranks)
		return 0;
	if (is_quiet(l, t)) {
		coordinator_stop(l->coordinator, MSG_DONE);
		return 0;
	}
	asker_status(l->asker, &own);
	if (own.idle)
		pause = WAVE_IDLE_MS;
	return now - t->wave_ms < pause ? 0 : begin_wave(l, t, now);
}

/* --- messages --- */

static void receive(struct users_loop *l, struct turn *t, int64_t now)
{
	unsigned char bytes[POST_MAX];
	struct item_status s;
	struct msg m;
	size_t n;
	int rank;

	while (transport_receive(l->transport, &rank, &m)) {
		t->events++;
		if (l->coordinator)
			coordinator_feed(l->coordinator, rank, &m, now);
		else
			asker_feed(l->asker, &m, now);
	}
	for (int i = 0; i < PARCELS && (n = post_receive(l->post, &rank, bytes)); i++) {
		t->events++;
		if (bytes[0] != PARCEL_STATUS || n != 1 + sizeof s) {
			asker_parcel(l->asker, rank, bytes, n);
			continue;
		}
		memcpy(&s, bytes + 1, sizeof s);
		take_status(t, &s);
	}
}

static int report(struct users_loop *l, struct turn *t, int64_t now)
{
	struct msg m;

	while (asker_next(l->asker, now, &m)) {
		t->events++;
		if (to_coordinator(l, &m, now))
			return -1;
	}
	return 0;
}

static int direct(struct users_loop *l, struct turn *t, int64_t now)
{
	struct msg m;
	int rank;

	if (!l->coordinator)
		return 0;
	if (!coordinator_look(l->coordinator)->stopping && wave(l, t, now))
		return -1;
	if (coordinator_turn(l->coordinator, now))
		return -1;
	while (coordinator_next(l->coordinator, &rank, &m)) {
		t->events++;
		if (rank == 0)
			asker_feed(l->asker, &m, now);
		else if (transport_send(l->transport, rank, &m))
			return -1;
	}
	return 0;
}

/* This rank has failed, or was told to stop: the coordinator stops the others. */
static int tell_trouble(struct users_loop *l, struct turn *t, int code, const struct err *e, int64_t now)
{
	struct msg m;

	return watch_trouble(&t->watch, code, e, &m) ? to_coordinator(l, &m, now) : 0;
}

static int check_stop(struct users_loop *l, struct turn *t, int64_t now, struct err *e)
{
	if (l->coordinator && l->max_time_ms > 0 && now - l->start_ms >= l->max_time_ms)
		coordinator_stop(l->coordinator, MSG_ASKED);
	if (!l->is_stopped() || t->watch.told_trouble)
		return 0;
	if (tell_trouble(l, t, E_STOPPED, e, now))
		return -1;
	/* Sealed at once: after a signal there may be little time. */
	if (!t->rc)
		t->rc = asker_stop(l->asker, now, e);
	return 0;
}

/* --- the loop --- */

static void show(struct users_loop *l, struct turn *t, int64_t now)
{
	const struct coordinator_state *s = coordinator_look(l->coordinator);

	struct users_progress p = { .accounts = s->rows,
				    .before = t->accounts_before,
				    .lists = t->now.nanswers == l->nranks ? t->now.lists : t->before.lists,
				    .requests = s->requests,
				    .limit = l->limit,
				    .window_ms = l->budget->window_ms,
				    .elapsed_ms = now - t->began_ms,
				    .paused_ms = budget_closed(l->budget, now),
				    .quiet_ms = s->quiet_ms };

	if (s->requests == 0)
		t->accounts_before = p.before = p.accounts;
	for (int i = 0; i < l->nbudgets; i++) {
		p.tokens += budget_left(l->budget + i);
		p.quota += l->budget[i].quota;
	}
	monitor_users(l->monitor, &p, now);
}

static void sleep_a_little(struct users_loop *l, struct turn *t, int64_t now)
{
	int64_t cap = l->nranks == 1 && !fetch_flying(l->fetch) ? SLEEP_MAX_MS : SLEEP_BUSY_MS;
	int64_t due = asker_due(l->asker, now);

	if (l->coordinator && coordinator_due(l->coordinator, now) < due)
		due = coordinator_due(l->coordinator, now);
	fetch_poll(l->fetch, t->events ? 0 : (int)(due < cap ? due : cap));
}

static int is_over(struct users_loop *l)
{
	if (!asker_is_over(l->asker) || transport_pending(l->transport) > 0)
		return 0;
	return !l->coordinator || coordinator_is_over(l->coordinator);
}

int users_loop_run(struct users_loop *l, struct err *e)
{
	struct turn t = { .began_ms = clock_ms() };

	for (;;) {
		int64_t now = clock_ms();
		int rc;

		t.events = 0;
		receive(l, &t, now);
		if (check_stop(l, &t, now, e))
			watch_mute(l->transport);
		rc = asker_turn(l->asker, now, e);
		if (rc && !t.rc)
			t.rc = rc;
		if (t.rc && tell_trouble(l, &t, t.rc, e, now))
			watch_mute(l->transport);
		if (report(l, &t, now) || direct(l, &t, now))
			watch_mute(l->transport);
		if (l->coordinator)
			watch_quiet(&t.watch, coordinator_look(l->coordinator)), show(l, &t, now);
		if (is_over(l))
			break;
		if (l->coordinator)
			watch_lost(&t.watch, l->coordinator, l->transport, asker_is_over(l->asker), now);
		sleep_a_little(l, &t, now);
	}
	if (l->coordinator)
		log_live("");
	return t.rc;
}
