/* SPDX-License-Identifier: Apache-2.0 */
#include "cache.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "buf.h"
#include "mix.h"

/* The least that a block takes; a table of twice as many slots is never crowded. */
enum { BLOCK_LEAST = 8192, PROBES = 64 };

struct cache {
	size_t max;
	atomic_size_t used; /* bytes, of blocks that are being put in, too */
	atomic_bool full;
	size_t nslot; /* a power of two */
	_Atomic(struct block *) slot[];
};

struct cache *cache_new(size_t max_bytes)
{
	size_t n = PROBES;
	if (!max_bytes)
		return NULL;
	while (n < max_bytes / BLOCK_LEAST * 2)
		n *= 2;
	struct cache *c = mem_new(sizeof *c + n * sizeof c->slot[0]);
	c->max = max_bytes;
	c->nslot = n;
	return c;
}

void cache_free(struct cache *c)
{
	for (size_t k = 0; c && k < c->nslot; k++)
		free(atomic_load(&c->slot[k]));
	free(c);
}

static size_t home(const struct cache *c, struct cache_key key)
{
	return (size_t)mix_nth(key.fields, key.place) & (c->nslot - 1);
}

static bool same(const struct block *b, struct cache_key key)
{
	return b->key.fields == key.fields && b->key.place == key.place;
}

const struct block *cache_find(const struct cache *c, struct cache_key key)
{
	for (size_t k = 0; c && k < PROBES; k++) {
		const struct block *b =
			atomic_load_explicit(&c->slot[(home(c, key) + k) & (c->nslot - 1)], memory_order_acquire);
		if (!b || same(b, key))
			return b;
	}
	return NULL;
}

bool cache_full(const struct cache *c)
{
	return !c || atomic_load_explicit(&c->full, memory_order_relaxed);
}

/* Two threads may have made the same block: the first one's is kept. */
static bool put(struct cache *c, struct block *b)
{
	for (size_t k = 0; k < PROBES; k++) {
		struct block *there = NULL;
		if (atomic_compare_exchange_strong(&c->slot[(home(c, b->key) + k) & (c->nslot - 1)], &there, b))
			return true;
		if (same(there, b->key))
			return false;
	}
	atomic_store(&c->full, true); /* of slots */
	return false;
}

bool cache_keep(struct cache *c, struct block *b, size_t bytes)
{
	if (cache_full(c))
		return false;
	if (atomic_fetch_add(&c->used, bytes) + bytes > c->max) {
		atomic_fetch_sub(&c->used, bytes);
		atomic_store(&c->full, true);
		return false;
	}
	if (put(c, b))
		return true;
	atomic_fetch_sub(&c->used, bytes);
	return false;
}
