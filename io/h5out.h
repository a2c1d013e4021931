// SPDX-License-Identifier: Apache-2.0
/* Writing census.h5. Every function is called by all ranks of the file's communicator: the same calls in the same order
 * with the same paths and texts. On error all ranks return the same code and text, and the file can only be closed.
 * Errors: E_IO, E_H5, E_NOMEM.
 *
 * Columns of more than one chunk are written by all ranks together. Everything else, attributes too, rank 0 keeps in
 * memory and writes alone at the end: most of a census are small tables, and a collective write of one row costs every
 * rank as many messages as one of a million.
 *
 * Datasets are chunked and deflated (numbers shuffled, texts not: shuffle makes texts compress worse, by measurement),
 * and carry `description`, `unit`, `source` (member of the Hub's reply) and `missing`. Values do not depend on the
 * number of ranks.
 */
#ifndef IO_H5OUT_H
#define IO_H5OUT_H

#include <mpi.h>
#include <stdint.h>

#include "io/err.h"
#include "io/oid.h"

struct h5out;

enum h5_type { H5OUT_I8, H5OUT_I32, H5OUT_I64, H5OUT_U8, H5OUT_F64, H5OUT_TEXT /* fixed width, UTF-8, NUL-padded */ };

struct h5out_spec {
	const char *path; /* "/models/downloads"; groups on the way are made */
	enum h5_type type;
	uint32_t width;                                    /* bytes of a text, same on all ranks, >= 1 */
	const char *description, *unit, *source, *missing; /* NULL: left out */
	const char *labels;                                /* path of the labels that codes refer to, or NULL */
};

/* Collective: begin `path`.tmp. stamp: what the file's stamp (io/stamp.h) says it is, "census" or "series". */
int h5out_create(struct h5out **out, MPI_Comm comm, const char *path, const char *stamp, struct err *e);

/* Write one dataset: this rank's n values follow those of the ranks before it. Any n, also zero everywhere. Collective;
 * agrees on e first. */
int h5out_column(struct h5out *out, const struct h5out_spec *spec, const void *x, uint64_t n, struct err *e);

/* The same where all n values are on rank 0 (x and n are ignored elsewhere): figures, small tables. x is NULL though n
 * is not 0: rank 0 had no memory for them. Local: what fails here is told by the next collective call. Returns
 * e->code, with which nothing is done. */
int h5out_local(struct h5out *out, const struct h5out_spec *spec, const void *x, uint64_t n, const struct err *e);

/* An attribute of a group or dataset (group made if missing), rank 0's text or number. Local, as h5out_local(). */
int h5out_attr_text(struct h5out *out, const char *path, const char *name, const char *text, const struct err *e);
int h5out_attr_i64(struct h5out *out, const char *path, const char *name, int64_t x, const struct err *e);

/* Collective: write what is kept, close, sync, and rename to the final name; with keep = 0, or after an error, remove
 * the .tmp instead. *out becomes NULL. */
int h5out_close(struct h5out **out, int keep, struct err *e);

#endif
