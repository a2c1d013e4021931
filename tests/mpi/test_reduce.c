// SPDX-License-Identifier: Apache-2.0
/* The reduce as a whole: the same bytes for any number of ranks and any sealing, idle ranks, a rank that fails. */
#include <errno.h>

#include "tests/mpi/pipeline.h"
#include "tests/mpi/same_census.h"
#include "tests/mpi/scratch.h"
#include "tests/mpi/shards.h"
#include "tests/mpi/tap_mpi.h"

static int rank, nranks;
static char root[256];

/* A fresh folder with shards, made by rank 0. */
static int make(const struct gen *g, char dir[300], const char *name)
{
	struct err e = ERR_INIT;
	int rc = E_OK;

	snprintf(dir, 300, "%s/%s", root, name);
	if (rank == 0 && (rc = gen_snapshot(g, dir, &e)))
		diag("%s", e.text);
	return err_agree(MPI_COMM_WORLD, rc, &e);
}

static void check_failing(const char *dir, const char *name)
{
	struct err e = ERR_INIT;
	char path[320], text[512], *json = NULL;
	int rc;

	snprintf(path, sizeof path, "%s/none.h5", dir);
	rc = pipeline(MPI_COMM_WORLD, dir, path, &json, &e);
	memcpy(text, e.text, sizeof text);
	MPI_Bcast(text, sizeof text, MPI_BYTE, 0, MPI_COMM_WORLD);
	ok_all(MPI_COMM_WORLD,
	       rc == E_DAMAGED && !strcmp(text, e.text) && strstr(text, "/shards/") && access(path, F_OK) && !json,
	       name);
	free(json);
}

int main(int argc, char **argv)
{
	struct gen g = { .n = { 6000, 1500, 2000 }, .per_shard = 100000, .stride = 1 };
	char dir[300], first[300], *want;

	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &nranks);
	scratch_make(root);
	make(&g, first, "one-shard");
	want = same_alone(first);
	same_by_all(want, first, first, "fewer shards than ranks: the same census.json");
	g = (struct gen){ .n = { 6000, 1500, 2000 }, .per_shard = 150, .stride = 4, .repeat = 7, .late = 1 };
	make(&g, dir, "many-shards");
	same_by_all(want, first, dir, "many shards, rows seen twice, rows behind t0: the same");
	g.per_shard = 1000;
	g.stride = 3;
	g.repeat = 1;
	make(&g, dir, "all-twice");
	same_by_all(want, first, dir, "every row twice: the same");
	scratch_cut(dir, shard_list);
	check_failing(dir, "a shard cut in half: all ranks say the same, and leave nothing");
	free(want);
	scratch_remove(root);
	return tap_finalize();
}
