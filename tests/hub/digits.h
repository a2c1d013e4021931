/* SPDX-License-Identifier: Apache-2.0 */
/* Decimal digits by table. */
#ifndef HUB_DIGITS_H
#define HUB_DIGITS_H

#include <string.h>

/* v % 100 as two digits at p, without a NUL. */
static inline void digits_two(char *p, unsigned v)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
				    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
				    "8081828384858687888990919293949596979899";
	memcpy(p, pairs + 2 * (v % 100), 2);
}

#endif
