// SPDX-License-Identifier: Apache-2.0
/* The names of sealed files: <what>-r<rank>-<number>.h5, `what` being a kind or "users". Local. */
#ifndef IO_SHARD_NAME_H
#define IO_SHARD_NAME_H

#include <stdint.h>

#include "io/err.h"

#define SHARD_PATH 4200

/* The path in folder `dir`. Errors: E_USAGE (too long). */
int shard_name_make(char path[SHARD_PATH], const char *dir, const char *what, int rank, int64_t seq, struct err *e);

/* Give `tmp` its name; what has it already is never replaced. Errors: E_IO. */
int shard_name_give(const char *tmp, const char *path, struct err *e);

/* Was the file sealed under the name that it has? One that is copied or renamed to another would stand for rows that it
 * does not hold, or count them twice. Errors: E_FORMAT, one line for people. */
int shard_name_check(const char *path, const char *what, int rank, int64_t seq, struct err *e);

#endif
