// SPDX-License-Identifier: Apache-2.0
/* While ranks do not talk to each other a signal may have come to one of them only: it tells those that work. One such
 * time at once. */
#ifndef CRAWLER_ALONE_H
#define CRAWLER_ALONE_H

#include <mpi.h>

enum alone {
	ALONE_HEAD, /* rank 0 works (the folder, the first requests, the second pass), the others wait for it */
	ALONE_EACH, /* every rank works by itself (on its part of an archive) */
};

/* Collective over comm. Ranks that work are to ask alone_is_stopped() from now on, in place of stop_is_asked(). */
void alone_begin(MPI_Comm comm, enum alone who);

/* Who works, between the two: was any rank asked to stop? Others, and at other times: this one. Local. */
int alone_is_stopped(void);

/* Collective: every rank calls it when it has done its part. Who waits sleeps, and looks for a signal. */
void alone_end(void);

#endif
