// SPDX-License-Identifier: Apache-2.0
/* The accounts of a census: every key once, dealt out over the ranks, and what is counted of them. Where hashes stand
 * for names, the crawl has coarsened each _id to the first second of its year (io/pseudonym.h).
 *
 * They lie in the order of /users in census.h5, a range of it per rank: by _id; accounts of the same _id (one that was
 * renamed between two lists) by key, bytewise; those whose _id nobody told behind them, by key. That order and all
 * counts depend on the set of observations alone. */
#ifndef REDUCE_HEADCOUNT_H
#define REDUCE_HEADCOUNT_H

#include <mpi.h>
#include <stdint.h>

#include "io/account.h"
#include "io/err.h"
#include "io/sketch.h"
#include "reduce/crawls.h"
#include "reduce/listing.h"
#include "reduce/roster.h"

enum {
	HEADCOUNT_YEAR = 1970,                       /* of year[0] */
	HEADCOUNT_YEARS = 2106 - HEADCOUNT_YEAR + 1, /* to the end of 32 bits of seconds */
	HEADCOUNT_PATTERNS = 1 << NACCOUNT_SOURCES,  /* sets of sources */
};

struct headcount {

	char key_id[33];      /* "": names are names; else what names the key of the hashes that stand for them */
	struct roster roster; /* this rank's, in order */
	uint64_t first, total;

	/* Of all ranks, on all ranks. */
	int64_t pattern[HEADCOUNT_PATTERNS][NACCOUNT_TYPES]; /* accounts by set of sources and type */
	int64_t year[HEADCOUNT_YEARS + 1][NACCOUNT_TYPES];   /* by year of their _id; the last: no _id */
	int64_t renamed;  /* names whose _id another one before them has; 0 with hashes */
	int64_t nrefused; /* records that were no accounts */
	struct list_count list[NACCOUNT_LISTS];
	struct sketch sketch; /* of all names */
};

/* Collective over comm: read the shards of accounts of folder `dir`, each on one rank, send every observation to the
 * owner of its key, and bring the merged accounts into order. Notes of the crawl go to `c`. `a` is overwritten, to be
 * released, also on error. Memory of a rank: that of a roster twice (95 bytes per account by measurement, over the
 * number of ranks), and one shard. Errors: rc of any rank, those of a shard (E_DAMAGED; E_FORMAT: foreign, names beside
 * hashes), E_IO, E_NOMEM. */
int headcount_load(struct headcount *a, MPI_Comm comm, int rc, const char *dir, const char *snapshot, struct crawls *c,
		   struct err *e);
void headcount_release(struct headcount *a);

/* Collective: a->roster, of accounts at their keys' owners, becomes this rank's range of the order; sets first, total
 * and renamed. Errors: rc of any rank, E_NOMEM. */
int headcount_order(struct headcount *a, MPI_Comm comm, int rc, struct err *e);

/* Accounts of a type, or of all for NACCOUNT_TYPES. Local. */
int64_t headcount_count(const struct headcount *a, int type);

#endif
