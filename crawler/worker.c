// SPDX-License-Identifier: Apache-2.0
#include "crawler/worker.h"

#include <stdlib.h>
#include <string.h>

#include "crawler/retry.h"
#include "crawler/walk.h"
#include "io/log.h"

struct worker {
	struct worker_setup setup;
	struct hub_list list; /* fields and filters of every request */
	struct page *page;
	struct walk *walk; /* nslots */
	struct buffer buf;
	struct msg_seen *seen; /* ages hold times until they are sent */
	uint32_t nseen, seen_cap;
	struct msg_report sums; /* its cumulative members */
	int64_t received;       /* tokens, ever */
	int64_t tokens_until, wait_until;
	int64_t starved_since;                                    /* ms, -1: not */
	int dirty;                                                /* something to report */
	int stopping, why, told, draining_done, said_bye, failed; /* told: by the coordinator, not by a signal */
	int64_t drain_until;
	int more; /* replies may wait */
	int64_t suspect;
	int foreign[NKINDS]; /* next links to other servers */
	int told_failure;    /* since the last page */
	uint64_t random;
};

/* --- life --- */

struct worker *worker_create(const struct worker_setup *s)
{
	struct worker *w = calloc(1, sizeof *w);

	if (!w)
		return NULL;
	w->setup = *s;
	w->random = s->seed;
	w->starved_since = -1;
	w->list = (struct hub_list){ .fields = s->snapshot->fields,
				     .author = s->snapshot->author,
				     .ntag = s->snapshot->ntag };
	for (int i = 0; i < s->snapshot->ntag && i < HUB_NFILTER_MAX; i++)
		w->list.tag[i] = s->snapshot->tag[i];
	buffer_init(&w->buf, s->shards, s->snapshot->id, s->rank, s->session, s->seq);
	w->buf.seal_rows = s->seal_rows;
	w->buf.seal_ms = s->seal_ms;
	w->buf.archive = s->archive;
	for (int k = 0; k < NKINDS; k++)
		w->buf.shard[k].hub_total = s->hub_total[k];
	w->seen_cap = 4 * (uint32_t)s->nslots + 16;
	w->seen = calloc(w->seen_cap, sizeof *w->seen);
	w->walk = calloc((size_t)s->nslots, sizeof *w->walk);
	w->page = page_create();
	if (w->seen && w->walk && w->page)
		return w;
	worker_free(w);
	return NULL;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	buffer_release(&w->buf);
	page_free(w->page);
	free(w->walk);
	free(w->seen);
	free(w);
}

struct buffer *worker_buffer(struct worker *w)
{
	return &w->buf;
}

struct page *worker_page(struct worker *w)
{
	return w->page;
}

int worker_is_over(const struct worker *w)
{
	return w->said_bye;
}

int worker_why(const struct worker *w)
{
	return w->why;
}

const int64_t *worker_totals(const struct worker *w)
{
	return &w->buf.total[0][0];
}

int64_t worker_suspect(const struct worker *w)
{
	return w->suspect;
}

/* --- replies --- */

static struct walk *walk_find(struct worker *w, uint64_t id)
{
	for (int i = 0; i < w->setup.nslots; i++)
		if (w->walk[i].state != WALK_FREE && w->walk[i].id == id)
			return w->walk + i;
	return NULL;
}

/* Its next request can go; or none is needed any more, because the rest was cut off. */
static void ready(struct worker *w, struct walk *x)
{
	w->dirty = 1;
	x->state = WALK_OVER;
	if (window_is_done(&x->window))
		return;
	x->state = WALK_READY;
	w->sums.asked++;
}

static void fail(struct worker *w, struct walk *x, const char *why, int64_t now)
{
	char hex[OID_HEX + 1];

	w->dirty = 1;
	/* One line for an outage, not one for each window: which of them remain as gaps the summary says. */
	if (walk_fail(x, w->setup.retries, now, retry_random(&w->random)) && !w->told_failure++)
		log_warn("gave up a window of %s at %s after %d attempts: %s", kind_name[x->window.kind],
			 oid_hex(window_cursor(&x->window), hex), x->failures, why);
}

/* Keep what the reply told about the quota for the next report. */
static void note_seen(struct worker *w, const struct fetch_reply *r, int good)
{
	struct msg_seen *s;

	if (w->nseen == w->seen_cap) {
		log_warn("a reply's rate-limit header was dropped: too many at once");
		return;
	}
	s = w->seen + w->nseen++;
	*s = (struct msg_seen){ .sent_age_ms = r->sent_ms, .received_age_ms = r->received_ms, .good = good };
	hub_quota_parse(&s->quota, r->ratelimit, r->policy);
	s->limited = r->status == 429;
	s->retry_after_ms = s->limited ? hub_retry_after(r->retry_after, clock_wall_ms() / 1000) : -1;
	w->dirty = 1;
}

/* The page's rows are in the buffer: put the piece of the axis that they complete beside them, and go on. */
static int page_taken(struct worker *w, struct walk *x, const struct fetch_reply *r, const struct page_result *res,
		      int64_t now, struct err *e)
{
	char cursor[HUB_CURSOR_MAX];
	enum kind k = x->window.kind;
	enum hub_next next = hub_next(w->setup.hub, k, r->link, r->nlink, cursor);
	struct shard_piece piece;
	enum walk_step step = walk_take(x, res, next, cursor, r->received_at_ms / 1000, &piece);

	if (next == HUB_NEXT_FOREIGN && !w->foreign[k]++)
		log_warn("the Hub named a next page of %s on another server: not followed", kind_name[k]);
	buffer_count_page(&w->buf, k, res);
	w->sums.rows += res->rows;
	w->dirty = 1;
	if (piece.flags & PIECE_SUSPECT)
		w->suspect++;
	if (oid_cmp(piece.span.lo, piece.span.hi) < 0 && !x->is_known && shard_add_piece(w->buf.shard + k, &piece))
		return err_set(e, E_NOMEM, "no memory for a window");
	if (step == WALK_STUCK)
		fail(w, x, "the Hub's pages lead nowhere", now);
	else if (step == WALK_WENT_ON)
		ready(w, x);
	return E_OK;
}

static int take_page(struct worker *w, struct walk *x, const struct fetch_reply *r, int64_t now, int *good,
		     struct err *e)
{
	enum kind k = x->window.kind;
	struct page_ask ask = walk_ask(x, w->setup.snapshot, r->received_at_ms / 1000);
	struct page_result res;
	int rc = page_take(w->page, r->body, r->nbody, &ask, w->buf.shard + k, &res, e);

	if (rc)
		return rc;
	*good = 0;
	switch (res.verdict) {
	case PAGE_NOT_JSON:
	case PAGE_NOT_LIST:
		buffer_count(&w->buf, k, CNT_NOT_JSON, 1);
		x->not_json += res.splittable;
		fail(w, x, res.why, now);
		return E_OK;
	case PAGE_BROKEN:
		buffer_count(&w->buf, k, CNT_PAGES_BROKEN, 1);
		if (!(ask.flags & PAGE_FORCE)) {
			x->broken++;
			fail(w, x, res.why, now);
			return E_OK;
		}
		log_warn("a window of %s is suspect: %s", kind_name[k], res.why);
		break;
	case PAGE_TAKEN:
		break;
	}
	*good = 1;
	w->told_failure = 0;
	return page_taken(w, x, r, &res, now, e);
}

static int take_reply(struct worker *w, const struct fetch_reply *r, int64_t now, struct err *e)
{
	struct walk *x = walk_find(w, r->tag);
	enum outcome out = retry_outcome(r->status);
	struct note note;
	int good = 0, rc = E_OK;

	if (!x)
		return E_OK;
	buffer_count_reply(&w->buf, x->window.kind, r);
	if (archive_add(w->setup.archive, r, out == OUT_PAGE && !x->is_known ? (note = walk_note(x), &note) : NULL, e))
		return e->code;
	switch (out) {
	case OUT_PAGE:
		rc = take_page(w, x, r, now, &good, e);
		break;
	case OUT_LIMITED:
		ready(w, x);
		break;
	case OUT_RETRY:
		fail(w, x, r->status ? "server errors" : r->why, now);
		break;
	case OUT_DENIED:
		rc = err_set(e, E_DENIED, "the Hub refused the list of %s with status %d: check the token",
			     kind_name[x->window.kind], r->status);
		break;
	case OUT_REFUSED:
		if (r->status == 400 && walk_rewind(x)) {
			log_note("the Hub does not take the cursor at which the walk of %s stopped: it begins anew",
				 kind_name[x->window.kind]);
			ready(w, x);
			break;
		}
		x->failures = w->setup.retries;
		fail(w, x, "the Hub refused the request", now);
		break;
	}
	note_seen(w, r, good);
	return rc;
}

/* --- requests --- */

static int64_t tokens(const struct worker *w)
{
	return w->received - w->sums.spent - w->sums.returned;
}

static int count_state(const struct worker *w, enum walk_state s)
{
	int n = 0;

	for (int i = 0; i < w->setup.nslots; i++)
		n += w->walk[i].state == s;
	return n;
}

static void give_back(struct worker *w, int64_t n)
{
	if (n <= 0)
		return;
	w->sums.returned += n;
	w->dirty = 1;
}

static void send(struct worker *w, struct walk *x)
{
	char url[HUB_URL_MAX];

	if (walk_url(x, w->setup.hub, &w->list, url, sizeof url) < 0 || fetch_start(w->setup.fetch, url, x->id))
		return; /* no slot: it stays ready */
	x->state = WALK_FLYING;
	w->sums.spent++;
	w->dirty = 1;
	buffer_count(&w->buf, x->window.kind, CNT_REQUESTS, 1);
	if (x->failures)
		buffer_count(&w->buf, x->window.kind, CNT_RETRIES, 1);
}

/* Time in which a request was ready, nothing was in flight and no token was there. */
static void measure_wait(struct worker *w, int64_t now)
{
	int starved = count_state(w, WALK_READY) > 0 && fetch_flying(w->setup.fetch) == 0 && !w->stopping;

	if (w->starved_since >= 0) {
		w->sums.wait_ms += now - w->starved_since;
		for (int k = 0; k < NKINDS; k++)
			if (w->setup.snapshot->kinds >> k & 1) {
				buffer_count(&w->buf, (enum kind)k, CNT_WAIT_QUOTA_MS, now - w->starved_since);
				break;
			}
	}
	w->starved_since = starved ? now : -1;
}

static void send_ready(struct worker *w, int64_t now)
{
	int64_t surplus;

	for (int i = 0; i < w->setup.nslots; i++)
		if (w->walk[i].state == WALK_PAUSED && now >= w->walk[i].until)
			ready(w, w->walk + i);
	if (now >= w->tokens_until || now < w->wait_until)
		give_back(w, tokens(w));
	for (int i = 0; i < w->setup.nslots && tokens(w) > 0; i++)
		if (w->walk[i].state == WALK_READY)
			send(w, w->walk + i);
	surplus = tokens(w) - count_state(w, WALK_READY) - count_state(w, WALK_FLYING);
	give_back(w, surplus);
	w->sums.soon = count_state(w, WALK_FLYING);
}

/* A shard that could not be sealed: nothing more is, and the other ranks are told. */
static int seal_all(struct worker *w, struct err *e)
{
	int rc = buffer_seal_all(&w->buf, e);

	w->failed |= rc != E_OK;
	return rc;
}

/* --- stop --- */

static void begin_stop(struct worker *w, int why, int64_t now)
{
	if (w->stopping)
		return;
	w->stopping = 1;
	w->why = why;
	w->drain_until = now + WORKER_DRAIN_MS;
	give_back(w, tokens(w));
}

int worker_stop(struct worker *w, int64_t now, struct err *e)
{
	if (w->stopping || w->failed)
		return E_OK;
	begin_stop(w, MSG_ASKED, now);
	return seal_all(w, e);
}

static int drain(struct worker *w, int64_t now, struct err *e)
{
	int rc = E_OK;

	if (w->draining_done || ((fetch_flying(w->setup.fetch) > 0 || w->more) && now < w->drain_until && !w->failed))
		return E_OK;
	fetch_abort(w->setup.fetch);
	w->draining_done = 1;
	if (!w->failed)
		rc = seal_all(w, e);
	return rc;
}

/* --- the turn --- */

int worker_turn(struct worker *w, int64_t now, struct err *e)
{
	const struct fetch_reply *r;
	int rc = E_OK;

	/* One at a time: the next request of each is sent before the next page is parsed. */
	if ((r = fetch_next(w->setup.fetch))) {
		if (!w->failed)
			rc = take_reply(w, r, now, e);
		fetch_release(w->setup.fetch, r);
	}
	w->more = r != NULL;
	if (rc)
		w->failed = 1;
	if (!w->failed) {
		if (!w->stopping)
			send_ready(w, now);
		measure_wait(w, now);
		rc = buffer_seal_due(&w->buf, now, e);
		w->failed |= rc != E_OK;
	}
	if (w->stopping && !rc)
		rc = drain(w, now, e);
	return rc;
}

static void begin_window(struct worker *w, const struct msg_window *m)
{
	for (int i = 0; i < w->setup.nslots; i++)
		if (w->walk[i].state == WALK_FREE) {
			walk_begin(w->walk + i, m);
			ready(w, w->walk + i);
			return;
		}
	/* Cannot be: the coordinator counts the slots. The window would be lost, so say so. */
	log_warn("a window came and no slot was free: it stays a gap");
}

void worker_feed(struct worker *w, const struct msg *m, int64_t now)
{
	struct walk *x;

	switch (m->type) {
	case MSG_WINDOW:
		if (!w->stopping)
			begin_window(w, &m->u.window);
		break;
	case MSG_SHRINK:
		x = walk_find(w, m->u.shrink.window);
		if (!x || x->state == WALK_OVER)
			break;
		walk_shrink(x, &m->u.shrink);
		if (x->state == WALK_READY && window_is_done(&x->window))
			x->state = WALK_OVER, w->sums.asked--;
		w->dirty = 1;
		break;
	case MSG_TOKENS:
		w->received += m->u.tokens.n;
		w->tokens_until = now + m->u.tokens.valid_ms;
		if (w->stopping)
			give_back(w, m->u.tokens.n);
		break;
	case MSG_WAIT:
		w->wait_until = now + m->u.wait.ms;
		break;
	case MSG_STOP:
		begin_stop(w, m->u.stop.why, now);
		w->why = m->u.stop.why;
		w->told = 1;
		break;
	default:
		break;
	}
}

/* --- reports --- */

static void report_walks(struct worker *w, struct msg_report *r)
{
	for (int i = 0; i < w->setup.nslots && r->nprogress < MSG_NPROGRESS; i++) {
		struct walk *x = w->walk + i;

		if (x->state == WALK_FREE || !(x->changed || x->state == WALK_OVER))
			continue;
		walk_progress(x, r->progress + r->nprogress++);
		x->changed = 0;
		if (x->state == WALK_OVER)
			x->state = WALK_FREE;
	}
}

static void report_seen(struct worker *w, struct msg_report *r, int64_t now)
{
	uint32_t n = w->nseen < MSG_NSEEN ? w->nseen : MSG_NSEEN;

	for (uint32_t i = 0; i < n; i++) {
		r->seen[i] = w->seen[i];
		r->seen[i].sent_age_ms = now - w->seen[i].sent_age_ms;
		r->seen[i].received_age_ms = now - w->seen[i].received_age_ms;
	}
	r->nseen = n;
	w->nseen -= n;
	memmove(w->seen, w->seen + n, w->nseen * sizeof *w->seen);
}

/* A chain that the next report gives up, and where it goes on. */
static int tell_next(struct worker *w, struct msg *m)
{
	for (int i = 0; i < w->setup.nslots; i++) {
		struct walk *x = w->walk + i;

		if (x->state != WALK_OVER || !x->given_up || !x->chain || x->told_next)
			continue;
		m->type = MSG_CURSOR;
		m->u.cursor.window = x->id;
		memcpy(m->u.cursor.next, x->next, sizeof m->u.cursor.next);
		x->told_next = 1;
		return 1;
	}
	return 0;
}

int worker_next(struct worker *w, int64_t now, struct msg *m)
{
	struct msg_report *r = &m->u.report;

	if (w->said_bye)
		return 0;
	if (w->dirty && tell_next(w, m))
		return 1;
	if (w->dirty) {
		m->type = MSG_REPORT;
		*r = w->sums;
		buffer_sums(&w->buf, r->counter, r->kind_rows);
		r->nprogress = 0;
		report_walks(w, r);
		report_seen(w, r, now);
		w->dirty = w->nseen > 0 || r->nprogress == MSG_NPROGRESS;
		return 1;
	}
	if (!w->draining_done || !w->told)
		return 0;
	m->type = MSG_BYE;
	w->said_bye = 1;
	return 1;
}

int64_t worker_due(const struct worker *w, int64_t now)
{
	int64_t due = w->stopping ? 20 : 1000;

	if (w->dirty || w->more)
		return 0;
	for (int i = 0; i < w->setup.nslots; i++)
		if (w->walk[i].state == WALK_PAUSED && w->walk[i].until - now < due)
			due = w->walk[i].until - now;
	if (tokens(w) > 0 && w->tokens_until - now < due)
		due = w->tokens_until - now;
	return due > 0 ? due : 0;
}
