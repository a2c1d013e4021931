// SPDX-License-Identifier: Apache-2.0
/* /users and /sketches of census.h5. */
#ifndef REDUCE_HEADCOUNT_STORE_H
#define REDUCE_HEADCOUNT_STORE_H

#include "io/h5out.h"
#include "reduce/headcount.h"

/* Collective over comm: write the accounts and the registers of their sketch. The
 * roll is freed column by column as it is written; the counts stay. Errors: E_NOMEM, those of io/h5out.h. */
int headcount_store(struct h5out *out, struct headcount *a, MPI_Comm comm, struct err *e);

#endif
