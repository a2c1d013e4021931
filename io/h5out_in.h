// SPDX-License-Identifier: Apache-2.0
/* Between the parts of the writer of census.h5: io/h5out.c, what all ranks do; io/h5out_held.c, what rank 0 writes
 * alone at the end; io/h5out_parts.c, what a dataset is made of. Included by them alone. */
#ifndef IO_H5OUT_IN_H
#define IO_H5OUT_IN_H

#include <hdf5.h>

#include "io/h5out.h"

/* Elements of a chunk: 3.1 M rows of three texts and eight integers took 3.5 s on two ranks with 65,536, by
 * measurement; smaller columns take one chunk. */
#define CHUNK_ELEMENTS 65536

struct held;

struct h5out {
	MPI_Comm comm;
	int rank, nranks;
	hid_t file;        /* of all ranks, from the first column that takes them all; -1 before */
	int fd;            /* rank 0: the same file, to reserve space in it */
	uint64_t reserved; /* bytes from its beginning */
	uint64_t *count;   /* rank 0: elements of each rank */
	int *room;         /* and their bytes, and where they begin */
	int broken;        /* the library itself failed in a collective call, or cannot close the file */
	struct held *first, *last;
	struct err held; /* rank 0: what could not be kept for the end */
	char path[4096], tmp[4104], stamp[16];
};

/* --- io/h5out_parts.c, local */

#define PART_ATTRS 5

struct attr {
	const char *name;
	const void *x;
	hid_t type;
};

/* A dataset's, or for an attribute alone its own. Ids of -1: none. */
struct parts {
	hid_t type, space, scalar, lcpl, cpl, dxpl;
	struct attr attr[PART_ATTRS];
	int nattr;
};

/* Why the library cannot write is not always known; a full disk is nearly always why. */
#define FREE_SOME "; free some space, then run the same command again"

extern const struct parts no_parts;

/* What a dataset of `total` elements takes, its attributes among them. The texts of s must outlive it. -1: the library
 * failed. To be released in any case. */
int h5part_make(struct parts *p, const struct h5out_spec *s, uint64_t total);

/* The same for one attribute of a group, of text (NULL: of the number). */
int h5part_attr(struct parts *p, const char *name, const char *text, const int64_t *number);
void h5part_release(struct parts *p);

/* Give the object its attributes. -1: the library failed. */
int h5part_put(hid_t obj, const struct parts *p);

/* A list of properties without times: the same census gives the same bytes. -1: the library failed. */
hid_t h5part_timeless(hid_t class);

uint64_t h5part_size(const struct h5out_spec *s); /* bytes of an element */

/* --- io/h5out.c */

/* Let the file have room for `more` bytes behind its end. Rank 0; others do nothing. */
void h5out_reserve(struct h5out *o, uint64_t more, struct err *e);

/* Close the file, if there is one. Errors: E_H5; o->broken tells whether it is still there. */
void h5out_close_file(struct h5out *o, hid_t file, struct err *e);
void h5out_cannot_write(const struct h5out *o, const char *path, struct err *e);

/* --- io/h5out_held.c, rank 0 alone */

/* Keep a dataset for the end. Returns where its n elements go; NULL: out of memory, recorded in o->held. */
void *held_dataset(struct h5out *o, const struct h5out_spec *s, uint64_t n);

/* Keep the attributes of a dataset that is there by then. */
void held_attrs(struct h5out *o, const struct h5out_spec *s);

/* Keep an attribute of a group or dataset: text, or number where it is NULL. */
void held_attr(struct h5out *o, const char *path, const char *name, const char *text, int64_t number);

/* Write what is kept, in that order, into the closed file; there: it has been begun. Errors: E_IO, E_H5. */
int held_write(struct h5out *o, int there, struct err *e);
void held_release(struct h5out *o);

#endif
