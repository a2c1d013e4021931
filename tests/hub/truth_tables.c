/* SPDX-License-Identifier: Apache-2.0 */
/* orgs.csv and topics.csv: RFC 4180 with a header line and '#' comment lines. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "truth_in.h"
#include "when.h"

enum { FIELDS = 16 };

struct csv {
	FILE *f;
	struct buf field[FIELDS];
	int n;    /* fields of the present record */
	int line; /* where it begins */
	int next;
};

static int get(struct csv *c)
{
	int ch = getc(c->f);
	c->next += ch == '\n';
	return ch;
}

/* One field; returns what ended it: ',', '\n', EOF, or -2 for a broken quotation. */
static int read_field(struct csv *c, struct buf *b)
{
	int ch = get(c);
	b->n = 0;
	if (ch != '"') {
		for (; ch != ',' && ch != '\n' && ch != EOF; ch = get(c))
			if (ch != '\r')
				buf_char(b, (char)ch);
		return ch;
	}
	for (;;) {
		ch = get(c);
		if (ch == EOF)
			return -2;
		if (ch != '"') {
			buf_char(b, (char)ch);
			continue;
		}
		ch = get(c);
		if (ch == '\r')
			ch = get(c);
		if (ch != '"')
			return ch == ',' || ch == '\n' || ch == EOF ? ch : -2;
		buf_char(b, '"');
	}
}

/* The next record that is neither empty nor a comment: 1, 0 at the end, -1 broken. */
static int read_record(struct csv *c)
{
	for (;;) {
		int end;
		c->n = 0;
		c->line = c->next;
		do {
			if (c->n == FIELDS)
				return -1;
			end = read_field(c, &c->field[c->n]);
			buf_cstr(&c->field[c->n++]);
			if (end == -2)
				return -1;
			/* The rest of a comment line is no concern of quotation marks. */
			if (c->n == 1 && c->field[0].n && c->field[0].p[0] == '#')
				while (end != '\n' && end != EOF)
					end = get(c);
		} while (end == ',');
		bool nothing = c->n == 1 && (c->field[0].n == 0 || c->field[0].p[0] == '#');
		if (!nothing)
			return 1;
		if (end == EOF)
			return 0;
	}
}

static int column(const struct csv *c, const char *name)
{
	for (int k = 0; k < c->n; k++)
		if (!strcmp(c->field[k].p, name))
			return k;
	return -1;
}

static char *lower(const char *s)
{
	char *t = mem_str(s);
	for (char *p = t; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 32);
	return t;
}

static const char *value(const struct csv *c, int col)
{
	return col >= 0 && col < c->n ? c->field[col].p : "";
}

static int64_t day(const char *s, int64_t otherwise)
{
	int64_t t = otherwise;
	when_parse(s, &t, NULL);
	return t;
}

static void add_org(struct tables *t, const struct csv *c, const int col[6])
{
	const char *name = value(c, col[0]), *parent = value(c, col[1]);
	t->org = mem_grow(t->org, (t->norg + 1) * sizeof *t->org);
	t->org[t->norg++] = (struct org_row){ lower(name),
					      mem_str(*parent ? parent : name),
					      mem_str(value(c, col[2])),
					      mem_str(value(c, col[3])),
					      day(value(c, col[4]), INT64_MIN),
					      day(value(c, col[5]), INT64_MAX) };
}

static void add_topic(struct tables *t, const struct csv *c, const int col[6])
{
	t->topic = mem_grow(t->topic, (t->ntopic + 1) * sizeof *t->topic);
	t->topic[t->ntopic++] =
		(struct topic_row){ mem_str(value(c, col[0])), mem_str(value(c, col[1])), lower(value(c, col[2])) };
}

static int read_csv(struct tables *t, const char *path, const char *const names[6], int required,
		    void (*add)(struct tables *, const struct csv *, const int[6]), char *text, size_t ntext)
{
	struct csv c = { .f = fopen(path, "re"), .next = 1 };
	int col[6], rc = -1;
	if (!c.f) {
		snprintf(text, ntext, "cannot read '%.150s': %s", path, strerror(errno));
		return -1;
	}
	int got = read_record(&c);
	for (int k = 0; k < 6; k++) {
		col[k] = names[k] && got == 1 ? column(&c, names[k]) : -1;
		if (k < required && col[k] < 0) {
			snprintf(text, ntext, "'%.150s': no column '%s'", path, names[k]);
			goto out;
		}
	}
	while ((got = read_record(&c)) == 1)
		add(t, &c, col);
	if (got < 0)
		snprintf(text, ntext, "'%.150s', line %d: broken record", path, c.line);
	rc = got;
out:
	for (int k = 0; k < FIELDS; k++)
		buf_release(&c.field[k]);
	fclose(c.f);
	return rc;
}

int tables_read(struct tables *t, const char *org_csv, const char *topic_csv, char *text, size_t ntext)
{
	static const char *const org_columns[6] = { "namespace", "parent", "country", "sector", "from", "to" };
	static const char *const topic_columns[6] = { "group", "topic", "tag" };
	memset(t, 0, sizeof *t);
	return read_csv(t, org_csv, org_columns, 4, add_org, text, ntext) ||
			       read_csv(t, topic_csv, topic_columns, 3, add_topic, text, ntext)
		     ? -1
		     : 0;
}

void tables_release(struct tables *t)
{
	for (size_t k = 0; k < t->norg; k++) {
		free(t->org[k].name);
		free(t->org[k].parent);
		free(t->org[k].country);
		free(t->org[k].sector);
	}
	for (size_t k = 0; k < t->ntopic; k++) {
		free(t->topic[k].group);
		free(t->topic[k].topic);
		free(t->topic[k].tag);
	}
	free(t->org);
	free(t->topic);
	memset(t, 0, sizeof *t);
}
