// SPDX-License-Identifier: Apache-2.0
/* hubreduce --verify: is every shard what was sealed, and census.h5 what was written? */
#ifndef REDUCE_VERIFY_H
#define REDUCE_VERIFY_H

#include <mpi.h>

#include "io/err.h"
#include "io/snapshot.h"

/* Collective: read every shard of the folder, those of accounts, of the second pass, and of names not to be told
 * (users.private, where it may be read), each on one rank. Checked are the stamp over the whole file (io/stamp.h), that
 * it belongs to the snapshot, and all that shard_read() or account_shard_read() checks of columns, codes and spans.
 * Rank 0 prints a line for each that does not hold and one for all. Then the stamp of census.h5, if there is one and
 * the shards hold. Nothing is written or moved: hubcrawl and hubreduce do that. Errors: E_DAMAGED (at least one file),
 * E_IO, E_NOMEM. */
int verify_run(MPI_Comm comm, const char *dir, const struct snapshot *snap, struct err *e);

#endif
