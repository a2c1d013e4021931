// SPDX-License-Identifier: Apache-2.0
#include "reduce/record.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int record_bad(struct record *r, const char *fmt, ...)
{
	char text[384];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return err_set(r->e, E_FORMAT, "'%.120s' line %d: %s", r->file, r->line, text);
}

int record_no_memory(struct err *e, const char *file)
{
	return err_set(e, E_NOMEM, "no memory for the table of '%.120s'", file);
}

const char *record_show(char dst[RECORD_SHOW], const char *s)
{
	return err_printable(dst, RECORD_SHOW, s, strlen(s));
}

static void on_field(void *s, size_t n, void *arg)
{
	struct record *r = arg;
	int i = r->nfield++;

	if (n > RECORD_FIELD && !r->toolong)
		r->toolong = i + 1;
	if (i >= RECORD_NFIELD || n > RECORD_FIELD)
		return;
	if (n)
		memcpy(r->field[i], s, n);
	r->field[i][n] = '\0';
}

static void on_row(int c, void *arg)
{
	struct record *r = arg;

	(void)c;
	r->done = 1;
}

/* Text alone: what err_printable() would change is not UTF-8, or would change the terminal that shows it. */
static int line_clean(struct record *r, const char *s, size_t n)
{
	char copy[RECORD_LINE + 8];
	size_t i = 0;

	err_printable(copy, sizeof copy, s, n);
	while (i < n && copy[i] == s[i])
		i++;
	if (i == n)
		return 0;
	return record_bad(r, "byte %zu (0x%02x) is a control or formatting character, or not UTF-8; remove it", i + 1,
			  (unsigned char)s[i]);
}

/* Fields of a line by libcsv. The line has no CR or LF in it, so a row that is open behind its end has an open quote.
 */
static int line_split(struct record *r, const char *s, size_t n)
{
	r->nfield = r->toolong = r->done = 0;
	for (int i = 0; i < RECORD_NFIELD; i++)
		r->field[i][0] = '\0';
	if (csv_parse(&r->csv, s, n, on_field, on_row, r) != n ||
	    csv_parse(&r->csv, "\n", 1, on_field, on_row, r) != 1) {
		if (csv_error(&r->csv) != CSV_EPARSE)
			return record_no_memory(r->e, r->file);
		return record_bad(r,
				  "a quote is out of place; put the whole field in quotes, and double those inside it");
	}
	if (!r->done)
		return record_bad(r, "a quoted field does not end on this line; add the closing quote");
	if (r->toolong)
		return record_bad(r, "field %d is longer than %d bytes; shorten it", r->toolong, RECORD_FIELD);
	return 0;
}

static int line_header(struct record *r)
{
	const struct record_layout *l = r->layout;
	char a[RECORD_SHOW];

	for (int i = 0; i < r->nfield && i < l->most; i++)
		if (strcmp(r->field[i], l->name[i]) != 0)
			return record_bad(r, "the header says '%s' where '%s' belongs; the columns are %s",
					  record_show(a, r->field[i]), l->name[i], l->header);
	if (r->nfield != l->least && r->nfield != l->most)
		return record_bad(r, "the header has %d columns; they are %s", r->nfield, l->header);
	r->ncol = r->nfield;
	return 0;
}

static int line_row(struct record *r)
{
	if (r->nfield >= r->layout->least && r->nfield <= r->ncol)
		return r->row(r);
	return record_bad(r, "%d fields where %d belong; put fields that hold a comma in quotes", r->nfield, r->ncol);
}

static int is_blank(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] != ' ' && s[i] != '\t')
			return 0;
	return 1;
}

static int line_read(struct record *r, const char *s, size_t n)
{
	int rc;

	r->line++;
	if (n && s[n - 1] == '\r')
		n--;
	if (is_blank(s, n) || s[0] == '#')
		return 0;
	if (n > RECORD_LINE)
		return record_bad(r, "longer than %d bytes; shorten it", RECORD_LINE);
	if ((rc = line_clean(r, s, n)) || (rc = line_split(r, s, n)))
		return rc;
	return r->ncol ? line_row(r) : line_header(r);
}

static int text_read(struct record *r, const char *text, size_t n)
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

int record_each(const struct record_layout *l, int (*row)(struct record *), void *table, const char *file,
		const char *text, size_t n, struct err *e)
{
	struct record r = { .file = file, .layout = l, .row = row, .table = table, .e = e };
	int rc;

	if (n > RECORD_BYTES)
		return err_set(e, E_FORMAT, "'%.120s' is larger than %d bytes", file, RECORD_BYTES);
	if (csv_init(&r.csv, CSV_STRICT | CSV_STRICT_FINI))
		return record_no_memory(e, file);
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
				return record_no_memory(e, path);
			*text = p;
		}
		got = fread(*text + *n, 1, cap - *n - 1, f);
		if (*n + got > RECORD_BYTES)
			return err_set(e, E_FORMAT, "'%.120s' is larger than %d bytes", path, RECORD_BYTES);
	}
	(*text)[*n] = '\0';
	return ferror(f) ? err_sys(e, errno, "'%.120s' cannot be read", path) : 0;
}

int record_file(const char *path, char **text, size_t *n, struct err *e)
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
