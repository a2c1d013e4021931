// SPDX-License-Identifier: Apache-2.0
/* Small sets of numbers, one behind the other: set i is item[off[i]] … item[off[i + 1] - 1], ascending, each once.
 * Local. Functions that return int return 0, or -1 when memory is short or there would be 2^32 - 1 items. */
#ifndef REDUCE_SETS_H
#define REDUCE_SETS_H

#include <stdint.h>

struct sets {
	uint64_t n;       /* sets so far */
	uint32_t *off;    /* room + 1 of them, off[0] = 0 */
	uint32_t *item;   /* off[n] of them */
	uint64_t cap;     /* items that there is room for */
	uint64_t pending; /* items put behind off[n], not yet a set */
};

/* No set yet, and room for `room` of them. Release in any case. */
int sets_init(struct sets *s, uint64_t room);
void sets_release(struct sets *s);

/* Put items, in any order and any number of times, into the set that sets_end() ends. */
int sets_put(struct sets *s, const uint32_t *item, uint64_t n);
void sets_end(struct sets *s);

static inline const uint32_t *sets_get(const struct sets *s, uint64_t i, uint64_t *n)
{
	*n = s->off[i + 1] - s->off[i];
	return s->item + s->off[i];
}

static inline uint64_t sets_size(const struct sets *s, uint64_t i)
{
	return s->off[i + 1] - s->off[i];
}

/* All items of all sets. */
static inline uint64_t sets_total(const struct sets *s)
{
	return s->off ? s->off[s->n] : 0;
}

/* Is x in set i? */
int sets_has(const struct sets *s, uint64_t i, uint32_t x);

/* Sort n numbers, drop the repeated, and return how many are left. */
uint64_t sets_sort(uint32_t *x, uint64_t n);

/* Place of x among n ascending numbers: of the first that is not below it. */
uint64_t sets_find(const uint32_t *x, uint64_t n, uint32_t value);

#endif
