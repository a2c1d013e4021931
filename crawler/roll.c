// SPDX-License-Identifier: Apache-2.0
#include "crawler/roll.h"

#include <stdlib.h>
#include <string.h>

#include "crawler/scan.h"
#include "io/h5shard.h"
#include "io/json.h"

struct roll {
	struct js *parser;
	struct roll_row *row;
	size_t nrow;
	/* Of a list that was cut: */
	struct scan_piece *piece;
	char (*name)[ACCOUNT_NAME_MAX]; /* for the parser keeps only those of the last element */
	struct texts why, raw;
	int no_memory;
};

struct roll *roll_create(void)
{
	struct roll *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->parser = js_create();
	r->row = malloc(ROLL_MAX * sizeof *r->row);
	if (r->parser && r->row)
		return r;
	roll_free(r);
	return NULL;
}

void roll_free(struct roll *r)
{
	if (!r)
		return;
	js_free(r->parser);
	free(r->row);
	free(r->piece);
	free(r->name);
	texts_release(&r->why);
	texts_release(&r->raw);
	free(r);
}

enum account_source roll_source(enum account_list list)
{
	switch (list) {
	case LIST_OVERVIEW:
		return SOURCE_OVERVIEW_ORG;
	case LIST_MEMBERS:
		return SOURCE_MEMBER;
	case LIST_ORG_FOLLOWERS:
		return SOURCE_ORG_FOLLOWER;
	case LIST_FOLLOWERS:
		return SOURCE_FOLLOWER;
	case LIST_FOLLOWING:
		return SOURCE_FOLLOWING;
	default:
		return SOURCE_LIKER;
	}
}

/* --- members --- */

static void refuse_raw(struct roll *r, const char *raw, size_t n, const char *why)
{
	if (texts_add(&r->why, why, strlen(why)) || texts_add(&r->raw, raw, n < REFUSAL_RAW_MAX ? n : REFUSAL_RAW_MAX))
		r->no_memory = 1;
}

static void refuse(struct roll *r, struct js_value v, const char *why)
{
	char raw[REFUSAL_RAW_MAX + 1];

	refuse_raw(r, raw, js_write(v, raw, sizeof raw), why);
}

static const char *text(struct js_value v, const char *name, size_t *n)
{
	struct js_value x;

	if (!js_member(v, name, &x) || js_type(x) != JS_STRING)
		return NULL;
	return js_string(x, n);
}

static int64_t count(struct js_value v, const char *name)
{
	struct js_value x;

	return js_member(v, name, &x) && js_type(x) == JS_INT && js_int(x) >= 0 ? js_int(x) : -1;
}

static int equals(const char *s, size_t n, const char *word)
{
	return n == strlen(word) && !memcmp(s, word, n);
}

/* What it says of itself; `type` where it says nothing. */
static void describe(struct js_value v, enum account_type type, struct account *a)
{
	size_t n = 0;
	const char *s = text(v, "_id", &n);

	if (!s)
		s = text(v, "id", &n);
	if (s && !oid_parse(&a->oid, s, n) && oid_seconds(a->oid) > a->observed + ROLL_AHEAD_S)
		a->oid = OID_MIN;
	a->followers = count(v, "followerCount");
	if (a->followers < 0)
		a->followers = count(v, "numFollowers");
	s = text(v, "type", &n);
	if (!s)
		a->type = (uint8_t)type;
	else if (equals(s, n, "user"))
		a->type = ACCOUNT_USER;
	else if (equals(s, n, "org") || equals(s, n, "organization"))
		a->type = ACCOUNT_ORG;
}

static void take_row(struct roll *r, struct js_value v, enum account_source source, enum account_type type,
		     int64_t observed)
{
	struct roll_row *row = r->row + r->nrow;
	size_t n = 0;
	const char *name;

	if (js_type(v) != JS_OBJECT) {
		refuse(r, v, "no object");
		return;
	}
	name = text(v, "user", &n);
	if (!name)
		name = text(v, "name", &n);
	if (!name || !account_name_is_valid(name, n)) {
		refuse(r, v, name ? "no name of an account" : "no name");
		return;
	}
	*row = (struct roll_row){ .name = name, .n = (uint8_t)n, .a = ACCOUNT_INIT };
	row->a.observed = observed;
	row->a.sources = (uint16_t)(1u << source);
	describe(v, type, &row->a);
	r->nrow++;
}

/* --- pages --- */

/* Of a list that is no JSON as a whole. */
static void take_pieces(struct roll *r, const char *body, size_t npiece, enum account_source source, int64_t observed)
{
	for (size_t i = 0; i < npiece && !r->no_memory; i++) {
		const struct scan_piece *c = r->piece + i;
		struct err not_json = ERR_INIT;
		size_t before = r->nrow;
		struct js_value v;
		int rc = js_parse(r->parser, body + c->at, c->n, &v, &not_json);

		if (rc == E_NOMEM)
			r->no_memory = 1;
		else if (rc)
			refuse_raw(r, body + c->at, c->n, "no JSON");
		else
			take_row(r, v, source, ACCOUNT_UNKNOWN, observed);
		if (r->nrow == before)
			continue;
		memcpy(r->name[before], r->row[before].name, r->row[before].n);
		r->row[before].name = r->name[before];
	}
}

/* Returns 0, or -1 when memory is short. */
static int room_to_split(struct roll *r)
{
	if (!r->piece)
		r->piece = malloc(ROLL_MAX * sizeof *r->piece);
	if (!r->name)
		r->name = malloc(ROLL_MAX * sizeof *r->name);
	return r->piece && r->name ? 0 : -1;
}

static void take_cut(struct roll *r, enum account_list list, unsigned flags, const char *body, size_t n,
		     int64_t observed, struct roll_page *p)
{
	long npiece;

	p->why = "no JSON";
	if (list == LIST_OVERVIEW)
		return;
	if (room_to_split(r)) {
		r->no_memory = 1;
		return;
	}
	npiece = scan_array(body, n, r->piece, ROLL_MAX);
	p->doubtful = npiece > 0;
	p->is_page = p->doubtful && flags & ROLL_FORCE;
	if (p->is_page)
		take_pieces(r, body, (size_t)npiece, roll_source(list), observed);
}

static void take_rows(struct roll *r, struct js_value list, enum account_source source, enum account_type type,
		      int64_t observed, struct roll_page *p)
{
	struct js_iter it;
	struct js_value v;
	size_t n = 0;

	for (it = js_begin(list); js_next(&it, NULL, NULL, &v);) {
		if (++n > ROLL_MAX) {
			p->is_page = 0;
			p->why = "more elements than a page has";
			return;
		}
		take_row(r, v, source, type, observed);
	}
}

static void take_overview(struct roll *r, struct js_value root, int64_t observed, struct roll_page *p)
{
	struct js_value orgs;

	describe(root, ACCOUNT_USER, &p->own);
	p->nfollowing = count(root, "numFollowing");
	if (js_member(root, "orgs", &orgs))
		take_rows(r, orgs, SOURCE_OVERVIEW_ORG, ACCOUNT_ORG, observed, p);
}

/* A page that says nothing of what it was asked for. */
static int is_empty_talk(const struct roll *r, enum account_list list, struct js_value root, const struct roll_page *p)
{
	size_t n;

	if (list == LIST_OVERVIEW)
		return !text(root, "user", &n) && !oid_cmp(p->own.oid, OID_MIN);
	return r->nrow == 0 && r->why.n > 0;
}

static void take_page(struct roll *r, enum account_list list, unsigned flags, struct js_value root, int64_t observed,
		      struct roll_page *p)
{
	p->is_page = js_type(root) == (list == LIST_OVERVIEW ? JS_OBJECT : JS_ARRAY);
	p->why = "JSON of another shape";
	if (p->is_page && list == LIST_OVERVIEW)
		take_overview(r, root, observed, p);
	else if (p->is_page)
		take_rows(r, root, roll_source(list), ACCOUNT_UNKNOWN, observed, p);
	p->doubtful = p->is_page && is_empty_talk(r, list, root, p);
	if (p->doubtful && !(flags & ROLL_FORCE)) {
		p->is_page = 0;
		p->why = "a reply without an account";
	}
}

int roll_take(struct roll *r, enum account_list list, unsigned flags, const char *body, size_t n, int64_t observed,
	      struct roll_page *p, struct err *e)
{
	struct err not_json = ERR_INIT;
	struct js_value root;

	r->nrow = 0;
	texts_truncate(&r->why, 0);
	texts_truncate(&r->raw, 0);
	*p = (struct roll_page){ .own = ACCOUNT_INIT,
				 .nfollowing = -1,
				 .why = "",
				 .row = r->row,
				 .refused_why = &r->why,
				 .refused_raw = &r->raw };
	p->own.observed = observed;
	if (!js_parse(r->parser, body, n, &root, &not_json))
		take_page(r, list, flags, root, observed, p);
	else if (not_json.code == E_NOMEM)
		r->no_memory = 1;
	else
		take_cut(r, list, flags, body, n, observed, p);
	if (r->no_memory)
		return err_set(e, E_NOMEM, "no memory for a page of accounts");
	p->nrow = p->is_page ? r->nrow : 0;
	p->nrefused = (size_t)r->why.n;
	return E_OK;
}
