// SPDX-License-Identifier: Apache-2.0
/* --from-archive: a census out of archived replies, without a network, the same byte for byte as that of the crawl
 * which kept them.
 *
 * The sessions of the archive are read one after the other, the latest first, each one's segments dealt to the ranks;
 * what a later session has of the axis is not taken from an older one (archive.h says why). Where a segment stops
 * within a record or is damaged, what is before that is taken, and the rest is a gap like any other. Stopped or killed,
 * it goes on with what is sealed.
 */
#ifndef CRAWLER_REPLAY_H
#define CRAWLER_REPLAY_H

#include <mpi.h>

#include "crawler/options.h"
#include "io/err.h"

/* Collective over comm. Rank 0 prints a summary to stdout. *exit_code is the same on all ranks: 0, or CRAWL_EXIT_GAPS
 * on success. On error all ranks return the same code and text. Errors: those of io/ and E_USAGE, E_STOPPED. */
int replay_run(MPI_Comm comm, const struct options *o, int *exit_code, struct err *e);

#endif
