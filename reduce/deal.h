// SPDX-License-Identifier: Apache-2.0
/* Which row goes to which rank: a range of the axis per rank, from a sample of the rows. */
#ifndef REDUCE_DEAL_H
#define REDUCE_DEAL_H

#include <mpi.h>
#include <stdint.h>

#include "io/err.h"
#include "io/table.h"

struct deal {
	int nranks;
	struct table *chunk; /* nchunk; the caller's */
	size_t nchunk;
	uint32_t **row;   /* per chunk: its rows up to t0, grouped by destination, else in their order */
	uint64_t **start; /* per chunk: destination d gets row[start[d]] … row[start[d + 1] - 1] */
	uint64_t *nsend;  /* rows per destination */
	uint64_t total;
	uint64_t beyond; /* rows created after t0 */
};

/* Collective. Errors: rc of any rank, E_NOMEM, E_FORMAT (a table of 2^32 rows). */
int deal_rows(struct deal *d, MPI_Comm comm, int rc, struct table *chunk, size_t nchunk, int64_t t0, struct err *e);
void deal_release(struct deal *d);

#endif
