// SPDX-License-Identifier: Apache-2.0
#include "crawler/roll.h"

#include <stdlib.h>
#include <string.h>

#include "io/h5shard.h"
#include "io/json.h"

struct roll {
	struct js *parser;
	struct roll_row *row;
	size_t nrow;
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

static void refuse(struct roll *r, struct js_value v, const char *why)
{
	char raw[REFUSAL_RAW_MAX + 1];
	size_t n = js_write(v, raw, sizeof raw);

	if (texts_add(&r->why, why, strlen(why)) || texts_add(&r->raw, raw, n < REFUSAL_RAW_MAX ? n : REFUSAL_RAW_MAX))
		r->no_memory = 1;
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
	if (s)
		oid_parse(&a->oid, s, n);
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

int roll_take(struct roll *r, enum account_list list, const char *body, size_t n, int64_t observed, struct roll_page *p,
	      struct err *e)
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
	if (js_parse(r->parser, body, n, &root, &not_json)) {
		if (not_json.code == E_NOMEM)
			return err_set(e, E_NOMEM, "no memory for a page of accounts");
		p->why = "no JSON";
		return E_OK;
	}
	p->is_page = js_type(root) == (list == LIST_OVERVIEW ? JS_OBJECT : JS_ARRAY);
	p->why = "JSON of another shape";
	if (p->is_page && list == LIST_OVERVIEW)
		take_overview(r, root, observed, p);
	else if (p->is_page)
		take_rows(r, root, roll_source(list), ACCOUNT_UNKNOWN, observed, p);
	if (r->no_memory)
		return err_set(e, E_NOMEM, "no memory for a page of accounts");
	p->nrow = p->is_page ? r->nrow : 0;
	p->nrefused = (size_t)r->why.n;
	return E_OK;
}
