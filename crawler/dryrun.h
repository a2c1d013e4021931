// SPDX-License-Identifier: Apache-2.0
/* hubcrawl --dry-run: what the Hub is like, and what a crawl of it would take. */
#ifndef CRAWLER_DRYRUN_H
#define CRAWLER_DRYRUN_H

#include <mpi.h>

#include "crawler/options.h"
#include "io/err.h"

/* Collective over comm. Rank 0 asks at most SURVEY_REQUESTS requests and prints to stdout; the others wait. Reads the
 * folder where there is one, takes no lock, writes nothing but what --save-probe names. On error all ranks return the
 * same code and text. Where `is_stopped` is alone_is_stopped(), a signal to any rank ends it. Errors: those of
 * survey_run(), reading shards, E_USAGE. */
int dryrun_run(MPI_Comm comm, const struct options *o, int (*is_stopped)(void), struct err *e);

#endif
