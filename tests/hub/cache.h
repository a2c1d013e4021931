/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that are rendered already, in blocks, up to a number of bytes. What comes when that is reached is not kept, and
 * nothing ever goes: who walks through more than fits, again and again, finds the first part of it each time, where a
 * cache of what was used last would never have anything. So blocks need no counting and no lock. */
#ifndef HUB_CACHE_H
#define HUB_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BLOCK_ROWS = 64 };

struct cache_key {
	uint64_t fields; /* which members */
	uint64_t place;  /* which rows */
};

/* Row k is text[at[k] … at[k+1]-1], the comma behind it included. */
struct block {
	struct cache_key key;
	uint32_t at[BLOCK_ROWS + 1];
	char text[];
};

struct cache;

/* NULL for no bytes; the functions take it. */
struct cache *cache_new(size_t max_bytes);
void cache_free(struct cache *c);

/* NULL: it is not there. It stays until cache_free(). */
const struct block *cache_find(const struct cache *c, struct cache_key key);

/* Keep a block of `bytes` (malloc), if there is room. false: it still belongs to the caller. */
bool cache_keep(struct cache *c, struct block *b, size_t bytes);

/* Is there no room for anything more? */
bool cache_full(const struct cache *c);

#endif
