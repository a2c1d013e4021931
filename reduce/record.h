// SPDX-License-Identifier: Apache-2.0
/* The records of a CSV file that people write: who stands behind a namespace (reduce/orgs.h), what a tag says
 * (reduce/topics.h). Local, no MPI.
 *
 * CSV as in RFC 4180, split by libcsv in strict mode. One record is one line: a line break within quotes is an error,
 * so that an unbalanced quote is found on its own line. A line that begins with '#' is a comment, blank lines are
 * skipped, LF or CRLF, a UTF-8 byte order mark is skipped, blanks around an unquoted field are dropped, the header line
 * is required. Refused with the number of the line: bytes that are not UTF-8, control and bidirectional formatting
 * characters, a field longer than RECORD_FIELD bytes, a line longer than RECORD_LINE bytes, more than RECORD_COUNT
 * records.
 */
#ifndef REDUCE_RECORD_H
#define REDUCE_RECORD_H

#include <csv.h>
#include <stddef.h>

#include "io/err.h"

enum {
	RECORD_NFIELD = 7,        /* fields that a layout may have */
	RECORD_FIELD = 256,       /* bytes of a field, without its quotes */
	RECORD_LINE = 4096,       /* bytes of a line that is not a comment */
	RECORD_COUNT = 1000000,   /* records of a table, for its owner to refuse */
	RECORD_BYTES = 128 << 20, /* bytes of a file */
	RECORD_SHOW = 64,         /* bytes of a value in a message */
};

/* The columns of a file: the first `least` of them or all `most`. `header` says them to people. */
struct record_layout {
	const char *name[RECORD_NFIELD];
	int least, most;
	const char *header;
};

/* A file while it is read, and its record under the cursor. To row(): `table`, `line` and `field` (terminated, ""
 * behind the last); the rest is private. */
struct record {
	const char *file;
	const struct record_layout *layout;
	int (*row)(struct record *r);
	void *table;
	struct err *e;
	struct csv_parser csv;
	int line;
	int ncol;    /* columns of the header, 0 before it was read */
	int nfield;  /* fields of the row, with those beyond RECORD_NFIELD that are not kept */
	int toolong; /* the first field over RECORD_FIELD, from 1; 0 if there is none */
	int done;    /* libcsv has seen the end of the row */
	char field[RECORD_NFIELD][RECORD_FIELD + 1];
};

/* Read a whole file through stdio. The caller frees *text (free()), which is *n bytes and a NUL behind them.
 * Errors: E_IO (cannot be opened or read), E_FORMAT (more than RECORD_BYTES), E_NOMEM; then *text is NULL. */
int record_file(const char *path, char **text, size_t *n, struct err *e);

/* Hand every record of a file to row(), until it returns an error.
 *   table  for row()
 *   file   its name, for messages
 *   text   n bytes, any content
 * Errors: E_FORMAT (the message names file and line), E_NOMEM, those of row(). */
int record_each(const struct record_layout *l, int (*row)(struct record *), void *table, const char *file,
		const char *text, size_t n, struct err *e);

/* For row(): E_FORMAT with file and line in front. */
__attribute__((format(printf, 2, 3))) int record_bad(struct record *r, const char *fmt, ...);

/* For row(): a value for a message, cut and printable. Returns dst. */
const char *record_show(char dst[RECORD_SHOW], const char *s);

/* E_NOMEM for the table of a file. */
int record_no_memory(struct err *e, const char *file);

#endif
