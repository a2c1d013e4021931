// SPDX-License-Identifier: Apache-2.0
#include "crawler/survey.h"

#include <stdio.h>
#include <string.h>

#include "crawler/archive.h"
#include "crawler/curve.h"
#include "crawler/page.h"
#include "crawler/retry.h"

#define POLL_MS 50

const char *const finding_name[] = { "unclear", "no", "yes" };

/* How a page is asked for. */
struct shape {
	int crafted; /* with a made-up cursor */
	enum hub_order order;
	double share; /* of what the kind's stretch is expected to hold, that lies before the cursor */
};

struct run {
	struct survey *s;
	const struct survey_setup *u;
	struct page *page;
	int refused;          /* a made-up cursor together with direction=1: one of the two */
	int nheads, nreplies; /* replies of the API, and those with both headers */
	int no_reply;         /* in a row */
	int asked_totals, told_totals, failed_totals;
	char trouble[192]; /* the first thing that went wrong */
};

/* Ask, and wait for the reply. NULL: there is none (or memory is short); else fetch_release() it. */
static const struct fetch_reply *ask(struct run *r, const char *url)
{
	const struct fetch_reply *reply = NULL;

	r->s->nrequests++;
	if (fetch_start(r->u->fetch, url, 0))
		return NULL;
	while (!(reply = fetch_next(r->u->fetch)) && !r->u->is_stopped())
		fetch_poll(r->u->fetch, POLL_MS);
	return reply;
}

static void note_trouble(struct run *r, const char *what, int status, const char *why)
{
	char code[32];

	snprintf(code, sizeof code, "status %d", status);
	if (!*r->trouble)
		snprintf(r->trouble, sizeof r->trouble, "%s: %s", what, status ? code : why);
}

/* --- what a page shows --- */

/* Parse it as rows of a window. The rows are dropped; *memory is what they took. */
static int fits(struct run *r, const struct fetch_reply *reply, const struct window *w, struct page_result *res,
		int64_t *memory, struct err *e)
{
	struct shard to;
	struct page_ask want = { .window = *w, .fields = r->u->snapshot->fields, .flags = PAGE_SPLIT };
	int rc;

	want.observed = clock_wall_ms() / 1000;
	shard_init(&to, w->kind, "", 0, 0);
	rc = page_take(r->page, reply->body, reply->nbody, &want, &to, res, e);
	*memory = (int64_t)table_nbytes(&to.rows);
	shard_release(&to);
	return !rc && res->verdict == PAGE_TAKEN;
}

/* No is what counts where two kinds differ. */
static void find(enum finding *f, enum finding what)
{
	if (*f != FOUND_NO)
		*f = what;
}

static void judge_page_size(struct survey *s, const struct page_result *res, enum hub_next next)
{
	if (res->nrecords == HUB_PAGE_ROWS) {
		find(&s->page_size, FOUND_YES);
	} else if (res->nrecords > HUB_PAGE_ROWS || (next == HUB_NEXT_OK && res->nrecords > 0)) {
		find(&s->page_size, FOUND_NO);
		s->page_rows = res->nrecords;
	}
}

/* The stretch of the axis that a page has covered, for the density. */
static void measure(struct survey *s, const struct window *asked, const struct page_result *res, enum hub_next next)
{
	struct window w = *asked;
	int last = res->is_beyond || (next == HUB_NEXT_NONE && res->nrecords < HUB_PAGE_ROWS);
	struct span done = { OID_MIN, OID_MIN };

	if (last)
		done = window_finish(&w);
	else if (res->has_last)
		done = window_advance(&w, res->last);
	if (s->is_whole[w.kind])
		return;
	s->is_whole[w.kind] = last && oid_cmp(asked->left.lo, OID_MIN) == 0;
	if (s->is_whole[w.kind])
		s->seen[w.kind] = s->expected[w.kind] = 0;
	s->seen[w.kind] += (double)res->rows;
	s->expected[w.kind] += curve_span(w.kind, done);
}

/* Which of cursor and direction the page obeys. `asked`: what it should be. */
static int judge_order(struct run *r, const struct fetch_reply *reply, const struct shape *shape,
		       const struct window *asked, enum hub_next next, struct err *e)
{
	struct survey *s = r->s;
	struct window other = { asked->kind, HUB_DESC, { OID_MIN, OID_MAX } };
	struct page_result res;
	int64_t memory;

	if (fits(r, reply, asked, &res, &memory, e)) {
		if (shape->crafted && res.rows > 0 && shape->share > 0)
			find(&s->cursor, FOUND_YES);
		if (shape->order == HUB_ASC && res.rows > 1)
			find(&s->direction, FOUND_YES);
		s->npages++;
		s->rows += res.rows;
		s->memory += memory;
		s->bytes += (int64_t)reply->nbody;
		s->latency_ms += reply->received_ms - reply->sent_ms;
		judge_page_size(s, &res, next);
		measure(s, asked, &res, next);
		return E_OK;
	}
	if (e->code)
		return e->code;
	if (res.verdict != PAGE_BROKEN) {
		note_trouble(r, kind_name[asked->kind], 0, "what came is no list of repositories");
		return E_OK;
	}
	/* In the other order? From another place? */
	if (shape->order == HUB_ASC && fits(r, reply, &other, &res, &memory, e) && res.rows > 1)
		find(&s->direction, FOUND_NO);
	other.order = shape->order;
	if (shape->crafted && fits(r, reply, &other, &res, &memory, e) && res.rows > 1)
		find(&s->cursor, FOUND_NO);
	s->npages++;
	judge_page_size(s, &res, next);
	return e->code;
}

static void judge_refusal(struct run *r, const struct shape *shape)
{
	if (shape->crafted && shape->order == HUB_ASC)
		r->refused = 1;
	else if (shape->crafted)
		r->s->cursor = FOUND_NO;
	else if (shape->order == HUB_ASC)
		r->s->direction = FOUND_NO;
}

/* One of the two was refused together with the other, and the other is known to work. */
static void conclude_refusal(struct run *r)
{
	struct survey *s = r->s;

	if (r->refused && s->direction == FOUND_YES && s->cursor == FOUND_UNCLEAR)
		s->cursor = FOUND_NO;
	if (r->refused && s->cursor == FOUND_YES && s->direction == FOUND_UNCLEAR)
		s->direction = FOUND_NO;
}

/* --- replies --- */

static int take_reply(struct run *r, const struct fetch_reply *reply, const char *what, int is_list, struct err *e)
{
	struct survey *s = r->s;
	struct hub_quota q;

	if (archive_reply(r->u->saved, reply, NULL, e))
		return e->code;
	if (reply->failure == FETCH_TLS)
		return err_set(e, E_HUB, "no secure connection to '%s': %s", r->u->hub->base, reply->why);
	r->no_reply = reply->status ? 0 : r->no_reply + 1;
	s->limited |= reply->status == 429;
	if (reply->status / 100 != 2)
		note_trouble(r, what, reply->status, reply->why);
	/* Pages of the web site have a quota of their own. */
	if (!is_list || reply->status == 0)
		return E_OK;
	if (reply->status == 401 || reply->status == 403)
		return err_set(e, E_DENIED, "'%s' refused the list of %s (status %d): check the token", r->u->hub->base,
			       what, reply->status);
	hub_quota_parse(&q, reply->ratelimit, reply->policy);
	r->nreplies++;
	r->nheads += q.left >= 0 && q.reset_s >= 0 && q.quota > 0;
	if (q.quota > 0)
		s->quota = q;
	return E_OK;
}

static int take_list(struct run *r, const struct fetch_reply *reply, const struct shape *shape, const struct window *w,
		     struct err *e)
{
	char cursor[HUB_CURSOR_MAX];
	int rc = take_reply(r, reply, kind_name[w->kind], 1, e);

	if (!rc && retry_outcome(reply->status) == OUT_PAGE)
		rc = judge_order(r, reply, shape, w, hub_next(r->u->hub, w->kind, reply->link, reply->nlink, cursor),
				 e);
	else if (!rc && reply->status == 400)
		judge_refusal(r, shape);
	conclude_refusal(r);
	return rc;
}

static int ask_list(struct run *r, enum kind k, double share, struct err *e)
{
	const struct snapshot *snap = r->u->snapshot;
	struct survey *s = r->s;
	int puzzled = r->refused && s->cursor == FOUND_UNCLEAR && s->direction == FOUND_UNCLEAR;
	struct shape shape = { s->cursor != FOUND_NO && !puzzled, s->direction == FOUND_NO ? HUB_DESC : HUB_ASC,
			       share };
	struct window w = { k, shape.order, r->u->where[k] }, far;
	struct hub_list l = { .kind = k,
			      .order = shape.order,
			      .fields = snap->fields,
			      .limit = HUB_PAGE_ROWS,
			      .author = snap->author,
			      .ntag = snap->ntag };
	char url[HUB_URL_MAX], cursor[HUB_CURSOR_ID];
	const struct fetch_reply *reply;
	int rc;

	for (int i = 0; i < snap->ntag; i++)
		l.tag[i] = snap->tag[i];
	if (shape.crafted && share > 0 && window_cut(&w, window_place(&w, share), &far))
		w = far;
	if (!shape.crafted)
		w.left = (struct span){ OID_MIN, OID_MAX };
	else
		l.cursor = hub_cursor_make(l.order, window_cursor(&w), cursor);
	if (hub_list_url(r->u->hub, &l, url, sizeof url) < 0 || !(reply = ask(r, url)))
		return E_OK;
	rc = take_list(r, reply, &shape, &w, e);
	fetch_release(r->u->fetch, reply);
	return rc;
}

static int ask_total(struct run *r, enum kind k, struct err *e)
{
	const struct fetch_reply *reply;
	char url[HUB_URL_MAX], what[64];
	int rc;

	snprintf(what, sizeof what, "the total of %s", kind_name[k]);
	r->asked_totals++;
	if (hub_total_url(r->u->hub, k, url, sizeof url) < 0 || !(reply = ask(r, url)))
		return E_OK;
	rc = take_reply(r, reply, what, 0, e);
	if (reply->status == 200)
		r->s->total[k] = page_number(r->page, reply->body, reply->nbody, "numTotalItems", e);
	r->told_totals += r->s->total[k] >= 0;
	r->failed_totals += retry_outcome(reply->status) == OUT_RETRY || reply->status == 429;
	fetch_release(r->u->fetch, reply);
	return rc ? rc : e->code;
}

/* --- the run --- */

static int may_ask(const struct run *r)
{
	return r->s->nrequests < SURVEY_REQUESTS && !r->s->limited && r->no_reply < 2 && !r->u->is_stopped();
}

static int is_wanted(const struct run *r, int k)
{
	return oid_cmp(r->u->where[k].lo, r->u->where[k].hi) < 0;
}

static int ask_lists(struct run *r, double share, int only_untold, struct err *e)
{
	int rc = E_OK;

	for (int k = 0; k < NKINDS && !rc; k++)
		if (is_wanted(r, k) && may_ask(r) && !(only_untold && (r->s->total[k] >= 0 || r->s->is_whole[k])))
			rc = ask_list(r, (enum kind)k, share, e);
	return rc;
}

/* A total of a filtered list is not told. */
static int ask_totals(struct run *r, struct err *e)
{
	int rc = E_OK;

	for (int k = 0; k < NKINDS && !rc && !snapshot_is_partial(r->u->snapshot); k++)
		if (is_wanted(r, k) && may_ask(r) && (r->asked_totals == 0 || r->told_totals + r->failed_totals > 0))
			rc = ask_total(r, (enum kind)k, e);
	return rc;
}

static void conclude(struct run *r)
{
	struct survey *s = r->s;
	int wanted = 0;

	if (r->nreplies > 0)
		s->headers = r->nheads == r->nreplies ? FOUND_YES : r->nheads == 0 ? FOUND_NO : FOUND_UNCLEAR;
	for (int k = 0; k < NKINDS; k++)
		wanted += is_wanted(r, k);
	if (r->told_totals > 0 && r->told_totals == wanted)
		s->totals = FOUND_YES;
	else if (r->asked_totals > 0 && r->told_totals + r->failed_totals == 0)
		s->totals = FOUND_NO;
	if (s->npages > 0)
		s->latency_ms /= s->npages;
}

int survey_run(struct survey *s, const struct survey_setup *u, struct err *e)
{
	struct run r = { .s = s, .u = u, .page = page_create() };
	int rc;

	*s = (struct survey){ .quota = { -1, -1, -1, -1 }, .total = { -1, -1, -1 }, .page_rows = HUB_PAGE_ROWS };
	if (!r.page)
		return err_set(e, E_NOMEM, "no memory for a page");
	rc = ask_lists(&r, 0.5, 0, e);
	/* Only now is it known how such a Hub must be asked. */
	for (int k = 0; k < NKINDS && !rc && r.refused && s->npages == 0; k++)
		if (is_wanted(&r, k) && may_ask(&r))
			rc = ask_list(&r, (enum kind)k, 0.5, e);
	if (!rc)
		rc = ask_totals(&r, e);
	/* Small lists are seen whole from their beginning; of large ones another place makes the estimate better. */
	for (int i = 0; i < 3 && !rc; i++)
		rc = ask_lists(&r, (double[]){ 0, 0.8, 0.2 }[i], 1, e);
	fetch_abort(u->fetch);
	page_free(r.page);
	conclude(&r);
	if (!rc && u->is_stopped())
		rc = err_set(e, E_STOPPED, "stopped");
	if (!rc && s->npages == 0 && !s->limited)
		rc = err_set(e, E_HUB, "no list of repositories from '%s' (%s): is it a Hub?", u->hub->base,
			     *r.trouble ? r.trouble : "nothing came");
	return rc;
}
