// SPDX-License-Identifier: Apache-2.0
#include "crawler/probe.h"

#include <stdio.h>
#include <string.h>

#include "crawler/archive.h"
#include "crawler/outage.h"
#include "crawler/resume.h"
#include "crawler/retry.h"
#include "crawler/window.h"
#include "io/log.h"
#include "io/utc.h"

#define TAG_TOTAL 100
#define POLL_MS   50
/* The totals may take so much longer than the pages. */
#define TOTALS_MS 3000

/* One kind's probing. */
struct trial {
	enum probe_mode mode; /* being tried; PROBE_NONE: finished */
	struct window window; /* what the page under way begins */
	struct span where;
	int is_elsewhere;
	int failures, broken;
	int flying;
	int64_t until; /* pause, ms */
	int total_wanted, total_flying;
};

struct run {
	struct probe *p;
	const struct probe_setup *s;
	struct trial trial[NKINDS];
	uint64_t random;
	int64_t totals_until;
	struct outage outage;
	int told_wait;
};

static void count(struct run *u, enum kind k, enum counter c, int64_t n)
{
	buffer_count(worker_buffer(u->s->worker), k, c, n);
}

/* Where a mode begins: in the middle of the gap with a made-up cursor, at the end of the axis without one. */
static void begin_mode(struct run *u, enum kind k, enum probe_mode mode)
{
	struct trial *t = u->trial + k;
	struct window far;
	struct oid at;

	t->mode = mode;
	t->broken = 0;
	t->window = (struct window){ k, HUB_ASC, t->where };
	if (mode == PROBE_CHAIN_ASC || mode == PROBE_CHAIN_DESC)
		t->window.left.lo = OID_MIN;
	if (mode == PROBE_DESC || mode == PROBE_CHAIN_DESC)
		t->window.order = HUB_DESC;
	at = window_place(&t->window, 0.5);
	if ((mode == PROBE_ASC || mode == PROBE_DESC) && window_cut(&t->window, at, &far))
		t->window = far;
}

/* With a token in hand. What cannot be sent never will be, unless all slots are taken. */
static int start(struct run *u, const char *url, int fits, enum kind k, uint64_t tag, struct err *e)
{
	if (fits && !fetch_start(u->s->fetch, url, tag)) {
		count(u, k, CNT_REQUESTS, 1);
		return 1;
	}
	budget_return(u->s->budget, 1);
	if (!fits)
		err_set(e, E_USAGE, "a request for %s is longer than %d bytes", kind_name[k], HUB_URL_MAX - 1);
	else if (fetch_flying(u->s->fetch) == 0)
		err_set(e, E_NOMEM, "no memory for a request to '%s'", u->s->hub->base);
	return 0;
}

static void ask(struct run *u, enum kind k, int64_t now, struct err *e)
{
	const struct snapshot *snap = u->s->snapshot;
	struct trial *t = u->trial + k;
	struct hub_list l = { .kind = k,
			      .order = t->window.order,
			      .fields = snap->fields,
			      .limit = HUB_PAGE_ROWS,
			      .author = snap->author,
			      .ntag = snap->ntag };
	char url[HUB_URL_MAX], cursor[HUB_CURSOR_ID];
	int fits;

	if (budget_take(u->s->budget, now, 1, 1) == 0)
		return;
	for (int i = 0; i < snap->ntag; i++)
		l.tag[i] = snap->tag[i];
	if (t->mode == PROBE_ASC || t->mode == PROBE_DESC)
		l.cursor = hub_cursor_make(l.order, window_cursor(&t->window), cursor);
	fits = hub_list_url(u->s->hub, &l, url, sizeof url) >= 0;
	t->flying = start(u, url, fits, k, k, e);
}

static void ask_total(struct run *u, enum kind k, int64_t now, struct err *e)
{
	struct trial *t = u->trial + k;
	char url[HUB_URL_MAX];
	int fits = hub_total_url(u->s->hub, k, url, sizeof url) >= 0;

	if (budget_take(u->s->budget, now, 1, 1) == 0)
		return;
	t->total_flying = start(u, url, fits, k, TAG_TOTAL + k, e);
	t->total_wanted = !t->total_flying;
}

/* --- replies --- */

static void tell_budget(struct run *u, const struct fetch_reply *r, int64_t now)
{
	struct budget_seen b = { .sent_ms = r->sent_ms, .received_ms = r->received_ms, .limited = r->status == 429 };

	hub_quota_parse(&b.quota, r->ratelimit, r->policy);
	b.retry_after_ms = b.limited ? hub_retry_after(r->retry_after, clock_wall_ms() / 1000) : -1;
	budget_reply(u->s->budget, now, &b);
}

/* All ranks wait, and nobody else says so yet. */
static void note_limited(struct run *u, const struct fetch_reply *r, int64_t now)
{
	int64_t wait = budget_closed(u->s->budget, now);
	char until[32];

	outage_limited(&u->outage, r->sent_ms, now + wait);
	if (u->told_wait++)
		return;
	log_event("limited", (struct log_field[]){ { "replies_429", 1 }, { "paused_s", (double)wait / 1000 } }, 2,
		  "a reply of 429 to the first requests: nothing is asked until %s, for %lld s",
		  utc_format((clock_wall_ms() + wait + 999) / 1000, until), (long long)((wait + 999) / 1000));
}

static int take_total(struct run *u, enum kind k, const struct fetch_reply *r, struct err *e)
{
	u->trial[k].total_flying = 0;
	/* Its headers are those of the web site's quota. */
	budget_spend(u->s->budget);
	buffer_count_reply(worker_buffer(u->s->worker), k, r);
	if (r->status == 200)
		u->p->total[k] = page_number(worker_page(u->s->worker), r->body, r->nbody, "numTotalItems", e);
	return e->code;
}

/* The mode does not work: the next one. */
static int fall_back(struct run *u, enum kind k, const char *why, struct err *e)
{
	static const enum probe_mode next[] = {
		[PROBE_ASC] = PROBE_DESC, [PROBE_DESC] = PROBE_CHAIN_ASC, [PROBE_CHAIN_ASC] = PROBE_CHAIN_DESC
	};
	enum probe_mode mode = u->trial[k].mode;

	if (mode == PROBE_CHAIN_DESC)
		return err_set(e, E_HUB, "'%s' does not list its %s as a Hub does: %s", u->s->hub->base, kind_name[k],
			       why);
	begin_mode(u, k, next[mode]);
	return E_OK;
}

/* The lower half of the axis, in whose middle there are repositories of every year. */
static void go_elsewhere(struct run *u, enum kind k)
{
	struct trial *t = u->trial + k;
	struct window whole = { k, HUB_ASC, resume_axis(u->s->snapshot) }, far;

	window_cut(&whole, window_place(&whole, 0.5), &far);
	t->where = whole.left;
	t->is_elsewhere = 1;
	t->failures = 0;
	begin_mode(u, k, t->mode);
}

static int again(struct run *u, enum kind k, const char *why, int64_t now, struct err *e)
{
	struct trial *t = u->trial + k;

	if (++t->failures > u->s->retries)
		return err_set(e, E_HUB,
			       "no list of %s from '%s': %s; see to the network and to --hub, then run the same "
			       "command again",
			       kind_name[k], u->s->hub->base, why);
	t->until = now + retry_pause(t->failures, retry_random(&u->random));
	return E_OK;
}

/* The page counts as crawled: its rows and the piece that they complete are kept. */
static int keep(struct run *u, enum kind k, const struct page_result *res, int is_last, int64_t observed, struct err *e)
{
	struct shard *to = worker_buffer(u->s->worker)->shard + k;
	struct trial *t = u->trial + k;
	struct shard_piece piece = {
		.pages = 1, .rows = res->rows, .observed_first = observed, .observed_last = observed
	};

	if (is_last)
		piece.span = window_finish(&t->window);
	else if (res->has_last)
		piece.span = window_advance(&t->window, res->last);
	buffer_count_page(worker_buffer(u->s->worker), k, res);
	if (oid_cmp(piece.span.lo, piece.span.hi) < 0 && shard_add_piece(to, &piece))
		return err_set(e, E_NOMEM, "no memory for a window");
	u->p->done[k] = piece.span;
	return E_OK;
}

static void note_good(struct run *u, const struct trial *t)
{
	struct window w = t->window;

	if (w.order == HUB_ASC)
		w.left.hi = oid_next(w.left.lo);
	else
		w.left.lo = oid_prev(w.left.hi);
	u->p->good = w;
}

static int take_page(struct run *u, enum kind k, const struct fetch_reply *r, int64_t now, struct err *e)
{
	struct trial *t = u->trial + k;
	struct shard *to = worker_buffer(u->s->worker)->shard + k;
	struct page_ask want = { .window = t->window,
				 .fields = u->s->snapshot->fields,
				 .t0 = u->s->snapshot->t0,
				 .observed = r->received_at_ms / 1000 };
	char cursor[HUB_CURSOR_MAX];
	struct page_result res;
	int is_chain = t->mode == PROBE_CHAIN_ASC || t->mode == PROBE_CHAIN_DESC;
	enum hub_next next = hub_next(u->s->hub, k, r->link, r->nlink, cursor);
	uint64_t rows = to->rows.n;

	want.flags = (t->failures > 1 ? PAGE_SPLIT : 0u) | (t->mode == PROBE_CHAIN_DESC ? PAGE_PRECEDES : 0u);
	if (page_take(worker_page(u->s->worker), r->body, r->nbody, &want, to, &res, e))
		return e->code;
	if (res.verdict == PAGE_NOT_JSON || res.verdict == PAGE_NOT_LIST) {
		count(u, k, CNT_NOT_JSON, 1);
		return again(u, k, "what came is no list of repositories; is it a Hub?", now, e);
	}
	if (res.verdict == PAGE_BROKEN) {
		count(u, k, CNT_PAGES_BROKEN, 1);
		/* Once may be an accident. */
		return t->broken++ == 0 ? again(u, k, res.why, now, e) : fall_back(u, k, res.why, e);
	}
	outage_good(&u->outage, now);
	u->p->mode[k] = t->mode;
	t->mode = PROBE_NONE;
	if (!is_chain)
		note_good(u, t);
	if (!is_chain && !t->is_elsewhere)
		return keep(u, k, &res, res.is_beyond || (next == HUB_NEXT_NONE && res.nrecords < HUB_PAGE_ROWS),
			    want.observed, e);
	/* A chain begins anew, or where it stopped; this page would be in its way. So would one of another place. */
	table_truncate(&to->rows, rows);
	return E_OK;
}

static int take_reply(struct run *u, enum kind k, const struct fetch_reply *r, int64_t now, struct err *e)
{
	const char *base = u->s->hub->base;
	char why[64];

	u->trial[k].flying = 0;
	buffer_count_reply(worker_buffer(u->s->worker), k, r);
	tell_budget(u, r, now);
	if (r->failure == FETCH_TLS)
		return err_set(e, E_HUB, "no secure connection to '%s': %s", base, r->why);
	snprintf(why, sizeof why, "status %d", r->status);
	switch (retry_outcome(r->status)) {
	case OUT_PAGE:
		return take_page(u, k, r, now, e);
	case OUT_LIMITED:
		note_limited(u, r, now);
		return E_OK;
	case OUT_RETRY:
		/* The Hub is there, and gives nothing at this place: is that so everywhere? */
		if (r->status && !u->trial[k].is_elsewhere && u->trial[k].failures == u->s->retries)
			go_elsewhere(u, k);
		return again(u, k, r->status ? why : r->why, now, e);
	case OUT_DENIED:
		return err_set(e, E_DENIED, "'%s' refused the list of %s (status %d): check the token", base,
			       kind_name[k], r->status);
	case OUT_REFUSED:
		if (r->status == 400)
			return fall_back(u, k, why, e);
		return err_set(e, E_HUB, "'%s' has no list of %s (status %d): is it a Hub?", base, kind_name[k],
			       r->status);
	}
	return E_OK;
}

/* Keep a reply as it came, with what take_reply() will read it as. */
static int save_reply(struct run *u, const struct fetch_reply *r, struct err *e)
{
	int is_total = r->tag >= TAG_TOTAL;
	const struct trial *t = u->trial + (is_total ? r->tag - TAG_TOTAL : r->tag);
	struct note n = { .what = NOTE_NOTHING };

	if (is_total && r->status == 200)
		n = (struct note){ .what = NOTE_TOTAL, .window.kind = (enum kind)(r->tag - TAG_TOTAL) };
	/* The first page of a chain is dropped, and one of another place. */
	else if (!is_total && retry_outcome(r->status) == OUT_PAGE && (t->mode == PROBE_ASC || t->mode == PROBE_DESC) &&
		 !t->is_elsewhere)
		n = (struct note){ .what = NOTE_PAGE,
				   .window = t->window,
				   .limit = HUB_PAGE_ROWS,
				   .flags = t->failures > 1 ? PAGE_SPLIT : 0u };
	return archive_reply(u->s->saved, r, NULL, e) ? e->code : archive_add(u->s->archive, r, &n, e);
}

static int take_replies(struct run *u, int64_t now, struct err *e)
{
	const struct fetch_reply *r;
	int rc = E_OK;

	while ((r = fetch_next(u->s->fetch))) {
		if (!rc)
			rc = save_reply(u, r, e);
		if (r->tag >= TAG_TOTAL)
			rc = take_total(u, (enum kind)(r->tag - TAG_TOTAL), r, e);
		else if (!rc)
			rc = take_reply(u, (enum kind)r->tag, r, now, e);
		fetch_release(u->s->fetch, r);
	}
	return rc;
}

/* --- the run --- */

/* Send what can be sent, first the pages. Returns whether anything is still open; a total that does not come is not
 * waited for. */
static int step(struct run *u, int64_t now, struct err *e)
{
	int open = 0, totals = 0;

	for (int k = 0; k < NKINDS && !e->code; k++) {
		struct trial *t = u->trial + k;

		if (t->mode != PROBE_NONE && !t->flying && now >= t->until)
			ask(u, (enum kind)k, now, e);
		open |= t->mode != PROBE_NONE;
	}
	for (int k = 0; k < NKINDS && !e->code; k++) {
		if (u->trial[k].total_wanted)
			ask_total(u, (enum kind)k, now, e);
		totals |= u->trial[k].total_flying;
	}
	if (open)
		u->totals_until = now + TOTALS_MS;
	if (e->code)
		return 0;
	return open || (totals && now < u->totals_until);
}

/* Totals that did not come in time. */
static void drop_rest(struct run *u)
{
	fetch_abort(u->s->fetch);
	for (int k = 0; k < NKINDS; k++)
		if (u->trial[k].flying || u->trial[k].total_flying)
			budget_spend(u->s->budget);
}

/* The kinds that are crawled in a mode, as "models, spaces"; "" if there are none. */
static const char *kinds_in(const struct probe *p, enum probe_mode mode, char text[64])
{
	size_t n = 0;

	text[0] = '\0';
	for (int k = 0; k < NKINDS; k++)
		if (p->mode[k] == mode)
			n += (size_t)snprintf(text + n, 64 - n, "%s%s", n ? ", " : "", kind_name[k]);
	return text;
}

static void tell(const struct probe *p)
{
	char kinds[64];

	if (*kinds_in(p, PROBE_DESC, kinds))
		log_note("the Hub lists %s newest first only: windows are crawled downwards", kinds);
	if (*kinds_in(p, PROBE_CHAIN_ASC, kinds))
		log_note("the Hub takes no cursors but its own for %s: one walk each, oldest first", kinds);
	if (*kinds_in(p, PROBE_CHAIN_DESC, kinds))
		log_note("the Hub takes no cursors but its own for %s: one walk each, newest first", kinds);
}

static int check_stop(const struct run *u, int64_t now, struct err *e)
{
	const struct probe_setup *s = u->s;

	if (s->is_stopped())
		return err_set(e, E_STOPPED, "stopped before the first page");
	if (s->deadline_ms > 0 && now >= s->deadline_ms)
		return err_set(e, E_STOPPED, "--max-time is up before the first page from '%s': run again to go on",
			       s->hub->base);
	if (outage_is_too_long(&u->outage, now, s->max_outage_ms))
		return err_set(e, E_STOPPED, "no page from '%s' for longer than --max-outage: run again to go on",
			       s->hub->base);
	return E_OK;
}

int probe_run(struct probe *p, const struct probe_setup *s, struct err *e)
{
	struct run u = { .p = p, .s = s, .random = s->seed };

	outage_good(&u.outage, clock_ms());
	memset(p, 0, sizeof *p);
	for (int k = 0; k < NKINDS; k++) {
		p->total[k] = -1;
		u.trial[k].total_wanted = s->want_total[k];
		if (oid_cmp(s->where[k].lo, s->where[k].hi) >= 0)
			continue;
		u.trial[k].where = s->where[k];
		begin_mode(&u, (enum kind)k, PROBE_ASC);
	}
	while (step(&u, clock_ms(), e)) {
		fetch_poll(s->fetch, POLL_MS);
		if (take_replies(&u, clock_ms(), e) || check_stop(&u, clock_ms(), e))
			break;
	}
	drop_rest(&u);
	if (!e->code)
		tell(p);
	return e->code;
}
