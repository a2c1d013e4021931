/* SPDX-License-Identifier: Apache-2.0 */
/* GET /api/models, /api/datasets, /api/spaces. */
#include <stddef.h>
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

static void render_one(const struct hub *h, const struct query *q, uint64_t i, const struct row *row, struct buf *b)
{
	bool poison = fault_row(&h->faults, FAULT_POISON, q->kind, i);
	if (poison) {
		render_junk(b, mix_nth(h->faults.seed, i));
		buf_char(b, ',');
	}
	if (fault_row(&h->faults, FAULT_NAN, q->kind, i)) {
		render_nan(b);
		buf_char(b, ',');
	}
	render_row(b, row, &q->fields, poison);
}

/* Rows row[0 … n-1], each with a comma behind it; at, if not NULL: where each of them begins in b, and the end. */
static void render_rows(const struct hub *h, const struct request *rq, const struct query *q, const uint64_t *i,
			unsigned n, struct row_space *space, struct buf *b, size_t *at)
{
	struct run run;
	struct row row;
	char name[256];
	bool trending = fields_has(&q->fields, sort_name[SORT_TRENDING]);
	for (unsigned k = 0; k < n; k++) {
		if (k % ROW_RUN == 0)
			run_init(&run, &h->pop, q->kind, i + k, n - k < ROW_RUN ? n - k : ROW_RUN, trending);
		if (at)
			at[k] = b->n;
		run_row(&run, k % ROW_RUN, &row, space);
		rename_row(h, rq, q->kind, i[k], &row, name);
		render_one(h, q, i[k], &row, b);
		buf_char(b, ',');
	}
	if (at)
		at[n] = b->n;
}

/* ---- blocks that are kept ---- */

/* Rows that follow each other, up or down, and look the same to everybody. */
static bool is_kept(const struct hub *h, const struct page *p)
{
	const struct fault_plan *f = &h->faults;
	if (!h->cache || p->n < BLOCK_ROWS || f->every[FAULT_POISON] || f->chance[FAULT_POISON] > 0 ||
	    f->every[FAULT_NAN] || f->chance[FAULT_NAN] > 0 || f->every[FAULT_RENAME] || f->chance[FAULT_RENAME] > 0)
		return false;
	uint64_t step = p->row[1] - p->row[0];
	bool run = step == 1 || step == UINT64_MAX;
	for (unsigned k = 2; k < p->n && run; k++)
		run = p->row[k] - p->row[k - 1] == step;
	return run;
}

/* Make a block and keep it; without room, *mine is what the caller has to free. */
static const struct block *block_make(const struct hub *h, const struct request *rq, const struct query *q,
				      struct cache_key key, uint64_t first, struct row_space *space,
				      struct block **mine)
{
	struct buf b;
	size_t at[BLOCK_ROWS + 1];
	uint64_t row[BLOCK_ROWS], left = h->pop.n[q->kind] - first;
	unsigned n = left < BLOCK_ROWS ? (unsigned)left : BLOCK_ROWS;
	for (unsigned k = 0; k < n; k++)
		row[k] = first + k;
	buf_init(&b);
	buf_reserve(&b, sizeof(struct block) + BLOCK_ROWS * 700);
	b.n = offsetof(struct block, text);
	render_rows(h, rq, q, row, n, space, &b, at);
	struct block *block = *mine = mem_grow(b.p, b.n);
	block->key = key;
	for (unsigned k = 0; k <= BLOCK_ROWS; k++)
		block->at[k] = (uint32_t)(at[k < n ? k : n] - offsetof(struct block, text));
	if (cache_keep(h->cache, block, b.n))
		*mine = NULL;
	return block;
}

/* The page's rows from k on that are in one block; returns how many. */
static unsigned copy_block(const struct hub *h, const struct request *rq, const struct query *q, const struct page *p,
			   unsigned k, struct row_space *space, struct buf *b)
{
	uint64_t first = p->row[k] - p->row[k] % BLOCK_ROWS, left = p->n - k;
	bool up = p->n < 2 || p->row[0] < p->row[1];
	unsigned from = (unsigned)(p->row[k] - first), n = up ? BLOCK_ROWS - from : from + 1;
	struct cache_key key = { q->fields.want, first * NKIND + q->kind };
	const struct block *block = cache_find(h->cache, key);
	struct block *mine = NULL;
	n = n < left ? n : (unsigned)left;
	if (!block && cache_full(h->cache)) {
		render_rows(h, rq, q, p->row + k, n, space, b, NULL);
		return n;
	}
	if (!block)
		block = block_make(h, rq, q, key, first, space, &mine);
	if (up)
		buf_add(b, block->text + block->at[from], block->at[from + n] - block->at[from]);
	for (unsigned j = 0; j < n && !up; j++)
		buf_add(b, block->text + block->at[from - j], block->at[from - j + 1] - block->at[from - j]);
	free(mine);
	return n;
}

static void render(const struct hub *h, const struct request *rq, const struct query *q, const struct page *p,
		   struct row_space *space, struct buf *b)
{
	buf_reserve(b, (size_t)p->n * 700);
	buf_char(b, '[');
	if (is_kept(h, p))
		for (unsigned k = 0; k < p->n;)
			k += copy_block(h, rq, q, p, k, space, b);
	else
		render_rows(h, rq, q, p->row, p->n, space, b, NULL);
	if (p->n)
		b->p[b->n - 1] = ']';
	else
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
