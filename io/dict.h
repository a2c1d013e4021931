// SPDX-License-Identifier: Apache-2.0
/* Many texts in one block of memory, and dictionaries of them. Local, no I/O.
 *
 * Every function that returns int returns 0, or -1 when memory is short: then nothing has changed.
 */
#ifndef IO_DICT_H
#define IO_DICT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A text that somebody else keeps; not terminated, may hold NUL. */
struct text {
	const char *s;
	size_t len;
};

/* memcmp() == 0 of texts that are short and nearly always the same. */
static inline int text_is_same(const char *a, const char *b, size_t n)
{
	uint64_t x, y, differ = 0;
	uint32_t u, v;

	if (n >= 8) {
		for (size_t i = 0; i + 8 < n; i += 8) {
			memcpy(&x, a + i, 8);
			memcpy(&y, b + i, 8);
			differ |= x ^ y;
		}
		memcpy(&x, a + n - 8, 8);
		memcpy(&y, b + n - 8, 8);
		return !(differ | (x ^ y));
	}
	if (n >= 4) {
		memcpy(&u, a, 4);
		memcpy(&v, b, 4);
		differ = u ^ v;
		memcpy(&u, a + n - 4, 4);
		memcpy(&v, b + n - 4, 4);
		return !(differ | (u ^ v));
	}
	for (size_t i = 0; i < n; i++)
		differ |= (uint64_t)(a[i] != b[i]);
	return !differ;
}

/* Texts, one behind the other: text i is bytes[off[i]] … bytes[off[i + 1] - 1], not terminated. off[0] is 0 once n > 0.
 */
struct texts {
	uint64_t n, cap;
	uint64_t *off; /* cap + 1 of them */
	char *bytes;
	uint64_t bytes_cap;
};

void texts_release(struct texts *t);

/* Room for n texts of nbytes in all. */
int texts_reserve(struct texts *t, uint64_t n, uint64_t nbytes);
int texts_add(struct texts *t, const char *s, size_t len);
void texts_truncate(struct texts *t, uint64_t n);

static inline const char *texts_get(const struct texts *t, uint64_t i, size_t *len)
{
	*len = (size_t)(t->off[i + 1] - t->off[i]);
	return t->bytes + t->off[i];
}

static inline uint64_t texts_nbytes(const struct texts *t)
{
	return t->n ? t->off[t->n] : 0;
}

/* Open addressing: most of what is not there, or is, is told by one line of the cache. */
struct dict_slot {
	uint32_t hash; /* of the text, in this process (io/seed.h) */
	uint32_t code; /* its code + 1; 0: free */
};

/* Bytes that must be readable, of any content, behind a text that dict_recall_all() gets. */
#define TEXT_PADDING 16

/* 16 bytes, in a register of most processors. */
typedef uint64_t dict_word __attribute__((vector_size(16)));

/* The first and last 16 bytes of a text; of a shorter one twice the same, and zeros. */
struct dict_ends {
	dict_word head, tail;
};

/* What was found last: up to 32 bytes the ends and the length are the text. */
#define DICT_NRECENT 2048
struct dict_recent {
	struct dict_ends ends[DICT_NRECENT];
	uint32_t len[DICT_NRECENT]; /* 0: nothing */
	int32_t code[DICT_NRECENT];
};

/* A text that is not there: which it is, and its hash. */
struct dict_missing {
	uint32_t which, hash;
};

/* Distinct texts, numbered in the order of their first use. */
struct dict {
	struct texts text;
	struct dict_slot *slot;
	uint32_t nslot;             /* a power of two, or 0 */
	struct dict_recent *recent; /* of dict_recall_all(), or NULL */
};

void dict_release(struct dict *d);

/* No texts, memory kept. */
void dict_clear(struct dict *d);

/* Nothing more is added: free what only finding needs, keep the texts. */
void dict_close(struct dict *d);

/* The code of a text, added if it is new. -1 also when there would be more than 2^31 - 2. */
int dict_add(struct dict *d, const char *s, size_t len, int32_t *code);

/* The code of a text, or -1 if it is not there. */
int32_t dict_find(const struct dict *d, const char *s, size_t len);

/* dict_find() of n texts, n <= DICT_BATCH: they wait for memory at the same time, not one after the other. Returns how
 * many are there. */
#define DICT_BATCH 64
size_t dict_find_all(const struct dict *d, const struct text *t, size_t n, int32_t *code);

/* The same of texts most of which were found not long ago, with TEXT_PADDING behind each: those cost no hash over their
 * bytes and no look at the texts. Those that are not there are told in the order of `t`: returns how many, code[] of
 * them is not set. */
size_t dict_recall_all(struct dict *d, const struct text *t, size_t n, int32_t *code, struct dict_missing *missing);

/* dict_add() of a text that dict_recall_all() did not find, with the hash that it gave. */
int dict_add_hashed(struct dict *d, const char *s, size_t len, uint32_t hash, int32_t *code);

static inline const char *dict_get(const struct dict *d, int32_t code, size_t *len)
{
	return texts_get(&d->text, (uint64_t)code, len);
}

#endif
