// SPDX-License-Identifier: Apache-2.0
/* Counts and sums by texts that are not known beforehand. A tally is a monoid: the empty one is the identity, merging
 * is commutative and associative, also where a sum reaches INT64_MAX, at which it stays. (By small numbers: an array
 * and wire_sum().) */
#ifndef REDUCE_TALLY_H
#define REDUCE_TALLY_H

#include <mpi.h>
#include <stdint.h>

#include "io/err.h"
#include "io/table.h"

struct tally {
	uint32_t width; /* numbers per key */
	struct dict key;
	int64_t *x;   /* of key i: x[i * width] …, each >= 0 */
	uint64_t cap; /* keys that x has room for */
};

void tally_init(struct tally *t, uint32_t width);
void tally_release(struct tally *t);

/* The numbers of a key, zeros if it is new; NULL when memory is short. Valid until the next call. Local. */
int64_t *tally_at(struct tally *t, const char *key, size_t len);

/* The key's index in the same way, stable until tally_sort(); -1 when memory is short. */
int32_t tally_index(struct tally *t, const char *key, size_t len);

/* Add all of `from`, of the same width, to `into`. Local. Returns 0, or -1 when memory is short: `into` is then in
 * between. */
int tally_merge(struct tally *into, const struct tally *from);

/* Keys in bytewise order; they can no longer be searched. Local. Returns 0 or -1. */
int tally_sort(struct tally *t);

/* Collective over comm: rank 0's t becomes the sorted sum over the ranks, the others' the identity. Errors: rc of any
 * rank, E_NOMEM. */
int tally_reduce(struct tally *t, MPI_Comm comm, int rc, struct err *e);

#endif
