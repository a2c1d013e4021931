// SPDX-License-Identifier: Apache-2.0
/* Writing the datasets of a sealed file. Local. Included by io/h5*.c alone. */
#ifndef IO_H5PUT_H
#define IO_H5PUT_H

#include <hdf5.h>
#include <stddef.h>
#include <stdint.h>

#include "io/err.h"
#include "io/table.h"

/* The state of one writing: after the first failure (e->code) every call does nothing, so the callers need no ladder of
 * ifs. */
struct h5put {
	hid_t file;
	const char *path; /* for messages */
	struct err *e;
};

/* Begin a file with room for a stamp (io/stamp.h). It is made in memory, one at a time, and written to `path` by
 * h5put_finish().
 * Errors: E_H5. */
int h5put_create(struct h5put *w, const char *path, struct err *e);

/* Write the file with its stamp (stamp_make()), and sync it, unless something has failed before. Errors: what failed
 * first; E_H5, E_NOMEM, E_IO. */
int h5put_finish(struct h5put *w, const char *what, int version);

/* Record E_H5: `what` could not be written. */
void h5put_fail(struct h5put *w, const char *what);

/* n elements, or n rows of `width` elements if width is not 0. */
void h5put_array(struct h5put *w, const char *name, hid_t type, uint64_t n, uint64_t width, const void *x);

void h5put_group(struct h5put *w, const char *name);

/* Texts as two datasets, <name>/<what>off and <name>/<what>bytes. */
void h5put_texts(struct h5put *w, const char *name, const char *what, const struct texts *t);

/* Gather one member of n structs, `stride` bytes apart, into an array and write it: an ObjectId as a row of bytes. */
void h5put_member(struct h5put *w, const char *name, hid_t type, const void *base, size_t offset, size_t stride,
		  size_t size, uint64_t n);

/* Scalar attributes of the file. */
void h5put_attr(struct h5put *w, const char *name, hid_t type, const void *x);
void h5put_text_attr(struct h5put *w, const char *name, const char *s);

#endif
