// SPDX-License-Identifier: Apache-2.0
/* A folder that all ranks of a test share. Collective over MPI_COMM_WORLD. */
#ifndef TESTS_MPI_SCRATCH_H
#define TESTS_MPI_SCRATCH_H

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/h5shard.h"
#include "tests/tap.h"

/* Made in $TMPDIR, or /tmp; its name on all ranks. */
__attribute__((unused)) static void scratch_make(char root[256])
{
	const char *tmp = getenv("TMPDIR");
	int rank;

	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	snprintf(root, 256, "%.200s/hubcensus-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (rank == 0 && !mkdtemp(root))
		MPI_Abort(MPI_COMM_WORLD, 1);
	MPI_Bcast(root, 256, MPI_BYTE, 0, MPI_COMM_WORLD);
}

/* Once all ranks have come. */
__attribute__((unused)) static void scratch_remove(const char *root)
{
	char command[512];
	int rank;

	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Barrier(MPI_COMM_WORLD);
	snprintf(command, sizeof command, "rm -rf '%s'", root);
	if (rank == 0 && system(command)) /* NOLINT(cert-env33-c) */
		diag("'%s' stays", root);
}

/* Cut the shard in the middle of those that list() finds in dir/shards to half its length. */
__attribute__((unused)) static void scratch_cut(const char *dir,
						int (*list)(struct shard_list *l, const char *dir, struct err *e))
{
	struct shard_list l = { NULL, 0 };
	struct err e = ERR_INIT;
	struct stat st;
	char path[320];
	int rank;

	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	snprintf(path, sizeof path, "%.300s/shards", dir);
	if (rank == 0 && !list(&l, path, &e) && !stat(l.path[l.n / 2], &st) &&
	    truncate(l.path[l.n / 2], st.st_size / 2))
		diag("'%s' stays whole", l.path[l.n / 2]);
	shard_list_release(&l);
	MPI_Barrier(MPI_COMM_WORLD);
}

#endif
