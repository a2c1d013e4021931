// SPDX-License-Identifier: Apache-2.0
/* What arrival.c and arrival_labels.c share: columns of varying length on their way. */
#ifndef REDUCE_ARRIVAL_PARTS_H
#define REDUCE_ARRIVAL_PARTS_H

#include "reduce/arrival.h"

int arrival_no_memory(struct err *e, enum field f);

/* out[i] = x[at[i]] for n cells of `size` bytes. */
void arrival_pick(char *out, const char *x, const uint32_t *at, uint64_t n, size_t size);

/* What a column of varying length sends: lengths (uint32_t) and items. */
struct parts {
	struct parcel len, body;
};

/* Local. size: bytes of an item. */
int parts_init(struct parts *p, MPI_Comm comm, size_t size, struct err *e);
void parts_release(struct parts *p);

/* Collective; out is released, in overwritten. */
int parts_swap(MPI_Comm comm, int rc, struct parts *out, struct parts *in, struct err *e);

/* Where each item begins, from their lengths; free() it. NULL when memory is short. */
uint64_t *parts_offsets(const struct parcel *len);

/* Lengths of the rows' items, by destination; item i of a chunk is off[i] … off[i + 1]. Local. */
int parts_pack_lengths(const struct deal *d, MPI_Comm comm, enum field f, struct parts *out, struct err *e);

#endif
