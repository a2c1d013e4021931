// SPDX-License-Identifier: Apache-2.0
/* Messages between ranks by MPI, without ever blocking. The only file of the event loop that knows MPI. */
#ifndef CRAWLER_TRANSPORT_H
#define CRAWLER_TRANSPORT_H

#include <mpi.h>

#include "crawler/message.h"

struct transport;

/* Which ranks share a machine. Collective over comm; returns the number of machines on every rank. Rank 0 gives `host`,
 * an int per rank, and finds each rank's machine in it, numbered from 0 in the order of their lowest ranks; the others
 * give NULL. */
int transport_hosts(MPI_Comm comm, int *host);

/* How many ranks of this machine there are for each core that they may use, rounded up; 1 where that cannot be told.
 * Collective over comm. */
int transport_crowd(MPI_Comm comm);

/* Collective over comm (it is duplicated). NULL when memory is short. */
struct transport *transport_create(MPI_Comm comm);

/* Collective: every rank must have received all that it is going to, and sent nothing since transport_flush(). NULL is
 * fine. */
void transport_free(struct transport *t);

/* Send to another rank. Local; the message is copied. Returns 0, or -1 when memory is short. */
int transport_send(struct transport *t, int rank, const struct msg *m);

/* A message that has arrived. Local. Returns 1 and fills *rank and *m, or 0. One of a length that does not fit its type
 * is dropped. */
int transport_receive(struct transport *t, int *rank, struct msg *m);

/* End the job at once with an exit code: some rank cannot be reached any more, and nobody can wait for it in a
 * collective call. Does not return. */
void transport_abort(struct transport *t, int code) __attribute__((noreturn));

/* Messages sent and not yet out of our hands. Local. */
int transport_pending(struct transport *t);

#endif
