// SPDX-License-Identifier: Apache-2.0
/* Keyed hashes that stand for the names of accounts (--no-user-names). Local.
 *
 * The hash of a name is HMAC-SHA-256 (RFC 2104, FIPS 180-4) of its key (io/account.h) under 32 random bytes, cut to 128
 * bits: with 13 million names two have the same one with a probability of 2.5e-25. The bytes lie as 64 hexadecimal
 * digits in DIR/users.key, readable by its owner alone. Whoever has them can find out whether a name is in the census,
 * and nobody without; a census goes on, and the hashes of two censuses can be compared, only with them. They can be
 * destroyed (shred -u) once the census is complete: nothing in it needs them.
 */
#ifndef IO_PSEUDONYM_H
#define IO_PSEUDONYM_H

#include <stddef.h>

#include "io/account.h"
#include "io/err.h"

#define PSEUDONYM_HEX 32 /* digits */

struct pseudonym {
	unsigned char key[32];
	char id[33]; /* what names the key and tells nothing of it: the hash of no name */
};

/* Read DIR/users.key, or make it where there is none and `make`. *found: there was one. Local. Errors: E_IO, E_FORMAT.
 */
int pseudonym_open(struct pseudonym *p, const char *dir, int make, int *found, struct err *e);

/* The hash of a name of n bytes, any case; not terminated. Returns 0, or -1 when memory is short: then hex is not set.
 */
int pseudonym_of(const struct pseudonym *p, const char *name, size_t n, char hex[PSEUDONYM_HEX]);

/* What may stand beside a hash without telling whose it is: of the _id the first second of its year, of the followers
 * the power of two below. */
struct account pseudonym_coarsen(struct account a);

#endif
