// SPDX-License-Identifier: Apache-2.0
/* Writing census.h5. Every function is collective over the file's communicator: all ranks make the same calls in the
 * same order with the same paths and texts, a rank without rows with n = 0. On error all ranks return the same code and
 * text, and the file can only be closed. Errors: E_IO, E_H5, E_NOMEM.
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

/* Begin `path`.tmp. stamp: what the file's stamp (io/stamp.h) says it is, "census" or "series". */
int h5out_create(struct h5out **out, MPI_Comm comm, const char *path, const char *stamp, struct err *e);

/* Write one dataset: this rank's n values follow those of the ranks before it. Any n, also zero everywhere. */
int h5out_column(struct h5out *out, const struct h5out_spec *spec, const void *x, uint64_t n, struct err *e);

/* The same where all n values are on rank 0 (n is ignored elsewhere): figures, small tables. */
int h5out_local(struct h5out *out, const struct h5out_spec *spec, const void *x, uint64_t n, struct err *e);

/* An attribute of a group or dataset (group made if missing); the same text or number on all ranks. */
int h5out_attr_text(struct h5out *out, const char *path, const char *name, const char *text, struct err *e);
int h5out_attr_i64(struct h5out *out, const char *path, const char *name, int64_t x, struct err *e);

/* Close, sync, and rename to the final name; with keep = 0, or after an error, remove the .tmp instead. *out becomes
 * NULL. */
int h5out_close(struct h5out **out, int keep, struct err *e);

#endif
