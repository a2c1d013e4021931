// SPDX-License-Identifier: Apache-2.0
/* The accounts of an earlier census, out of its census.h5. Local. */
#ifndef IO_H5KNOWN_H
#define IO_H5KNOWN_H

#include <stddef.h>

#include "io/account.h"
#include "io/err.h"

/* Is it whole, as it was written, of this version, and has it accounts? To be asked by one process before known_read(),
 * which trusts it: it reads the whole file. Errors: E_IO, E_FORMAT, E_USAGE (no accounts in it), E_NOMEM. */
int known_check(const char *path, struct err *e);

/* Read /users/name, and /users/_id and /users/type where they are, of a census.h5 or of the one in a folder; each part
 * of `nparts` gives its share of the rows. `take` is called for each name and returns non-zero to stop (E_NOMEM). A
 * name may be anything: it is for `take` to check. A census whose names are hashes is refused. Errors: E_IO, E_FORMAT,
 * E_USAGE (no accounts in it), E_NOMEM. */
int known_read(const char *path, int part, int nparts,
	       int (*take)(void *arg, const char *name, size_t n, struct oid oid, enum account_type type), void *arg,
	       struct err *e);

#endif
