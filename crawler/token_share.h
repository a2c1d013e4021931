// SPDX-License-Identifier: Apache-2.0
/* The token, from the rank that has found it to those that fetch with it. */
#ifndef CRAWLER_TOKEN_SHARE_H
#define CRAWLER_TOKEN_SHARE_H

#include <mpi.h>

#include "crawler/token.h"

/* Rank 0's token on all ranks; where it came from, on rank 0 alone. It does not go over MPI as it is: each rank gets it
 * in a box of its own (box.h). A rank that gets one leaves no core dump from then on. Collective over comm.
 * Errors: E_IO, E_NOMEM. */
int token_share(MPI_Comm comm, struct token *t, struct err *e);

#endif
