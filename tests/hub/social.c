/* SPDX-License-Identifier: Apache-2.0 */
/* The lists of accounts: members, followers, following, likers; and what a user likes (hub-api 5). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mix.h"
#include "profile.h"
#include "when.h"

enum { PAGE = 500, PAGE_LIKERS = 1000, MEMBERS_MIN = 10, MEMBERS_MAX = 10000, ROW_BYTES = 320 };

/* A request for one page of a list. */
struct ask {
	const struct hub *h;
	const struct request *rq;
	struct reply *r;
	uint64_t host; /* what the list belongs to: the cursors of one list are no good for another */
	uint64_t offset, limit;
};

/* ---- parameters ---- */

static uint64_t page_of(const struct hub *h, uint64_t limit)
{
	return h->list_page && h->list_page < limit ? h->list_page : limit;
}

/* Beyond [lo, hi]: refused if strict, else cut. */
static bool read_limit(struct ask *a, uint64_t lo, uint64_t hi, bool strict)
{
	const char *v = request_param(a->rq, "limit");
	char *end;
	a->limit = page_of(a->h, PAGE);
	if (!v)
		return true;
	long n = strtol(v, &end, 10);
	bool number = *v >= '0' && *v <= '9' && !*end;
	if (!number || n < 1 || (strict && ((uint64_t)n < lo || (uint64_t)n > hi))) {
		reply_error(a->r, 400,
			    !number                 ? "✖ Invalid input: expected number, received NaN\n  → at limit"
			    : n < 1 || n < (long)lo ? "✖ Too small: expected number to be >=10\n  → at limit"
						    : "✖ Too big: expected number to be <=10000\n  → at limit");
		return false;
	}
	a->limit = page_of(a->h, (uint64_t)n < hi ? (uint64_t)n : hi);
	return true;
}

/* A cursor is 24 hex digits: 8 of the offset, 16 that only this list gives it. */
static uint64_t seal(const struct ask *a, uint64_t offset)
{
	return mix_nth(mix_nth(a->h->faults.seed, a->host), offset);
}

static bool read_offset(struct ask *a)
{
	const char *v = request_param(a->rq, "cursor");
	char oid[OID_TEXT], again[OID_TEXT];
	a->offset = 0;
	if (!v)
		return true;
	if (!fault_hits(&a->h->faults, FAULT_EXPIRE, a->rq->number) && oid_parse(oid, v) == 0) {
		again[0] = 0;
		memcpy(again, oid, 8);
		again[8] = 0;
		a->offset = strtoull(again, NULL, 16);
		oid_format(again, (uint32_t)a->offset, seal(a, a->offset));
		if (!strcmp(oid, again))
			return true;
	}
	reply_error(a->r, 400, "Invalid cursor");
	return false;
}

/* A page without rows, which leads to where it should have begun. */
static bool is_emptied(const struct ask *a, uint64_t n)
{
	if (n - a->offset <= a->limit || !fault_hits(&a->h->faults, FAULT_EMPTY_PAGE, a->rq->number))
		return false;
	hub_link(a->h, a->rq, request_param(a->rq, "cursor"), a->r);
	return true;
}

/* Which row comes k-th: out of order the first two of a page change places. */
static uint64_t place(const struct ask *a, uint64_t k, uint64_t n)
{
	if (k - a->offset > 1 || a->limit < 2 || a->offset + 1 >= n ||
	    !fault_hits(&a->h->faults, FAULT_OUT_OF_ORDER, a->rq->number))
		return k;
	return a->offset + (k == a->offset);
}

static void link_offset(const struct ask *a, uint64_t offset)
{
	char oid[OID_TEXT];
	oid_format(oid, (uint32_t)offset, seal(a, offset));
	hub_link(a->h, a->rq, oid, a->r);
}

/* ---- rows ---- */

/* The lists of likers and of the followed spell one account in eight in another letter case than the others. */
static void row_name(const struct hub *h, uint64_t account, bool odd, char name[ACCOUNT_TEXT])
{
	const struct roster *r = &h->pop.graph.roster;
	roster_name(r, account, name);
	if (odd && roster_hash(r, account) % 8 == 0)
		name[0] = (char)(name[0] ^ 0x20); /* all invented names begin with a letter */
}

static void put_likers_row(const struct hub *h, uint64_t account, const char *name, const char *oid, struct buf *b)
{
	uint64_t hash = roster_hash(&h->pop.graph.roster, account);
	buf_lit(b, "{\"user\":\"");
	buf_str(b, name);
	buf_lit(b, "\",\"fullname\":\"");
	buf_str(b, name);
	buf_lit(b, "\",\"avatarUrl\":\"/avatars/");
	buf_add(b, oid, 24);
	buf_lit(b, "00000000.svg\"");
	if (hash >> 16 & 7)
		buf_str(b, hash >> 8 & 31 ? ",\"isPro\":false" : ",\"isPro\":true");
	buf_lit(b, ",\"type\":\"user\"");
	if (hash >> 20 & 7) {
		buf_lit(b, ",\"_id\":\"");
		buf_add(b, oid, 24);
		buf_char(b, '"');
	}
	buf_char(b, '}');
}

static void put_user_row(const struct ask *a, uint64_t account, const char *name, const char *oid, struct buf *b)
{
	uint64_t hash = roster_hash(&a->h->pop.graph.roster, account);
	buf_lit(b, "{\"avatarUrl\":\"/avatars/");
	buf_add(b, oid, 24);
	buf_lit(b, "00000000.svg\",\"fullname\":\"");
	buf_str(b, name);
	buf_str(b, hash >> 8 & 31 ? "\",\"isPro\":false,\"user\":\"" : "\",\"isPro\":true,\"user\":\"");
	buf_str(b, name);
	buf_lit(b, "\",\"type\":\"user\",");
	if (a->rq->token)
		buf_lit(b, "\"isFollowing\":false,");
	buf_lit(b, "\"_id\":\"");
	buf_add(b, oid, 24);
	buf_lit(b, "\"}");
}

/* List elements that are no accounts, chosen by h; no name among them is a valid one. */
static void put_junk(struct buf *b, uint64_t h)
{
	static const char *const junk[] = { "null",
					    "\"Ada\"",
					    "[]",
					    "{}",
					    "{\"user\":null,\"type\":\"user\"}",
					    "{\"user\":\"\",\"type\":\"user\",\"_id\":\"\"}",
					    "{\"user\":42,\"type\":\"user\",\"_id\":42}",
					    "{\"user\":[\"Ada\"],\"type\":[],\"_id\":{}}",
					    "{\"user\":\"../../etc/passwd\",\"type\":\"user\"}",
					    "{\"user\":\"a b\",\"type\":\"user\",\"_id\":\"6426d3f3a7723d62b53c259b\"}",
					    "{\"user\":\"nul\\u0000byte\",\"type\":\"user\"}",
					    "{\"user\":\"line\\nbreak\",\"type\":\"org\"}",
					    "{\"name\":\"not what was asked for\",\"type\":\"robot\"}" };
	uint64_t n = sizeof junk / sizeof junk[0], k = h % (n + 1);
	if (k < n) {
		buf_str(b, junk[k]);
		return;
	}
	buf_lit(b, "{\"user\":\"");
	for (int i = 0; i < 20000; i++)
		buf_char(b, 'a');
	buf_lit(b, "\",\"type\":\"user\"}");
}

enum shape { SHAPE_USER, SHAPE_FOLLOWED, SHAPE_LIKER };

/* One element, and the faults of elements. false: the search leaves it out. */
static bool put_row(const struct ask *a, uint64_t account, enum shape shape, const char *search, bool first)
{
	enum { KIND_ROW = 21 };
	struct buf *b = &a->r->body;
	char name[ACCOUNT_TEXT], oid[OID_TEXT];
	row_name(a->h, account, shape != SHAPE_USER, name);
	if (search && !strcasestr(name, search))
		return false;
	roster_oid(&a->h->pop.graph.roster, account, oid);
	if (!first)
		buf_char(b, ',');
	if (fault_row(&a->h->faults, FAULT_POISON, KIND_ROW, account)) {
		put_junk(b, mix_nth(a->h->faults.seed, account));
		buf_char(b, ',');
	}
	int times = 1 + (first && fault_hits(&a->h->faults, FAULT_DUPLICATE, a->rq->number));
	for (int k = 0; k < times; k++) {
		if (k)
			buf_char(b, ',');
		if (shape == SHAPE_LIKER)
			put_likers_row(a->h, account, name, oid, b);
		else
			put_user_row(a, account, name, oid, b);
	}
	return true;
}

/* ---- pages ---- */

static void sheet_page(const struct ask *a, const struct sheet *t, const char *search)
{
	uint64_t k = a->offset, n = 0;
	enum shape shape = t->kind == SHEET_FOLLOWING ? SHAPE_FOLLOWED : SHAPE_USER;
	buf_reserve(&a->r->body, (t->n < a->limit ? t->n : a->limit) * ROW_BYTES);
	buf_char(&a->r->body, '[');
	if (!is_emptied(a, t->n)) {
		for (; k < t->n && n < a->limit; k++)
			n += put_row(a, sheet_at(t, place(a, k, t->n)), shape, search, n == 0);
		if (k < t->n)
			link_offset(a, k);
	}
	buf_char(&a->r->body, ']');
}

/* Some organisations answer with an error, some with an empty list. */
static bool hidden(const struct ask *a, const struct profile *p)
{
	if (!graph_private(&a->h->pop.graph, p->account - a->h->pop.graph.roster.nuser))
		return false;
	if (p->hash >> 4 & 1)
		reply_error(a->r, 403, "This organization's list of members is private");
	else
		buf_lit(&a->r->body, "[]");
	return true;
}

static void sheet_answer(struct ask *a, const struct profile *p, enum sheet_kind kind)
{
	struct sheet t;
	bool members = kind == SHEET_MEMBERS;
	if (!read_limit(a, members ? MEMBERS_MIN : 1, members ? MEMBERS_MAX : PAGE, members))
		return;
	if (a->h->pop.recorded) {
		buf_lit(&a->r->body, "[]");
		return;
	}
	a->host = p->account * NSHEET + kind;
	if (!read_offset(a) || (members && hidden(a, p)))
		return;
	sheet_open(&t, &a->h->pop.graph, kind, p->account);
	sheet_page(a, &t, members ? request_param(a->rq, "search") : NULL);
}

void likers_answer(const struct hub *h, const struct request *rq, enum kind kind, uint64_t row, struct reply *r)
{
	struct ask a = { .h = h, .rq = rq, .r = r, .host = mix64(row * NKIND + kind) };
	struct liked d;
	uint64_t k, n = 0;
	if (!read_limit(&a, 1, PAGE_LIKERS, false) || !read_offset(&a))
		return;
	buf_char(&r->body, '[');
	if (!h->pop.recorded)
		likes_open(&h->pop.graph.likes[kind], row, &d);
	if (!h->pop.recorded && !is_emptied(&a, d.n)) {
		for (k = a.offset; k < d.n && n < a.limit; k++)
			n += put_row(&a, graph_liker(&h->pop.graph, &d, place(&a, k, d.n)), SHAPE_LIKER, NULL, n == 0);
		if (k < d.n)
			link_offset(&a, k);
	}
	buf_char(&r->body, ']');
}

/* ---- what a user likes ---- */

struct like {
	char oid[OID_TEXT];
	int64_t when;
	enum kind kind;
	uint64_t row;
};

struct like_list {
	struct like *p;
	size_t n, cap;
};

static int newest_first(const void *a, const void *b)
{
	return strcmp(((const struct like *)b)->oid, ((const struct like *)a)->oid);
}

/* Some time between the repository's creation and now. */
static void like_add(struct like_list *l, const struct hub *h, uint64_t account, enum kind kind, uint64_t row)
{
	const struct synth *s = &h->pop.synth;
	uint64_t hash = mix_nth(mix_nth(s->opts.seed, account * NKIND + kind), row);
	int64_t born = curve_time(&s->kind[kind].curve, row);
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 16;
		l->p = mem_grow(l->p, l->cap * sizeof *l->p);
	}
	struct like *x = &l->p[l->n++];
	*x = (struct like){ .kind = kind, .row = row };
	x->when = born + (int64_t)(mix_unit(hash) * (double)(s->opts.until - born));
	oid_format(x->oid, (uint32_t)x->when, mix64(hash));
}

static void likes_collect(struct like_list *l, const struct hub *h, uint64_t account)
{
	uint64_t state, row;
	for (enum kind k = MODELS; k < NKIND; k++)
		for (state = 0; graph_likes_next(&h->pop.graph, k, account, &state, &row);)
			like_add(l, h, account, k, row);
	if (l->n)
		qsort(l->p, l->n, sizeof *l->p, newest_first);
}

static void put_like(const struct hub *h, const struct like *x, struct buf *b)
{
	char id[ROW_ID];
	buf_lit(b, "{\"createdAt\":");
	buf_json_time(b, x->when);
	buf_lit(b, ",\"repo\":{\"name\":");
	synth_id(&h->pop.synth, x->kind, x->row, id);
	buf_json(b, id);
	buf_fmt(b, ",\"type\":\"%s\"}}", kind_one[x->kind]);
}

/* Likes of what only their owner may see are left out of a page after it was cut: for one user in eight the newest
 * ones, so that the first page is empty and has a next link. */
static void likes_page(const struct ask *a, const struct profile *p, const struct like_list *l)
{
	const char *cursor = request_param(a->rq, "cursor");
	char below[OID_TEXT];
	struct buf *b = &a->r->body;
	size_t k = 0, n = 0;
	if (cursor && oid_parse(below, cursor)) {
		reply_error(a->r, 400, "✖ Invalid ObjectId\n  → at cursor");
		return;
	}
	buf_char(b, '[');
	if (!cursor && l->n && p->hash % 8 == 3) {
		hub_link(a->h, a->rq, "ffffffffffffffffffffffff", a->r);
	} else {
		while (k < l->n && cursor && strcmp(l->p[k].oid, below) >= 0)
			k++;
		for (; k < l->n && n < a->limit; k++, n++) {
			if (n)
				buf_char(b, ',');
			put_like(a->h, &l->p[k], b);
		}
		if (k < l->n)
			hub_link(a->h, a->rq, l->p[k - 1].oid, a->r);
	}
	buf_char(b, ']');
}

static void likes_answer(struct ask *a, const struct profile *p)
{
	struct like_list l = { 0 };
	if (!read_limit(a, 1, PAGE, false))
		return;
	if (!a->h->pop.recorded)
		likes_collect(&l, a->h, p->account);
	likes_page(a, p, &l);
	free(l.p);
}

bool social_answer(const struct hub *h, const struct request *rq, const char *name, bool org, const char *what,
		   struct reply *r)
{
	static const struct {
		const char *what;
		bool org;
		int kind; /* -1: likes */
	} lists[] = { { "members", true, SHEET_MEMBERS },
		      { "followers", true, SHEET_ORG_FOLLOWERS },
		      { "followers", false, SHEET_FOLLOWERS },
		      { "following", false, SHEET_FOLLOWING },
		      { "likes", false, -1 } };
	struct ask a = { .h = h, .rq = rq, .r = r };
	struct profile p;
	size_t k = 0;
	while (k < sizeof lists / sizeof lists[0] && (org != lists[k].org || strcmp(what, lists[k].what) != 0))
		k++;
	if (k == sizeof lists / sizeof lists[0])
		return false;
	if (!profile_find(h, name, &p) || p.org != org || profile_vanished(h, &p, request_param(rq, "cursor") != NULL))
		reply_error(r, 404, org ? "This organization does not exist" : "This user does not exist");
	else if (lists[k].kind < 0)
		likes_answer(&a, &p);
	else
		sheet_answer(&a, &p, (enum sheet_kind)lists[k].kind);
	return true;
}
