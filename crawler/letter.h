// SPDX-License-Identifier: Apache-2.0
/* A letter from one rank to another that only that one can open, for MPI carries bytes as they are: through files in
 * memory (/dev/shm, also left there by a job that was killed) and over the network between nodes.
 *
 * Elliptic curve Diffie-Hellman on P-256 with keys that live as long as the exchange, the key derived by SHA-256 as in
 * NIST SP 800-56C rev. 2, section 4 (one-step, option 1), AES-256-GCM: all of OpenSSL's libcrypto, also where that is
 * in its FIPS mode. It keeps a letter from whoever sees the messages; it does not prove whose key it is, so whoever can
 * change messages of the job on their way can read it. Local. */
#ifndef CRAWLER_LETTER_H
#define CRAWLER_LETTER_H

#include <stddef.h>

#include "io/err.h"

#define LETTER_KEY   91 /* bytes of a public key: SubjectPublicKeyInfo, DER */
#define LETTER_EXTRA 16 /* by so many bytes a closed letter is longer */

struct letter; /* one's own pair of keys */

/* A new pair, or NULL. NULL is fine for letter_free(). Errors: E_IO (OpenSSL has none), E_NOMEM. */
struct letter *letter_create(unsigned char mine[LETTER_KEY], struct err *e);
void letter_free(struct letter *l);

/* Close n bytes for whoever has the pair of the key `to`. At most once for each `to`: the pair of pairs is the key.
 *   dst  n + LETTER_EXTRA bytes
 * Errors: E_IO (the key is none). */
int letter_close(const struct letter *l, const unsigned char to[LETTER_KEY], const void *text, size_t n,
		 unsigned char *dst, struct err *e);

/* Open a letter of n + LETTER_EXTRA bytes from whoever has the pair of `from`. After an error `text` is zeroed. Errors:
 * E_IO (the key is none, the letter is not as it was closed). */
int letter_open(const struct letter *l, const unsigned char from[LETTER_KEY], const unsigned char *src, size_t n,
		void *text, struct err *e);

#endif
