// SPDX-License-Identifier: Apache-2.0
/* The whole reduce on any communicator, as the program does it. */
#ifndef TESTS_MPI_PIPELINE_H
#define TESTS_MPI_PIPELINE_H

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/compare.h"
#include "reduce/figures.h"
#include "reduce/report.h"
#include "reduce/run.h"
#include "reduce/store.h"
#include "reduce/tables.h"

/* As --figures takes them; NULL: all. */
static const char *pipeline_figures;

/* Collective over comm. *json: census.json on rank 0 of comm (free()); h5: path to write, or NULL; previous: earlier
 * censuses. Returns an error code. */
__attribute__((unused)) static int pipeline_since(MPI_Comm comm, const char *dir, const struct opt_texts *previous,
						  const char *h5, char **json, struct err *e)
{
	struct census c = { .comm = comm };
	struct figure_table *table = calloc((size_t)figure_count, sizeof *table), run;
	unsigned char *chosen = calloc((size_t)figure_count, 1);
	struct opt_texts none = { .n = 0 };
	int found, rc;

	*json = NULL;
	setenv("HUBCENSUS_DATA", "jobs", 0); /* tests run in the project's root, wherever they were built */
	MPI_Comm_rank(comm, &c.rank);
	MPI_Comm_size(comm, &c.nranks);
	figure_init(&run, run_cols, 4);
	rc = figures_select(pipeline_figures, chosen, e);
	rc = rc ? rc : snapshot_read(&c.snap, dir, &found, e);
	rc = err_agree(comm, rc, e);
	rc = rc ? rc : tables_read(comm, &none, &none, &c.orgs, &c.topics, e);
	rc = rc ? rc : census_load(&c, dir, e);
	rc = rc ? rc : compare_make(&c.compare, &c, previous, e);
	rc = rc ? rc : figures_make(&c, rc, chosen, table, e);
	if (!rc) {
		run_make(&c, MPI_Wtime(), &run);
		if (c.rank == 0) {
			json_t *root = report_json(&c, chosen, table);

			*json = json_dumps(root, JSON_SORT_KEYS | JSON_REAL_PRECISION(15) | JSON_INDENT(1));
			json_decref(root);
		}
		if (h5)
			rc = store_census(&c, h5, chosen, table, &run, e);
	}
	for (int i = 0; i < figure_count; i++)
		figure_release(&table[i]);
	figure_release(&run);
	census_release(&c);
	free(table);
	free(chosen);
	return rc;
}

__attribute__((unused)) static int pipeline(MPI_Comm comm, const char *dir, const char *h5, char **json, struct err *e)
{
	const struct opt_texts none = { .n = 0 };

	return pipeline_since(comm, dir, &none, h5, json, e);
}

#endif
