// SPDX-License-Identifier: Apache-2.0
/* Where the repository of an _id is. */
#ifndef REDUCE_LOCATE_H
#define REDUCE_LOCATE_H

#include "reduce/rows.h"

/* Collective over comm: row[i] becomes 1 + the number of the row (over all ranks, in the order of the axis) that has
 * the _id that text i reads, or 0 where there is none. row: allocated, free() it. Errors: rc of any rank, E_NOMEM. */
int locate_rows(MPI_Comm comm, int rc, const struct rows *r, const struct texts *id, uint32_t **row, struct err *e);

#endif
