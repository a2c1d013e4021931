// SPDX-License-Identifier: Apache-2.0
#include "reduce/classify.h"

#include <csv.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NFIELD = 7, NSHOW = 64 };

/* ISO 3166-1 alpha-2, officially assigned, in order. Checked against tzdata's iso3166.tab and Debian's iso-codes 4.15
 * (2023). */
static const char countries[NCOUNTRY][3] = {
	/* clang-format off */
	"AD", "AE", "AF", "AG", "AI", "AL", "AM", "AO", "AQ", "AR", "AS", "AT", "AU", "AW", "AX", "AZ", "BA", "BB",
	"BD", "BE", "BF", "BG", "BH", "BI", "BJ", "BL", "BM", "BN", "BO", "BQ", "BR", "BS", "BT", "BV", "BW", "BY",
	"BZ", "CA", "CC", "CD", "CF", "CG", "CH", "CI", "CK", "CL", "CM", "CN", "CO", "CR", "CU", "CV", "CW", "CX",
	"CY", "CZ", "DE", "DJ", "DK", "DM", "DO", "DZ", "EC", "EE", "EG", "EH", "ER", "ES", "ET", "FI", "FJ", "FK",
	"FM", "FO", "FR", "GA", "GB", "GD", "GE", "GF", "GG", "GH", "GI", "GL", "GM", "GN", "GP", "GQ", "GR", "GS",
	"GT", "GU", "GW", "GY", "HK", "HM", "HN", "HR", "HT", "HU", "ID", "IE", "IL", "IM", "IN", "IO", "IQ", "IR",
	"IS", "IT", "JE", "JM", "JO", "JP", "KE", "KG", "KH", "KI", "KM", "KN", "KP", "KR", "KW", "KY", "KZ", "LA",
	"LB", "LC", "LI", "LK", "LR", "LS", "LT", "LU", "LV", "LY", "MA", "MC", "MD", "ME", "MF", "MG", "MH", "MK",
	"ML", "MM", "MN", "MO", "MP", "MQ", "MR", "MS", "MT", "MU", "MV", "MW", "MX", "MY", "MZ", "NA", "NC", "NE",
	"NF", "NG", "NI", "NL", "NO", "NP", "NR", "NU", "NZ", "OM", "PA", "PE", "PF", "PG", "PH", "PK", "PL", "PM",
	"PN", "PR", "PS", "PT", "PW", "PY", "QA", "RE", "RO", "RS", "RU", "RW", "SA", "SB", "SC", "SD", "SE", "SG",
	"SH", "SI", "SJ", "SK", "SL", "SM", "SN", "SO", "SR", "SS", "ST", "SV", "SX", "SY", "SZ", "TC", "TD", "TF",
	"TG", "TH", "TJ", "TK", "TL", "TM", "TN", "TO", "TR", "TT", "TV", "TW", "TZ", "UA", "UG", "UM", "US", "UY",
	"UZ", "VA", "VC", "VE", "VG", "VI", "VN", "VU", "WF", "WS", "YE", "YT", "ZA", "ZM", "ZW",
	/* clang-format on */
};

static const char *const sectors[NSECTOR] = { "industry",  "academia",   "non-profit",  "government",
					      "community", "individual", "unclassified" };

static const char *const groups[NTOPIC_GROUP] = { "language", "format", "quantization", "science", "robotics" };

/* ---- one CSV file ---- */

/* The columns of a file: the first `least` of them or all `most`. */
struct layout {
	const char *name[NFIELD];
	int least, most;
	const char *header;
};

static const struct layout orgs_layout = { { "namespace", "parent", "country", "sector", "source", "from", "to" },
					   5,
					   7,
					   "'namespace,parent,country,sector,source', or those and ',from,to'" };
static const struct layout topics_layout = { { "group", "topic", "tag", "source" }, 4, 4, "'group,topic,tag,source'" };

/* A file while it is read, and its row under the cursor. */
struct reader {
	const char *file;
	const struct layout *layout;
	int (*row)(struct reader *r);
	void *table;
	struct err *e;
	struct csv_parser csv;
	int line;
	int ncol;    /* columns of the header, 0 before it was read */
	int nfield;  /* fields of the row, with those beyond NFIELD that are not kept */
	int toolong; /* the first field over CLASSIFY_FIELD, from 1; 0 if there is none */
	int done;    /* libcsv has seen the end of the row */
	char field[NFIELD][CLASSIFY_FIELD + 1];
};

/* E_FORMAT at the row under the cursor. */
__attribute__((format(printf, 2, 3))) static int bad(struct reader *r, const char *fmt, ...)
{
	char text[384];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return err_set(r->e, E_FORMAT, "'%.120s' line %d: %s", r->file, r->line, text);
}

static int no_memory(struct err *e, const char *file)
{
	return err_set(e, E_NOMEM, "no memory for the table of '%.120s'", file);
}

/* A value for a message, cut. */
static const char *show(char dst[NSHOW], const char *s)
{
	return err_printable(dst, NSHOW, s, strlen(s));
}

static void on_field(void *s, size_t n, void *arg)
{
	struct reader *r = arg;
	int i = r->nfield++;

	if (n > CLASSIFY_FIELD && !r->toolong)
		r->toolong = i + 1;
	if (i >= NFIELD || n > CLASSIFY_FIELD)
		return;
	if (n)
		memcpy(r->field[i], s, n);
	r->field[i][n] = '\0';
}

static void on_row(int c, void *arg)
{
	struct reader *r = arg;

	(void)c;
	r->done = 1;
}

/* Text alone: what err_printable() would change is not UTF-8, or would change the terminal that shows it. */
static int line_clean(struct reader *r, const char *s, size_t n)
{
	char copy[CLASSIFY_LINE + 8];
	size_t i = 0;

	err_printable(copy, sizeof copy, s, n);
	while (i < n && copy[i] == s[i])
		i++;
	if (i == n)
		return 0;
	return bad(r, "byte %zu (0x%02x) is a control or formatting character, or not UTF-8; remove it", i + 1,
		   (unsigned char)s[i]);
}

/* Fields of a line by libcsv. The line has no CR or LF in it, so a row that is open behind its end has an open quote.
 */
static int line_split(struct reader *r, const char *s, size_t n)
{
	r->nfield = r->toolong = r->done = 0;
	for (int i = 0; i < NFIELD; i++)
		r->field[i][0] = '\0';
	if (csv_parse(&r->csv, s, n, on_field, on_row, r) != n ||
	    csv_parse(&r->csv, "\n", 1, on_field, on_row, r) != 1) {
		if (csv_error(&r->csv) != CSV_EPARSE)
			return no_memory(r->e, r->file);
		return bad(r, "a quote is out of place; put the whole field in quotes, and double those inside it");
	}
	if (!r->done)
		return bad(r, "a quoted field does not end on this line; add the closing quote");
	if (r->toolong)
		return bad(r, "field %d is longer than %d bytes; shorten it", r->toolong, CLASSIFY_FIELD);
	return 0;
}

static int line_header(struct reader *r)
{
	const struct layout *l = r->layout;
	char a[NSHOW];

	for (int i = 0; i < r->nfield && i < l->most; i++)
		if (strcmp(r->field[i], l->name[i]) != 0)
			return bad(r, "the header says '%s' where '%s' belongs; the columns are %s",
				   show(a, r->field[i]), l->name[i], l->header);
	if (r->nfield != l->least && r->nfield != l->most)
		return bad(r, "the header has %d columns; they are %s", r->nfield, l->header);
	r->ncol = r->nfield;
	return 0;
}

static int line_row(struct reader *r)
{
	if (r->nfield >= r->layout->least && r->nfield <= r->ncol)
		return r->row(r);
	return bad(r, "%d fields where %d belong; put fields that hold a comma in quotes", r->nfield, r->ncol);
}

static int is_blank(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] != ' ' && s[i] != '\t')
			return 0;
	return 1;
}

static int line_read(struct reader *r, const char *s, size_t n)
{
	int rc;

	r->line++;
	if (n && s[n - 1] == '\r')
		n--;
	if (is_blank(s, n) || s[0] == '#')
		return 0;
	if (n > CLASSIFY_LINE)
		return bad(r, "longer than %d bytes; shorten it", CLASSIFY_LINE);
	if ((rc = line_clean(r, s, n)) || (rc = line_split(r, s, n)))
		return rc;
	return r->ncol ? line_row(r) : line_header(r);
}

static int text_read(struct reader *r, const char *text, size_t n)
{
	int rc = 0;

	if (n >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3))
		text += 3, n -= 3;
	while (n && !rc) {
		const char *end = memchr(text, '\n', n);
		size_t len = end ? (size_t)(end - text) : n;

		rc = line_read(r, text, len);
		len += end != NULL;
		text += len;
		n -= len;
	}
	if (!rc && !r->ncol)
		rc = err_set(r->e, E_FORMAT, "'%.120s' has no header line; its first line must be %s", r->file,
			     r->layout->header);
	return rc;
}

/* Hand every row of a file to row(), with `table` in the reader. */
static int read_csv(const struct layout *l, int (*fn)(struct reader *), void *table, const char *file, const char *text,
		    size_t n, struct err *e)
{
	struct reader r = { .file = file, .layout = l, .row = fn, .table = table, .e = e };
	int rc;

	if (n > CLASSIFY_BYTES)
		return err_set(e, E_FORMAT, "'%.120s' is larger than %d bytes", file, CLASSIFY_BYTES);
	if (csv_init(&r.csv, CSV_STRICT | CSV_STRICT_FINI))
		return no_memory(e, file);
	rc = text_read(&r, text, n);
	csv_free(&r.csv);
	return rc;
}

/* Read what is left of f. */
static int read_all(FILE *f, const char *path, char **text, size_t *n, struct err *e)
{
	size_t cap = 0, got = 1;

	for (*n = 0; got; *n += got) {
		if (*n + 1 >= cap) {
			char *p = realloc(*text, cap = cap ? 2 * cap : 65536);
			if (!p)
				return no_memory(e, path);
			*text = p;
		}
		got = fread(*text + *n, 1, cap - *n - 1, f);
		if (*n + got > CLASSIFY_BYTES)
			return err_set(e, E_FORMAT, "'%.120s' is larger than %d bytes", path, CLASSIFY_BYTES);
	}
	(*text)[*n] = '\0';
	return ferror(f) ? err_sys(e, errno, "'%.120s' cannot be read", path) : 0;
}

int classify_read(const char *path, char **text, size_t *n, struct err *e)
{
	FILE *f = fopen(path, "rb");
	int rc;

	*text = NULL;
	*n = 0;
	if (!f)
		return err_sys(e, errno, "'%.120s' cannot be opened", path);
	rc = read_all(f, path, text, n, e);
	fclose(f); /* only read: nothing that could be lost */
	if (rc) {
		free(*text);
		*text = NULL;
		*n = 0;
	}
	return rc;
}

/* ---- names ---- */

/* Distinct names in bytewise order; the index of a name is its place. */
struct names {
	const char **v; /* views into the rows */
	int n;
};

static int lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

/* As strcmp() of a lower-cased key with n bytes of either case. */
static int key_cmp(const char *key, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int a = (unsigned char)key[i], b = lower((unsigned char)s[i]);

		if (a != b || !a)
			return a < b ? -1 : 1; /* a NUL within s is no end of it: the key is shorter */
	}
	return key[n] != '\0';
}

static int name_cmp(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int names_init(struct names *s, size_t cap)
{
	s->n = 0;
	s->v = calloc(cap ? cap : 1, sizeof *s->v);
	return s->v ? 0 : -1;
}

static void names_settle(struct names *s)
{
	int k = 0;

	qsort(s->v, (size_t)s->n, sizeof *s->v, name_cmp);
	for (int i = 0; i < s->n; i++)
		if (!k || strcmp(s->v[k - 1], s->v[i]) != 0)
			s->v[k++] = s->v[i];
	s->n = k;
}

static int names_index(const struct names *s, const char *name)
{
	const char **p = s->v ? bsearch(&name, s->v, (size_t)s->n, sizeof *s->v, name_cmp) : NULL;

	return p ? (int)(p - s->v) : -1;
}

/* Replace n strings by copies in one block, which begins with s[0]. With `key` >= 0 that one is lower-cased. */
static int pack(const char **s, int n, int key)
{
	size_t size = 0;
	char *p;

	for (int i = 0; i < n; i++)
		size += strlen(s[i]) + 1;
	if (!(p = malloc(size)))
		return -1;
	for (int i = 0; i < n; i++) {
		size_t len = strlen(s[i]) + 1;

		memcpy(p, s[i], len);
		for (size_t j = 0; i == key && j < len; j++)
			p[j] = (char)lower((unsigned char)p[j]);
		s[i] = p;
		p += len;
	}
	return 0;
}

/* Room for one row more in an array of `width` bytes a row that is full at 0, 64, 128, 256, ... rows. */
static void *grown(void *v, size_t n, size_t width)
{
	if (n && (n < 64 || (n & (n - 1))))
		return v;
	return realloc(v, (n ? 2 * n : 64) * width);
}

/* A copy of n rows with the room that grown() expects. */
static void *copied(const void *v, size_t n, size_t width)
{
	size_t cap = 64;
	void *p;

	while (cap <= n)
		cap *= 2;
	if ((p = malloc(cap * width)) && n)
		memcpy(p, v, n * width);
	return p;
}

/* ---- organisations ---- */

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

const char *country_code(int country)
{
	return countries[country];
}

static int country_cmp(const void *a, const void *b)
{
	return memcmp(a, b, 2);
}

int country_index(const char *code, size_t n)
{
	const char(*p)[3] = n == 2 ? bsearch(code, countries, NCOUNTRY, sizeof countries[0], country_cmp) : NULL;

	return p ? (int)(p - countries) : -1;
}

static int org_namespace(struct reader *r, const char *s)
{
	size_t n = strlen(s);
	char a[NSHOW];

	for (size_t i = 0; i < n; i++) {
		int c = lower((unsigned char)s[i]);

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.')
			return bad(r,
				   "namespace '%s' holds more than letters, digits, '-', '_' and '.'; give the owner "
				   "of a repository alone",
				   show(a, s));
	}
	if (n == 0 || n > CLASSIFY_NAMESPACE)
		return bad(r, "namespace '%s' has %zu bytes; the Hub has 1 to %d", show(a, s), n, CLASSIFY_NAMESPACE);
	return 0;
}

static int org_country(struct reader *r, const char *s, int *country)
{
	char a[NSHOW];

	*country = country_index(s, strlen(s));
	if (*country >= 0 || !*s)
		return 0;
	return bad(r, "country '%s' is not a two-letter ISO 3166-1 code; correct or remove the line", show(a, s));
}

static int org_sector(struct reader *r, const char *s, enum sector *sector)
{
	char a[NSHOW];

	for (int i = 0; i < SECTOR_UNCLASSIFIED; i++)
		if (!strcmp(s, sectors[i])) {
			*sector = (enum sector)i;
			return 0;
		}
	return bad(r, "sector '%s' is none of industry, academia, non-profit, government, community, individual",
		   show(a, s));
}

/* Days from 1970-01-01 of a date of the Gregorian calendar (Howard Hinnant, "chrono-compatible low-level date
 * algorithms", days_from_civil; years from 1970 on). */
static int64_t date_days(int y, int m, int d)
{
	int yoe, doy;

	y -= m <= 2;
	yoe = y % 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return (int64_t)(y / 400) * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

/* YYYY-MM-DD, 1970 to 9999, as s since 1970. */
static int date_parse(const char *s, int64_t *out)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int v[3] = { 0, 0, 0 }, leap;

	if (strlen(s) != 10)
		return -1;
	for (int i = 0, part = 0; i < 10; i++) {
		if (i == 4 || i == 7) {
			if (s[i] != '-')
				return -1;
			part++;
		} else if (s[i] < '0' || s[i] > '9') {
			return -1;
		} else {
			v[part] = 10 * v[part] + (s[i] - '0');
		}
	}
	leap = (v[0] % 4 == 0 && v[0] % 100 != 0) || v[0] % 400 == 0;
	if (v[0] < 1970 || v[1] < 1 || v[1] > 12 || v[2] < 1 || v[2] > days[v[1] - 1] + (leap && v[1] == 2))
		return -1;
	*out = 86400 * date_days(v[0], v[1], v[2]);
	return 0;
}

static int org_period(struct reader *r, const char *from, const char *to, struct org *x)
{
	char a[NSHOW];

	x->from_s = INT64_MIN;
	x->to_s = INT64_MAX;
	if (*from && date_parse(from, &x->from_s))
		return bad(r, "from '%s' is not a date YYYY-MM-DD from 1970 on", show(a, from));
	if (*to && date_parse(to, &x->to_s))
		return bad(r, "to '%s' is not a date YYYY-MM-DD from 1970 on", show(a, to));
	if (x->from_s >= x->to_s)
		return bad(r,
			   "from '%.10s' is not before to '%.10s'; the row holds from the one day up to, not "
			   "including, the other",
			   from, to);
	return 0;
}

/* Append to the table; the row's strings are copied in the order namespace, key, parent, source. */
static int org_add(struct reader *r, struct org x)
{
	struct orgs *o = r->table;
	const char *s[] = { r->field[0], r->field[0], r->field[1], r->field[4] };
	struct org *row;

	if (o->nrow >= CLASSIFY_ROWS)
		return bad(r, "more than %d rows", CLASSIFY_ROWS);
	if (!(row = grown(o->row, o->nrow, sizeof *row)))
		return no_memory(r->e, r->file);
	o->row = row;
	if (pack(s, 4, 1))
		return no_memory(r->e, r->file);
	x.namespace = s[0];
	x.key = s[1];
	x.parent_name = s[2];
	x.source = s[3];
	x.file = o->nfile;
	x.line = r->line;
	o->row[o->nrow++] = x;
	return 0;
}

static int org_row(struct reader *r)
{
	struct org x = { 0 };
	int rc;

	if ((rc = org_namespace(r, r->field[0])))
		return rc;
	if (!*r->field[1])
		return bad(r, "the parent of '%s' is empty; give the organisation's name, or the namespace again",
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
		return no_memory(e, file);
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
			free((void *)o->row[i].namespace); /* the block of pack() */
}

/* All work is done on a copy of the rows that shares their strings, so that `o` stays whole until nothing can fail. */
int orgs_parse(struct orgs *o, const char *file, const char *text, size_t n, struct err *e)
{
	struct orgs t = { .nrow = o->nrow, .nfile = o->nfile };
	size_t total = 0;
	int rc;

	if (!(t.row = copied(o->row, o->nrow, sizeof *t.row)))
		return no_memory(e, file);
	rc = read_csv(&orgs_layout, org_row, &t, file, text, n, e);
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
		int c = key_cmp(o->row[mid].key, namespace, n);

		if (c < 0 || (c == 0 && o->row[mid].from_s <= created_s))
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || key_cmp(o->row[lo - 1].key, namespace, n) || created_s >= o->row[lo - 1].to_s)
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

/* ---- topics ---- */

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

static int topic_group_parse(struct reader *r, const char *s, enum topic_group *group)
{
	char a[NSHOW];

	for (int i = 0; i < NTOPIC_GROUP; i++)
		if (!strcmp(s, groups[i])) {
			*group = (enum topic_group)i;
			return 0;
		}
	return bad(r, "group '%s' is none of language, format, quantization, science, robotics", show(a, s));
}

/* Append to the table; the row's strings are copied in the order tag, key, topic, source. */
static int topic_add(struct reader *r, struct topic x)
{
	struct topics *t = r->table;
	const char *s[] = { r->field[2], r->field[2], r->field[1], r->field[3] };
	struct topic *row;

	if (t->nrow >= CLASSIFY_ROWS)
		return bad(r, "more than %d rows", CLASSIFY_ROWS);
	if (!(row = grown(t->row, t->nrow, sizeof *row)))
		return no_memory(r->e, r->file);
	t->row = row;
	if (pack(s, 4, 1))
		return no_memory(r->e, r->file);
	x.tag = s[0];
	x.key = s[1];
	x.name = s[2];
	x.source = s[3];
	x.file = t->nfile;
	x.line = r->line;
	t->row[t->nrow++] = x;
	return 0;
}

static int topic_row(struct reader *r)
{
	struct topic x = { 0 };
	int rc = topic_group_parse(r, r->field[0], &x.group);

	if (rc)
		return rc;
	if (!*r->field[1])
		return bad(r, "the topic is empty; give the name to count under");
	if (!*r->field[2])
		return bad(r, "the tag of topic '%.40s' is empty; give the whole tag as the Hub has it", r->field[1]);
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
	char a[NSHOW];
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
					       file, x.line, show(a, x.tag), last->line);
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
			return no_memory(e, file);
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
			free((void *)t->row[i].tag); /* the block of pack() */
}

/* As orgs_parse(). */
int topics_parse(struct topics *t, const char *file, const char *text, size_t n, struct err *e)
{
	struct topics u = { .nrow = t->nrow, .nfile = t->nfile };
	size_t total = 0;
	int rc;

	if (!(u.row = copied(t->row, t->nrow, sizeof *u.row)))
		return no_memory(e, file);
	rc = read_csv(&topics_layout, topic_row, &u, file, text, n, e);
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

		if (key_cmp(t->row[mid].key, tag, n) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	while (lo + count < t->nrow && !key_cmp(t->row[lo + count].key, tag, n))
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
