// SPDX-License-Identifier: Apache-2.0
/* Rows go to their owner: every rank gets one range of the axis, about as many rows as the others. */
#ifndef REDUCE_EXCHANGE_H
#define REDUCE_EXCHANGE_H

#include "reduce/rows.h"

/* Collective over comm.
 *   chunk   nchunk tables of this kind, rows in any order, each repository any number of times on any rank; they are
 * emptied column by column as these are sent, and the caller releases what is left t0      rows created later, in s
 * since 1970, are left out out     overwritten; to be released, also on error Of rows with the same _id the one
 * observed last stays; of those observed in the same second, the one whose content has the largest hash: which rank or
 * shard they came from plays no part. Labels are those that the rows that stay use. Errors: rc of any rank, E_NOMEM,
 * E_FORMAT (2^32 rows on one rank). */
int exchange_rows(MPI_Comm comm, int rc, struct table *chunk, size_t nchunk, enum kind kind, int64_t t0,
		  struct rows *out, struct err *e);

#endif
