// SPDX-License-Identifier: Apache-2.0
/* Files that people name on the command line: whatever is there instead of what was meant, no more is read of it than
 * such a file can hold. Local. */
#ifndef IO_GIVEN_H
#define IO_GIVEN_H

#include <stddef.h>

#include "io/err.h"

/* Names of a million accounts, or all certificates that there are, take less. */
#define GIVEN_MAX (64 << 20)

/* A whole file, or all that a pipe brings, and a NUL behind it; the caller frees *text, which is NULL after an error.
 * `option` is for the message, without "--". Errors: E_IO (cannot be opened or read), E_USAGE (a folder, a device; more
 * than GIVEN_MAX bytes), E_NOMEM. */
int given_read(const char *option, const char *path, char **text, size_t *n, struct err *e);

/* Is it a file that can be read, of at most `max` bytes (0: any)? Errors: E_USAGE. */
int given_check(const char *option, const char *path, size_t max, struct err *e);

#endif
