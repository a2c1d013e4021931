// SPDX-License-Identifier: Apache-2.0
#include "crawler/loop.h"

#include <string.h>

#include "io/log.h"

/* To the coordinator, wherever it is. */
static int to_coordinator(struct loop *l, const struct msg *m, int64_t now)
{
	if (!l->coordinator)
		return transport_send(l->transport, 0, m);
	coordinator_feed(l->coordinator, 0, m, now);
	return 0;
}

static int receive(struct loop *l, int64_t now)
{
	struct msg m;
	int rank, n = 0;

	for (; transport_receive(l->transport, &rank, &m); n++)
		if (l->coordinator)
			coordinator_feed(l->coordinator, rank, &m, now);
		else
			l->member->feed(l->work, &m, now);
	return l->member->receive ? n + l->member->receive(l) : n;
}

/* Of what a message does not use nothing that lay in memory before goes to another rank. */
static struct msg *blank(struct msg *m)
{
	return memset(m, 0, sizeof *m);
}

/* Both: how many messages; -1 no memory. */
static int report(struct loop *l, int64_t now)
{
	struct msg m;
	int n = 0;

	for (; l->member->next(l->work, now, blank(&m)); n++)
		if (to_coordinator(l, &m, now))
			return -1;
	return n;
}

static int direct(struct loop *l, int64_t now)
{
	struct msg m;
	int rank, n = 0;

	if (!l->coordinator)
		return 0;
	if (l->member->direct && !coordinator_look(l->coordinator)->stopping && l->member->direct(l, now))
		return -1;
	if (coordinator_turn(l->coordinator, now))
		return -1;
	for (; coordinator_next(l->coordinator, &rank, blank(&m)); n++)
		if (rank == 0)
			l->member->feed(l->work, &m, now);
		else if (transport_send(l->transport, rank, &m))
			return -1;
	return n;
}

/* This rank has failed, or was told to stop: the coordinator stops the others. */
static int tell_trouble(struct loop *l, int code, const struct err *e, int64_t now)
{
	struct msg m;

	return watch_trouble(&l->watch, code, e, blank(&m)) ? to_coordinator(l, &m, now) : 0;
}

static int check_stop(struct loop *l, int *rc, int64_t now, struct err *e)
{
	if (l->coordinator && l->max_time_ms > 0 && now - l->start_ms >= l->max_time_ms)
		coordinator_stop(l->coordinator, MSG_ASKED);
	if (!l->is_stopped() || l->watch.told_trouble)
		return 0;
	if (tell_trouble(l, E_STOPPED, e, now))
		return -1;
	/* Sealed at once: after a signal there may be little time. */
	if (!*rc)
		*rc = l->member->stop(l->work, now, e);
	return 0;
}

static void head_turn(struct loop *l, int64_t now)
{
	const struct coordinator_state *s = coordinator_look(l->coordinator);

	if (!s->stopping)
		watch_quiet(&l->watch, s->quiet_ms);
	l->member->show(l, now);
}

static void sleep_a_little(struct loop *l, int any, int64_t now)
{
	int64_t most = l->member->sleep_ms(l, any), due = l->member->due(l->work, now);

	if (l->coordinator && coordinator_due(l->coordinator, now) < due)
		due = coordinator_due(l->coordinator, now);
	fetch_poll(l->fetch, (int)(due < most ? due : most));
}

static int is_over(struct loop *l)
{
	if (!l->member->is_over(l->work) || transport_pending(l->transport) > 0)
		return 0;
	return !l->coordinator || coordinator_is_over(l->coordinator);
}

int loop_run(struct loop *l, struct err *e)
{
	int first = E_OK; /* failure of this rank */

	for (;;) {
		int64_t now = clock_ms();
		int came = receive(l, now), told, directed, rc;

		if (check_stop(l, &first, now, e))
			watch_mute(l->transport);
		rc = l->member->turn(l->work, now, e);
		if (rc && !first)
			first = rc;
		if (first && tell_trouble(l, first, e, now))
			watch_mute(l->transport);
		if ((told = report(l, now)) < 0 || (directed = direct(l, now)) < 0)
			watch_mute(l->transport);
		if (l->coordinator)
			head_turn(l, now);
		if (is_over(l))
			break;
		if (l->coordinator)
			watch_lost(&l->watch, l->coordinator, l->transport, l->member->is_over(l->work), now);
		sleep_a_little(l, came + told + directed > 0, now);
	}
	if (l->coordinator)
		log_live("");
	return first;
}

void loop_budgets(const struct loop *l, int64_t *tokens, int64_t *quota)
{
	*tokens = *quota = 0;
	for (int i = 0; i < l->nbudgets; i++) {
		*tokens += budget_left(l->budget + i);
		*quota += l->budget[i].quota;
	}
}
