// SPDX-License-Identifier: Apache-2.0
/* Reading the census.h5 of another snapshot, in slices: every rank opens the file by itself and reads its part of the
 * rows. Local, no MPI.
 *
 * Everything in such a file may be hostile. Its stamp (io/stamp.h) is checked before HDF5 sees it, it is opened by
 * h5safe_open(), and a dataset is read only if its type, its length, the size of its chunks and the ratio of its length
 * to its bytes in the file are such as io/h5out.h writes them: so nothing larger than the file explains is allocated.
 * Values are checked as those of a shard are. Errors: E_FORMAT (one line that says what to do), E_IO, E_NOMEM.
 */
#ifndef IO_H5IN_H
#define IO_H5IN_H

#include <stdint.h>

#include "io/cover.h"
#include "io/err.h"
#include "io/oid.h"
#include "io/schema.h"
#include "io/table.h"

/* Is it a census.h5 of this version, whole and as it was written, by its stamp? remedy: what the line tells to do.
 * Errors: E_FORMAT, E_IO. */
int h5in_check(const char *path, const char *remedy, struct err *e);

struct h5in;

struct h5in_head {
	char hub[512], filters[512], version[32]; /* filters: "" for none, else as in census.json, compact */
	int64_t t0;                               /* s since 1970 */
	int64_t complete;
	unsigned kinds; /* bit per kind */
	uint64_t nrows[NKINDS];
};

/* Open `path`, which names the file also in messages. check: hash the whole file and compare it with its stamp; one
 * rank is enough. *in is NULL after an error. */
int h5in_open(struct h5in **in, const char *path, int check, struct h5in_head *head, struct err *e);
void h5in_close(struct h5in **in);

/* Rows [first, first + n) of a kind that the head has. */

/* Strictly ascending, none created after t0. */
int h5in_oids(struct h5in *in, enum kind k, uint64_t first, uint64_t n, struct oid *out, struct err *e);

/* F_ID. `out` is empty before, and to be released also after an error. */
int h5in_ids(struct h5in *in, enum kind k, uint64_t first, uint64_t n, struct texts *out, struct err *e);

/* A column of type COL_I64; -1 throughout where the file does not have it. */
int h5in_counter(struct h5in *in, enum kind k, enum field f, uint64_t first, uint64_t n, int64_t *out, struct err *e);

/* Spans of the axis in which repositories may be missing: not crawled, or suspect. Adds to hole[]. */
int h5in_holes(struct h5in *in, struct cover hole[NKINDS], struct err *e);

/* Repositories whose record was not understood and is missing: lost[k] becomes nlost[k] of them, ascending, allocated;
 * free() it. Records without a readable _id cannot be told, and are left out. */
int h5in_lost(struct h5in *in, struct oid *lost[NKINDS], uint64_t nlost[NKINDS], struct err *e);

#endif
