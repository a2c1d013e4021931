// SPDX-License-Identifier: Apache-2.0
/* An array that grows by doubling. Local. */
#ifndef IO_GROW_H
#define IO_GROW_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* Make *p (elements of `size` bytes, *cap of them) hold at least `want`. Returns 0, or -1 when memory is short: then it
 * is as before. */
static inline int array_grow(void **p, uint64_t *cap, uint64_t want, size_t size)
{
	uint64_t n = *cap ? *cap : 64;
	void *q;

	if (want <= *cap)
		return 0;
	while (n < want)
		n *= 2;
	if (n > SIZE_MAX / size)
		return -1;
	q = realloc(*p, (size_t)n * size);
	if (!q)
		return -1;
	*p = q;
	*cap = n;
	return 0;
}

#endif
