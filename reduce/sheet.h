// SPDX-License-Identifier: Apache-2.0
/* A few small tables for people and programs: what a program prints on stdout, in any of four formats. Local.
 *
 * A sheet is filled from top to bottom: a block, its lines, their cells from left to right. A failure for lack of
 * memory is kept in no_memory, and what follows does nothing.
 */
#ifndef REDUCE_SHEET_H
#define REDUCE_SHEET_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum sheet_format {
	SHEET_TEXT, /* aligned, for a screen of 80 columns */
	SHEET_JSON, /* {"title", "sections": [{"title", "columns", "rows": [{"name", "values"}]}], "notes"} */
	SHEET_CSV,  /* RFC 4180: section,row,column,value, or of a single block its own columns; shares as 0.123456789,
		       what is not known empty */
	SHEET_MARKDOWN, /* tables of GitHub's dialect */
	NSHEET_FORMATS
};

#define SHEET_COLS 6

enum sheet_type {
	SHEET_NONE,  /* not known */
	SHEET_COUNT, /* integer */
	SHEET_SHARE, /* 0 … 1 */
	SHEET_REAL,
	SHEET_RATIO /* how many times; INFINITY: from none */
};

struct sheet_cell {
	enum sheet_type type;
	int64_t i;
	double x;
};

struct sheet_line {
	char name[204];
	int ncell; /* 0: a heading within the block */
	struct sheet_cell cell[SHEET_COLS];
};

struct sheet_block {
	char title[80];
	int is_beside; /* in SHEET_TEXT to the right of the block before, which is not itself beside one */
	int ncol;
	char col[SHEET_COLS][20];
	size_t first, nline;
};

struct sheet {
	char title[640];
	struct sheet_block *block;
	size_t nblock, block_cap;
	struct sheet_line *line;
	size_t nline, line_cap;
	char (*note)[320];
	size_t nnote, note_cap;
	int no_memory;
};

/* The format of that name, -1 if there is none: "text", "json", "csv", "markdown". */
int sheet_format_find(const char *name);

void sheet_init(struct sheet *s, const char *title);
void sheet_release(struct sheet *s);

/* Texts are copied, and cut where they are too long; control characters of names are replaced. */
void sheet_block(struct sheet *s, const char *title, int is_beside, const char *const *col, int ncol);
void sheet_line(struct sheet *s, const char *name);
void sheet_note(struct sheet *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Append a cell to the last line. */
void sheet_none(struct sheet *s);
void sheet_count(struct sheet *s, int64_t x);
void sheet_real(struct sheet *s, enum sheet_type type, double x);

/* The same from a value of census.json, where a real is a share or what `type` says. NULL and null: not known. */
void sheet_value(struct sheet *s, const json_t *x, enum sheet_type type);

/* Returns 0, or -1 when memory is short; errors of the stream stay in it. */
int sheet_print(const struct sheet *s, FILE *to, enum sheet_format format);

/* 1234567 as "1,234,567". Returns dst. */
char *sheet_thousands(int64_t x, char dst[32]);

#endif
