// SPDX-License-Identifier: Apache-2.0
/* The coordinator against ranks that are played: messages arrive late, pages take their time, the server counts. No
 * network, no MPI. */
#include "crawler/coordinator.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crawler/curve.h"
#include "crawler/retry.h"
#include "crawler/walk.h"
#include "io/cover.h"
#include "tests/tap.h"

#define NSLOTS 8
#define NHOSTS 2    /* addresses at most, each with a quota of its own */
#define RING   4096 /* ms that an event may lie ahead */

struct rank {
	struct walk walk[NSLOTS];
	struct msg_report sums;
	int64_t received;
	struct msg_seen seen[64];
	int nseen, dirty, stopped;
	int64_t last_to, last_from; /* messages between two ranks stay in order */
};

enum event_type { EV_TO_WORKER, EV_TO_COORDINATOR, EV_PAGE };

struct event {
	struct event *next;
	enum event_type type;
	int rank, slot;
	int64_t sent, arrives;
	struct msg m;
};

struct world {
	int nranks;
	int64_t now, latency_lo, latency_hi;
	int max_delay;
	double fail; /* share of requests without a page */
	uint64_t random;
	struct oid *row; /* sorted */
	int64_t nrows;
	int nhosts; /* 0: one address */
	int64_t q, w_ms, window[NHOSTS], used[NHOSTS], most[NHOSTS], refused;
	int64_t shift[NHOSTS]; /* of its windows */
	struct rank *rank;
	struct coordinator *c;
	struct budget budget[NHOSTS];
	struct event *head[RING], **tail[RING], *spare;
	struct cover done;
	uint64_t done_length;
	int64_t rows, requests, messages;
	int64_t last_page_ms;
	double coordinator_s;
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
static int host(const struct world *x, int rank)
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
		x->requests++;
		e = post(x, x->now + latency, EV_PAGE, k);
		e->slot = i;
		e->sent = x->now;
		e->arrives = x->now + latency / 2;
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

static void page_arrives(struct world *x, const struct event *e)
{
	struct rank *r = x->rank + e->rank;
	struct walk *w = r->walk + e->slot;
	struct msg_seen *s = r->seen + r->nseen++;
	enum hub_next next;
	struct page_result res;
	struct shard_piece piece;
	int limited;

	*s = (struct msg_seen){ .sent_age_ms = e->sent, .received_age_ms = x->now, .retry_after_ms = -1 };
	s->quota = count_request(x, host(x, e->rank), e->arrives, &limited);
	s->limited = limited;
	r->dirty = 1;
	if (limited) {
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

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void direct(struct world *x)
{
	struct msg m;
	int rank;

	coordinator_turn(x->c, x->now);
	while (coordinator_next(x->c, &rank, &m))
		post_message(x, 1, rank, &m);
}

static void step(struct world *x)
{
	struct event *e = x->head[x->now % RING];
	double began;

	x->head[x->now % RING] = NULL;
	x->tail[x->now % RING] = &x->head[x->now % RING];
	while (e) {
		struct event *next = e->next;

		if (e->type == EV_TO_COORDINATOR) {
			began = cpu_s();
			coordinator_feed(x->c, e->rank, &e->m, x->now);
			x->coordinator_s += cpu_s() - began;
		} else {
			if (e->type == EV_PAGE)
				page_arrives(x, e);
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
	began = cpu_s();
	direct(x);
	x->coordinator_s += cpu_s() - began;
}

static void populate(struct world *x, int64_t n, int lump)
{
	struct oid hi;

	oid_parse(&hi, "6a0e3141f27e4e44e999a28a", 24);
	x->nrows = n;
	x->row = malloc((size_t)n * sizeof *x->row);
	for (int64_t i = 0; i < n; i++) {
		double f = (double)(i + 1) / (double)(n + 1);

		if (lump) /* everything within one second, where the curve expects hardly anything */
			x->row[i] = oid_from_place((uint64_t)1700000000 << 32 | (uint64_t)(f * 4294967295.0));
		else
			x->row[i] = curve_place(KIND_MODELS, f * curve_rows(KIND_MODELS, hi));
	}
}

static int run(struct world *x, int total_known)
{
	struct coordinator_setup s = { .nranks = x->nranks, .nslots = NSLOTS, .rounds = 1000 };
	struct budget_setup b = { 0 };
	struct window whole = { KIND_MODELS, HUB_ASC, { OID_MIN, oid_prev(oid_at(0x6a0e3142)) } };

	int *of = malloc((size_t)x->nranks * sizeof *of), covered;

	for (int i = 0; i < RING; i++)
		x->tail[i] = &x->head[i];
	for (int r = 0; r < x->nranks; r++)
		of[r] = host(x, r);
	x->rank = calloc((size_t)x->nranks, sizeof *x->rank);
	s.scale[KIND_MODELS] = total_known ? (double)x->nrows / curve_rows(KIND_MODELS, whole.left.hi) : 1;
	s.scale_known[KIND_MODELS] = total_known;
	budget_init(x->budget, &b, 0);
	if (x->nhosts > 1) {
		/* As the probe leaves them. */
		x->budget->quota = x->q;
		x->budget->window_ms = x->w_ms;
		budget_init_like(x->budget + 1, x->budget, 0);
		s.nhosts = x->nhosts;
		s.host = of;
	}
	x->c = coordinator_create(&s, x->budget, 0);
	coordinator_add(x->c, &whole, 0, NULL);
	for (x->now = 0; x->now < 2000000 && !coordinator_is_over(x->c); x->now++)
		step(x);
	free(of);
	covered = x->done.n == 1 && cover_has(&x->done, whole.left) && x->done_length == span_length(whole.left) &&
		  x->rows == x->nrows;
	return covered;
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

static void scenario(const char *name, struct world x, int64_t rows, int lump, int total_known, double most_requests,
		     double most_ms)
{
	int64_t pages = (rows + HUB_PAGE_ROWS - 1) / HUB_PAGE_ROWS;
	const struct coordinator_state *s;

	x.random = 7;
	populate(&x, rows, lump);
	ok(run(&x, total_known), "%s: every row once, the axis covered exactly once", name);
	s = coordinator_look(x.c);
	ok(s->requests == x.requests && s->rows == x.rows && x.budget[0].pending + x.budget[1].pending == 0,
	   "%s: every request and every token accounted for", name);
	ok(x.refused == 0, "%s: %lld replies 429", name, (long long)x.refused);
	ok((double)x.requests <= most_requests * (double)pages, "%s: %lld requests for %lld pages", name,
	   (long long)x.requests, (long long)pages);
	ok((double)x.last_page_ms <= most_ms, "%s: %.1f s", name, (double)x.last_page_ms / 1000);
	if (x.nhosts > 1)
		ok(x.most[0] > x.q / 2 && x.most[1] > x.q / 2, "%s: the most in a window was %lld and %lld of %lld",
		   name, (long long)x.most[0], (long long)x.most[1], (long long)x.q);
	diag("%s: %lld messages, %lld cuts, %.2f us of CPU per message, %.4f s in all for %.1f s of crawl", name,
	     (long long)x.messages, (long long)s->cuts, x.coordinator_s * 1e6 / (double)x.messages, x.coordinator_s,
	     (double)x.now / 1000);
	end(&x);
}

int main(void)
{
	struct world plain = {
		.nranks = 4, .latency_lo = 240, .latency_hi = 260, .max_delay = 5, .q = 100000, .w_ms = 300000
	};
	struct world x = plain;

	scenario("latency-bound, 32 in flight", x, 400000, 0, 1, 1.15, 5000);
	x = plain, x.nranks = 1;
	scenario("one rank", x, 100000, 0, 1, 1.15, 6000);
	x = plain, x.fail = 0.1;
	scenario("every tenth request fails", x, 200000, 0, 1, 1.5, 6000);
	x = plain;
	scenario("all rows in one second, total unknown", x, 100000, 1, 0, 1.6, 20000);
	x = plain, x.max_delay = 100, x.latency_lo = 50, x.latency_hi = 1500;
	scenario("slow messages, uneven pages", x, 300000, 0, 1, 1.2, 15000);
	x = plain, x.q = 100, x.w_ms = 3000;
	scenario("quota-bound", x, 1000000, 0, 1, 1.03, 32000);
	x = plain, x.q = 100, x.w_ms = 3000, x.nhosts = 2, x.shift[1] = 1300;
	scenario("two addresses, a quota each", x, 1000000, 0, 1, 1.03, 18500);
	x = plain, x.q = 100, x.w_ms = 3000, x.nhosts = 2, x.nranks = 3, x.max_delay = 50;
	scenario("two machines, three ranks", x, 500000, 0, 1, 1.05, 13000);
	x = plain, x.nranks = 1024, x.q = 1000, x.w_ms = 30000;
	scenario("1,024 ranks, quota-bound", x, 3000000, 0, 1, 1.02, 95000);
	x = plain, x.nranks = 1024;
	scenario("1,024 ranks, the largest quota sold", x, 3000000, 0, 1, 2.5, 5000);
	return plan_done();
}
