/* SPDX-License-Identifier: Apache-2.0 */
/* GET /models-json, /datasets-json, /spaces-json: the web site's own pages, which know totals (hub-api 3). */
#include <stdlib.h>
#include <string.h>

#include "profile.h"

static const unsigned rows_per_page[NKIND] = { 30, 30, 24 };

/* The site's names of the orders. */
static enum sort site_sort(const char *s, enum kind kind)
{
	if (s && !strcmp(s, "created"))
		return SORT_CREATED;
	if (s && !strcmp(s, "modified"))
		return SORT_MODIFIED;
	if (s && !strcmp(s, "likes"))
		return SORT_LIKES;
	return s && !strcmp(s, "downloads") && kind != SPACES ? SORT_DOWNLOADS : SORT_TRENDING;
}

static void read_query(struct query *q, const struct request *rq, enum kind kind)
{
	memset(q, 0, sizeof *q);
	q->kind = kind;
	q->gated = -1;
	q->sort = site_sort(request_param(rq, "sort"), kind);
	q->author = request_param(rq, "author");
	q->pipeline = kind == MODELS ? request_param(rq, "pipeline_tag") : NULL;
	q->search[0] = request_param(rq, "search");
	q->nsearch = q->search[0] && *q->search[0];
}

static bool matches(const struct hub *h, const struct query *q, uint64_t i, struct row *row, struct row_space *space)
{
	if (!query_owner(q, &h->pop, i))
		return false;
	population_row(&h->pop, q->kind, i, row, space);
	return query_match(q, row);
}

static uint64_t count(const struct hub *h, const struct query *q, struct row_space *space)
{
	struct row row;
	uint64_t n = 0;
	if (!query_filters(q))
		return h->pop.n[q->kind];
	for (uint64_t i = 0; i < h->pop.n[q->kind]; i++)
		n += matches(h, q, i, &row, space);
	return n;
}

void page_answer(const struct hub *h, const struct request *rq, enum kind kind, struct reply *r)
{
	struct query q;
	struct walk w;
	struct row row;
	struct start start = { 0 };
	struct profile owner;
	struct row_space *space = mem_new(sizeof *space);
	const char *p = request_param(rq, "p"), *with = request_param(rq, "withCount");
	uint64_t index = p ? strtoull(p, NULL, 10) : 0, skip, n = 0, i;
	struct buf *b = &r->body;
	read_query(&q, rq, kind);
	index = index < 100000 ? index : 100000;
	skip = index * rows_per_page[kind];
	buf_fmt(b, "{\"%s\":[", kind_name[kind]);
	walk_init(&w, &h->pop, kind, q.sort, false, &start);
	while (n < skip + rows_per_page[kind] && walk_next(&w, &i)) {
		if (query_filters(&q) && !matches(h, &q, i, &row, space))
			continue;
		if (n++ < skip)
			continue;
		if (n > skip + 1)
			buf_char(b, ',');
		population_row(&h->pop, kind, i, &row, space);
		profile_owner(h, kind, i, &owner);
		struct page_owner data = { owner.org, owner.oid,
					   profile_count(h, &owner,
							 owner.org ? SHEET_ORG_FOLLOWERS : SHEET_FOLLOWERS) };
		render_page_row(b, &row, &data);
	}
	walk_release(&w);
	buf_fmt(b, "],\"numItemsPerPage\":%u,", rows_per_page[kind]);
	if (with && !strcmp(with, "true"))
		buf_fmt(b, "\"numTotalItems\":%llu,", (unsigned long long)count(h, &q, space));
	buf_fmt(b, "\"pageIndex\":%llu}", (unsigned long long)index);
	free(space);
}
