// SPDX-License-Identifier: Apache-2.0
/* The records, and members of records, that were not understood. Sorted, each once: pages may have been asked for
 * twice. */
#ifndef REDUCE_QUARANTINE_H
#define REDUCE_QUARANTINE_H

#include <mpi.h>
#include <stdint.h>

#include "io/err.h"
#include "io/h5shard.h"

struct refused {
	int32_t kind, field; /* field: enum field, -1 the whole record */
	struct oid oid;
	uint32_t nwhy, nraw;
	uint64_t at; /* in text: the reason, and the raw JSON behind it */
};

struct quarantine {
	struct refused *row;
	uint64_t n, cap;
	char *text;
	uint64_t ntext, text_cap;
};

/* Local: append a shard's refusals, except those of repositories created after t0. Returns 0, or -1 when memory is
 * short. */
int quarantine_add(struct quarantine *q, const struct shard *s, int64_t t0);

/* Collective: rank 0 gets those of all ranks, sorted by kind, _id, field, reason, raw, each once; the others are left
 * with none. Errors: rc of any rank, E_NOMEM. */
int quarantine_gather(struct quarantine *q, MPI_Comm comm, int rc, struct err *e);

void quarantine_release(struct quarantine *q);

#endif
