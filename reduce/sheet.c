// SPDX-License-Identifier: Apache-2.0
#include "reduce/sheet.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "io/err.h"
#include "reduce/sheet_text.h"

static const char *const format_name[NSHEET_FORMATS] = { "text", "json", "csv", "markdown" };

int sheet_format_find(const char *name)
{
	for (int i = 0; i < NSHEET_FORMATS; i++)
		if (!strcmp(name, format_name[i]))
			return i;
	return -1;
}

void sheet_init(struct sheet *s, const char *title)
{
	memset(s, 0, sizeof *s);
	err_printable(s->title, sizeof s->title, title, strlen(title));
}

void sheet_release(struct sheet *s)
{
	free(s->block);
	free(s->line);
	free(s->note);
	memset(s, 0, sizeof *s);
}

/* Room for one more of *n, zeroed. NULL: none. */
static void *append(struct sheet *s, void **x, size_t *n, size_t *cap, size_t size)
{
	size_t more = *cap ? 2 * *cap : 16;
	void *y;

	if (s->no_memory)
		return NULL;
	if (*n == *cap) {
		if (!(y = realloc(*x, more * size))) {
			s->no_memory = 1;
			return NULL;
		}
		*x = y;
		*cap = more;
	}
	y = (char *)*x + (*n)++ * size;
	memset(y, 0, size);
	return y;
}

void sheet_block(struct sheet *s, const char *title, int is_beside, const char *const *col, int ncol)
{
	struct sheet_block *b = append(s, (void **)&s->block, &s->nblock, &s->block_cap, sizeof *b);

	if (!b)
		return;
	err_printable(b->title, sizeof b->title, title, strlen(title));
	b->is_beside = is_beside;
	b->first = s->nline;
	b->ncol = ncol < SHEET_COLS ? ncol : SHEET_COLS;
	for (int c = 0; c < b->ncol; c++)
		err_printable(b->col[c], sizeof b->col[c], col[c], strlen(col[c]));
}

void sheet_line(struct sheet *s, const char *name)
{
	struct sheet_line *l = append(s, (void **)&s->line, &s->nline, &s->line_cap, sizeof *l);

	if (!l)
		return;
	err_printable(l->name, sizeof l->name, name, strlen(name));
	s->block[s->nblock - 1].nline++;
}

void sheet_note(struct sheet *s, const char *fmt, ...)
{
	char(*note)[320] = append(s, (void **)&s->note, &s->nnote, &s->note_cap, sizeof *note), text[320];
	va_list ap;

	if (!note)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap); /* NOLINT(clang-analyzer-valist.Uninitialized): see figure.c */
	va_end(ap);
	err_printable(*note, sizeof *note, text, strlen(text));
}

static void put_cell(struct sheet *s, struct sheet_cell cell)
{
	struct sheet_line *l;

	if (s->no_memory)
		return;
	l = &s->line[s->nline - 1];
	if (l->ncell < SHEET_COLS)
		l->cell[l->ncell++] = cell;
}

void sheet_none(struct sheet *s)
{
	put_cell(s, (struct sheet_cell){ SHEET_NONE, 0, 0 });
}

void sheet_count(struct sheet *s, int64_t x)
{
	put_cell(s, (struct sheet_cell){ SHEET_COUNT, x, 0 });
}

void sheet_real(struct sheet *s, enum sheet_type type, double x)
{
	put_cell(s, (struct sheet_cell){ type, 0, x });
}

void sheet_value(struct sheet *s, const json_t *x, enum sheet_type type)
{
	if (json_is_integer(x))
		sheet_count(s, json_integer_value(x));
	else if (json_is_real(x))
		sheet_real(s, type, json_real_value(x));
	else if (json_is_string(x) && type == SHEET_RATIO)
		sheet_real(s, type, INFINITY); /* "from none" */
	else
		sheet_none(s);
}

char *sheet_thousands(int64_t x, char dst[32])
{
	char digits[24];
	size_t n = (size_t)snprintf(digits, sizeof digits, "%lld", (long long)x), o = 0;

	for (size_t i = 0; i < n; i++) {
		dst[o++] = digits[i];
		if (n - i > 1 && (n - i) % 3 == 1 && digits[i] != '-')
			dst[o++] = ',';
	}
	dst[o] = '\0';
	return dst;
}

static json_t *cell_json(const struct sheet_cell *c)
{
	if (c->type == SHEET_NONE)
		return json_null();
	if (c->type == SHEET_COUNT)
		return json_integer(c->i);
	return isinf(c->x) ? json_string("from none") : json_real(c->x);
}

static json_t *line_json(const struct sheet_line *l)
{
	json_t *values = json_array();

	for (int c = 0; c < l->ncell; c++)
		json_array_append_new(values, cell_json(&l->cell[c]));
	return json_pack("{s:s, s:o}", "name", l->name, "values", values);
}

static json_t *block_json(const struct sheet *s, const struct sheet_block *b)
{
	json_t *columns = json_array(), *rows = json_array();

	for (int c = 0; c < b->ncol; c++)
		json_array_append_new(columns, json_string(b->col[c]));
	for (size_t i = 0; i < b->nline; i++)
		json_array_append_new(rows, line_json(&s->line[b->first + i]));
	return json_pack("{s:s, s:o, s:o}", "title", b->title, "columns", columns, "rows", rows);
}

static int print_json(const struct sheet *s, FILE *to)
{
	json_t *sections = json_array(), *notes = json_array(), *root;
	int rc;

	for (size_t i = 0; i < s->nblock; i++)
		json_array_append_new(sections, block_json(s, &s->block[i]));
	for (size_t i = 0; i < s->nnote; i++)
		json_array_append_new(notes, json_string(s->note[i]));
	root = json_pack("{s:s, s:o, s:o}", "title", s->title, "sections", sections, "notes", notes);
	rc = root ? json_dumpf(root, to, JSON_INDENT(1) | JSON_REAL_PRECISION(15)) : -1;
	fputc('\n', to);
	json_decref(root);
	return root ? 0 : rc;
}

/* How many bytes of the text are one of these? 0: none. */
static size_t begins_with(const char *text, const char *const *one)
{
	for (; *one; one++)
		if (!strncmp(text, *one, strlen(*one)))
			return strlen(*one);
	return 0;
}

/* Behind blanks of any kind, in both of the widths that East Asian spreadsheets take. */
static int is_formula(const char *text)
{
	static const char *const blank[] = { " ",      "\t",     "\r",     "\n",     "\u00a0", "\u1680",
					     "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005",
					     "\u2006", "\u2007", "\u2008", "\u2009", "\u200a", "\u202f",
					     "\u205f", "\u3000", "\ufeff", NULL };
	static const char *const begin[] = { "=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", NULL };

	for (size_t n; (n = begins_with(text, blank)); text += n)
		;
	return begins_with(text, begin) > 0;
}

/* What a spreadsheet takes for the beginning of a formula is made a text by an apostrophe: names come from the network
 * (OWASP, "CSV Injection"). Where numbers have a comma, a semicolon ends a cell. Texts of a sheet have no controls. */
static void put_quoted(FILE *to, const char *text)
{
	int is_quoted = strpbrk(text, ",;\"") != NULL;

	if (is_quoted)
		fputc('"', to);
	for (const char *s = text; *s; s++) {
		if ((s == text || s[-1] == ';') && is_formula(s))
			fputc('\'', to);
		if (*s == '"')
			fputc('"', to);
		fputc(*s, to);
	}
	if (is_quoted)
		fputc('"', to);
}

static void put_plain(FILE *to, const struct sheet_cell *c)
{
	if (c->type == SHEET_COUNT)
		fprintf(to, "%lld", (long long)c->i);
	else if (c->type != SHEET_NONE && isinf(c->x))
		fputs("from none", to);
	else if (c->type != SHEET_NONE)
		fprintf(to, "%.9f", c->x);
}

/* One table: as it stands. */
static void print_csv_wide(const struct sheet *s, const struct sheet_block *b, FILE *to)
{
	put_quoted(to, b->title);
	for (int c = 0; c < b->ncol; c++) {
		fputc(',', to);
		put_quoted(to, b->col[c]);
	}
	fputs("\r\n", to);
	for (size_t i = b->first; i < b->first + b->nline; i++) {
		put_quoted(to, s->line[i].name);
		for (int c = 0; c < b->ncol; c++) {
			fputc(',', to);
			if (c < s->line[i].ncell)
				put_plain(to, &s->line[i].cell[c]);
		}
		fputs("\r\n", to);
	}
}

/* Tables of different shapes: a line per cell. */
static void print_csv_long(const struct sheet *s, const struct sheet_block *b, FILE *to)
{
	for (size_t i = b->first; i < b->first + b->nline; i++)
		for (int c = 0; c < s->line[i].ncell && c < b->ncol; c++) {
			put_quoted(to, b->title);
			fputc(',', to);
			put_quoted(to, s->line[i].name);
			fputc(',', to);
			put_quoted(to, b->col[c]);
			fputc(',', to);
			put_plain(to, &s->line[i].cell[c]);
			fputs("\r\n", to);
		}
}

static void print_csv(const struct sheet *s, FILE *to)
{
	if (s->nblock == 1) {
		print_csv_wide(s, &s->block[0], to);
		return;
	}
	fputs("section,row,column,value\r\n", to);
	for (size_t i = 0; i < s->nblock; i++)
		print_csv_long(s, &s->block[i], to);
}

int sheet_print(const struct sheet *s, FILE *to, enum sheet_format format)
{
	if (s->no_memory)
		return -1;
	if (format == SHEET_JSON)
		return print_json(s, to);
	if (format == SHEET_CSV)
		print_csv(s, to);
	else if (format == SHEET_MARKDOWN)
		sheet_markdown(s, to);
	else
		sheet_text(s, to);
	return 0;
}
