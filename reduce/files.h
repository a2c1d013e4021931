// SPDX-License-Identifier: Apache-2.0
/* The files of a folder, dealt out to the ranks. */
#ifndef REDUCE_FILES_H
#define REDUCE_FILES_H

#include <mpi.h>
#include <stdint.h>

#include "io/err.h"
#include "io/h5shard.h"

struct files {
	int64_t *rank; /* who reads file i */
	char *names;   /* paths, a NUL behind each */
	uint64_t n;
};

/* Collective over comm: rank 0 lists `dir` by list(), once, for the folder may be anything but quiet; the largest file
 * first goes to the rank that has least. `f` is the same on all ranks, overwritten, to be released, also on error.
 * Errors: those of list(), E_IO, E_NOMEM. */
int files_deal(struct files *f, MPI_Comm comm, const char *dir,
	       int (*list)(struct shard_list *l, const char *dir, struct err *e), struct err *e);
void files_release(struct files *f);

/* Files that this rank reads. Local. */
uint64_t files_count(const struct files *f, int rank);

/* Where a walk over a rank's files is; begins as {0}. */
struct files_walk {
	uint64_t i, at;
};

/* The path of the rank's next file, NULL behind the last one. Local. */
const char *files_next(const struct files *f, int rank, struct files_walk *w);

#endif
