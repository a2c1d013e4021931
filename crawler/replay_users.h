// SPDX-License-Identifier: Apache-2.0
/* The accounts of --from-archive, taken as a whole or not at all (crawler/refill.h). Then what the repositories and
 * --known tell of accounts is added, as the crawl does, and nothing is asked.
 */
#ifndef CRAWLER_REPLAY_USERS_H
#define CRAWLER_REPLAY_USERS_H

#include <mpi.h>

#include "crawler/hub.h"
#include "crawler/options.h"
#include "crawler/refill.h"
#include "crawler/relist.h"
#include "io/snapshot.h"

struct replay_users {
	struct relist lists;
	struct users_sealed sealed;
	struct users_end end; /* as the archive tells it */
	char folder[4200];
	int is_open;
};

/* Rank 0: are the accounts of an archive to be taken? Not into a folder that has some. If so, DIR/users.replay is
 * there, and empty, and *seq is the number of its first shards. Errors: E_IO, E_NOMEM. */
int replay_users_begin(const char *dir, const struct snapshot *s, int *take, int64_t *seq, struct err *e);

/* All ranks. Local; release it also on error. `hub` and the options live as long. Errors: E_NOMEM. */
int replay_users_open(struct replay_users *u, const struct options *o, const struct snapshot *s, const struct hub *hub,
		      const char *archive, int rank, int64_t session, int64_t seq, struct err *e);
void replay_users_release(struct replay_users *u);

/* Seal what is due, after a record. Errors: those of account_shard_seal(). */
int replay_users_seal_due(struct replay_users *u, int64_t now, struct err *e);

/* Collective, when everything was read. An archive that is DIR's own goes on counting what it gave
 * (users_sealed_keep()). Errors: E_FORMAT, E_IO, E_NOMEM. */
int replay_users_take(struct replay_users *u, MPI_Comm comm, const char *dir, const char *archive, struct err *e);

#endif
