// SPDX-License-Identifier: Apache-2.0
/* How the census was crawled, from what every shard, of repositories and of accounts, says of itself. */
#ifndef REDUCE_CRAWLS_H
#define REDUCE_CRAWLS_H

#include <mpi.h>
#include <stdint.h>

#include "io/err.h"
#include "io/h5shard.h"

/* Who sealed a shard, and when, ms since 1970. */
struct seal {
	int64_t session, rank, sealed_at;
};

struct crawls {
	int64_t counter[NCOUNTERS];
	int64_t nshards, nsessions;
	int64_t nranks;  /* ranks that wrote a file */
	int64_t wall_ms; /* sum over the sessions, from their start to the last file they sealed */

	/* Until crawls_merge(): this rank's files, n of them. */
	struct seal *seal;
	uint64_t n, cap;
};

/* Take note of one shard. Local; `c` begins as {0}. Returns 0, or -1 when memory is short. */
int crawls_note(struct crawls *c, struct seal s, const int64_t counter[NCOUNTERS]);

/* The same of a file of the second pass, which is no shard: its session, and of what it counts the requests. */
int crawls_note_sample(struct crawls *c, struct seal s, const int64_t counter[NCOUNTERS]);

/* Collective over comm: the numbers become those of all ranks' files, on all ranks. Errors: rc of any rank, E_NOMEM.
 */
int crawls_merge(struct crawls *c, MPI_Comm comm, int rc, struct err *e);

void crawls_release(struct crawls *c);

#endif
