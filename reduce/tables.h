// SPDX-License-Identifier: Apache-2.0
/* Where the tables of organisations and topics come from. */
#ifndef REDUCE_TABLES_H
#define REDUCE_TABLES_H

#include <mpi.h>

#include "io/opts.h"
#include "reduce/orgs.h"
#include "reduce/topics.h"

/* Collective: rank 0 reads the shipped tables, then the files named, and all ranks parse the same bytes. The shipped
 * ones lie in $HUBCENSUS_DATA, else beside the program (installed, or in a checkout), else where `make install` puts
 * them. *orgs and *topics are to be freed, also on error. Errors: E_IO, E_FORMAT (names file and line), E_NOMEM. */
int tables_read(MPI_Comm comm, const struct opt_texts *orgs_files, const struct opt_texts *topics_files,
		struct orgs **orgs, struct topics **topics, struct err *e);

#endif
