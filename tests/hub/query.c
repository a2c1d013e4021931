/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cursor.h"

static int refuse(struct buf *why, const char *text, const char *value)
{
	why->n = 0;
	buf_str(why, text);
	buf_str(why, value);
	return -1;
}

static int read_limit(struct query *q, const char *v, struct buf *why)
{
	char *end;
	long n = strtol(v, &end, 10);
	if (*v < '0' || *v > '9' || *end || n < 1)
		return refuse(why, "Invalid limit: ", v);
	q->limit = n > QUERY_LIMIT ? QUERY_LIMIT : (unsigned)n;
	return 0;
}

static int read_sort(struct query *q, const char *v, struct buf *why)
{
	for (enum sort s = SORT_TRENDING; s < NSORT; s++)
		if (!strcmp(v, sort_name[s]) && !(q->kind == SPACES && s == SORT_DOWNLOADS)) {
			q->sort = s;
			return 0;
		}
	return refuse(why, "Invalid sort parameter: ", v);
}

static int read_direction(struct query *q, const char *v, struct buf *why)
{
	if (strcmp(v, "1") != 0 && strcmp(v, "-1") != 0)
		return refuse(why, "Invalid direction parameter: ", v);
	q->up = v[0] == '1';
	return 0;
}

/* "a,b" is two filters. */
static void read_filter(struct query *q, const char *v)
{
	while (*v && q->nfilter < QUERY_TERMS) {
		size_t n = strcspn(v, ",");
		char *t = mem_new(n + 1);
		memcpy(t, v, n);
		q->filter[q->nfilter++] = t;
		v += n + (v[n] == ',');
	}
}

static int read_param(struct query *q, const char *key, const char *v, struct buf *why)
{
	if (!strcmp(key, "limit"))
		return read_limit(q, v, why);
	if (!strcmp(key, "sort"))
		return read_sort(q, v, why);
	if (!strcmp(key, "direction"))
		return read_direction(q, v, why);
	if (!strcmp(key, "cursor"))
		q->cursor = v;
	else if (!strcmp(key, "author"))
		q->author = v;
	else if (!strcmp(key, "search") && *v && q->nsearch < QUERY_TERMS)
		q->search[q->nsearch++] = v;
	else if (!strcmp(key, "filter") || !strcmp(key, "filter[]"))
		read_filter(q, v);
	else if (!strcmp(key, "pipeline_tag") && q->kind == MODELS)
		q->pipeline = v;
	else if (!strcmp(key, "gated") && q->kind != SPACES)
		q->gated = !strcmp(v, "true") ? 1 : !strcmp(v, "false") ? 0 : -1;
	return 0; /* unknown parameters are dropped without a word */
}

int query_parse(struct query *q, enum kind kind, const struct param *p, int np, bool direction_ok, struct buf *why)
{
	memset(q, 0, sizeof *q);
	q->kind = kind;
	q->limit = QUERY_LIMIT;
	q->sort = SORT_TRENDING;
	q->gated = -1;
	for (int i = 0; i < np; i++)
		if (read_param(q, p[i].key, p[i].value, why))
			return -1;
	if (q->up && (q->sort != SORT_CREATED || !direction_ok))
		return refuse(why, "Ascending direction is not allowed with sort ", sort_name[q->sort]);
	if (q->cursor && cursor_parse(q->cursor, q->sort, &q->start))
		return refuse(why, "Invalid cursor", "");
	return query_fields(&q->fields, kind, false, p, np, why);
}

void query_release(struct query *q)
{
	for (int i = 0; i < q->nfilter; i++)
		free(q->filter[i]);
	q->nfilter = 0;
}

bool query_filters(const struct query *q)
{
	return q->author || q->pipeline || q->gated >= 0 || q->nsearch || q->nfilter;
}

static bool has_tag(const struct row *row, const char *t)
{
	for (int i = 0; i < row->ntags; i++)
		if (!strcmp(row->tags[i], t))
			return true;
	return (row->pipeline && !strcmp(row->pipeline, t)) || (row->library && !strcmp(row->library, t));
}

bool query_match(const struct query *q, const struct row *row)
{
	if (q->pipeline && (!row->pipeline || strcmp(row->pipeline, q->pipeline) != 0))
		return false;
	if (q->gated >= 0 && q->gated != (row->gated > GATED_FALSE))
		return false;
	for (int i = 0; i < q->nsearch; i++)
		if (!strcasestr(row->id, q->search[i]))
			return false;
	for (int i = 0; i < q->nfilter; i++)
		if (!has_tag(row, q->filter[i]))
			return false;
	return true;
}

bool query_owner(const struct query *q, const struct population *p, uint64_t i)
{
	char owner[OWNER_TEXT];
	if (!q->author)
		return true;
	population_owner(p, q->kind, i, owner);
	return !strcasecmp(owner, q->author);
}

static bool is_true(const char *v)
{
	return !strcmp(v, "true") || !strcmp(v, "1") || !strcmp(v, "True");
}

int query_fields(struct fields *f, enum kind kind, bool single, const struct param *p, int np, struct buf *why)
{
	bool full = single, config = single, card = single;
	fields_init(f, kind);
	for (int i = 0; i < np; i++) {
		if (!strcmp(p[i].key, "expand") || !strcmp(p[i].key, "expand[]")) {
			if (fields_expand(f, single, p[i].value, why))
				return -1;
		} else if (!strcmp(p[i].key, "full")) {
			full |= is_true(p[i].value);
		} else if (!strcmp(p[i].key, "config")) {
			config |= is_true(p[i].value);
		} else if (!strcmp(p[i].key, "cardData")) {
			card |= is_true(p[i].value);
		}
	}
	if (!f->expanded)
		fields_default(f, single, full, config, card);
	return 0;
}
