// SPDX-License-Identifier: Apache-2.0
#include "io/dict.h"

#include <stdlib.h>
#include <string.h>

/* XXH3 is fast on the short strings that tags are, and well kept; header only. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "io/grow.h"
#include "io/seed.h"

void texts_release(struct texts *t)
{
	free(t->off);
	free(t->bytes);
	memset(t, 0, sizeof *t);
}

int texts_reserve(struct texts *t, uint64_t n, uint64_t nbytes)
{
	uint64_t cap = t->cap ? t->cap + 1 : 0;

	if (n >= t->cap || !t->off) {
		if (array_grow((void **)&t->off, &cap, n + 2, sizeof *t->off))
			return -1;
		if (t->cap == 0)
			t->off[0] = 0;
		t->cap = cap - 1;
	}
	/* Never NULL: an empty text is compared and copied like any other. */
	return array_grow((void **)&t->bytes, &t->bytes_cap, nbytes ? nbytes : 1, 1);
}

int texts_add(struct texts *t, const char *s, size_t len)
{
	uint64_t at = texts_nbytes(t);

	if ((t->n + 1 >= t->cap || at + len > t->bytes_cap || !t->bytes) && texts_reserve(t, t->n + 1, at + len))
		return -1;
	if (len)
		memcpy(t->bytes + at, s, len);
	t->off[++t->n] = at + len;
	return 0;
}

void texts_truncate(struct texts *t, uint64_t n)
{
	if (n < t->n)
		t->n = n;
}

void dict_close(struct dict *d)
{
	free(d->slot);
	free(d->recent);
	d->slot = NULL;
	d->recent = NULL;
	d->nslot = 0;
}

void dict_release(struct dict *d)
{
	texts_release(&d->text);
	dict_close(d);
}

void dict_clear(struct dict *d)
{
	d->text.n = 0;
	if (d->nslot)
		memset(d->slot, 0, d->nslot * sizeof *d->slot);
	if (d->recent)
		memset(d->recent, 0, sizeof *d->recent);
}

/* The low half picks the slot and is kept in it. Tags are what any user of the Hub writes: with a seed that nobody
 * knows. */
static uint32_t hash_of(const char *s, size_t len)
{
	return (uint32_t)XXH3_64bits_withSeed(s, len, hash_seed);
}

/* The slot where a text is, or where it would go. */
static struct dict_slot *dict_seek(const struct dict *d, const char *s, size_t len, uint32_t hash)
{
	uint32_t i = hash & (d->nslot - 1);

	for (; d->slot[i].code; i = (i + 1) & (d->nslot - 1)) {
		size_t n;
		const char *t;

		if (d->slot[i].hash != hash)
			continue;
		t = texts_get(&d->text, d->slot[i].code - 1, &n);
		if (n == len && text_is_same(s, t, len))
			break;
	}
	return d->slot + i;
}

/* A slot for what is known to be nowhere yet. */
static void dict_place(struct dict_slot *slot, uint32_t nslot, struct dict_slot x)
{
	uint32_t i = x.hash & (nslot - 1);

	while (slot[i].code)
		i = (i + 1) & (nslot - 1);
	slot[i] = x;
}

static int dict_rehash(struct dict *d, uint32_t nslot)
{
	struct dict_slot *slot = calloc(nslot, sizeof *slot);

	if (!slot)
		return -1;
	for (uint32_t i = 0; i < d->nslot; i++)
		if (d->slot[i].code)
			dict_place(slot, nslot, d->slot[i]);
	/* A dictionary read from a file has no slots yet. */
	for (uint64_t c = 0; !d->nslot && c < d->text.n; c++) {
		size_t len;
		const char *s = texts_get(&d->text, c, &len);

		dict_place(slot, nslot, (struct dict_slot){ hash_of(s, len), (uint32_t)c + 1 });
	}
	free(d->slot);
	d->slot = slot;
	d->nslot = nslot;
	return 0;
}

static int dict_grow(struct dict *d)
{
	uint64_t nslot = 256;

	while (nslot < d->text.n * 2)
		nslot *= 2;
	return nslot > 1u << 31 ? -1 : dict_rehash(d, (uint32_t)nslot);
}

int32_t dict_find(const struct dict *d, const char *s, size_t len)
{
	return d->nslot ? (int32_t)dict_seek(d, s, len, hash_of(s, len))->code - 1 : -1;
}

/* dict_find() of n texts, those of `which`. Their hashes, too. */
static size_t find_these(const struct dict *d, const struct text *t, const uint8_t *which, size_t n, int32_t *code,
			 uint32_t *hash)
{
	uint32_t mask = d->nslot - 1;
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		hash[i] = hash_of(t[which[i]].s, t[which[i]].len);
		__builtin_prefetch(d->slot + (hash[i] & mask));
	}
	for (size_t i = 0; i < n; i++) {
		const struct dict_slot *s = d->slot + (hash[i] & mask);

		if (s->code)
			__builtin_prefetch(d->text.off + s->code - 1);
	}
	for (size_t i = 0; i < n; i++) {
		const struct dict_slot *s = d->slot + (hash[i] & mask);

		if (s->code && s->hash == hash[i])
			__builtin_prefetch(d->text.bytes + d->text.off[s->code - 1]);
	}
	for (size_t i = 0; i < n; i++) {
		const struct text *x = t + which[i];

		code[which[i]] = (int32_t)dict_seek(d, x->s, x->len, hash[i])->code - 1;
		found += code[which[i]] >= 0;
	}
	return found;
}

size_t dict_find_all(const struct dict *d, const struct text *t, size_t n, int32_t *code)
{
	uint32_t hash[DICT_BATCH];
	uint8_t all[DICT_BATCH] = { 0 };

	for (size_t i = 0; i < n; i++) {
		all[i] = (uint8_t)i;
		code[i] = -1;
	}
	return d->nslot ? find_these(d, t, all, n, code, hash) : 0;
}

/* --- what was found last --- */

#define END 16

static inline dict_word load(const char *s)
{
	dict_word x;

	memcpy(&x, s, sizeof x);
	return x;
}

/* The ends of a text, and zeros behind one that is shorter: without a branch, which no processor could foretell. */
static inline struct dict_ends ends_of(const struct text *t)
{
	static const uint64_t mask[4] = { UINT64_MAX, UINT64_MAX, 0, 0 };
	size_t n = t->len < END ? t->len : END;
	dict_word keep = load((const char *)mask + END - n);

	return (struct dict_ends){ load(t->s) & keep, load(t->s + t->len - n) & keep };
}

static inline uint32_t recent_of(const struct dict_ends *x, size_t len)
{
	uint64_t h = x->head[0] ^ (x->head[1] << 29 | x->head[1] >> 35) ^ (x->tail[1] << 43 | x->tail[1] >> 21) ^ len;

	return (uint32_t)(h * 0x9E3779B97F4A7C15u >> 32) % DICT_NRECENT;
}

static inline int is_recent(const struct dict *d, const struct dict_recent *r, uint32_t i, const struct dict_ends *x,
			    const struct text *t)
{
	dict_word differ = (x->head ^ r->ends[i].head) | (x->tail ^ r->ends[i].tail);
	int same = !(differ[0] | differ[1] | (r->len[i] ^ t->len));

	if (t->len > 2 * END && same)
		return text_is_same(t->s, d->text.bytes + d->text.off[r->code[i]], t->len);
	return same & (t->len > 0);
}

/* Of one that has no slots, or where there is no memory for what is found. */
static size_t recall_none(const struct dict *d, const struct text *t, size_t n, int32_t *code, struct dict_missing *m)
{
	size_t missing = 0;

	dict_find_all(d, t, n, code);
	for (size_t i = 0; i < n; i++)
		if (code[i] < 0)
			m[missing++] = (struct dict_missing){ (uint32_t)i, hash_of(t[i].s, t[i].len) };
	return missing;
}

size_t dict_recall_all(struct dict *d, const struct text *t, size_t n, int32_t *code, struct dict_missing *missing)
{
	uint32_t hash[DICT_BATCH];
	uint8_t rest[DICT_BATCH] = { 0 };
	size_t nrest = 0, nmissing = 0;
	struct dict_recent *r;

	if (!d->nslot || (!d->recent && !(d->recent = calloc(1, sizeof *d->recent))))
		return recall_none(d, t, n, code, missing);
	r = d->recent;
	for (size_t i = 0; i < n; i++) {
		struct dict_ends x = ends_of(t + i);
		uint32_t at = recent_of(&x, t[i].len);

		code[i] = r->code[at];
		rest[nrest] = (uint8_t)i;
		nrest += !is_recent(d, r, at, &x, t + i);
	}
	find_these(d, t, rest, nrest, code, hash);
	for (size_t k = 0; k < nrest; k++) {
		size_t i = rest[k];
		struct dict_ends x = ends_of(t + i);
		uint32_t at = recent_of(&x, t[i].len);

		if (code[i] < 0) {
			missing[nmissing++] = (struct dict_missing){ (uint32_t)i, hash[k] };
			continue;
		}
		r->ends[at] = x;
		r->len[at] = (uint32_t)t[i].len;
		r->code[at] = code[i];
	}
	return nmissing;
}

int dict_add_hashed(struct dict *d, const char *s, size_t len, uint32_t hash, int32_t *code)
{
	struct dict_slot *slot;

	/* At most three quarters full, so that runs of probes stay short. */
	if (d->text.n * 4 >= (uint64_t)d->nslot * 3 && dict_grow(d))
		return -1;
	slot = dict_seek(d, s, len, hash);
	if (!slot->code) {
		if (d->text.n >= INT32_MAX - 1 || texts_add(&d->text, s, len))
			return -1;
		*slot = (struct dict_slot){ hash, (uint32_t)d->text.n };
	}
	*code = (int32_t)slot->code - 1;
	return 0;
}

int dict_add(struct dict *d, const char *s, size_t len, int32_t *code)
{
	return dict_add_hashed(d, s, len, hash_of(s, len), code);
}
