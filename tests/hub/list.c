/* SPDX-License-Identifier: Apache-2.0 */
/* GET /api/models, /api/datasets, /api/spaces. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cursor.h"
#include "hub.h"
#include "mix.h"

struct page {
	uint64_t row[QUERY_LIMIT + 2];
	unsigned n;
	bool more;
	struct row last; /* the cursor is made of it; its strings do not live on */
};

static bool keep(const struct hub *h, const struct query *q, uint64_t i, struct row *row, struct row_space *space)
{
	if (q->sort == SORT_CREATED && fault_row(&h->faults, FAULT_HIDE, q->kind, i))
		return false;
	if (!query_filters(q))
		return true;
	if (!query_owner(q, &h->pop, i))
		return false;
	population_row(&h->pop, q->kind, i, row, space);
	return query_match(q, row);
}

/* The rows of the page, and whether another one follows. */
static void collect(const struct hub *h, const struct query *q, struct page *p, struct row_space *space)
{
	struct walk w;
	struct row row;
	uint64_t i;
	p->n = 0;
	p->more = false;
	walk_init(&w, &h->pop, q->kind, q->sort, q->up, &q->start);
	while (!p->more && walk_next(&w, &i)) {
		if (!keep(h, q, i, &row, space))
			continue;
		if (p->n == q->limit)
			p->more = true;
		else
			p->row[p->n++] = i;
	}
	walk_release(&w);
	if (p->n)
		population_row(&h->pop, q->kind, p->row[p->n - 1], &p->last, space);
}

/* Faults of a page's order. The last row stays, because the next page begins behind it. */
static void disorder(const struct hub *h, const struct request *rq, struct page *p)
{
	unsigned at = (unsigned)mix_below(mix_nth(h->faults.seed, rq->number), p->n > 2 ? p->n - 2 : 1);
	if (p->n > 2 && fault_hits(&h->faults, FAULT_OUT_OF_ORDER, rq->number)) {
		uint64_t t = p->row[at];
		p->row[at] = p->row[at + 1];
		p->row[at + 1] = t;
	}
	if (p->n > 0 && fault_hits(&h->faults, FAULT_DUPLICATE, rq->number)) {
		memmove(p->row + at + 1, p->row + at, (p->n - at) * sizeof p->row[0]);
		p->n++;
	}
}

/* Somebody renames repositories while they are listed. */
static void rename_row(const struct hub *h, const struct request *rq, enum kind kind, uint64_t i, struct row *row,
		       char name[256])
{
	if (rq->number % 2 || !fault_row(&h->faults, FAULT_RENAME, kind, i))
		return;
	snprintf(name, 256, "%.240s-renamed", row->id);
	row->id = name;
}

static void render_one(const struct hub *h, const struct request *rq, const struct query *q, uint64_t i,
		       struct row *row, struct buf *b)
{
	char name[256];
	bool poison = fault_row(&h->faults, FAULT_POISON, q->kind, i);
	rename_row(h, rq, q->kind, i, row, name);
	if (poison) {
		render_junk(b, mix_nth(h->faults.seed, i));
		buf_char(b, ',');
	}
	render_row(b, row, &q->fields, poison);
}

static void render(const struct hub *h, const struct request *rq, const struct query *q, const struct page *p,
		   struct row_space *space, struct buf *b)
{
	struct run run;
	struct row row;
	buf_reserve(b, (size_t)p->n * 700);
	buf_char(b, '[');
	for (unsigned from = 0; from < p->n; from += ROW_RUN) {
		unsigned n = p->n - from < ROW_RUN ? p->n - from : ROW_RUN;
		run_init(&run, &h->pop, q->kind, p->row + from, n, fields_has(&q->fields, "trendingScore"));
		for (unsigned k = 0; k < n; k++) {
			if (from + k)
				buf_char(b, ',');
			run_row(&run, k, &row, space);
			render_one(h, rq, q, p->row[from + k], &row, b);
		}
	}
	buf_char(b, ']');
}

static void link_next(const struct hub *h, const struct request *rq, const struct query *q, const struct page *p,
		      struct reply *r)
{
	struct buf cursor;
	buf_init(&cursor);
	cursor_write(&cursor, q->sort, q->up, &p->last);
	hub_link(h, rq, buf_cstr(&cursor), r);
	buf_release(&cursor);
}

/* A cursor that no page of ours can have ended with. */
static bool crafted(const struct hub *h, const struct query *q)
{
	bool exact;
	if (!q->start.any)
		return false;
	population_seek(&h->pop, q->kind, q->start.oid, &exact);
	return !exact;
}

void list_answer(const struct hub *h, const struct request *rq, enum kind kind, struct reply *r)
{
	struct query q;
	struct buf why;
	buf_init(&why);
	bool up_ok = !fault_hits(&h->faults, FAULT_NO_DIRECTION, rq->number);
	int bad = query_parse(&q, kind, rq->params, rq->nparam, up_ok, &why);
	if (!bad && crafted(h, &q)) {
		if (fault_hits(&h->faults, FAULT_REJECT_CURSOR, rq->number))
			bad = 1;
		else if (fault_hits(&h->faults, FAULT_IGNORE_CURSOR, rq->number))
			q.start.any = false;
	}
	if (bad) {
		reply_error(r, 400, bad < 0 ? buf_cstr(&why) : "Invalid cursor");
	} else {
		struct page *p = mem_new(sizeof *p);
		struct row_space *space = mem_new(sizeof *space);
		collect(h, &q, p, space);
		reply_header(r, "link",
			     "</.well-known/ai-catalog.json>; rel=\"ai-catalog\"; type=\"application/json\", "
			     "</.well-known/api-catalog>; rel=\"api-catalog\"");
		if (p->more && fault_hits(&h->faults, FAULT_EMPTY_PAGE, rq->number)) {
			p->n = 0;
			hub_link(h, rq, request_param(rq, "cursor"), r);
		} else if (p->more) {
			link_next(h, rq, &q, p, r);
		}
		disorder(h, rq, p);
		render(h, rq, &q, p, space, &r->body);
		free(space);
		free(p);
	}
	query_release(&q);
	buf_release(&why);
}
