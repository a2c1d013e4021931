// SPDX-License-Identifier: Apache-2.0
#include "crawler/users_loop.h"

#include <string.h>

/* Messages do not wake curl's sleep, so it is short while some are expected. */
#define SLEEP_BUSY_MS 1
#define SLEEP_MAX_MS  20
/* Between two waves, while rank 0 has nothing to ask and otherwise. */
#define WAVE_IDLE_MS 2
#define WAVE_BUSY_MS 50

/* Parcels of a turn: the pages of this rank are not to wait for those of others. */
#define PARCELS 64

/* --- waves: rank 0 --- */

static void take_status(struct users_loop *l, const struct item_status *s)
{
	if (s->wave != l->now.number)
		return;
	l->now.nanswers++;
	l->now.nidle += s->idle != 0;
	l->now.sent += s->sent;
	l->now.received += s->received;
	l->now.lists += s->lists;
	l->now.refused += s->refused;
	l->now.accounts += s->accounts;
	l->now.best = s->best > l->now.best ? s->best : l->now.best;
}

static int begin_wave(struct users_loop *l, int64_t now)
{
	struct item_wave w = { .number = l->now.number + 1, .best = l->now.best };
	unsigned char bytes[1 + sizeof w] = { PARCEL_WAVE };
	struct item_status own;
	int rc = 0;

	l->before = l->now;
	l->now = (struct wave){ .number = w.number, .best = -1 };
	l->wave_ms = now;
	memcpy(bytes + 1, &w, sizeof w);
	for (int r = 1; r < l->loop.nranks && !rc; r++)
		rc = post_send(l->post, r, bytes, sizeof bytes);
	asker_hold(l->loop.work, w.best);
	asker_status(l->loop.work, &own);
	own.wave = w.number;
	take_status(l, &own);
	return rc;
}

static int is_quiet(const struct users_loop *l)
{
	return l->now.nanswers == l->loop.nranks && l->now.nidle == l->loop.nranks &&
	       l->before.nidle == l->loop.nranks && l->before.received == l->now.sent;
}

static int wave(struct users_loop *l, int64_t now)
{
	struct item_status own;
	int64_t pause = WAVE_BUSY_MS;

	if (l->now.number > 0 && l->now.nanswers < l->loop.nranks)
		return 0;
	if (is_quiet(l)) {
		coordinator_stop(l->loop.coordinator, MSG_DONE);
		return 0;
	}
	asker_status(l->loop.work, &own);
	if (own.idle)
		pause = WAVE_IDLE_MS;
	return now - l->wave_ms < pause ? 0 : begin_wave(l, now);
}

/* --- the member of the loop --- */

LOOP_CALLS(asker)

static int receive(struct loop *of)
{
	struct users_loop *l = (struct users_loop *)of;
	unsigned char bytes[POST_MAX];
	struct item_status s;
	int rank, i = 0;
	size_t n;

	for (; i < PARCELS && (n = post_receive(l->post, &rank, bytes)); i++) {
		if (bytes[0] != PARCEL_STATUS || n != 1 + sizeof s) {
			asker_parcel(of->work, rank, bytes, n);
			continue;
		}
		memcpy(&s, bytes + 1, sizeof s);
		take_status(l, &s);
	}
	return i;
}

static int direct(struct loop *of, int64_t now)
{
	return wave((struct users_loop *)of, now);
}

static void show(struct loop *of, int64_t now)
{
	struct users_loop *l = (struct users_loop *)of;
	const struct coordinator_state *s = coordinator_look(of->coordinator);
	struct users_progress p = { .accounts = s->rows,
				    .before = l->accounts_before,
				    .lists = (l->now.nanswers == of->nranks ? &l->now : &l->before)->lists,
				    .refused = (l->now.nanswers == of->nranks ? &l->now : &l->before)->refused,
				    .requests = s->requests,
				    .limit = l->limit,
				    .window_ms = of->budget->window_ms,
				    .elapsed_ms = now - l->began_ms,
				    .paused_ms = budget_closed(of->budget, now),
				    .quiet_ms = s->quiet_ms };

	if (s->requests == 0)
		l->accounts_before = p.before = p.accounts;
	loop_budgets(of, &p.tokens, &p.quota);
	monitor_users(of->monitor, &p, now);
}

static int64_t sleep_ms(struct loop *l, int any)
{
	return any ? 0 : l->nranks == 1 && !fetch_flying(l->fetch) ? SLEEP_MAX_MS : SLEEP_BUSY_MS;
}

int users_loop_run(struct users_loop *l, struct asker *a, struct err *e)
{
	static const struct loop_member member = { .feed = feed,
						   .next = next,
						   .turn = turn,
						   .stop = stop,
						   .due = due,
						   .is_over = is_over,
						   .receive = receive,
						   .direct = direct,
						   .show = show,
						   .sleep_ms = sleep_ms };

	l->loop.member = &member;
	l->loop.work = a;
	l->began_ms = clock_ms();
	return loop_run(&l->loop, e);
}
