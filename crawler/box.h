// SPDX-License-Identifier: Apache-2.0
/* A box: a message from one rank to another that only that one can open, for MPI carries bytes as they are: through
 * files in memory (/dev/shm, also left there by a job that was killed) and over the network between nodes.
 *
 * Elliptic curve Diffie-Hellman on P-256 with keys that live as long as the exchange, the key derived by SHA-256 as in
 * NIST SP 800-56C rev. 2, section 4 (one-step, option 1), AES-256-GCM: all of OpenSSL's libcrypto, also where that is
 * in its FIPS mode. It keeps a box from whoever sees the messages; it does not prove whose key it is, so whoever can
 * change messages of the job on their way can read it. Local. */
#ifndef CRAWLER_BOX_H
#define CRAWLER_BOX_H

#include <stddef.h>

#include "io/err.h"

#define BOX_KEY   91 /* bytes of a public key: SubjectPublicKeyInfo, DER */
#define BOX_EXTRA 16 /* by so many bytes a box is longer than what is in it */

struct box; /* one's own pair of keys */

/* A new pair, or NULL. NULL is fine for box_free(). Errors: E_IO (OpenSSL has none), E_NOMEM. */
struct box *box_create(unsigned char mine[BOX_KEY], struct err *e);
void box_free(struct box *l);

/* Close n bytes for whoever has the pair of the key `to`. At most once for each `to`: the pair of pairs is the key.
 *   dst  n + BOX_EXTRA bytes
 * Errors: E_IO (the key is none). */
int box_seal(const struct box *l, const unsigned char to[BOX_KEY], const void *text, size_t n, unsigned char *dst,
	     struct err *e);

/* Open a box of n + BOX_EXTRA bytes from whoever has the pair of `from`. After an error `text` is zeroed. Errors:
 * E_IO (the key is none, the box is not as it was sealed). */
int box_open(const struct box *l, const unsigned char from[BOX_KEY], const unsigned char *src, size_t n, void *text,
	     struct err *e);

#endif
