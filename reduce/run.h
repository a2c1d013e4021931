// SPDX-License-Identifier: Apache-2.0
/* How a census was taken: run.json and /run. What differs from run to run stands here and nowhere else. */
#ifndef REDUCE_RUN_H
#define REDUCE_RUN_H

#include <jansson.h>

#include "reduce/census.h"
#include "reduce/figure.h"

extern const struct figure_col run_cols[4];

/* Collective: fill the table on rank 0 (nothing elsewhere). started_s: MPI_Wtime() at the start of the reduce. */
void run_make(const struct census *c, double started_s, struct figure_table *t);

/* The whole of run.json. Rank 0. NULL when memory is short. */
json_t *run_json(const struct figure_table *t);

#endif
