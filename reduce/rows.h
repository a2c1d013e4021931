// SPDX-License-Identifier: Apache-2.0
/* A rank's part of the repositories of one kind: a range of the axis, in _id order, each repository once. */
#ifndef REDUCE_ROWS_H
#define REDUCE_ROWS_H

#include <mpi.h>

#include "io/err.h"
#include "io/table.h"
#include "reduce/labels.h"

struct rows {
	/* Codes of labelled columns are indices into col[].labels.text, which holds the labels that these rows use,
	 * sorted bytewise: so local codes are in the order of the global ones. F_OBSERVED is not kept. */
	struct table t;
	struct labels label[NFIELDS]; /* of labelled columns: label[f].global[local code] is the code in census.h5 */
	int32_t *owner;               /* per row: index into struct owners, -1 none; see owners.h */
	uint64_t first, total;        /* rows of the ranks before, rows of all ranks */
	uint64_t beyond, repeated;    /* rows of all ranks that were dropped: created after t0; seen again */
};

static inline int rows_is_labelled(enum kind k, int f)
{
	return schema_has(k, (enum field)f) && (schema[f].type == COL_CAT || schema[f].type == COL_LIST);
}

void rows_release(struct rows *r);

#endif
