// SPDX-License-Identifier: Apache-2.0
/* What a snapshot folder's shards hold: rows for the exchange, and what is known about how complete they are. */
#ifndef REDUCE_LOAD_H
#define REDUCE_LOAD_H

#include <mpi.h>
#include <stdint.h>

#include "io/cover.h"
#include "io/err.h"
#include "io/h5shard.h"
#include "io/snapshot.h"
#include "reduce/coverage.h"
#include "reduce/crawls.h"
#include "reduce/quarantine.h"

struct load {
	/* This rank's shards, one table each: for exchange_rows(). */
	struct table *chunk[NKINDS];
	size_t nchunk[NKINDS];

	/* Of all shards, on all ranks. */
	struct coverage cover[NKINDS];
	int64_t hub_total[NKINDS]; /* what the Hub itself said, -1 unknown: the shard sealed last wins */

	struct quarantine quarantine;           /* rank 0 only */
	int64_t nlost[NKINDS], nfields[NKINDS]; /* records and members refused, each counted once; on all ranks */
};

/* Collective over comm: read the shards of folder `dir`, each on one rank, the largest ones first to the rank with the
 * least; notes of this rank's go to `c`. `l` is overwritten, to be released, also on error. Errors: that of a shard
 * (E_FORMAT: damaged, foreign, of another kind than the snapshot's), E_IO, E_NOMEM. */
int load_shards(struct load *l, MPI_Comm comm, const char *dir, const struct snapshot *snap, struct crawls *c,
		struct err *e);

void load_release(struct load *l);

#endif
