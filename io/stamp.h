// SPDX-License-Identifier: Apache-2.0
/* A checksum over a whole file, kept in the HDF5 user block before it, so that no damaged file reaches the HDF5
 * library: release 1.10 frees wild pointers on a damaged list of links. Local.
 *
 * The block is 512 bytes of text and NULs: "hubcensus <what> <version>\nxxh3-64 <16 hex digits>\nbytes <length of the
 * file>\n". The hash is that of the first line and of everything behind the block, so that no byte of the file is
 * outside of it. It finds accidents, not forgers: what an intact stamp covers is still checked by whoever reads it.
 */
#ifndef IO_STAMP_H
#define IO_STAMP_H

#include <stdint.h>

#include "io/err.h"

#define STAMP_SIZE 512

/* The stamp of a file that will have it before the n bytes of `body`. */
void stamp_make(char block[STAMP_SIZE], const char *what, int version, const void *body, uint64_t n);

/* Write the stamp of a closed file whose first STAMP_SIZE bytes are free, and sync it. `what` is a word: "shard".
 * Errors: E_IO, E_NOMEM. */
int stamp_write(const char *path, const char *what, int version, struct err *e);

/* Check it. Errors: E_DAMAGED (the file is not what was stamped, or never was), E_FORMAT (no regular file; whole, but
 * of another version), E_IO, E_NOMEM; one line for people. */
int stamp_check(const char *path, const char *what, int version, struct err *e);

#endif
