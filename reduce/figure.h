// SPDX-License-Identifier: Apache-2.0
/* One figure as a small table on rank 0: what census.json and /figures of census.h5 are both made from. */
#ifndef REDUCE_FIGURE_H
#define REDUCE_FIGURE_H

#include <jansson.h>
#include <mpi.h>
#include <stdint.h>

#include "io/err.h"
#include "io/h5out.h"
#include "io/table.h"

/* CELL_DIFF: an integer that may be negative. */
enum cell_type { CELL_TEXT, CELL_I64, CELL_F64, CELL_BOOL, CELL_DIFF };

enum figure_col_flag {
	FIGURE_KEY = 1,    /* one level of nesting in census.json; text; key columns come first */
	FIGURE_BESIDE = 2, /* in census.json not in the leaf but beside it, as <name>_<last key> */
};

struct figure_col {
	const char *name; /* "a/b": in the leaf of census.json member b of member a, in census.h5 a/b */
	enum cell_type type;
	unsigned flags; /* enum figure_col_flag */
	const char *unit, *description;
};

enum figure_status { FIGURE_OK, FIGURE_PARTIAL, FIGURE_NOT_AVAILABLE };

#define FIGURE_COLS 16

/* Missing is null in census.json; in census.h5 -1 for integers and flags, the least integer for differences, NaN for
 * reals, empty for texts. +inf is "from none". A key that is missing ends the nesting: the value stands in its place.
 * Omitted cells are missing in census.h5 and leave no member in census.json. */
enum cell_state { CELL_MISSING, CELL_VALUE, CELL_OMITTED };

struct figure_table {
	const struct figure_col *col;
	int ncol;
	uint64_t nrow, cap;
	struct figure_data {
		uint8_t *state;
		int64_t *i; /* integers and flags */
		double *x;
		struct texts text;
	} data[FIGURE_COLS];
	enum figure_status status;
	char why[256];
	int64_t rows;  /* repositories behind it, -1 where that makes no sense */
	int no_memory; /* some call has failed: the table is not to be used */
};

/* All of these are local. */
void figure_init(struct figure_table *t, const struct figure_col *col, int ncol);
void figure_release(struct figure_table *t);

/* Begin a row of missing cells; the others set cells of the row begun last. Values of integers are >= 0, those of
 * differences above INT64_MIN. */
void figure_row(struct figure_table *t);
void figure_text(struct figure_table *t, int col, const char *s, size_t len);
void figure_name(struct figure_table *t, int col, const char *s);
void figure_i64(struct figure_table *t, int col, int64_t x);
void figure_f64(struct figure_table *t, int col, double x);
void figure_bool(struct figure_table *t, int col, int x);
void figure_omit(struct figure_table *t, int col);

/* num / den, or missing where den is 0. */
void figure_share(struct figure_table *t, int col, double num, double den);

/* The worse status wins; of the same the first reason. */
void figure_status(struct figure_table *t, enum figure_status s, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* "ok", "partial", "not available" */
const char *figure_status_name(enum figure_status s);

/* The value of census.json: a new reference, or NULL when memory is short. Reals are rounded to 9 decimals. */
json_t *figure_json(const struct figure_table *t);

/* Write the columns below `group`, "/figures/<key>": rank 0's; called by all ranks, local as h5out_local(), also where
 * the table had no memory. */
int figure_store(const struct figure_table *t, const char *group, struct h5out *out, const struct err *e);

/* The same, with status, why and rows as attributes of the group. */
int figure_store_status(const struct figure_table *t, const char *group, struct h5out *out, const struct err *e);

#endif
