// SPDX-License-Identifier: Apache-2.0
/* What an archive gives is taken as a whole or not at all where it cannot be told later which part of it is missing:
 * accounts, and the sample of the second pass. Shards are sealed into a folder beside, which is renamed when all ranks
 * have read everything; then they move to their place. Rank 0, no MPI. */
#ifndef CRAWLER_REFILL_H
#define CRAWLER_REFILL_H

#include "io/h5shard.h"

struct refill {
	const char *filling; /* folder in DIR while ranks read */
	const char *taken;   /* its name once all is read: the shards belong to DIR/into */
	const char *into;
	int (*list)(struct shard_list *l, const char *dir, struct err *e);
};

extern const struct refill refill_accounts, refill_audit;

/* Is there what a replay has not ended? Local. */
int refill_is_begun(const struct refill *f, const char *dir);

/* Finish what a kill has left of refill_take(). Errors: E_IO, E_NOMEM. */
int refill_mend(const struct refill *f, const char *dir, struct err *e);

/* An empty folder DIR/filling, on any rank to be sealed into. Errors: E_IO, E_NOMEM. */
int refill_begin(const struct refill *f, const char *dir, struct err *e);

/* All ranks have sealed what they read. Errors: E_IO, E_NOMEM. */
int refill_take(const struct refill *f, const char *dir, struct err *e);

#endif
