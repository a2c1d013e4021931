// SPDX-License-Identifier: Apache-2.0
#include "crawler/coordinator.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "crawler/host.h"
#include "crawler/outage.h"
#include "crawler/outbox.h"
#include "crawler/pool.h"

/* More windows than the pace of the quota needs, because pages do not come evenly. */
#define PACE_SPARE 1.1
/* By which share the requests still to be sent may be wrong. */
#define WORK_OFF 0.05
/* The pace grows as a quota window runs out: so often it is looked at while it leaves slots free. */
#define PACE_LOOK_MS 10

struct member {
	int held; /* windows */
	int64_t asked, granted, spent, returned, soon, rows, wait_ms;
	int64_t counter[NCOUNTERS], kind_rows[NKINDS];
	int is_hungry; /* in the queue */
	int bye;
};

struct coordinator {
	struct coordinator_setup setup;
	struct pool pool;
	struct member *member;
	struct hosts hosts;
	int nbye;
	struct outbox out;
	int no_memory;
	int64_t granted, returned;
	struct outage outage; /* no window is handed out while it rests; what is excused, the hosts know */
	struct window good;   /* the page at its beginning has come; empty: none has */
	uint64_t known;       /* the window that asks for it again, 0: none does */
	struct coordinator_state state;
};

static void emit_all(struct coordinator *c, const struct msg *m)
{
	for (int r = 0; r < c->setup.nranks; r++)
		outbox_put(&c->out, r, m);
}

void coordinator_stop(struct coordinator *c, enum msg_why why)
{
	struct msg m = { .type = MSG_STOP, .u.stop.why = (int32_t)why };

	if (c->state.stopping)
		return;
	c->state.stopping = 1;
	c->state.why = (int)why;
	emit_all(c, &m);
}

int coordinator_next(struct coordinator *c, int *rank, struct msg *m)
{
	return outbox_next(&c->out, rank, m);
}

/* --- windows --- */

struct coordinator *coordinator_create(const struct coordinator_setup *s, struct budget *budget, int64_t now)
{
	struct coordinator *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->setup = *s;
	outage_good(&c->outage, now);
	c->granted = s->requests;
	c->good = s->good;
	pool_init(&c->pool, s->scale, s->scale_known);
	c->member = calloc((size_t)s->nranks, sizeof *c->member);
	if (!hosts_init(&c->hosts, s->nranks, s->nslots, s->nhosts, s->host, budget) && c->member)
		return c;
	coordinator_free(c);
	return NULL;
}

void coordinator_free(struct coordinator *c)
{
	if (!c)
		return;
	pool_release(&c->pool);
	free(c->member);
	hosts_release(&c->hosts);
	outbox_release(&c->out);
	free(c);
}

int coordinator_add(struct coordinator *c, const struct window *w, int chain, const char *next)
{
	struct pool_item *it;

	if (window_is_done(w))
		return 0;
	it = pool_add(&c->pool, w);
	if (!it)
		return -1;
	it->chain = chain;
	return next ? pool_set_next(&c->pool, it->id, next) : 0;
}

/* Ask the holder of the largest for its far half. Returns 0 if there is none worth it. */
static int cut_held(struct coordinator *c, struct pool_terms *t)
{
	struct msg m = { .type = MSG_SHRINK };
	struct pool_item *it = pool_cut_held(&c->pool, t, &m.u.shrink.bound);

	if (!it)
		return 0;
	c->state.cuts++;
	m.u.shrink.window = it->id;
	m.u.shrink.shrinks = it->shrinks;
	outbox_put(&c->out, it->rank, &m);
	return 1;
}

/* The host's rank with a free slot that holds the fewest windows. */
static int idle_rank(struct coordinator *c, struct host *h)
{
	int best = -1, at = 0;

	for (int i = 0; i < h->nranks; i++) {
		int place = (h->next_rank + i) % h->nranks, r = h->rank[place];

		if (c->member[r].held < c->setup.nslots && (best < 0 || c->member[r].held < c->member[best].held)) {
			best = r;
			at = place + 1;
		}
		if (best >= 0 && c->member[best].held == 0)
			break;
	}
	h->next_rank = at % h->nranks;
	return best;
}

static void hand_out(struct coordinator *c, struct host *h, struct pool_item *it, int64_t now)
{
	struct msg m = { .type = MSG_WINDOW };
	struct msg_window *w = &m.u.window;

	pool_hand(&c->pool, it, idle_rank(c, h), now);
	c->member[it->rank].held++;
	h->nfree--;
	w->window = it->id;
	w->kind = (int32_t)it->window.kind;
	w->order = (int32_t)it->window.order;
	w->lo = it->window.left.lo;
	w->hi = it->window.left.hi;
	w->chain = it->chain;
	w->is_known = it->id == c->known;
	memset(w->next, 0, sizeof w->next);
	if (it->next)
		strncpy(w->next, it->next, sizeof w->next - 1);
	outbox_put(&c->out, it->rank, &m);
}

/* --- tokens --- */

static int64_t need(const struct member *m)
{
	return m->asked - (m->granted - m->returned);
}

static void note_hungry(struct coordinator *c, int rank)
{
	struct member *m = c->member + rank;

	if (m->is_hungry || need(m) <= 0)
		return;
	m->is_hungry = 1;
	host_push(host_of(&c->hosts, rank), rank);
}

/* Requests that are still to be sent: not those for which there is a token already. */
static double unsent(const struct coordinator *c)
{
	double n = (c->setup.open > 0 ? c->setup.open : pool_work(&c->pool)) - (double)hosts_pending(&c->hosts);

	return n > 0 ? n : 0;
}

static double work_of(const struct coordinator *c, const struct host *h)
{
	return host_work(&c->hosts, h, unsent(c));
}

/* Tokens that could be granted now. */
static int64_t ready(struct coordinator *c, const struct host *h, int64_t now)
{
	int64_t n = budget_ready(h->budget, now, work_of(c, h)), left;

	if (c->setup.max_requests > 0) {
		left = c->setup.max_requests - (c->granted - c->returned);
		n = left < n ? left : n;
	}
	return n > 0 ? n : 0;
}

static int64_t grant(struct coordinator *c, int rank, int64_t n, int64_t now)
{
	const struct host *h = host_of(&c->hosts, rank);
	struct msg m = { .type = MSG_TOKENS };
	int64_t could = ready(c, h, now);

	n = budget_take(h->budget, now, n < could ? n : could, work_of(c, h));
	if (n <= 0)
		return 0;
	c->member[rank].granted += n;
	c->granted += n;
	m.u.tokens.n = n;
	m.u.tokens.valid_ms = budget_valid(h->budget, now);
	outbox_put(&c->out, rank, &m);
	return n;
}

/* First those whose requests are ready, in the order in which they asked. */
static void feed_hungry(struct coordinator *c, struct host *h, int64_t now)
{
	for (int n = h->nhungry; n > 0 && ready(c, h, now) > 0; n--) {
		int rank = host_pop(h);

		c->member[rank].is_hungry = 0;
		if (need(c->member + rank) > 0)
			grant(c, rank, need(c->member + rank), now);
		note_hungry(c, rank);
	}
}

/* Windows that a host could begin now. Where the quota holds back, no more than can spend it: each costs a part of a
 * page at its end. */
static int64_t wanted(struct coordinator *c, const struct host *h, int64_t now)
{
	int64_t n = h->nfree > 0 ? ready(c, h, now) : 0, held = (int64_t)h->nranks * c->setup.nslots - h->nfree;
	double lack = PACE_SPARE * budget_pace(h->budget, now, work_of(c, h)) - (double)held;

	n = n < h->nfree ? n : h->nfree;
	return (double)n < lack ? n : lack > 0 ? (int64_t)ceil(lack) : 0;
}

/* Where the rest fits into this quota window, what cuts cost must not make it need another. */
static struct pool_terms terms(const struct coordinator *c)
{
	double left = 0, work = unsent(c);
	struct pool_terms t = { .afford = INFINITY };

	for (int i = 0; i < c->hosts.n; i++)
		left += (double)budget_hoped(c->hosts.at[i].budget);
	if (work > left)
		return t;
	t.afford = left - work - 1 - WORK_OFF * work;
	t.rounds = ceil(pool_work(&c->pool) / ((double)c->setup.nranks * c->setup.nslots));
	return t;
}

static struct pool_item *next_window(struct coordinator *c)
{
	struct pool_item *known = c->known ? pool_find(&c->pool, c->known) : NULL;

	return known && known->rank < 0 ? known : pool_next(&c->pool);
}

/* Hand out windows that wait, one to each host in turn. Returns how many. */
static int64_t hand_round(struct coordinator *c, int64_t now)
{
	int64_t n = 0;

	for (int i = 0; i < c->hosts.n && c->pool.nwaiting > 0; i++) {
		struct host *h = c->hosts.at + (c->hosts.next + i) % c->hosts.n;
		struct pool_item *it;

		if (wanted(c, h, now) == 0)
			continue;
		it = next_window(c);
		hand_out(c, h, it, now);
		n += grant(c, it->rank, 1, now);
	}
	c->hosts.next = (c->hosts.next + 1) % c->hosts.n;
	return n;
}

/* Tokens are there and nobody waits for one: more windows. */
static void spread_work(struct coordinator *c, int64_t now)
{
	int64_t want = 0, n;
	struct pool_terms t = terms(c);
	int cut = 1;

	for (int i = 0; i < c->hosts.n; i++)
		want += wanted(c, c->hosts.at + i, now);
	while (c->pool.nwaiting < want && (cut = pool_cut_waiting(&c->pool, &t)) > 0)
		;
	c->no_memory |= cut < 0;
	while ((n = hand_round(c, now)) > 0)
		want -= n;
	while (c->pool.ncut < want && cut_held(c, &t))
		;
}

/* What is left over goes to those who will want it when their pages arrive: saves a message's way per page. */
static void feed_ahead(struct coordinator *c, const struct host *h, int64_t now)
{
	if (work_of(c, h) > (double)budget_left(h->budget))
		return;
	for (int i = 0; i < h->nranks && ready(c, h, now) > 0; i++) {
		int64_t n = need(c->member + h->rank[i]) + c->member[h->rank[i]].soon;

		if (n > 0)
			grant(c, h->rank[i], n, now);
	}
}

/* --- messages in --- */

static void feed_seen(struct coordinator *c, int rank, const struct msg_seen *s, int64_t now)
{
	struct host *h = host_of(&c->hosts, rank);
	struct budget_seen b = { .quota = s->quota,
				 .sent_ms = now - s->sent_age_ms,
				 .received_ms = now - s->received_age_ms,
				 .retry_after_ms = s->retry_after_ms,
				 .limited = s->limited };

	budget_reply(h->budget, now, &b);
	if (s->limited)
		host_excuse(h, c->outage.good_ms, b.sent_ms, now);
	if (s->good)
		outage_good(&c->outage, now);
	c->state.limited += s->limited != 0;
}

/* Nothing comes any more: because the Hub is out, or because what is left is what it never gives? A page that it has
 * given before is asked again beside it. */
static void ask_known(struct coordinator *c)
{
	struct pool_item *it;

	if (c->known || window_is_done(&c->good))
		return;
	it = pool_add(&c->pool, &c->good);
	c->no_memory |= it == NULL;
	c->known = it ? it->id : 0;
}

/* A walk of made-up cursors went on from here: the page there has come. */
static void note_good(struct coordinator *c, const struct pool_item *it, const struct msg_progress *p)
{
	const struct window *w = &it->window;

	if (it->chain || it->id == c->known)
		return;
	if (w->order == HUB_ASC && oid_cmp(p->lo, w->left.lo) > 0)
		c->good = (struct window){ w->kind, w->order, { w->left.lo, oid_next(w->left.lo) } };
	else if (w->order == HUB_DESC && oid_cmp(p->hi, w->left.hi) < 0)
		c->good = (struct window){ w->kind, w->order, { oid_prev(w->left.hi), w->left.hi } };
}

/* Given up by its rank. While nothing comes from the Hub at all it is not the window's fault. */
static void give_up(struct coordinator *c, struct pool_item *it, int64_t now)
{
	int silent = c->outage.good_ms < it->handed_ms;

	if (silent)
		outage_rest(&c->outage, now);
	if (it->id == c->known) {
		c->known = 0;
		pool_remove(&c->pool, it);
		return;
	}
	if (silent || it->rounds++ < c->setup.rounds) {
		pool_take_back(&c->pool, it);
		if (silent)
			ask_known(c);
		return;
	}
	c->state.given_up++;
	pool_remove(&c->pool, it);
}

static void feed_progress(struct coordinator *c, int rank, const struct msg_progress *p, int64_t now)
{
	struct pool_item *it = pool_find(&c->pool, p->window);

	if (!it || it->rank != rank)
		return;
	note_good(c, it, p);
	pool_progress(&c->pool, it, (struct span){ p->lo, p->hi }, p->rows);
	if (it->is_cut && (p->shrinks == it->shrinks || p->state != MSG_RUNNING)) {
		/* Only its answer says how much was cut off; a window that was over before it got the question gives
		 * nothing. */
		c->no_memory |= pool_settle(&c->pool, p->window, p->shrinks == it->shrinks) < 0;
		it = pool_find(&c->pool, p->window);
	}
	if (p->state == MSG_RUNNING)
		return;
	c->member[rank].held--;
	host_of(&c->hosts, rank)->nfree++;
	if (p->state == MSG_FINISHED || window_is_done(&it->window)) {
		c->known = it->id == c->known ? 0 : c->known;
		pool_remove(&c->pool, it);
	} else
		give_up(c, it, now);
}

/* The difference to what was known of the rank goes to the sum of all. */
static void add_up(int64_t *sum, int64_t *known, const int64_t *now, int n)
{
	for (int i = 0; i < n; i++) {
		sum[i] += now[i] - known[i];
		known[i] = now[i];
	}
}

static void feed_report(struct coordinator *c, int rank, const struct msg_report *r, int64_t now)
{
	struct member *m = c->member + rank;

	if (r->returned > m->returned) {
		budget_return(host_of(&c->hosts, rank)->budget, r->returned - m->returned);
		c->returned += r->returned - m->returned;
	}
	c->state.rows += r->rows - m->rows;
	c->state.requests += r->spent - m->spent;
	c->state.wait_ms += r->wait_ms - m->wait_ms;
	add_up(c->state.counter, m->counter, r->counter, NCOUNTERS);
	add_up(c->state.kind_rows, m->kind_rows, r->kind_rows, NKINDS);
	m->asked = r->asked;
	m->spent = r->spent;
	m->returned = r->returned;
	m->soon = r->soon;
	m->rows = r->rows;
	m->wait_ms = r->wait_ms;
	if (r->quiet_ms > 0 && now - c->outage.good_ms >= r->quiet_ms)
		outage_rest(&c->outage, now);
	for (uint32_t i = 0; i < r->nseen && i < MSG_NSEEN; i++)
		feed_seen(c, rank, r->seen + i, now);
	for (uint32_t i = 0; i < r->nprogress && i < MSG_NPROGRESS; i++)
		feed_progress(c, rank, r->progress + i, now);
	note_hungry(c, rank);
}

void coordinator_feed(struct coordinator *c, int rank, const struct msg *m, int64_t now)
{
	switch (m->type) {
	case MSG_REPORT:
		feed_report(c, rank, &m->u.report, now);
		break;
	case MSG_CURSOR:
		c->no_memory |= pool_set_next(&c->pool, m->u.cursor.window, m->u.cursor.next) < 0;
		break;
	case MSG_TROUBLE:
		coordinator_stop(c, m->u.trouble.code == E_STOPPED ? MSG_ASKED : MSG_FAILURE);
		break;
	case MSG_BYE:
		if (!c->member[rank].bye) {
			c->member[rank].bye = 1;
			c->nbye++;
		}
		break;
	default:
		break;
	}
}

/* --- the turn --- */

/* After a 429 nobody of the host may send, not even with a token in hand. */
static void tell_wait(struct coordinator *c, struct host *h, int64_t now)
{
	struct msg m = { .type = MSG_WAIT, .u.wait.ms = budget_closed(h->budget, now) };

	if (m.u.wait.ms == 0 || now + m.u.wait.ms <= h->told_wait_until)
		return;
	h->told_wait_until = now + m.u.wait.ms;
	for (int i = 0; i < h->nranks; i++)
		outbox_put(&c->out, h->rank[i], &m);
}

/* Nothing has come for too long, though somebody was allowed to ask. */
static int is_silent(const struct coordinator *c, int64_t now)
{
	struct outage o = c->outage;

	o.excused_ms = hosts_excused(&c->hosts);
	return outage_is_too_long(&o, now, c->setup.max_outage_ms);
}

int coordinator_turn(struct coordinator *c, int64_t now)
{
	if (c->state.stopping)
		return c->no_memory || c->out.no_memory ? -1 : 0;
	for (int i = 0; i < c->hosts.n; i++) {
		tell_wait(c, c->hosts.at + i, now);
		feed_hungry(c, c->hosts.at + i, now);
	}
	c->state.quiet_ms = outage_quiet(&c->outage, now);
	if (now >= c->outage.rest_until_ms)
		spread_work(c, now);
	for (int i = 0; i < c->hosts.n; i++)
		feed_ahead(c, c->hosts.at + i, now);
	if (c->pool.nwindows == 0 && c->setup.open <= 0)
		coordinator_stop(c, MSG_DONE);
	else if (c->setup.max_requests > 0 && c->granted - c->returned >= c->setup.max_requests &&
		 hosts_pending(&c->hosts) == 0)
		coordinator_stop(c, MSG_ASKED);
	else if (is_silent(c, now)) {
		c->state.silent = 1;
		coordinator_stop(c, MSG_ASKED);
	}
	return c->no_memory || c->out.no_memory ? -1 : 0;
}

/* Tokens are there, but nothing to spend them on, or --max-requests is used up: what changes that is a message or a
 * reply, each of which wakes its rank. Only the pace changes by itself. */
static int64_t due_of(struct coordinator *c, const struct host *h, int64_t now)
{
	int64_t at = budget_due(h->budget, now, work_of(c, h));

	if (at > 0 || (h->nhungry > 0 ? ready(c, h, now) : wanted(c, h, now)) > 0)
		return at;
	return h->nfree > 0 ? PACE_LOOK_MS : INT64_MAX;
}

int64_t coordinator_due(struct coordinator *c, int64_t now)
{
	int64_t due = 1000;

	for (int i = 0; i < c->hosts.n && !c->state.stopping; i++) {
		const struct host *h = c->hosts.at + i;
		int64_t at;

		if (h->nhungry == 0 && (c->pool.nwaiting == 0 || now < c->outage.rest_until_ms))
			continue;
		at = due_of(c, h, now);
		due = at < due ? at : due;
	}
	return due;
}

int coordinator_absent(const struct coordinator *c)
{
	for (int r = 0; r < c->setup.nranks; r++)
		if (!c->member[r].bye)
			return r;
	return -1;
}

int coordinator_is_over(const struct coordinator *c)
{
	return c->state.stopping && c->nbye == c->setup.nranks && c->out.n == 0;
}

const struct coordinator_state *coordinator_look(struct coordinator *c)
{
	c->state.work = pool_work(&c->pool);
	c->state.unsent = unsent(c);
	c->state.windows = c->pool.nwindows;
	return &c->state;
}
