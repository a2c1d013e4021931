// SPDX-License-Identifier: Apache-2.0
/* Reading the datasets of a sealed file, which is hostile until each is checked. Local. Included by io/h5*.c alone. */
#ifndef IO_H5GET_H
#define IO_H5GET_H

#include <hdf5.h>
#include <stddef.h>
#include <stdint.h>

#include "io/err.h"
#include "io/table.h"

/* The state of one reading: after the first failure (e->code) every call does nothing. Datasets are neither
 * chunked nor compressed, so none can be larger than the file: that bounds every allocation. */
struct h5get {
	hid_t file;
	const char *path;
	uint64_t nbytes; /* of the file */
	struct err *e;
};

/* Record E_FORMAT: dataset `name` is not as it should be; `why` goes on the sentence. */
void h5get_bad(struct h5get *r, const char *name, const char *why);
void h5get_no_memory(struct h5get *r);

/* Open a dataset of integers of `size` bytes, of *n elements or of *n rows of `width`. -1 after a failure. */
hid_t h5get_open(struct h5get *r, const char *name, size_t size, uint64_t width, uint64_t *n);

/* Read a whole dataset into memory of its own, which the caller frees; *n is its length, and must be `expect` unless
 * that is UINT64_MAX. NULL after a failure. */
void *h5get_array(struct h5get *r, const char *name, hid_t type, uint64_t width, uint64_t expect, uint64_t *n);

/* off[0] = 0, not falling, off[n] = total. */
int h5get_offsets_hold(const uint64_t *off, uint64_t n, uint64_t total);

/* Texts as h5put_texts() writes them, `expect` of them or any number (UINT64_MAX). To be released also after a
 * failure. */
void h5get_texts(struct h5get *r, const char *name, const char *what, uint64_t expect, struct texts *t);

/* An integer attribute of the file; 0 after a failure. */
int64_t h5get_attr(struct h5get *r, const char *name);

/* A fixed-length text attribute of fewer than n bytes; 0, or -1 if there is none such. */
int h5get_text_attr(struct h5get *r, const char *name, char *dst, size_t n);

#endif
