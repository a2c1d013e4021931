// SPDX-License-Identifier: Apache-2.0
/* census.h5: columns of every kind in _id order, the tables beside them, and the figures. */
#ifndef REDUCE_STORE_H
#define REDUCE_STORE_H

#include "reduce/census.h"
#include "reduce/figure.h"

/* Collective: write the file, whole or not at all. The rows of `c` are freed column by column as they are written, for
 * nothing needs them afterwards: totals, coverage, quarantine and tables stay. chosen and table as for figures_store();
 * run: the table of run.h. Errors: E_NOMEM, those of io/h5out.h. */
int store_census(struct census *c, const char *path, const unsigned char *chosen, const struct figure_table *table,
		 const struct figure_table *run, struct err *e);

#endif
