// SPDX-License-Identifier: Apache-2.0
#include "crawler/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crawler/page_row.h"
#include "crawler/scan.h"
#include "io/json.h"

/* What becomes of a record. */
enum fate { FATE_TAKE, FATE_DUPLICATE, FATE_OUTSIDE, FATE_REFUSE };

struct record {
	struct js_value value; /* unless the page was cut into records */
	struct oid oid;
	enum fate fate;
};

struct page {
	struct js *parser;
	struct page_row *row;
	struct record *record;
	struct scan_piece *piece;
	size_t nrecord;
	int is_split;
	int no_memory; /* to read a record of its own: nobody's fault but ours */
	const char *text;
};

struct page *page_create(void)
{
	struct page *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->parser = js_create();
	p->row = page_row_create();
	p->record = malloc(PAGE_RECORDS_MAX * sizeof *p->record);
	p->piece = malloc(PAGE_RECORDS_MAX * sizeof *p->piece);
	if (p->parser && p->row && p->record && p->piece)
		return p;
	page_free(p);
	return NULL;
}

void page_free(struct page *p)
{
	if (!p)
		return;
	js_free(p->parser);
	page_row_free(p->row);
	free(p->record);
	free(p->piece);
	free(p);
}

/* --- records --- */

/* List the elements of a parsed array. Returns 0, or -1 if it is none or too long. */
static int list_records(struct page *p, struct js_value root)
{
	struct js_iter it;
	struct js_value v;

	p->nrecord = 0;
	if (js_type(root) != JS_ARRAY)
		return -1;
	for (it = js_begin(root); js_next(&it, NULL, NULL, &v);) {
		if (p->nrecord == PAGE_RECORDS_MAX)
			return -1;
		p->record[p->nrecord++].value = v;
	}
	return 0;
}

/* Parse the page as a whole, or cut it. */
static void find_records(struct page *p, const char *text, size_t n, unsigned flags, struct page_result *r,
			 struct err *e)
{
	struct js_value root;
	struct err not_json = ERR_INIT;
	int rc = js_parse(p->parser, text, n, &root, &not_json);
	long cut;

	p->is_split = p->no_memory = 0;
	p->text = text;
	if (rc == E_NOMEM) {
		*e = not_json;
		return;
	}
	if (rc == E_OK) {
		if (list_records(p, root)) {
			r->verdict = PAGE_NOT_LIST;
			snprintf(r->why, sizeof r->why, "JSON, but not a list of at most %d", PAGE_RECORDS_MAX);
		}
		return;
	}
	cut = scan_array(text, n, p->piece, PAGE_RECORDS_MAX);
	r->splittable = cut > 0;
	if (cut > 0 && flags & PAGE_SPLIT) {
		p->is_split = 1;
		p->nrecord = (size_t)cut;
		return;
	}
	r->verdict = PAGE_NOT_JSON;
	snprintf(r->why, sizeof r->why, "%.*s", (int)sizeof r->why - 1, not_json.text);
}

/* The value of record i; valid until the next call when the page was cut. Returns 0 and says why (which may be NULL) if
 * it is no JSON, or there is no memory to tell. */
static int record_value(struct page *p, size_t i, struct js_value *v, struct err *why)
{
	int rc;

	if (!p->is_split) {
		*v = p->record[i].value;
		return 1;
	}
	rc = js_parse(p->parser, p->text + p->piece[i].at, p->piece[i].n, v, why);
	p->no_memory |= rc == E_NOMEM;
	return rc == E_OK;
}

/* Its _id. Returns 0 if there is none. */
static int record_oid(struct page *p, size_t i, struct oid *oid)
{
	struct js_value v, id;
	const char *s;
	size_t n;

	if (!record_value(p, i, &v, NULL) || !js_member(v, schema[F_OID].expand, &id) || js_type(id) != JS_STRING)
		return 0;
	s = js_string(id, &n);
	return oid_parse(oid, s, n) == 0;
}

/* --- order and bounds --- */

static int is_before_window(const struct window *w, struct oid x)
{
	return !window_has(w, x) && !window_is_beyond(w, x);
}

/* Did an earlier record of the page have this id? They need not be in order. */
static int is_repeated(const struct page *p, size_t i)
{
	for (size_t j = i; j-- > 0;)
		if (p->record[j].fate != FATE_REFUSE && !oid_cmp(p->record[j].oid, p->record[i].oid))
			return 1;
	return 0;
}

/* Note the first thing that is wrong with the page. */
static void broken(struct page_result *r, const char *what, struct oid oid)
{
	char hex[OID_HEX + 1];

	if (r->verdict == PAGE_BROKEN)
		return;
	r->verdict = PAGE_BROKEN;
	snprintf(r->why, sizeof r->why, "%s: %s", what, oid_hex(oid, hex));
}

/* A clock that was set back must not make the youngest repositories look made up. */
static int64_t latest(const struct page_ask *ask)
{
	return (ask->observed > ask->t0 ? ask->observed : ask->t0) + PAGE_FUTURE_S;
}

static void judge(struct page *p, size_t i, const struct page_ask *ask, struct page_result *r)
{
	struct record *c = p->record + i;
	const struct window *w = &ask->window;

	if (!record_oid(p, i, &c->oid) || oid_seconds(c->oid) > latest(ask)) {
		c->fate = FATE_REFUSE;
		return;
	}
	if (is_before_window(w, c->oid) && !(ask->flags & PAGE_PRECEDES)) {
		broken(r, "a row lies before its window", c->oid);
		c->fate = FATE_OUTSIDE;
		return;
	}
	if (r->has_any && !hub_is_behind(w->order, c->oid, r->farthest)) {
		if (is_repeated(p, i)) {
			c->fate = FATE_DUPLICATE;
			return;
		}
		broken(r, "rows are not in order", c->oid);
	} else {
		r->has_any = 1;
		r->farthest = c->oid;
	}
	c->fate = window_has(w, c->oid) ? FATE_TAKE : FATE_OUTSIDE;
	r->is_beyond |= window_is_beyond(w, c->oid);
	if (c->fate == FATE_TAKE && (!r->has_last || hub_is_behind(w->order, c->oid, r->last))) {
		r->has_last = 1;
		r->last = c->oid;
	}
}

static size_t count_readable(const struct page *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->nrecord; i++)
		n += p->record[i].fate != FATE_REFUSE;
	return n;
}

/* --- taking --- */

/* A record that cannot be read goes to the quarantine as the bytes that came. */
static int refuse(struct page *p, size_t i, const struct page_ask *ask, struct shard *to, const char *why,
		  struct oid oid)
{
	char raw[REFUSAL_RAW_MAX + 1];
	struct err e = ERR_INIT;
	struct js_value v;
	size_t n;

	if (p->is_split)
		return shard_add_refusal(to, -1, ask->observed, oid, why, p->text + p->piece[i].at, p->piece[i].n);
	if (!record_value(p, i, &v, &e))
		return 0;
	n = js_write(v, raw, sizeof raw);
	return shard_add_refusal(to, -1, ask->observed, oid, why, raw, n < REFUSAL_RAW_MAX ? n : REFUSAL_RAW_MAX);
}

static int refuse_record(struct page *p, size_t i, const struct page_ask *ask, struct shard *to)
{
	struct err not_json = ERR_INIT;
	struct js_value v;

	if (!record_value(p, i, &v, &not_json))
		return p->no_memory ? -1 : refuse(p, i, ask, to, not_json.text, OID_MIN);
	return refuse(p, i, ask, to, page_row_why(v), OID_MIN);
}

static int take_record(struct page *p, size_t i, const struct page_ask *ask, struct shard *to, struct page_result *r)
{
	struct record *c = p->record + i;
	const char *why = NULL;
	struct js_value v;
	int rc;

	if (c->fate == FATE_REFUSE) {
		r->refused++;
		return refuse_record(p, i, ask, to);
	}
	if (c->fate != FATE_TAKE) {
		r->duplicates += c->fate == FATE_DUPLICATE;
		r->outside += c->fate == FATE_OUTSIDE;
		return 0;
	}
	if (!record_value(p, i, &v, NULL))
		return -1;
	rc = page_row_take(p->row, v, c->oid, to, &why);
	if (rc == 0 && why) {
		r->refused++;
		return refuse(p, i, ask, to, why, c->oid);
	}
	r->rows++;
	/* Of a page that was cut each record's texts go with the next one's parse. */
	return rc || (p->is_split && page_row_end(p->row, to)) ? -1 : 0;
}

static int take_records(struct page *p, const struct page_ask *ask, struct shard *to, struct page_result *r)
{
	page_row_begin(p->row, to->kind, ask->fields, ask->observed);
	for (size_t i = 0; i < p->nrecord; i++)
		if (take_record(p, i, ask, to, r))
			return -1;
	return page_row_end(p->row, to);
}

int page_take(struct page *p, const char *text, size_t n, const struct page_ask *ask, struct shard *to,
	      struct page_result *r, struct err *e)
{
	uint64_t rows = to->rows.n;
	struct err failed = ERR_INIT;
	struct page_row_counts counts;

	*r = (struct page_result){ .verdict = PAGE_TAKEN };
	p->nrecord = 0;
	find_records(p, text, n, ask->flags, r, &failed);
	if (failed.code)
		return err_set(e, failed.code, "%s", failed.text);
	if (r->verdict != PAGE_TAKEN)
		return E_OK;
	r->nrecords = (int64_t)p->nrecord;
	for (size_t i = 0; i < p->nrecord && !p->no_memory; i++)
		judge(p, i, ask, r);
	if (p->no_memory)
		return err_set(e, E_NOMEM, "no memory for the records of a page");
	/* Nothing that could be placed: not the end of a walk, whatever its length says. */
	if (p->nrecord > 0 && !count_readable(p))
		broken(r, "no record of it can be read", OID_MIN);
	if (r->verdict == PAGE_BROKEN && !(ask->flags & PAGE_FORCE))
		return E_OK;
	if (take_records(p, ask, to, r)) {
		table_truncate(&to->rows, rows);
		return err_set(e, E_NOMEM, "no memory for the rows of a page");
	}
	counts = page_row_counts(p->row);
	r->fields_refused = counts.fields_refused;
	r->labels_cut = counts.labels_cut;
	return E_OK;
}

int64_t page_number(struct page *p, const char *text, size_t n, const char *name, struct err *e)
{
	struct err not_json = ERR_INIT;
	struct js_value root, v;
	int64_t x;
	int rc = js_parse(p->parser, text, n, &root, &not_json);

	if (rc == E_NOMEM)
		err_set(e, rc, "%s", not_json.text);
	if (rc || !js_member(root, name, &v) || js_type(v) != JS_INT)
		return -1;
	x = js_int(v);
	return x >= 0 && x <= 1ll << 53 ? x : -1;
}
