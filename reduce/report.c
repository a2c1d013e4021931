// SPDX-License-Identifier: Apache-2.0
#include "reduce/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/utc.h"
#include "reduce/figures.h"

#ifndef HUBCENSUS_VERSION
#define HUBCENSUS_VERSION "0.0.0"
#endif

static int put(json_t *o, const char *name, json_t *value)
{
	return json_object_set_new(o, name, value);
}

/* NULL when memory is short: a list that lacks a name would say something else. */
static json_t *add_name(json_t *a, const char *name)
{
	if (a && json_array_append_new(a, json_string(name))) {
		json_decref(a);
		return NULL;
	}
	return a;
}

static json_t *kinds_json(const struct snapshot *s)
{
	json_t *a = json_array();

	for (int k = 0; k < NKINDS && a; k++)
		if (s->kinds >> k & 1)
			a = add_name(a, kind_name[k]);
	return a;
}

/* Columns that the kinds taken have, and that were not asked for. */
static json_t *fields_not_asked(const struct snapshot *s)
{
	json_t *a = json_array();

	for (int f = 0; f < NFIELDS && a; f++)
		if (!(s->fields >> f & 1) && schema[f].kinds & s->kinds && schema[f].parse != PARSE_NONE &&
		    !(schema[f].flags & COL_IMPLICIT))
			a = add_name(a, schema[f].name);
	return a;
}

static json_t *filters_json(const struct snapshot *s)
{
	json_t *o = json_object(), *tags;
	int rc = o ? 0 : -1;

	if (!rc && s->author[0])
		rc = put(o, "author", json_string(s->author));
	if (!rc && s->ntag) {
		tags = json_array();
		for (int i = 0; i < s->ntag; i++)
			tags = add_name(tags, s->tag[i]);
		rc = put(o, "tag", tags);
	}
	if (rc) {
		json_decref(o);
		return NULL;
	}
	return o;
}

char *report_filters(const struct snapshot *s)
{
	json_t *o = filters_json(s);
	char *text = o ? json_dumps(o, JSON_SORT_KEYS | JSON_COMPACT) : NULL;

	json_decref(o);
	return text;
}

static json_t *snapshot_json(const struct census *c)
{
	const struct snapshot *s = &c->snap;
	json_t *o = json_object();
	char t0[32];
	int rc;

	if (!o)
		return NULL;
	rc = put(o, "hub", json_string(s->hub));
	rc |= put(o, "t0", json_string(utc_format(s->t0, t0)));
	rc |= put(o, "kinds", kinds_json(s));
	rc |= put(o, "fields_not_asked", fields_not_asked(s));
	rc |= put(o, "complete", json_boolean(census_is_complete(c)));
	rc |= put(o, "version", json_string(HUBCENSUS_VERSION));
	if (snapshot_is_partial(s))
		rc |= put(o, "filters", filters_json(s));
	if (rc) {
		json_decref(o);
		return NULL;
	}
	return o;
}

json_t *report_json(const struct census *c, const unsigned char *chosen, const struct figure_table *table)
{
	json_t *o = json_object();
	int rc;

	if (!o)
		return NULL;
	rc = put(o, "schema", json_integer(SNAPSHOT_SCHEMA));
	rc |= put(o, "snapshot", snapshot_json(c));
	rc |= put(o, "figures", figures_json(chosen, table));
	if (rc) {
		json_decref(o);
		return NULL;
	}
	return o;
}

/* How many of the n bytes at `s` a terminal shall not see: an escape takes their place. None inside of a character, nor
 * the newlines of the layout: those in names jansson has escaped. */
static size_t hidden(const char *s, size_t n)
{
	return *s == '\n' || ((unsigned char)*s & 0xC0) == 0x80 ? 0 : err_unprintable(s, n);
}

/* \uXXXX of the one character of 1 to 3 bytes, which is all that err_unprintable() knows in UTF-8. */
static void put_escape(char dst[7], const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;
	unsigned x = len == 1 ? u[0] : len == 2 ? (u[0] & 0x1Fu) << 6 : (u[0] & 0x0Fu) << 12 | (u[1] & 0x3Fu) << 6;

	snprintf(dst, 7, "\\u%04x", len == 1 ? x : x | (u[len - 1] & 0x3Fu));
}

/* The same JSON, with a newline at its end, and such that `cat` of it gives a terminal nothing but text: jansson leaves
 * DEL, C1 controls, and what reorders text, as they are, and labels are what anybody on the Hub wrote. */
static char *escape(const char *text, size_t *n)
{
	size_t len = strlen(text), more = 2, o = 0;
	char *to;

	for (size_t i = 0; i < len; i++)
		more += hidden(text + i, len - i) ? 5 : 0;
	to = malloc(len + more);
	for (size_t i = 0, l; to && i < len; i += l) {
		size_t bad = hidden(text + i, len - i);

		l = bad ? bad : 1;
		if (bad)
			put_escape(to + o, text + i, bad);
		else
			to[o] = text[i];
		o += bad ? 6 : 1;
	}
	if (to)
		to[o++] = '\n';
	*n = o;
	return to;
}

int report_write(json_t *root, const char *dir, const char *name, struct err *e)
{
	char *dump = root ? json_dumps(root, JSON_SORT_KEYS | JSON_REAL_PRECISION(15) | JSON_INDENT(1)) : NULL, *text;
	size_t n = 0;
	int rc;

	json_decref(root);
	text = dump ? escape(dump, &n) : NULL;
	free(dump);
	if (!text)
		return err_set(e, E_NOMEM, "out of memory for '%s'", name);
	rc = snapshot_write_file(dir, name, text, n, e);
	free(text);
	return rc;
}
