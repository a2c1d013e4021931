// SPDX-License-Identifier: Apache-2.0
/* What every use of HDF5 here begins with: the library silent, and a file from elsewhere searched for anything that
 * would make its reader open another path. Local. Included by io/h5*.c alone. */
#ifndef IO_H5SAFE_H
#define IO_H5SAFE_H

#include <hdf5.h>
#include <stddef.h>
#include <stdint.h>

#include "io/err.h"

/* Stop the library from printing its error stack; the reason goes into our one line instead. */
void h5safe_quiet(void);

/* Record E_H5 (or `code`) with the innermost message of the library's error stack behind the text. */
int h5safe_error(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Open an existing file for reading. Refused with E_FORMAT and one line: what is no HDF5 file, and a file that holds
 * external links, soft links, external storage, virtual datasets, named types, links, attributes or shared messages in
 * a heap, or filters other than shuffle, deflate and Fletcher-32, each once and no shuffle behind the deflate, before
 * any dataset is read. remedy: what the line tells to do. Returns a file id in
 * *file. */
int h5safe_open(const char *path, const char *remedy, hid_t *file, struct err *e);

/* Is there a link of this name? 1 or 0; -1: the file does not tell. The groups above it must be there. */
int h5safe_has(hid_t at, const char *name);

/* Is there such an attribute? 1 or 0; -1: the file does not tell. */
int h5safe_has_attr(hid_t at, const char *name);

/* Can a file of nbytes hold this dataset of one dimension, n elements of size > 0 bytes, were it deflated as well as
 * can be, and are its chunks of a size to be read? 1 or 0. */
int h5safe_is_credible(hid_t dataset, hsize_t n, size_t size, uint64_t nbytes);

/* Read elements [first, first + n) of a credible dataset, converted to `type`. Of the chunks that hold them none is
 * given to the library that inflates to more than a chunk has room for: it would allocate all of that.
 * Returns E_OK, E_FORMAT (the library's error stack may say more: h5safe_error()) or E_NOMEM, and sets no error. */
enum err_code h5safe_read(hid_t dataset, hid_t type, hsize_t first, hsize_t n, void *to);

/* Is this an integer of 1, 2, 4 or 8 bytes, all of whose bits count? 1 or 0. Release 1.10.8 believes a type that says
 * that its bits begin or end elsewhere, and reads past the value when it converts it. */
int h5safe_is_integer(hid_t type);

#endif
