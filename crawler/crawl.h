// SPDX-License-Identifier: Apache-2.0
/* One crawl, from the folder as it is to its exit code. */
#ifndef CRAWLER_CRAWL_H
#define CRAWLER_CRAWL_H

#include <mpi.h>

#include "crawler/options.h"
#include "io/err.h"

#define CRAWL_EXIT_GAPS 5

/* Collective over comm. Rank 0 prints a summary to stdout. *exit_code is the same on all ranks: 0, 3 or CRAWL_EXIT_GAPS
 * on success. On error all ranks return the same code and text. Errors: those of io/ and E_USAGE, E_HUB, E_DENIED. */
int crawl_run(MPI_Comm comm, const struct options *o, int *exit_code, struct err *e);

#endif
