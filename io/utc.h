// SPDX-License-Identifier: Apache-2.0
/* Times in UTC as the Hub and the snapshot write them (ISO 8601). Local, pure. */
#ifndef IO_UTC_H
#define IO_UTC_H

#include <stddef.h>
#include <stdint.h>

/* "2026-11-22T00:00:00Z" or "2026-11-22" (n bytes) to s since 1970; fractions of a second are cut. 0, or -1 if it is
 * neither or no such time. */
int utc_parse(const char *s, size_t n, int64_t *seconds);

/* The reverse: 20 characters and a NUL. Returns dst. */
char *utc_format(int64_t seconds, char dst[32]);

#endif
