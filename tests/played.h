// SPDX-License-Identifier: Apache-2.0
/* A crawl that is played, for tests and measurements of the coordinator: ranks, messages that arrive late, pages that
 * take their time, and a Hub that counts. The walks are the real ones. No network, no MPI, the clock is simulated. */
#ifndef TESTS_PLAYED_H
#define TESTS_PLAYED_H

#include "crawler/coordinator.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crawler/curve.h"
#include "crawler/retry.h"
#include "crawler/walk.h"
#include "io/cover.h"

#define NSLOTS 32
#define RING   4096       /* ms that an event may lie ahead */
#define NHOSTS 2          /* addresses at most, each with a quota of its own */
#define END_S  1795305600 /* 2026-11-22 */

struct world;

struct rank {
	struct walk walk[NSLOTS];
	struct msg_report sums;
	int64_t received;
	struct msg_seen seen[4 * NSLOTS];
	int nseen, dirty, stopped;
	int64_t last_to, last_from; /* messages between two ranks stay in order */
};

enum event_type { EV_TO_WORKER, EV_TO_COORDINATOR, EV_ARRIVAL, EV_PAGE };

struct event {
	struct event *next;
	enum event_type type;
	int rank, slot;
	int64_t sent, returns;
	struct hub_quota quota;
	int limited;
	struct msg m;
};

struct world {
	int nranks, nslots; /* nslots: NSLOTS at most */
	int64_t latency_lo, latency_hi;
	int64_t now;
	int max_delay;
	double fail; /* share of requests without a page */
	uint64_t random;
	struct oid *row; /* sorted */
	int64_t nrows;
	int64_t q, w_ms;
	int nhosts;            /* 0: one address */
	int64_t shift[NHOSTS]; /* of its quota windows */
	int64_t window[NHOSTS], used[NHOSTS], most[NHOSTS], refused;
	struct rank *rank;
	struct coordinator *c;
	void (*watch)(struct world *x); /* every ms, or NULL */
	/* What the coordinator is told, or NULL. */
	void (*record)(struct world *x, int rank, const struct msg *m);
	struct budget budget[NHOSTS];
	struct event *head[RING], **tail[RING], *spare;
	struct cover done;
	uint64_t done_length;
	int64_t rows, requests, messages;
	/* Turns that did nothing and after which another was due at once; and by how much one was due too late that,
	 * with nothing come, handed out a window. */
	int64_t awake, late, due;
	int64_t last_page_ms;
	int64_t asked_ms; /* when as many requests had been sent as all rows need */
};

static double draw(struct world *x)
{
	return (double)(retry_random(&x->random) >> 11) / 9007199254740992.0;
}

static struct event *post(struct world *x, int64_t at, enum event_type type, int rank)
{
	struct event *e = x->spare;

	if (e)
		x->spare = e->next;
	else
		e = malloc(sizeof *e);
	e->next = NULL;
	e->type = type;
	e->rank = rank;
	*x->tail[at % RING] = e;
	x->tail[at % RING] = &e->next;
	return e;
}

static void post_message(struct world *x, int to_worker, int rank, const struct msg *m)
{
	int64_t at = x->now + 1 + (int64_t)(draw(x) * x->max_delay),
		*last = to_worker ? &x->rank[rank].last_to : &x->rank[rank].last_from;

	if (at < *last)
		at = *last;
	*last = at;
	memcpy(&post(x, at, to_worker ? EV_TO_WORKER : EV_TO_COORDINATOR, rank)->m, m, msg_size(m));
	x->messages++;
}

/* --- the Hub --- */

static int64_t first_above(const struct world *x, struct oid at)
{
	int64_t lo = 0, hi = x->nrows;

	while (lo < hi) {
		int64_t mid = (lo + hi) / 2;

		if (oid_cmp(x->row[mid], at) > 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* What page.c would say about the page behind the walk's cursor. */
static struct page_result serve(const struct world *x, const struct walk *w, enum hub_next *next)
{
	struct page_result r = { .verdict = PAGE_TAKEN };
	int64_t i = first_above(x, w->window.left.lo),
		end = i + HUB_PAGE_ROWS < x->nrows ? i + HUB_PAGE_ROWS : x->nrows;

	*next = end < x->nrows ? HUB_NEXT_OK : HUB_NEXT_NONE;
	for (; i < end; i++) {
		r.nrecords++;
		r.has_any = 1;
		if (window_is_beyond(&w->window, x->row[i])) {
			r.is_beyond = 1;
			r.outside++;
			continue;
		}
		r.rows++;
		r.has_last = 1;
		r.last = x->row[i];
	}
	return r;
}

/* Odd ranks are on the second machine, if there is one. */
static int host_at(const struct world *x, int rank)
{
	return x->nhosts > 1 ? rank % x->nhosts : 0;
}

static struct hub_quota count_request(struct world *x, int h, int64_t at, int *limited)
{
	struct hub_quota q = { -1, -1, x->q, x->w_ms / 1000 };

	at += x->shift[h];
	if (at / x->w_ms != x->window[h]) {
		x->window[h] = at / x->w_ms;
		x->used[h] = 0;
	}
	*limited = x->used[h] >= x->q;
	x->refused += *limited;
	x->used[h] += !*limited;
	x->most[h] = x->used[h] > x->most[h] ? x->used[h] : x->most[h];
	q.left = x->q - x->used[h];
	q.reset_s = ((x->window[h] + 1) * x->w_ms - at + 999) / 1000;
	return q;
}

/* --- a rank --- */

static int in_state(const struct rank *r, enum walk_state s)
{
	int n = 0;

	for (int i = 0; i < NSLOTS; i++)
		n += r->walk[i].state == s;
	return n;
}

static void ready(struct rank *r, struct walk *w)
{
	r->dirty = 1;
	w->state = window_is_done(&w->window) ? WALK_OVER : WALK_READY;
	r->sums.asked += w->state == WALK_READY;
}

static void send_ready(struct world *x, int k)
{
	struct rank *r = x->rank + k;
	int64_t surplus;

	for (int i = 0; i < NSLOTS && r->received - r->sums.spent - r->sums.returned > 0; i++) {
		struct event *e;
		int64_t latency = x->latency_lo + (int64_t)(draw(x) * (double)(x->latency_hi - x->latency_lo));

		if (r->walk[i].state != WALK_READY)
			continue;
		r->walk[i].state = WALK_FLYING;
		r->walk[i].limit = HUB_PAGE_ROWS;
		r->sums.spent++;
		r->dirty = 1;
		if (++x->requests == (x->nrows + HUB_PAGE_ROWS - 1) / HUB_PAGE_ROWS)
			x->asked_ms = x->now;
		e = post(x, x->now + 10 + latency / 20, EV_ARRIVAL, k);
		e->slot = i;
		e->sent = x->now;
		e->returns = x->now + latency;
	}
	surplus = r->received - r->sums.spent - r->sums.returned - in_state(r, WALK_READY) - in_state(r, WALK_FLYING);
	if (surplus > 0) {
		r->sums.returned += surplus;
		r->dirty = 1;
	}
	r->sums.soon = in_state(r, WALK_FLYING);
}

static void report(struct world *x, int k)
{
	struct rank *r = x->rank + k;
	struct msg m = { .type = MSG_REPORT };

	while (r->dirty) {
		m.u.report = r->sums;
		m.u.report.nprogress = m.u.report.nseen = 0;
		for (int i = 0; i < NSLOTS && m.u.report.nprogress < MSG_NPROGRESS; i++) {
			struct walk *w = r->walk + i;

			if (w->state == WALK_FREE || !(w->changed || w->state == WALK_OVER))
				continue;
			walk_progress(w, m.u.report.progress + m.u.report.nprogress++);
			w->changed = 0;
			if (w->state == WALK_OVER)
				w->state = WALK_FREE;
		}
		while (r->nseen > 0 && m.u.report.nseen < MSG_NSEEN) {
			struct msg_seen *s = m.u.report.seen + m.u.report.nseen++;

			*s = r->seen[--r->nseen];
			s->sent_age_ms = x->now - s->sent_age_ms;
			s->received_age_ms = x->now - s->received_age_ms;
		}
		r->dirty = r->nseen > 0;
		post_message(x, 0, k, &m);
	}
}

/* The Hub counts it, and works on it. */
static void request_arrives(struct world *x, const struct event *e)
{
	struct event *page = post(x, e->returns, EV_PAGE, e->rank);

	page->slot = e->slot;
	page->sent = e->sent;
	page->quota = count_request(x, host_at(x, e->rank), x->now, &page->limited);
}

static void page_returns(struct world *x, const struct event *e)
{
	struct rank *r = x->rank + e->rank;
	struct walk *w = r->walk + e->slot;
	struct msg_seen *s = r->seen + r->nseen++;
	enum hub_next next;
	struct page_result res;
	struct shard_piece piece;

	*s = (struct msg_seen){ .sent_age_ms = e->sent, .received_age_ms = x->now, .retry_after_ms = -1 };
	s->quota = e->quota;
	s->limited = e->limited;
	r->dirty = 1;
	if (e->limited) {
		ready(r, w);
		return;
	}
	if (draw(x) < x->fail) {
		if (!walk_fail(w, 2, 0, 0))
			ready(r, w);
		return;
	}
	s->good = 1;
	res = serve(x, w, &next);
	r->sums.rows += res.rows;
	x->rows += res.rows;
	x->last_page_ms = x->now;
	if (walk_take(w, &res, next, "", 0, &piece) == WALK_WENT_ON)
		ready(r, w);
	cover_add(&x->done, piece.span);
	x->done_length += span_length(piece.span);
}

static void to_worker(struct world *x, int k, const struct msg *m)
{
	struct rank *r = x->rank + k;
	struct msg bye = { .type = MSG_BYE };
	int i = 0;

	switch (m->type) {
	case MSG_WINDOW:
		while (r->walk[i].state != WALK_FREE)
			i++;
		walk_begin(r->walk + i, &m->u.window);
		ready(r, r->walk + i);
		break;
	case MSG_SHRINK:
		for (i = 0; i < NSLOTS; i++) {
			struct walk *w = r->walk + i;

			if (w->state == WALK_FREE || w->state == WALK_OVER || w->id != m->u.shrink.window)
				continue;
			walk_shrink(w, &m->u.shrink);
			if (w->state == WALK_READY && window_is_done(&w->window))
				w->state = WALK_OVER, r->sums.asked--;
			r->dirty = 1;
		}
		break;
	case MSG_TOKENS:
		r->received += m->u.tokens.n;
		break;
	case MSG_STOP:
		r->stopped = 1;
		post_message(x, 0, k, &bye);
		return;
	default:
		break;
	}
}

/* --- the run --- */

static void direct(struct world *x)
{
	struct msg m;
	int rank, any = 0;

	coordinator_turn(x->c, x->now);
	for (; coordinator_next(x->c, &rank, &m); any = 1) {
		post_message(x, 1, rank, &m);
		if (m.type == MSG_WINDOW && x->due - x->now > x->late)
			x->late = x->due - x->now;
	}
	x->due = x->now + coordinator_due(x->c, x->now);
	x->awake += !any && x->due == x->now;
}

static void step(struct world *x)
{
	struct event *e = x->head[x->now % RING];

	x->head[x->now % RING] = NULL;
	x->tail[x->now % RING] = &x->head[x->now % RING];
	while (e) {
		struct event *next = e->next;

		if (e->type == EV_TO_COORDINATOR) {
			if (x->record)
				x->record(x, e->rank, &e->m);
			coordinator_feed(x->c, e->rank, &e->m, x->now);
			x->due = x->now;
		} else if (e->type == EV_ARRIVAL) {
			request_arrives(x, e);
		} else {
			if (e->type == EV_PAGE)
				page_returns(x, e);
			else
				to_worker(x, e->rank, &e->m);
			if (!x->rank[e->rank].stopped) {
				send_ready(x, e->rank);
				report(x, e->rank);
			}
		}
		e->next = x->spare;
		x->spare = e;
		e = next;
	}
	direct(x);
}

/* How the rows lie on the axis. */
enum growth {
	GROWTH_CURVE, /* as the growth curve expects */
	GROWTH_OTHER, /* as in the stand-in: up to a fifth off in a year */
	GROWTH_DAILY, /* the same, and at noon four times as densely as at night */
	GROWTH_LUMP   /* everything within one second, where the curve expects hardly anything */
};

/* The stand-in's models: cumulative shares at midnights. */
static double other_time(double f)
{
	static const struct {
		double at, share;
	} p[] = { { 1646265600, 0.020 }, { 1672531200, 0.042 }, { 1704067200, 0.140 }, { 1735689600, 0.327 },
		  { 1767225600, 0.685 }, { 1786924800, 0.897 }, { 1795305600, 1.0 } };
	int i = 1;

	if (f <= p[0].share)
		return 1646263744 + 20 * f / p[0].share;
	while (i < 6 && f > p[i].share)
		i++;
	return p[i - 1].at + (p[i].at - p[i - 1].at) * log(f / p[i - 1].share) / log(p[i].share / p[i - 1].share);
}

static struct oid place_of(double f, enum growth g)
{
	const double day = 86400 / 6.283185307179586;
	double at;

	if (g == GROWTH_CURVE) {
		struct oid hi = oid_at(END_S);

		return curve_place(KIND_MODELS, f * curve_rows(KIND_MODELS, hi));
	}
	if (g == GROWTH_LUMP)
		return oid_from_place((uint64_t)1700000000 << 32 | (uint64_t)(f * 4294967295.0));
	at = other_time(f);
	if (g == GROWTH_DAILY)
		at -= 0.6 * day * sin(at / day);
	return oid_from_place((uint64_t)(at * 4294967296.0));
}

static int by_place(const void *a, const void *b)
{
	return oid_cmp(*(const struct oid *)a, *(const struct oid *)b);
}

static void populate(struct world *x, int64_t n, enum growth g)
{
	x->nrows = n;
	x->row = malloc((size_t)n * sizeof *x->row);
	for (int64_t i = 0; i < n; i++)
		x->row[i] = place_of((double)(i + 1) / (double)(n + 1), g);
	/* Doubles are coarser than ids: no two may be the same. */
	qsort(x->row, (size_t)n, sizeof *x->row, by_place);
	for (int64_t i = 1; i < n; i++)
		if (oid_cmp(x->row[i - 1], x->row[i]) >= 0)
			x->row[i] = oid_next(x->row[i - 1]);
}

/* The probe's request, as far as the budgets are concerned. */
static void probe(struct world *x)
{
	struct budget_seen s = { .retry_after_ms = -1 };

	budget_take(x->budget, 0, 1, 1);
	s.quota = count_request(x, 0, x->latency_lo / 2, &s.limited);
	s.received_ms = x->now = x->latency_lo;
	budget_reply(x->budget, x->now, &s);
	for (int h = 1; h < x->nhosts; h++)
		budget_init_like(x->budget + h, x->budget, x->now);
}

/* All of it: up to a day after the last row. */
static struct span axis(void)
{
	return (struct span){ OID_MIN, oid_prev(oid_at(END_S + 86400)) };
}

/* The coordinator and its budgets, before anything is crawled. */
static void begin(struct world *x, int total_known)
{
	struct coordinator_setup s = { .nranks = x->nranks, .nslots = x->nslots, .rounds = 1000 };
	struct budget_setup b = { 0 };
	int *of = malloc((size_t)x->nranks * sizeof *of);

	for (int r = 0; r < x->nranks; r++)
		of[r] = host_at(x, r);
	if (x->nhosts > 1) {
		s.nhosts = x->nhosts;
		s.host = of;
	}
	s.scale[KIND_MODELS] = total_known ? (double)x->nrows / curve_rows(KIND_MODELS, oid_at(END_S)) : 1;
	s.scale_known[KIND_MODELS] = total_known;
	budget_init(x->budget, &b, 0);
	probe(x);
	x->c = coordinator_create(&s, x->budget, x->now);
	coordinator_add(x->c, &(struct window){ KIND_MODELS, HUB_ASC, axis() }, 0, NULL);
	free(of);
}

/* Crawl it. Returns whether every row was seen once and the axis covered exactly once. */
static int run(struct world *x, int total_known)
{
	for (int i = 0; i < RING; i++)
		x->tail[i] = &x->head[i];
	x->rank = calloc((size_t)x->nranks, sizeof *x->rank);
	begin(x, total_known);
	for (; x->now < 2000000 && !coordinator_is_over(x->c); x->now++) {
		step(x);
		if (x->watch)
			x->watch(x);
	}
	return x->done.n == 1 && cover_has(&x->done, axis()) && x->done_length == span_length(axis()) &&
	       x->rows == x->nrows;
}

static void end(struct world *x)
{
	coordinator_free(x->c);
	cover_release(&x->done);
	free(x->rank);
	free(x->row);
	for (int i = 0; i < RING; i++)
		while (x->head[i]) {
			struct event *e = x->head[i];

			x->head[i] = e->next;
			free(e);
		}
	while (x->spare) {
		struct event *e = x->spare;

		x->spare = e->next;
		free(e);
	}
}

#endif
