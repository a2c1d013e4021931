// SPDX-License-Identifier: Apache-2.0
#include "reduce/sheet_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SCREEN 78
#define CELL   13 /* of a block that has the width of the screen */
#define INDENT 2
#define GAP    4 /* between two blocks */

/* Columns of a terminal that a text takes, if each character takes one: bytes that begin one. */
static int width_of(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += (*s & 0xC0) != 0x80;
	return n;
}

static void pad(FILE *to, int n)
{
	fprintf(to, "%*s", n > 0 ? n : 0, "");
}

static const char *cell_text(const struct sheet_cell *c, char dst[32])
{
	switch (c->type) {
	case SHEET_COUNT:
		return sheet_thousands(c->i, dst);
	case SHEET_SHARE:
		snprintf(dst, 32, "%.2f%%", 100 * c->x);
		return dst;
	case SHEET_RATIO:
		snprintf(dst, 32, isinf(c->x) ? "new" : "%.1fx", c->x);
		return dst;
	case SHEET_REAL:
		snprintf(dst, 32, "%.3f", c->x);
		return dst;
	default:
		return "-";
	}
}

/* Where things of a block stand. */
struct layout {
	int name; /* width of the first column */
	int col[SHEET_COLS];
	int cols; /* sum of col[] */
};

static struct layout natural_layout(const struct sheet *s, const struct sheet_block *b)
{
	struct layout y = { width_of(b->title), { 0 }, 0 };
	char text[32];

	for (int c = 0; c < b->ncol; c++)
		y.col[c] = width_of(b->col[c]) + 2;
	for (size_t i = b->first; i < b->first + b->nline; i++) {
		const struct sheet_line *l = &s->line[i];

		if (width_of(l->name) + INDENT > y.name)
			y.name = width_of(l->name) + INDENT;
		for (int c = 0; c < l->ncell && c < b->ncol; c++) {
			int w = width_of(cell_text(&l->cell[c], text)) + 2;

			y.col[c] = w > y.col[c] ? w : y.col[c];
		}
	}
	for (int c = 0; c < b->ncol; c++)
		y.cols += y.col[c];
	return y;
}

/* A block of its own: columns of equal width where there is room, so that blocks stand below each other in line. */
static struct layout wide_layout(const struct sheet *s, const struct sheet_block *b)
{
	struct layout y = natural_layout(s, b);

	if (b->ncol * CELL + y.name <= SCREEN)
		for (int c = 0; c < b->ncol; c++) {
			y.cols += y.col[c] < CELL ? CELL - y.col[c] : 0;
			y.col[c] = y.col[c] < CELL ? CELL : y.col[c];
		}
	if (y.name + y.cols < SCREEN)
		y.name = SCREEN - y.cols;
	return y;
}

/* Two blocks side by side: the wider name gives way where there is no room. */
static void pair_layout(struct layout *a, struct layout *b)
{
	int over = a->name + a->cols + GAP + b->name + b->cols - SCREEN;

	for (; over > 0 && (a->name > 12 || b->name > 12); over--) {
		if (a->name > b->name)
			a->name--;
		else
			b->name--;
	}
	if (over < 0)
		a->name -= over;
}

/* A name of at most `width` columns, cut where need be, and what is left of them. */
static void print_name(FILE *to, const char *name, int width)
{
	int n = 0;

	if (width_of(name) <= width) {
		fputs(name, to);
		pad(to, width - width_of(name));
		return;
	}
	for (; *name && (n < width - 3 || (*name & 0xC0) == 0x80); name++) {
		n += (*name & 0xC0) != 0x80;
		fputc(*name, to);
	}
	fprintf(to, "%-*s", width - n, "..");
}

static void print_heading(FILE *to, const struct sheet_block *b, const struct layout *y)
{
	print_name(to, b->title, y->name);
	for (int c = 0; c < b->ncol; c++) {
		pad(to, y->col[c] - width_of(b->col[c]));
		fputs(b->col[c], to);
	}
}

/* is_last: nothing follows on the same line, so that blanks at its end can be left out. */
static void print_line(FILE *to, const struct sheet_line *l, const struct layout *y, int ncol, int is_last)
{
	int n = is_last ? l->ncell : ncol;
	char text[32];

	pad(to, INDENT);
	if (n == 0)
		fputs(l->name, to);
	else
		print_name(to, l->name, y->name - INDENT);
	for (int c = 0; c < n; c++) {
		const char *t = c < l->ncell ? cell_text(&l->cell[c], text) : "";

		pad(to, y->col[c] - width_of(t));
		fputs(t, to);
	}
}

static void print_block(const struct sheet *s, const struct sheet_block *b, FILE *to)
{
	struct layout y = wide_layout(s, b);

	fputc('\n', to);
	print_heading(to, b, &y);
	fputc('\n', to);
	for (size_t i = b->first; i < b->first + b->nline; i++) {
		print_line(to, &s->line[i], &y, b->ncol, 1);
		fputc('\n', to);
	}
}

static void print_pair(const struct sheet *s, const struct sheet_block *a, const struct sheet_block *b, FILE *to)
{
	struct layout ya = natural_layout(s, a), yb = natural_layout(s, b);

	pair_layout(&ya, &yb);
	fputc('\n', to);
	print_heading(to, a, &ya);
	pad(to, GAP);
	print_heading(to, b, &yb);
	fputc('\n', to);
	for (size_t i = 0; i < a->nline || i < b->nline; i++) {
		if (i < a->nline)
			print_line(to, &s->line[a->first + i], &ya, a->ncol, i >= b->nline);
		else
			pad(to, ya.name + ya.cols);
		if (i < b->nline) {
			pad(to, GAP);
			print_line(to, &s->line[b->first + i], &yb, b->ncol, 1);
		}
		fputc('\n', to);
	}
}

/* Words in lines of the screen's width, the later ones indented. */
static void print_wrapped(FILE *to, const char *text)
{
	int at = 0;

	while (*text) {
		int len = (int)strcspn(text, " ");

		if (at && at + 1 + len > SCREEN) {
			fprintf(to, "\n%*s", INDENT, "");
			at = INDENT;
		} else if (at) {
			fputc(' ', to);
			at++;
		}
		fprintf(to, "%.*s", len, text);
		at += len;
		text += len + (text[len] == ' ');
	}
	fputc('\n', to);
}

void sheet_text(const struct sheet *s, FILE *to)
{
	fprintf(to, "%s\n", s->title);
	for (size_t i = 0; i < s->nblock; i++) {
		if (i + 1 < s->nblock && s->block[i + 1].is_beside) {
			print_pair(s, &s->block[i], &s->block[i + 1], to);
			i++;
		} else
			print_block(s, &s->block[i], to);
	}
	if (s->nnote)
		fputc('\n', to);
	for (size_t i = 0; i < s->nnote; i++)
		print_wrapped(to, s->note[i]);
}

/* A '|' would end the cell, a '<' begin a tag. */
static void print_escaped(FILE *to, const char *text)
{
	for (; *text; text++) {
		if (strchr("\\`*_|<[", *text))
			fputc('\\', to);
		fputc(*text, to);
	}
}

static void markdown_block(const struct sheet *s, const struct sheet_block *b, FILE *to)
{
	char text[32];

	fputs("\n| ", to);
	print_escaped(to, b->title);
	for (int c = 0; c < b->ncol; c++)
		fprintf(to, " | %s", b->col[c]);
	fputs(" |\n| :---", to);
	for (int c = 0; c < b->ncol; c++)
		fputs(" | ---:", to);
	fputs(" |\n", to);
	for (size_t i = b->first; i < b->first + b->nline; i++) {
		fputs("| ", to);
		print_escaped(to, s->line[i].name);
		for (int c = 0; c < b->ncol; c++)
			fprintf(to, " | %s", c < s->line[i].ncell ? cell_text(&s->line[i].cell[c], text) : "");
		fputs(" |\n", to);
	}
}

void sheet_markdown(const struct sheet *s, FILE *to)
{
	fputs("## ", to);
	print_escaped(to, s->title);
	fputc('\n', to);
	for (size_t i = 0; i < s->nblock; i++)
		markdown_block(s, &s->block[i], to);
	if (s->nnote)
		fputc('\n', to);
	for (size_t i = 0; i < s->nnote; i++) {
		fputs("- ", to);
		print_escaped(to, s->note[i]);
		fputc('\n', to);
	}
}
