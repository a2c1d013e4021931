// SPDX-License-Identifier: Apache-2.0
#include "reduce/topics.h"

#include <stdlib.h>
#include <string.h>

#include "reduce/names.h"
#include "reduce/record.h"

static const char *const groups[NTOPIC_GROUP] = { "language", "format", "quantization", "science", "robotics" };

static const struct record_layout layout = { { "group", "topic", "tag", "source" }, 4, 4, "'group,topic,tag,source'" };

struct topics {
	struct topic *row;
	size_t nrow;
	int nfile;
	struct names name[NTOPIC_GROUP];
};

const char *topic_group_name(enum topic_group group)
{
	return groups[group];
}

static int topic_group_parse(struct record *r, const char *s, enum topic_group *group)
{
	char a[RECORD_SHOW];

	for (int i = 0; i < NTOPIC_GROUP; i++)
		if (!strcmp(s, groups[i])) {
			*group = (enum topic_group)i;
			return 0;
		}
	return record_bad(r, "group '%s' is none of language, format, quantization, science, robotics",
			  record_show(a, s));
}

/* Append to the table; the row's strings are copied in the order tag, key, topic, source. */
static int topic_add(struct record *r, struct topic x)
{
	struct topics *t = r->table;
	const char *s[] = { r->field[2], r->field[2], r->field[1], r->field[3] };
	struct topic *row;

	if (t->nrow >= RECORD_COUNT)
		return record_bad(r, "more than %d rows", RECORD_COUNT);
	if (!(row = rows_grown(t->row, t->nrow, sizeof *row)))
		return record_no_memory(r->e, r->file);
	t->row = row;
	if (!names_pack(s, 4, 1))
		return record_no_memory(r->e, r->file);
	x.tag = s[0];
	x.key = s[1];
	x.name = s[2];
	x.source = s[3];
	x.file = t->nfile;
	x.line = r->line;
	t->row[t->nrow++] = x;
	return 0;
}

static int topic_row(struct record *r)
{
	struct topic x = { 0 };
	int rc = topic_group_parse(r, r->field[0], &x.group);

	if (rc)
		return rc;
	if (!*r->field[1])
		return record_bad(r, "the topic is empty; give the name to count under");
	if (!*r->field[2])
		return record_bad(r, "the tag of topic '%.40s' is empty; give the whole tag as the Hub has it",
				  r->field[1]);
	return topic_add(r, x);
}

static int topic_same(const struct topic *x, const struct topic *y)
{
	return x->group == y->group && !strcmp(x->key, y->key);
}

/* By key and group, the latest file first, then by topic. */
static int topic_cmp(const void *a, const void *b)
{
	const struct topic *x = a, *y = b;
	int c = strcmp(x->key, y->key);

	if (c)
		return c;
	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	if (x->file != y->file)
		return x->file > y->file ? -1 : 1;
	c = strcmp(x->name, y->name);
	return c ? c : (x->line > y->line) - (x->line < y->line);
}

/* As orgs_settle(). */
static int topics_settle(struct topics *t, const char *file, struct err *e)
{
	char a[RECORD_SHOW];
	size_t k = 0;

	qsort(t->row, t->nrow, sizeof *t->row, topic_cmp);
	for (size_t i = 0; i < t->nrow; i++) {
		struct topic x = t->row[i], *last = k ? &t->row[k - 1] : NULL;

		if (last && topic_same(last, &x)) {
			if (x.file < last->file)
				continue;
			if (!strcmp(x.name, last->name))
				return err_set(e, E_FORMAT,
					       "'%.120s' line %d: tag '%s' stands on line %d too, for the same topic; "
					       "remove one",
					       file, x.line, record_show(a, x.tag), last->line);
		}
		t->row[i] = t->row[k];
		t->row[k++] = x;
	}
	t->nrow = k;
	return 0;
}

static void topics_unindex(struct topics *t)
{
	for (int g = 0; g < NTOPIC_GROUP; g++)
		free(t->name[g].v);
}

static int topics_index(struct topics *t, const char *file, struct err *e)
{
	for (int g = 0; g < NTOPIC_GROUP; g++)
		if (names_init(&t->name[g], t->nrow))
			return record_no_memory(e, file);
	for (size_t i = 0; i < t->nrow; i++) {
		struct names *s = &t->name[t->row[i].group];
		s->v[s->n++] = t->row[i].name;
	}
	for (int g = 0; g < NTOPIC_GROUP; g++)
		names_settle(&t->name[g]);
	for (size_t i = 0; i < t->nrow; i++)
		t->row[i].topic = names_index(&t->name[t->row[i].group], t->row[i].name);
	return 0;
}

static void topics_drop(struct topics *t, size_t lo, size_t hi, int file)
{
	for (size_t i = lo; i < hi; i++)
		if (file < 0 || t->row[i].file == file)
			free((void *)t->row[i].tag); /* the block of names_pack() */
}

/* As orgs_parse(). */
int topics_parse(struct topics *t, const char *file, const char *text, size_t n, struct err *e)
{
	struct topics u = { .nrow = t->nrow, .nfile = t->nfile };
	size_t total = 0;
	int rc;

	if (!(u.row = rows_copied(t->row, t->nrow, sizeof *u.row)))
		return record_no_memory(e, file);
	rc = record_each(&layout, topic_row, &u, file, text, n, e);
	total = u.nrow;
	if (rc || (rc = topics_settle(&u, file, e)) || (rc = topics_index(&u, file, e))) {
		topics_drop(&u, 0, total, t->nfile);
		topics_unindex(&u);
		free(u.row);
		return rc;
	}
	topics_drop(&u, u.nrow, total, -1);
	topics_unindex(t);
	free(t->row);
	*t = u;
	t->nfile++;
	return 0;
}

struct topics *topics_create(void)
{
	return calloc(1, sizeof(struct topics));
}

void topics_free(struct topics *t)
{
	if (!t)
		return;
	topics_drop(t, 0, t->nrow, -1);
	topics_unindex(t);
	free(t->row);
	free(t);
}

size_t topics_find(const struct topics *t, const char *tag, size_t n, const struct topic **first)
{
	size_t lo = 0, hi = t->nrow, count = 0; /* the first row whose key is not less */

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (name_key_cmp(t->row[mid].key, tag, n) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	while (lo + count < t->nrow && !name_key_cmp(t->row[lo + count].key, tag, n))
		count++;
	*first = count ? &t->row[lo] : NULL;
	return count;
}

size_t topics_nrow(const struct topics *t)
{
	return t->nrow;
}

const struct topic *topics_row(const struct topics *t, size_t i)
{
	return &t->row[i];
}

int topics_count(const struct topics *t, enum topic_group group)
{
	return t->name[group].n;
}

const char *topics_name(const struct topics *t, enum topic_group group, int topic)
{
	return t->name[group].v[topic];
}
