// SPDX-License-Identifier: Apache-2.0
/* Countries by their two-letter codes. Local, pure. */
#ifndef REDUCE_COUNTRY_H
#define REDUCE_COUNTRY_H

#include <stddef.h>

enum { NCOUNTRY = 249 }; /* officially assigned codes of ISO 3166-1, 2024 */

/* The ISO 3166-1 alpha-2 code of a country index 0 <= country < NCOUNTRY; the indices are in the order of the codes. */
const char *country_code(int country);

/* The index of a code of n bytes in capital letters, -1 if ISO 3166-1 does not assign it. */
int country_index(const char *code, size_t n);

#endif
