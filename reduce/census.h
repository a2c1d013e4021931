// SPDX-License-Identifier: Apache-2.0
/* A census in memory: every rank its part of the rows, all ranks what is known of the whole. */
#ifndef REDUCE_CENSUS_H
#define REDUCE_CENSUS_H

#include "io/snapshot.h"
#include "io/users_end.h"
#include "reduce/audit.h"
#include "reduce/crawls.h"
#include "reduce/headcount.h"
#include "reduce/laps.h"
#include "reduce/load.h"
#include "reduce/orgs.h"
#include "reduce/owners.h"
#include "reduce/period.h"
#include "reduce/rows.h"
#include "reduce/topics.h"

struct compare; /* compare.h */

struct census {
	MPI_Comm comm;
	int rank, nranks;
	struct snapshot snap;
	struct load load;
	struct crawls crawls;
	struct rows kind[NKINDS]; /* of the kinds in snap.kinds; the others are empty */
	struct owners owners;
	struct audit audit;
	struct headcount accounts;
	struct users_end discovery; /* of accounts, on all ranks; END_NONE: not over, or none are taken */
	struct orgs *orgs;
	struct topics *topics;
	struct compare *compare; /* with earlier ones, or NULL */
	struct laps *laps;       /* where the time goes; the caller's, or NULL */
};

/* A kind that this census takes. */
static inline int census_has(const struct census *c, int kind)
{
	return (int)(c->snap.kinds >> kind & 1);
}

static inline int64_t census_created(const struct census *c, int kind, uint64_t row)
{
	return oid_seconds(c->kind[kind].t.col[F_OID].oid[row]);
}

/* How much of a period of creation times was listed; share: that, or NULL. Local. */
enum listed census_listed(const struct census *c, int kind, enum period_type type, int64_t period, double *share);

/* How complete it is. */
int64_t census_gaps(const struct census *c);    /* of all kinds' axes */
int64_t census_suspect(const struct census *c); /* spans whose pages broke order or bounds */
int64_t census_lost(const struct census *c);    /* records in the quarantine */

/* Everything that was to be crawled has been, and understood. A discovery of accounts that ended with its request limit
 * is a sample, and whole; one that is not over, or was not given a list, is not. */
int census_is_complete(const struct census *c);

/* Collective: load DIR's shards and bring the rows to their owners; c->comm, snap, orgs and topics are set, the rest is
 * overwritten. Errors: those of load_shards(), exchange_rows(), owners_build(), headcount_load(), users_end_read(). */
int census_load(struct census *c, const char *dir, struct err *e);

/* Frees all but comm. Local. */
void census_release(struct census *c);

#endif
