/* SPDX-License-Identifier: Apache-2.0 */
/* io/ under torture: its k-th fallible call fails, for every k until a run is clean. The calls are in calls.h.
 *
 * In a program (build/torture/hubcrawl) the environment says which one:
 *     HUBCENSUS_TORTURE=RANK:K        on that rank the K-th call fails
 *     HUBCENSUS_TORTURE=RANK:K+       that one and all behind it, as on a full disk
 *     HUBCENSUS_TORTURE=RANK:K:NAME   the K-th call of that name
 *     HUBCENSUS_TORTURE_LOG=FILE      a line at the end of that rank: how many calls there were, and which one failed
 */
#ifndef TORTURE_H
#define TORTURE_H

#include <stddef.h>

/* From now on count the calls, and let the k-th fail; 0: none. */
void torture_begin(long k);

/* Stop. Returns how many calls there were; *name is the one that failed, or NULL. */
long torture_end(const char **name);

/* What is open or allocated just now: blocks of memory that io/ has asked for, files, ids of HDF5. */
struct torture_owed {
	size_t blocks;
	int files;
	long ids;
};
struct torture_owed torture_owed(void);

#endif
