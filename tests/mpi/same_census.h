// SPDX-License-Identifier: Apache-2.0
/* The census of one rank beside that of all of them. */
#ifndef TESTS_MPI_SAME_CENSUS_H
#define TESTS_MPI_SAME_CENSUS_H

#include "tests/mpi/pipeline.h"
#include "tests/mpi/same_h5.h"
#include "tests/mpi/tap_mpi.h"

/* A census has at least so many datasets. */
#define SAME_DATASETS 81

/* What all are measured by: dir's census made by rank 0 alone, in DIR/alone.h5. Collective; returns census.json on rank
 * 0, to be freed, elsewhere NULL. */
static char *same_alone(const char *dir)
{
	struct err e = ERR_INIT;
	char path[320], *json = NULL;
	int rank;

	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	snprintf(path, sizeof path, "%s/alone.h5", dir);
	if (rank == 0 && pipeline(MPI_COMM_SELF, dir, path, &json, &e))
		diag("%s", e.text);
	MPI_Barrier(MPI_COMM_WORLD);
	return json;
}

/* Two tests: dir's census made by all ranks is `want`, and its census.h5 that of want_dir. Collective. */
static void same_by_all(const char *want, const char *want_dir, const char *dir, const char *name)
{
	struct err e = ERR_INIT;
	char path[320], other[320], *json = NULL;
	int rank, rc;

	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	snprintf(path, sizeof path, "%s/all.h5", dir);
	snprintf(other, sizeof other, "%s/alone.h5", want_dir);
	rc = pipeline(MPI_COMM_WORLD, dir, path, &json, &e);
	if (rc && rank == 0)
		diag("%s", e.text);
	ok_all(MPI_COMM_WORLD, rc == E_OK && (rank != 0 || (want && json && !strcmp(want, json))), name);
	ok_all(MPI_COMM_WORLD, rc == E_OK && (rank != 0 || same_h5(other, path, SAME_DATASETS)),
	       "… and the same data in census.h5");
	free(json);
}

#endif
