// SPDX-License-Identifier: Apache-2.0
/* While rank 0 works alone (the folder, the first requests, the second pass) the other ranks wait for it, and a signal
 * may have come to one of them only: it tells rank 0. One such time at once. */
#ifndef CRAWLER_ALONE_H
#define CRAWLER_ALONE_H

#include <mpi.h>

/* Collective over comm. On rank 0 alone_is_stopped() is to be asked from now on, in place of stop_is_asked(). */
void alone_begin(MPI_Comm comm);

/* Rank 0, between the two: was any rank asked to stop? Other ranks, and at other times: this one. Local. */
int alone_is_stopped(void);

/* Collective: every rank calls it when it has done its part. Who waits for rank 0 sleeps, and looks for a signal. */
void alone_end(void);

#endif
