// SPDX-License-Identifier: Apache-2.0
#include "crawler/accounts.h"

#include <stdlib.h>
#include <string.h>

/* As io/dict.c has it. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "io/seed.h"

#define BLOCK (1u << 20)
#define UNIT  4u

void accounts_init(struct accounts *a)
{
	memset(a, 0, sizeof *a);
}

void accounts_release(struct accounts *a)
{
	for (uint32_t i = 0; i < a->nblock; i++)
		free(a->block[i]);
	free(a->block);
	for (int i = 0; i < ACCOUNTS_NTABLES; i++) {
		free(a->table[i].slot);
		free(a->table[i].tag);
	}
	accounts_init(a);
}

struct known *accounts_at(const struct accounts *a, uint32_t ref)
{
	uint64_t at = (uint64_t)ref * UNIT;

	/* Blocks are aligned for anything, and records to UNIT, which is more than they need. */
	return (struct known *)(void *)(a->block[at / BLOCK] + at % BLOCK);
}

static uint32_t record_size(size_t n)
{
	return (uint32_t)((sizeof(struct known) + n + UNIT - 1) / UNIT * UNIT);
}

struct known *accounts_next(const struct accounts *a, uint32_t *ref, uint32_t *at)
{
	while (*ref / (BLOCK / UNIT) < a->nblock) {
		uint32_t block = *ref / (BLOCK / UNIT), offset = *ref % (BLOCK / UNIT) * UNIT;
		uint32_t end = block + 1 == a->nblock ? a->used : BLOCK;
		struct known *k = accounts_at(a, *ref);

		/* The rest of a block that was too short for the next one is zeros. */
		if (offset >= end || k->n == 0) {
			*ref = (block + 1) * (BLOCK / UNIT);
			continue;
		}
		*at = *ref;
		*ref += record_size(k->n) / UNIT;
		return k;
	}
	return NULL;
}

static int add_block(struct accounts *a)
{
	if (a->nblock == a->cap) {
		uint32_t cap = a->cap ? 2 * a->cap : 16;
		char **block = realloc(a->block, cap * sizeof *block);

		if (!block)
			return -1;
		a->block = block;
		a->cap = cap;
	}
	if (a->nblock == UINT32_MAX / (BLOCK / UNIT) - 1 || !(a->block[a->nblock] = calloc(1, BLOCK)))
		return -1;
	a->nblock++;
	a->used = 0;
	return 0;
}

static struct known *append(struct accounts *a, const char *name, size_t n, uint32_t *ref)
{
	uint32_t size = record_size(n);
	struct known *k;

	if ((a->nblock == 0 || BLOCK - a->used < size) && add_block(a))
		return NULL;
	*ref = (a->nblock - 1) * (BLOCK / UNIT) + a->used / UNIT;
	a->used += size;
	k = accounts_at(a, *ref);
	k->n = (uint8_t)n;
	memcpy(k->name, name, n);
	return k;
}

/* Everybody knows account_hash(), for ranks must agree on it: what picks the slot is another one. */
static uint64_t secret_of(uint64_t hash)
{
	return XXH3_64bits_withSeed(&hash, sizeof hash, hash_seed);
}

static uint32_t place(const struct accounts_table *t, uint64_t hash)
{
	return (uint32_t)((uint64_t)(uint32_t)(hash >> 8) * t->nslot >> 32);
}

static uint8_t tag_of(uint64_t hash)
{
	return (uint8_t)(hash >> 40);
}

static struct accounts_table *table_of(const struct accounts *a, uint64_t hash)
{
	return (struct accounts_table *)a->table + (hash & (ACCOUNTS_NTABLES - 1));
}

static int is_same(const struct known *k, const char *name, size_t n)
{
	if (k->n != n)
		return 0;
	for (size_t i = 0; i < n; i++) {
		char x, y;

		if (k->name[i] == name[i])
			continue;
		account_key(&x, &k->name[i], 1);
		account_key(&y, &name[i], 1);
		if (x != y)
			return 0;
	}
	return 1;
}

/* The slot of the name, or the free one where it belongs. */
static uint32_t *find(const struct accounts *a, const struct accounts_table *t, const char *name, size_t n,
		      uint64_t hash)
{
	uint32_t i = place(t, hash);

	while (t->slot[i] && !(t->tag[i] == tag_of(hash) && is_same(accounts_at(a, t->slot[i] - 1), name, n)))
		i = i + 1 == t->nslot ? 0 : i + 1;
	return t->slot + i;
}

static uint64_t hash_of_slot(const struct accounts *a, uint32_t slot)
{
	const struct known *k = accounts_at(a, slot - 1);

	return secret_of(account_hash_of(k->name, k->n));
}

static int grow(const struct accounts *a, struct accounts_table *t)
{
	struct accounts_table more = { .nslot = t->nslot ? t->nslot + t->nslot / 2 : 16, .n = t->n };

	more.slot = calloc(more.nslot, sizeof *more.slot);
	more.tag = calloc(more.nslot, sizeof *more.tag);
	if (!more.slot || !more.tag) {
		free(more.slot);
		free(more.tag);
		return -1;
	}
	for (uint32_t i = 0; i < t->nslot; i++) {
		uint32_t at;

		if (!t->slot[i])
			continue;
		at = place(&more, hash_of_slot(a, t->slot[i]));
		while (more.slot[at])
			at = at + 1 == more.nslot ? 0 : at + 1;
		more.slot[at] = t->slot[i];
		more.tag[at] = t->tag[i];
	}
	free(t->slot);
	free(t->tag);
	*t = more;
	return 0;
}

struct known *accounts_find(const struct accounts *a, const char *name, size_t n, uint64_t hash)
{
	uint64_t secret = secret_of(hash);
	const struct accounts_table *t = table_of(a, secret);
	uint32_t *slot = t->nslot ? find(a, t, name, n, secret) : NULL;

	return slot && *slot ? accounts_at(a, *slot - 1) : NULL;
}

struct known *accounts_add(struct accounts *a, const char *name, size_t n, uint64_t hash, uint32_t *ref, int *is_new)
{
	uint64_t secret = secret_of(hash);
	struct accounts_table *t = table_of(a, secret);
	uint32_t *slot;
	struct known *k;

	if ((uint64_t)t->n * 5 >= (uint64_t)t->nslot * 4 && grow(a, t))
		return NULL;
	slot = find(a, t, name, n, secret);
	*is_new = *slot == 0;
	if (*slot) {
		*ref = *slot - 1;
		return accounts_at(a, *ref);
	}
	k = append(a, name, n, ref);
	if (!k)
		return NULL;
	*slot = *ref + 1;
	t->tag[slot - t->slot] = tag_of(secret);
	t->n++;
	a->n++;
	return k;
}

unsigned accounts_size(int64_t n)
{
	unsigned size = 1;

	for (; n > 0 && size < 15; n >>= 1)
		size++;
	return size;
}

uint64_t accounts_nbytes(const struct accounts *a)
{
	uint64_t n = (uint64_t)a->nblock * BLOCK + (uint64_t)a->cap * sizeof *a->block;

	for (int i = 0; i < ACCOUNTS_NTABLES; i++)
		n += (uint64_t)a->table[i].nslot * (sizeof(uint32_t) + 1);
	return n;
}
