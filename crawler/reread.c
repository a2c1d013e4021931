// SPDX-License-Identifier: Apache-2.0
#include "crawler/reread.h"

#include <stdint.h>
#include <string.h>

#include "crawler/audit.h"
#include "crawler/retry.h"
#include "crawler/walk.h"

int reread_init(struct reread *r, const struct snapshot *s, const struct hub *hub, const struct cover *taken,
		struct buffer *buf, int rank, int64_t session, struct err *e)
{
	memset(r, 0, sizeof *r);
	r->snapshot = s;
	r->hub = hub;
	r->taken = taken;
	r->buf = buf;
	r->page = page_create();
	for (int k = 0; k < NKINDS; k++) {
		shard_init(r->scratch + k, (enum kind)k, s->id, rank, session);
		shard_init(r->sample + k, (enum kind)k, s->id, rank, session);
		r->total_later[k] = -1;
		r->place_later[k] = INT64_MAX;
	}
	reread_next_session(r);
	return r->page ? E_OK : err_set(e, E_NOMEM, "no memory for a page");
}

void reread_release(struct reread *r)
{
	for (int k = 0; k < NKINDS; k++) {
		shard_release(r->scratch + k);
		shard_release(r->sample + k);
		cover_release(r->fresh + k);
	}
	page_free(r->page);
	memset(r, 0, sizeof *r);
}

void reread_next_session(struct reread *r)
{
	for (int k = 0; k < NKINDS; k++) {
		r->fresh[k].n = 0;
		r->total[k] = -1;
		r->place[k] = INT64_MAX;
	}
}

/* --- was it asked for by this snapshot? --- */

static struct hub_list list_of(const struct snapshot *s, const struct note *n)
{
	struct hub_list l = { .kind = n->window.kind,
			      .order = n->window.order,
			      .fields = s->fields,
			      .limit = n->limit,
			      .author = s->author,
			      .ntag = s->ntag };

	for (int i = 0; i < s->ntag; i++)
		l.tag[i] = s->tag[i];
	return l;
}

static int is_own_page(const struct reread *r, const struct note *n, const char *uri)
{
	struct hub_list l = list_of(r->snapshot, n);
	char url[HUB_URL_MAX], cursor[HUB_CURSOR_ID];
	size_t len;

	if (!n->chain)
		l.cursor = hub_cursor_make(l.order, window_cursor(&n->window), cursor);
	if (hub_list_url(r->hub, &l, url, sizeof url) < 0)
		return 0;
	len = strlen(url);
	/* The Hub's own cursors are what it said. */
	return !strncmp(uri, url, len) && (uri[len] == '\0' || (n->chain && !strncmp(uri + len, "&cursor=", 8)));
}

static int is_own(const struct reread *r, const struct note *n, const char *uri)
{
	char url[HUB_URL_MAX];

	if (!(r->snapshot->kinds >> n->window.kind & 1))
		return 0;
	switch (n->what) {
	case NOTE_PAGE:
		return is_own_page(r, n, uri);
	case NOTE_TOTAL:
		return hub_total_url(r->hub, n->window.kind, url, sizeof url) > 0 && !strcmp(uri, url);
	default:
		return hub_is_same_origin(r->hub, uri, strlen(uri));
	}
}

/* --- a page of a walk --- */

/* All Link headers, as fetch.c gives them. */
static size_t link_of(const struct warc_record *x, char link[FETCH_LINK_MAX])
{
	size_t pos = 0, n, have = 0;
	const char *v;

	while (warc_header(x, "Link", &pos, &v, &n)) {
		size_t comma = have ? 2 : 0;

		if (memchr(v, '\0', n) || have + comma + n + 1 > FETCH_LINK_MAX)
			continue;
		memcpy(link + have, ", ", comma);
		memcpy(link + have + comma, v, n);
		have += comma + n;
	}
	return have;
}

static int no_memory(struct err *e)
{
	return err_set(e, E_NOMEM, "no memory for an archived page");
}

static int add_piece(struct reread *r, enum kind k, const struct shard_piece *p, struct err *e)
{
	if (oid_cmp(p->span.lo, p->span.hi) >= 0)
		return E_OK;
	return shard_add_piece(r->buf->shard + k, p) || cover_add(r->fresh + k, p->span) ? no_memory(e) : E_OK;
}

static int is_in(struct span s, struct oid o)
{
	return oid_cmp(o, s.lo) > 0 && oid_cmp(o, s.hi) <= 0;
}

/* Rows and refusals of the scratch that lie in `s`. */
static int copy_part(struct reread *r, enum kind k, struct span s, int64_t *nrows, struct err *e)
{
	const struct shard *from = r->scratch + k;
	struct shard *to = r->buf->shard + k;

	*nrows = 0;
	for (uint64_t i = 0; i < from->rows.n; i++) {
		if (!is_in(s, from->rows.col[F_OID].oid[i]))
			continue;
		if (table_append(&to->rows, &from->rows, i, 1))
			return no_memory(e);
		++*nrows;
	}
	for (uint32_t i = 0; i < from->nrefusal; i++) {
		const struct shard_refusal *f = from->refusal + i;

		if (is_in(s, f->oid) && shard_add_refusal(to, f->field, f->observed, f->oid, f->why, f->raw, f->nraw))
			return no_memory(e);
	}
	return E_OK;
}

/* Refusals without a readable _id go with the page, once. */
static int copy_nameless(struct reread *r, enum kind k, struct err *e)
{
	const struct shard *from = r->scratch + k;

	for (uint32_t i = 0; i < from->nrefusal; i++) {
		const struct shard_refusal *f = from->refusal + i;

		if (oid_cmp(f->oid, OID_MIN) == 0 &&
		    shard_add_refusal(r->buf->shard + k, f->field, f->observed, f->oid, f->why, f->raw, f->nraw))
			return no_memory(e);
	}
	return E_OK;
}

/* A page that a later session has a part of: what is left of it. */
static int take_rest(struct reread *r, enum kind k, const struct shard_piece *whole, struct cover *left, struct err *e)
{
	struct oid far = whole->span.hi, near = whole->span.lo;
	int rc = left->n > 0 ? copy_nameless(r, k, e) : E_OK;

	for (size_t i = 0; i < left->n && !rc; i++) {
		struct shard_piece p = *whole;

		p.span = left->at[i];
		/* The Hub's cursor goes on from an end. */
		if (oid_cmp(p.span.hi, far) && oid_cmp(p.span.lo, near))
			p.next = NULL;
		rc = copy_part(r, k, p.span, &p.rows, e);
		rc = rc ? rc : add_piece(r, k, &p, e);
	}
	return rc;
}

/* *left: what of `s` belongs to no later session. */
static int find_left(const struct reread *r, enum kind k, struct span s, struct cover *left, struct err *e)
{
	left->n = 0;
	return oid_cmp(s.lo, s.hi) < 0 && cover_gaps(r->taken + k, s, left) ? no_memory(e) : E_OK;
}

static int is_whole(const struct cover *left, struct span s)
{
	return left->n == 1 && !oid_cmp(left->at[0].lo, s.lo) && !oid_cmp(left->at[0].hi, s.hi);
}

/* What a page that was taken has completed, and of a page in the scratch its rows. */
static int keep_page(struct reread *r, const struct warc_record *x, struct walk *w, const struct page_result *res,
		     int direct, struct err *e)
{
	enum kind k = w->window.kind;
	char link[FETCH_LINK_MAX], cursor[HUB_CURSOR_MAX];
	enum hub_next next = hub_next(r->hub, k, link, link_of(x, link), cursor);
	struct cover left = COVER_INIT;
	struct shard_piece piece;
	int rc;

	walk_take(w, res, next, cursor, x->date_ms / 1000, &piece);
	rc = direct ? E_OK : find_left(r, k, piece.span, &left, e);
	if (direct || left.n > 0) {
		buffer_count_page(r->buf, k, res);
		r->npages++;
	}
	if (!rc)
		rc = direct ? add_piece(r, k, &piece, e) : take_rest(r, k, &piece, &left, e);
	cover_release(&left);
	return rc;
}

static int parse_page(struct reread *r, const struct warc_record *x, const struct note *n, int direct, struct err *e)
{
	enum kind k = n->window.kind;
	struct shard *to = direct ? r->buf->shard + k : r->scratch + k;
	struct page_result res;
	struct page_ask ask;
	struct walk w;

	walk_from_note(&w, n);
	ask = walk_ask(&w, r->snapshot, x->date_ms / 1000);
	shard_clear(r->scratch + k);
	if (page_take(r->page, x->body, x->nbody, &ask, to, &res, e))
		return e->code;
	if (res.verdict == PAGE_NOT_JSON || res.verdict == PAGE_NOT_LIST) {
		buffer_count(r->buf, k, CNT_NOT_JSON, 1);
		return E_OK;
	}
	if (res.verdict == PAGE_BROKEN)
		buffer_count(r->buf, k, CNT_PAGES_BROKEN, 1);
	if (res.verdict == PAGE_BROKEN && !(ask.flags & PAGE_FORCE))
		return E_OK;
	return keep_page(r, x, &w, &res, direct, e);
}

static int take_page(struct reread *r, const struct warc_record *x, const struct note *n, struct err *e)
{
	struct cover left = COVER_INIT;
	int rc = find_left(r, n->window.kind, n->window.left, &left, e);

	if (!rc && left.n > 0)
		rc = parse_page(r, x, n, is_whole(&left, n->window.left), e);
	cover_release(&left);
	return rc;
}

/* --- records --- */

static int take_total(struct reread *r, const struct warc_record *x, enum kind k, struct err *e)
{
	int64_t total = page_number(r->page, x->body, x->nbody, "numTotalItems", e);

	r->total[k] = total > r->total[k] ? total : r->total[k];
	/* It goes into every shard that is sealed from now on. */
	if (r->total_later[k] < 0 && r->total[k] >= 0)
		r->buf->shard[k].hub_total = r->total[k];
	return e->code;
}

/* A second pass that was killed asks for the same places again: the later pages count. */
static int take_audit(struct reread *r, const struct warc_record *x, const struct note *n, struct err *e)
{
	enum kind k = n->window.kind;

	if (n->place < r->place[k])
		r->place[k] = n->place;
	if (n->place < r->place_later[k])
		audit_take(r->sample + k, r->page, x->body, x->nbody, x->date_ms / 1000, e);
	return e->code;
}

static void count_reply(struct reread *r, const struct warc_record *x, enum kind k)
{
	struct fetch_reply reply = { .status = x->is_truncated ? 0 : x->status, .nbody = x->nbody };

	buffer_count(r->buf, k, CNT_REQUESTS, 1);
	buffer_count_reply(r->buf, k, &reply);
	r->nreplies++;
}

/* The kind that an address is about, for the counters of a reply that was not read; models where it says none. */
static enum kind kind_of(const char *uri)
{
	for (int k = 0; k < NKINDS; k++) {
		const char *at = strstr(uri, kind_name[k]);

		if (at && at > uri && at[-1] == '/')
			return (enum kind)k;
	}
	return KIND_MODELS;
}

static int take_list(struct reread *r, const struct warc_record *x, const struct note_list *n, struct err *e)
{
	enum outcome out = retry_outcome(x->status);
	char link[FETCH_LINK_MAX];

	if (!r->lists) {
		r->nreplies++;
		return E_OK;
	}
	if (out == OUT_LIMITED || (out == OUT_RETRY && x->status / 100 != 3) || !relist_is_own(r->lists, n, x->uri)) {
		r->nforeign++;
		return E_OK;
	}
	r->nreplies++;
	return relist_record(r->lists, x, n, link, link_of(x, link), e);
}

int reread_record(struct reread *r, const struct warc_record *x, struct err *e)
{
	struct note n;

	if (x->type != WARC_RESPONSE)
		return E_OK;
	if (note_parse(&n, x->note, x->nnote)) {
		count_reply(r, x, kind_of(x->uri));
		return E_OK;
	}
	if (n.what == NOTE_LIST && !x->is_truncated && !x->is_encoded)
		return take_list(r, x, &n.list, e);
	if (n.what == NOTE_LIST || x->is_truncated || x->is_encoded || retry_outcome(x->status) != OUT_PAGE ||
	    !is_own(r, &n, x->uri)) {
		r->nforeign++;
		return E_OK;
	}
	count_reply(r, x, n.window.kind);
	switch (n.what) {
	case NOTE_PAGE:
		return take_page(r, x, &n, e);
	case NOTE_TOTAL:
		return take_total(r, x, n.window.kind, e);
	default:
		return take_audit(r, x, &n, e);
	}
}
