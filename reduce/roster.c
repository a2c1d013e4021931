// SPDX-License-Identifier: Apache-2.0
#include "reduce/roster.h"

#include <stdlib.h>
#include <string.h>

/* As io/dict.c has it. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "io/seed.h"

#define FIRST_SLOTS 256

static int regrow(void *p, uint64_t cap, size_t size)
{
	void **x = p, *y = realloc(*x, (size_t)cap * size);

	if (!y)
		return -1;
	*x = y;
	return 0;
}

static int reserve(struct roster *r)
{
	uint64_t cap = r->cap ? 2 * r->cap : FIRST_SLOTS;

	if (r->n < r->cap)
		return 0;
	if (regrow(&r->oid, cap, sizeof *r->oid) || regrow(&r->followers, cap, sizeof *r->followers) ||
	    regrow(&r->sources, cap, sizeof *r->sources) || regrow(&r->type, cap, 1) || regrow(&r->done, cap, 1) ||
	    regrow(&r->refused, cap, 1))
		return -1;
	r->cap = cap;
	return 0;
}

/* The slot where a key is, or where it would go. */
static uint64_t seek(const struct roster *r, const char *key, size_t len)
{
	/* Not account_hash(), which everybody knows. */
	uint64_t i = XXH3_64bits_withSeed(key, len, hash_seed) & (r->nslot - 1);

	for (; r->slot[i]; i = (i + 1) & (r->nslot - 1)) {
		char other[ACCOUNT_NAME_MAX];
		size_t n;
		const char *s = texts_get(&r->name, r->slot[i] - 1, &n);

		if (n != len)
			continue;
		account_key(other, s, n);
		if (!memcmp(other, key, n))
			break;
	}
	return i;
}

static int rehash(struct roster *r)
{
	uint64_t nslot = r->nslot ? 2 * r->nslot : FIRST_SLOTS;
	uint32_t *slot = calloc((size_t)nslot, sizeof *slot);

	if (!slot)
		return -1;
	free(r->slot);
	r->slot = slot;
	r->nslot = nslot;
	for (uint64_t i = 0; i < r->n; i++) {
		char key[ACCOUNT_NAME_MAX];
		size_t len;
		const char *s = texts_get(&r->name, i, &len);

		account_key(key, s, len);
		slot[seek(r, key, len)] = (uint32_t)i + 1;
	}
	return 0;
}

int roster_append(struct roster *r, const char *name, size_t len, const struct account *a)
{
	if (r->n >= ROSTER_MAX || reserve(r) || texts_add(&r->name, name, len))
		return -1;
	r->oid[r->n] = a->oid;
	r->followers[r->n] = a->followers;
	r->sources[r->n] = a->sources;
	r->type[r->n] = a->type;
	r->done[r->n] = a->done;
	r->refused[r->n] = a->refused;
	r->n++;
	return 0;
}

/* The same law in columns: io/account.h has it in one place. */
static void merge(struct roster *r, uint64_t i, const char *name, const struct account *b)
{
	struct account a = { r->oid[i],  r->followers[i], b->observed,  r->sources[i],
			     r->type[i], r->done[i],      r->refused[i] };
	char *s = r->name.bytes + r->name.off[i];
	size_t len = (size_t)(r->name.off[i + 1] - r->name.off[i]);

	account_merge(&a, b);
	r->oid[i] = a.oid;
	r->followers[i] = a.followers;
	r->sources[i] = a.sources;
	r->type[i] = a.type;
	r->done[i] = a.done;
	r->refused[i] = a.refused;
	if (account_spelling(name, s, len) < 0)
		memcpy(s, name, len);
}

int roster_add(struct roster *r, const char *name, size_t len, const struct account *a)
{
	char key[ACCOUNT_NAME_MAX];
	uint64_t i;

	/* At most three quarters full. */
	if ((r->n + 1) * 4 > r->nslot * 3 && rehash(r))
		return -1;
	account_key(key, name, len);
	i = seek(r, key, len);
	if (!r->slot[i]) {
		if (roster_append(r, name, len, a))
			return -1;
		r->slot[i] = (uint32_t)r->n;
		return 0;
	}
	merge(r, r->slot[i] - 1, name, a);
	return 0;
}

int64_t roster_find(const struct roster *r, const char *name, size_t len)
{
	char key[ACCOUNT_NAME_MAX];

	if (!r->nslot || len > sizeof key)
		return -1;
	account_key(key, name, len);
	return (int64_t)r->slot[seek(r, key, len)] - 1;
}

void roster_settle(struct roster *r)
{
	free(r->slot);
	r->slot = NULL;
	r->nslot = 0;
}

void roster_release(struct roster *r)
{
	texts_release(&r->name);
	free(r->oid);
	free(r->followers);
	free(r->sources);
	free(r->type);
	free(r->done);
	free(r->refused);
	roster_settle(r);
	memset(r, 0, sizeof *r);
}
