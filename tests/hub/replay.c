/* SPDX-License-Identifier: Apache-2.0 */
#include "replay.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "buf.h"
#include "when.h"

void *replay_own(struct replay *r, void *p)
{
	if ((r->nowned & (r->nowned + 1)) == 0)
		r->owned = mem_grow(r->owned, (2 * r->nowned + 2) * sizeof *r->owned);
	r->owned[r->nowned++] = p;
	return p;
}

static const char *own_string(struct replay *r, json_t *v)
{
	return json_is_string(v) ? replay_own(r, mem_str(json_string_value(v))) : NULL;
}

/* End of the JSON value at p; the line is known to be valid JSON. */
static const char *value_end(const char *p)
{
	int depth = 0;
	do {
		if (*p == '"') {
			for (p++; *p != '"'; p++)
				p += *p == '\\';
		} else if (*p == '{' || *p == '[') {
			depth++;
		} else if (*p == '}' || *p == ']') {
			depth--;
		} else if (depth == 0) {
			return p + strcspn(p, ",}] \t\r\n");
		}
		p++;
	} while (depth > 0);
	return p;
}

static const char *skip_space(const char *p)
{
	return p + strspn(p, " \t\r\n,:");
}

/* The members of the object at p, as they stand. */
static void split_members(struct replay *r, struct row *row, char *line)
{
	struct member *m = NULL;
	int n = 0;
	const char *p = skip_space(strchr(line, '{') + 1);
	while (*p == '"') {
		const char *key = p + 1, *end = value_end(p);
		const char *raw = skip_space(end);
		char *name = replay_own(r, mem_new((size_t)(end - key)));
		memcpy(name, key, (size_t)(end - key) - 1);
		end = value_end(raw);
		m = mem_grow(m, (size_t)(n + 1) * sizeof *m);
		m[n++] = (struct member){ name, raw, (size_t)(end - raw) };
		p = skip_space(end);
	}
	row->members = replay_own(r, m);
	row->nmembers = n;
}

static int64_t integer(json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);
	return json_is_integer(v) ? (int64_t)json_integer_value(v) : -1;
}

static int64_t total_of(json_t *o, const char *key)
{
	return integer(json_object_get(o, key), "total");
}

static enum gated gated_of(json_t *v)
{
	if (json_is_boolean(v))
		return json_is_true(v) ? GATED_TRUE : GATED_FALSE;
	const char *s = json_string_value(v);
	return !s ? GATED_ABSENT : !strcmp(s, "auto") ? GATED_AUTO : !strcmp(s, "manual") ? GATED_MANUAL : GATED_ABSENT;
}

static void read_tags(struct replay *r, struct row *row, json_t *list)
{
	size_t i, n = json_array_size(list);
	const char **tags = replay_own(r, mem_new((n + 1) * sizeof *tags));
	json_t *v;
	json_array_foreach(list, i, v)
	{
		if (json_is_string(v))
			tags[row->ntags++] = own_string(r, v);
	}
	row->tags = tags;
}

static void read_bases(struct replay *r, struct row *row, json_t *bases)
{
	size_t i;
	json_t *v;
	row->relation = own_string(r, json_object_get(bases, "relation"));
	json_array_foreach(json_object_get(bases, "models"), i, v)
	{
		const char *id = own_string(r, json_object_get(v, "id")),
			   *oid = json_string_value(json_object_get(v, "_id"));
		if (!id || row->nbase == ROW_BASES)
			continue;
		row->base[row->nbase].id = id;
		if (oid)
			oid_parse(row->base[row->nbase].oid, oid);
		row->nbase++;
	}
}

/* Typed views of what sorting, filtering and --truth look at. Returns -1 without a usable _id and id. */
static int read_typed(struct replay *r, struct row *row, json_t *o)
{
	const char *oid = json_string_value(json_object_get(o, "_id"));
	const char *modified = json_string_value(json_object_get(o, "lastModified"));
	json_t *disabled = json_object_get(o, "disabled"), *trending = json_object_get(o, "trendingScore");
	row->id = own_string(r, json_object_get(o, "id"));
	if (!oid || !row->id || oid_parse(row->oid, oid))
		return -1;
	char seconds[9];
	memcpy(seconds, row->oid, 8);
	seconds[8] = 0;
	row->created = (int64_t)strtoul(seconds, NULL, 16);
	row->modified = -1;
	if (modified)
		when_parse(modified, &row->modified, NULL);
	row->author = own_string(r, json_object_get(o, "author"));
	row->gated = gated_of(json_object_get(o, "gated"));
	row->disabled = json_is_boolean(disabled) ? json_is_true(disabled) : -1;
	row->downloads = integer(o, "downloads");
	row->all_time = integer(o, "downloadsAllTime");
	row->likes = integer(o, "likes");
	row->trending = json_is_number(trending) ? json_number_value(trending) : NAN;
	row->pipeline = own_string(r, json_object_get(o, "pipeline_tag"));
	row->library = own_string(r, json_object_get(o, "library_name"));
	row->sdk = own_string(r, json_object_get(o, "sdk"));
	row->st_total = total_of(o, "safetensors");
	row->gguf_total = total_of(o, "gguf");
	read_tags(r, row, json_object_get(o, "tags"));
	read_bases(r, row, json_object_get(o, "baseModels"));
	return 0;
}

static int add_line(struct replay *r, enum kind kind, const char *text, uint64_t *cap)
{
	json_t *o = json_loads(text, 0, NULL);
	if (!json_is_object(o)) {
		json_decref(o);
		return -1;
	}
	if (r->n == *cap) {
		*cap = *cap ? 2 * *cap : 1024;
		r->rows = mem_grow(r->rows, *cap * sizeof *r->rows);
	}
	struct row *row = &r->rows[r->n];
	memset(row, 0, sizeof *row);
	row->kind = kind;
	int rc = read_typed(r, row, o);
	json_decref(o);
	if (rc)
		return -1;
	split_members(r, row, replay_own(r, mem_str(text)));
	r->n++;
	return 0;
}

static int read_lines(struct replay *r, gzFile f, enum kind kind, uint64_t *line)
{
	struct buf b;
	uint64_t cap = 0;
	int c, rc = 0;
	buf_init(&b);
	*line = 1;
	while (rc == 0 && (c = gzgetc(f)) != -1) {
		if (c != '\n') {
			buf_char(&b, (char)c);
			continue;
		}
		rc = b.n ? add_line(r, kind, buf_cstr(&b), &cap) : 0;
		b.n = 0;
		*line += rc == 0;
	}
	if (rc == 0 && b.n)
		rc = add_line(r, kind, buf_cstr(&b), &cap);
	buf_release(&b);
	return rc;
}

static int cmp_oid(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->oid, ((const struct row *)b)->oid);
}

double row_key(const struct row *row, enum sort sort)
{
	switch (sort) {
	case SORT_DOWNLOADS:
		return row->downloads < 0 ? -INFINITY : (double)row->downloads;
	case SORT_LIKES:
		return row->likes < 0 ? -INFINITY : (double)row->likes;
	case SORT_MODIFIED:
		return row->modified < 0 ? -INFINITY : (double)row->modified * 1000;
	case SORT_TRENDING:
		return isnan(row->trending) ? -INFINITY : row->trending;
	default:
		return 0;
	}
}

struct sorting {
	const struct row *rows;
	enum sort sort;
};

static int cmp_key(const void *a, const void *b, void *arg)
{
	const struct sorting *s = arg;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	double x = row_key(&s->rows[i], s->sort), y = row_key(&s->rows[j], s->sort);
	return x > y ? -1 : x < y ? 1 : i < j ? -1 : i > j;
}

void replay_order(struct replay *r)
{
	qsort(r->rows, r->n, sizeof *r->rows, cmp_oid);
	for (uint64_t i = 0; i < r->n; i++)
		r->rows[i].index = i;
	for (enum sort s = SORT_TRENDING; s < NSORT; s++) {
		struct sorting arg = { r->rows, s };
		r->order[s] = mem_new(r->n * sizeof(uint32_t));
		r->place[s] = mem_new(r->n * sizeof(uint32_t));
		for (uint64_t i = 0; i < r->n; i++)
			r->order[s][i] = (uint32_t)i;
		qsort_r(r->order[s], r->n, sizeof(uint32_t), cmp_key, &arg);
		for (uint64_t i = 0; i < r->n; i++)
			r->place[s][r->order[s][i]] = (uint32_t)i;
	}
}

int replay_load(struct replay *r, const char *dir, enum kind kind, char *text, size_t ntext)
{
	char path[1024];
	uint64_t line = 0;
	memset(r, 0, sizeof *r);
	snprintf(path, sizeof path, "%s/%s.jsonl.gz", dir, kind_name[kind]);
	if (access(path, F_OK))
		snprintf(path, sizeof path, "%s/%s.jsonl", dir, kind_name[kind]);
	if (access(path, F_OK))
		return 0;
	gzFile f = gzopen(path, "rb");
	if (!f) {
		snprintf(text, ntext, "cannot read '%.150s': %s", path, strerror(errno));
		return -1;
	}
	gzbuffer(f, 1 << 18);
	int rc = read_lines(r, f, kind, &line);
	int bad = 0;
	gzerror(f, &bad);
	gzclose_r(f);
	if (rc || (bad != Z_OK && bad != Z_STREAM_END)) {
		snprintf(text, ntext, "'%.150s', line %llu: not a list element with _id and id", path,
			 (unsigned long long)line);
		return -1;
	}
	replay_order(r);
	return 0;
}

void replay_release(struct replay *r)
{
	for (size_t i = 0; i < r->nowned; i++)
		free(r->owned[i]);
	for (size_t i = 0; i < r->nbelow; i++)
		free(r->below[i]);
	for (int s = 0; s < NSORT; s++) {
		free(r->order[s]);
		free(r->place[s]);
	}
	free(r->owned);
	free(r->below);
	free(r->rows);
	memset(r, 0, sizeof *r);
}
