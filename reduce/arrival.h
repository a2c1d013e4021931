// SPDX-License-Identifier: Apache-2.0
/* One column's way from the tables of all ranks to those that own its rows. Functions that take comm are collective;
 * all leave rc alone where it says that something failed before. Columns of the chunks are freed once they are packed.
 * Errors: rc of any rank, E_NOMEM. */
#ifndef REDUCE_ARRIVAL_H
#define REDUCE_ARRIVAL_H

#include <mpi.h>
#include <stdint.h>

#include "io/err.h"
#include "io/table.h"
#include "reduce/deal.h"
#include "reduce/wire.h"

struct arrival {
	uint64_t nraw;  /* rows that arrive */
	uint32_t *keep; /* nkeep of them, in _id order: the rows that stay */
	uint64_t nkeep;
};

/* A column of fixed width, as it arrives. */
int arrival_swap(const struct deal *d, MPI_Comm comm, int rc, enum field f, struct parcel *in, struct err *e);

/* The rows that stay become t's column. Local. */
int arrival_place(const struct arrival *a, struct table *t, enum field f, const struct parcel *in, struct err *e);

/* A column of texts. */
int arrival_texts(const struct arrival *a, const struct deal *d, MPI_Comm comm, int rc, enum field f,
		  struct column *out, struct err *e);

/* A column of labels or lists of labels. out->labels holds those that the rows that stay use, sorted bytewise, and can
 * no longer be searched. */
int arrival_labels(const struct arrival *a, const struct deal *d, MPI_Comm comm, int rc, enum field f,
		   struct column *out, struct err *e);

#endif
