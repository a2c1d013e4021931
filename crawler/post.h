// SPDX-License-Identifier: Apache-2.0
/* Bytes between any two ranks by MPI, without ever blocking: names on their way to the ranks that own them. Beside
 * crawler/transport.h, which carries the coordinator's messages, the only file of the crawler's loops that knows MPI.
 */
#ifndef CRAWLER_POST_H
#define CRAWLER_POST_H

#include <mpi.h>
#include <stddef.h>
#include <stdint.h>

#include "io/err.h"

#define POST_MAX 8192 /* bytes of a parcel */

struct post;

/* Collective over comm (it is duplicated). NULL, on every rank, when memory is short. */
struct post *post_create(MPI_Comm comm);

/* Collective: every rank must have come to its end (post_settle()). NULL is fine. */
void post_free(struct post *p);

/* Send a parcel of 1 … POST_MAX bytes; they are copied. Local. 0, or -1 when memory is short. */
int post_send(struct post *p, int rank, const void *bytes, size_t n);

/* A parcel that has arrived: its length, or 0. `bytes` has room for POST_MAX. Local. */
size_t post_receive(struct post *p, int *rank, void *bytes);

/* Parcels not yet out of our hands; their memory is used again when they are. Local. */
int post_pending(struct post *p);

/* Parcels sent and received, ever. */
int64_t post_sent(const struct post *p);
int64_t post_received(const struct post *p);

/* Collective: wait until everything that was sent has arrived, handing it to `take`, which must send nothing. `take`
 * NULL: it is dropped. */
void post_settle(struct post *p, void (*take)(void *arg, int rank, const void *bytes, size_t n), void *arg);

#endif
