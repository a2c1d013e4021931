// SPDX-License-Identifier: Apache-2.0
/* What is known of accounts before anything is asked: from earlier sessions, from the repositories, from an earlier
 * census. Files are dealt to the ranks, and each account goes to the rank that owns it. */
#ifndef CRAWLER_USERS_LOAD_H
#define CRAWLER_USERS_LOAD_H

#include <mpi.h>

#include "crawler/asker.h"
#include "io/h5accounts.h"
#include "io/snapshot.h"

struct users_load {
	MPI_Comm comm;
	int rank, nranks;
	struct asker *asker;
	struct post *post;
	const struct snapshot *snapshot;
	const char *shards; /* DIR/shards */
	const char *names;  /* where the shards of accounts with names are */
	const char *known;  /* --known, or NULL */
	int (*is_stopped)(void);
	struct err stop;   /* while --known was read */
	int64_t requests;  /* of earlier sessions; a sum over all ranks afterwards */
	int64_t pages;     /* likewise */
	int64_t no_owners; /* owners that are no names, of this rank's shards */
};

/* Collective; one rank that is stopped stops all. After an error the asker cannot be used. Errors: E_STOPPED, E_IO,
 * E_FORMAT, E_NOMEM, E_USAGE. */
int users_load(struct users_load *l, struct err *e);

/* Is --known a census that gives accounts? Reads all of it. Errors: E_IO, E_FORMAT, E_NOMEM, E_USAGE. */
int users_check_known(const char *path, struct err *e);

#endif
