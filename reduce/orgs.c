// SPDX-License-Identifier: Apache-2.0
#include "reduce/orgs.h"

#include <stdlib.h>
#include <string.h>

#include "io/utc.h"
#include "reduce/country.h"
#include "reduce/names.h"
#include "reduce/record.h"

static const char *const sectors[NSECTOR] = { "industry",  "academia",   "non-profit",  "government",
					      "community", "individual", "unclassified" };

static const struct record_layout layout = { { "namespace", "parent", "country", "sector", "source", "from", "to" },
					     5,
					     7,
					     "'namespace,parent,country,sector,source', or those and ',from,to'" };

struct orgs {
	struct org *row;
	size_t nrow;
	int nfile;
	struct names parent;
};

const char *sector_name(enum sector s)
{
	return sectors[s];
}

static int org_namespace(struct record *r, const char *s)
{
	size_t n = strlen(s);
	char a[RECORD_SHOW];

	for (size_t i = 0; i < n; i++) {
		int c = name_lower((unsigned char)s[i]);

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.')
			return record_bad(
				r,
				"namespace '%s' holds more than letters, digits, '-', '_' and '.'; give the owner "
				"of a repository alone",
				record_show(a, s));
	}
	if (n == 0 || n > ORG_NAMESPACE)
		return record_bad(r, "namespace '%s' has %zu bytes; the Hub has 1 to %d", record_show(a, s), n,
				  ORG_NAMESPACE);
	return 0;
}

static int org_country(struct record *r, const char *s, int *country)
{
	char a[RECORD_SHOW];

	*country = country_index(s, strlen(s));
	if (*country >= 0 || !*s)
		return 0;
	return record_bad(r, "country '%s' is not a two-letter ISO 3166-1 code; correct or remove the line",
			  record_show(a, s));
}

static int org_sector(struct record *r, const char *s, enum sector *sector)
{
	char a[RECORD_SHOW];

	for (int i = 0; i < SECTOR_UNCLASSIFIED; i++)
		if (!strcmp(s, sectors[i])) {
			*sector = (enum sector)i;
			return 0;
		}
	return record_bad(r, "sector '%s' is none of industry, academia, non-profit, government, community, individual",
			  record_show(a, s));
}

/* YYYY-MM-DD, 1970 to 9999, as s since 1970. */
static int org_date(const char *s, int64_t *out)
{
	return strlen(s) == 10 && !utc_parse(s, 10, out) && *out >= 0 ? 0 : -1;
}

static int org_period(struct record *r, const char *from, const char *to, struct org *x)
{
	char a[RECORD_SHOW];

	x->from_s = INT64_MIN;
	x->to_s = INT64_MAX;
	if (*from && org_date(from, &x->from_s))
		return record_bad(r, "from '%s' is not a date YYYY-MM-DD from 1970 on", record_show(a, from));
	if (*to && org_date(to, &x->to_s))
		return record_bad(r, "to '%s' is not a date YYYY-MM-DD from 1970 on", record_show(a, to));
	if (x->from_s >= x->to_s)
		return record_bad(r,
				  "from '%.10s' is not before to '%.10s'; the row holds from the one day up to, not "
				  "including, the other",
				  from, to);
	return 0;
}

/* Append to the table; the row's strings are copied in the order namespace, key, parent, source. */
static int org_add(struct record *r, struct org x)
{
	struct orgs *o = r->table;
	const char *s[] = { r->field[0], r->field[0], r->field[1], r->field[4] };
	struct org *row;

	if (o->nrow >= RECORD_COUNT)
		return record_bad(r, "more than %d rows", RECORD_COUNT);
	if (!(row = rows_grown(o->row, o->nrow, sizeof *row)))
		return record_no_memory(r->e, r->file);
	o->row = row;
	if (!names_pack(s, 4, 1))
		return record_no_memory(r->e, r->file);
	x.namespace = s[0];
	x.key = s[1];
	x.parent_name = s[2];
	x.source = s[3];
	x.file = o->nfile;
	x.line = r->line;
	o->row[o->nrow++] = x;
	return 0;
}

static int org_row(struct record *r)
{
	struct org x = { 0 };
	int rc;

	if ((rc = org_namespace(r, r->field[0])))
		return rc;
	if (!*r->field[1])
		return record_bad(r,
				  "the parent of '%s' is empty; give the organisation's name, or the namespace again",
				  r->field[0]);
	if ((rc = org_country(r, r->field[2], &x.country)) || (rc = org_sector(r, r->field[3], &x.sector)))
		return rc;
	if ((rc = org_period(r, r->field[5], r->field[6], &x)))
		return rc;
	return org_add(r, x);
}

/* By key, the latest file first, then by time. */
static int org_cmp(const void *a, const void *b)
{
	const struct org *x = a, *y = b;
	int c = strcmp(x->key, y->key);

	if (c)
		return c;
	if (x->file != y->file)
		return x->file > y->file ? -1 : 1;
	if (x->from_s != y->from_s)
		return x->from_s < y->from_s ? -1 : 1;
	return (x->line > y->line) - (x->line < y->line);
}

static int orgs_overlap(const struct org *x, const struct org *y, const char *file, struct err *e)
{
	int first = x->line < y->line ? x->line : y->line, second = x->line < y->line ? y->line : x->line;

	return err_set(e, E_FORMAT,
		       "'%.120s' line %d: namespace '%s' stands on line %d too, for the same time; remove one, or give "
		       "both from and to dates that do not overlap",
		       file, second, y->namespace, first);
}

/* Sort, and move what a later file replaces behind the new end, where the caller finds it. */
static int orgs_settle(struct orgs *o, const char *file, struct err *e)
{
	size_t k = 0;

	qsort(o->row, o->nrow, sizeof *o->row, org_cmp);
	for (size_t i = 0; i < o->nrow; i++) {
		struct org x = o->row[i];

		if (k && !strcmp(o->row[k - 1].key, x.key)) {
			if (x.file < o->row[k - 1].file)
				continue;
			if (x.from_s < o->row[k - 1].to_s)
				return orgs_overlap(&o->row[k - 1], &x, file, e);
		}
		o->row[i] = o->row[k];
		o->row[k++] = x;
	}
	o->nrow = k;
	return 0;
}

static int orgs_index(struct orgs *o, const char *file, struct err *e)
{
	if (names_init(&o->parent, o->nrow))
		return record_no_memory(e, file);
	for (size_t i = 0; i < o->nrow; i++)
		o->parent.v[o->parent.n++] = o->row[i].parent_name;
	names_settle(&o->parent);
	for (size_t i = 0; i < o->nrow; i++)
		o->row[i].parent = names_index(&o->parent, o->row[i].parent_name);
	return 0;
}

/* Free the strings of rows lo <= i < hi that are of file number `file` or, with -1, of any. */
static void orgs_drop(struct orgs *o, size_t lo, size_t hi, int file)
{
	for (size_t i = lo; i < hi; i++)
		if (file < 0 || o->row[i].file == file)
			free((void *)o->row[i].namespace); /* the block of names_pack() */
}

/* All work is done on a copy of the rows that shares their strings, so that `o` stays whole until nothing can fail. */
int orgs_parse(struct orgs *o, const char *file, const char *text, size_t n, struct err *e)
{
	struct orgs t = { .nrow = o->nrow, .nfile = o->nfile };
	size_t total = 0;
	int rc;

	if (!(t.row = rows_copied(o->row, o->nrow, sizeof *t.row)))
		return record_no_memory(e, file);
	rc = record_each(&layout, org_row, &t, file, text, n, e);
	total = t.nrow;
	if (rc || (rc = orgs_settle(&t, file, e)) || (rc = orgs_index(&t, file, e))) {
		orgs_drop(&t, 0, total, o->nfile);
		free(t.row);
		return rc;
	}
	orgs_drop(&t, t.nrow, total, -1);
	free(o->row);
	free(o->parent.v);
	*o = t;
	o->nfile++;
	return 0;
}

struct orgs *orgs_create(void)
{
	return calloc(1, sizeof(struct orgs));
}

void orgs_free(struct orgs *o)
{
	if (!o)
		return;
	orgs_drop(o, 0, o->nrow, -1);
	free(o->row);
	free(o->parent.v);
	free(o);
}

const struct org *orgs_find(const struct orgs *o, const char *namespace, size_t n, int64_t created_s)
{
	size_t lo = 0, hi = o->nrow; /* the row before the first that begins after created_s */

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = name_key_cmp(o->row[mid].key, namespace, n);

		if (c < 0 || (c == 0 && o->row[mid].from_s <= created_s))
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || name_key_cmp(o->row[lo - 1].key, namespace, n) || created_s >= o->row[lo - 1].to_s)
		return NULL;
	return &o->row[lo - 1];
}

size_t orgs_nrow(const struct orgs *o)
{
	return o->nrow;
}

const struct org *orgs_row(const struct orgs *o, size_t i)
{
	return &o->row[i];
}

int orgs_nparent(const struct orgs *o)
{
	return o->parent.n;
}

const char *orgs_parent(const struct orgs *o, int parent)
{
	return o->parent.v[parent];
}

int orgs_parent_index(const struct orgs *o, const char *name)
{
	return names_index(&o->parent, name);
}
