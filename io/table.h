// SPDX-License-Identifier: Apache-2.0
/* Rows of one kind in memory, column by column. Local, no I/O; nothing here is shared between ranks.
 *
 * Every function that returns int returns 0, or -1 when memory is short: then the table is as before the call.
 */
#ifndef IO_TABLE_H
#define IO_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "io/dict.h"
#include "io/oid.h"
#include "io/schema.h"

/* One column; which members are used tells schema[f].type. Each array holds `n` of its table. */
struct column {
	struct oid *oid;    /* COL_OID */
	int64_t *i64;       /* COL_I64 */
	int8_t *flag;       /* COL_FLAG */
	int32_t *code;      /* COL_CAT: per row; COL_LIST: per element */
	uint64_t *off;      /* COL_LIST: elements of row i are code[off[i]] … code[off[i + 1] - 1]; n + 1 of them */
	uint64_t code_cap;  /* COL_LIST */
	struct texts str;   /* COL_STR */
	struct dict labels; /* COL_CAT, COL_LIST; may hold labels that no row uses */
};

struct table {
	enum kind kind;
	uint64_t n, cap;
	uint64_t blank;          /* rows from n to here are absent already */
	uint8_t packed[NFIELDS]; /* npacked of them: COL_STR and COL_LIST that the kind has */
	uint8_t npacked;
	struct column col[NFIELDS]; /* those the kind has (schema_has()) */
};

void table_init(struct table *t, enum kind kind);
void table_release(struct table *t);

/* No rows and no labels, memory kept. */
void table_clear(struct table *t);

/* Room for n rows in all. */
int table_reserve(struct table *t, uint64_t n);

/* Begin row t->n with every column absent and every list empty. It belongs to the table once table_end_row() is called;
 * table_truncate(t, t->n) drops it. */
int table_begin_row(struct table *t);
void table_end_row(struct table *t);

/* Set a column of the row that was begun. Once per row for texts and lists' elements in their order. */
static inline void table_set_i64(struct table *t, enum field f, int64_t x)
{
	t->col[f].i64[t->n] = x;
}
static inline void table_set_flag(struct table *t, enum field f, int x)
{
	t->col[f].flag[t->n] = (int8_t)x;
}
static inline void table_set_oid(struct table *t, enum field f, struct oid x)
{
	t->col[f].oid[t->n] = x;
}
int table_set_text(struct table *t, enum field f, const char *s, size_t len);
int table_set_label(struct table *t, enum field f, const char *s, size_t len);
int table_add_element(struct table *t, enum field f, const char *s, size_t len);

/* The next n codes are of this row. */
struct table_run {
	uint32_t row, n;
};

/* Give rows their labels (n is 1, or 0 for none), or elements behind those they have; the rows of the runs ascend.
 * `end`: t->n, or one more where a row was begun. No row from the first run's on had elements put since it was begun,
 * but for that one itself. */
int table_put_codes(struct table *t, enum field f, const struct table_run *run, size_t nrun, const int32_t *code,
		    uint64_t end);

/* Keep the first n rows only. */
void table_truncate(struct table *t, uint64_t n);

/* Append rows [first, first + n) of src, which has the same kind; labels are translated. */
int table_append(struct table *t, const struct table *src, uint64_t first, uint64_t n);

/* Bytes that the rows and labels take, for a budget; memory held may be twice that. */
uint64_t table_nbytes(const struct table *t);

#endif
