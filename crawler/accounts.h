// SPDX-License-Identifier: Apache-2.0
/* The accounts that a rank owns, by name, as compact as it gets: about 40 bytes each, the name among them, for a census
 * meets 13 million. Local, no I/O.
 *
 * A record is 8 bytes and the name, in blocks that never move; a reference is its place in units of 4 bytes, so a rank
 * can hold 16 GiB of them. The index is 256 tables of references with 8 bits of the hash each, so that other names are
 * hardly ever looked at, grown by half at a load of 0.8: 6 to 10 bytes an account, and never more than a 256th of it
 * twice in memory.
 */
#ifndef CRAWLER_ACCOUNTS_H
#define CRAWLER_ACCOUNTS_H

#include <stddef.h>
#include <stdint.h>

#include "io/account.h"

#define ACCOUNTS_NTABLES 256

struct known {
	uint8_t sources; /* bits: enum account_source */
	uint8_t type;    /* enum account_type */
	uint8_t done;    /* bits: lists asked to their end */
	uint8_t refused; /* bits: lists that are private or gone */
	uint8_t begun;   /* bits: lists being asked, or waiting with a cursor */
	uint8_t sizes;   /* of followers (low four bits) and following: accounts_size(), 0 unknown */
	uint8_t seen;    /* how often, at most 255; what was said again lately is not counted */
	uint8_t n;       /* bytes of the name */
	char name[];     /* as first met */
};

struct accounts_table {
	uint32_t *slot; /* reference + 1, or 0 */
	uint8_t *tag;   /* of the hash */
	uint32_t nslot, n;
};

struct accounts {
	char **block;
	uint32_t nblock, cap;
	uint32_t used; /* bytes of the last block */
	uint64_t n;
	struct accounts_table table[ACCOUNTS_NTABLES];
};

void accounts_init(struct accounts *a);
void accounts_release(struct accounts *a);

/* The account of a name (a valid one, any case), added if it is new. `hash` is account_hash() of its key. NULL when
 * memory is short. The pointer stays valid. */
struct known *accounts_add(struct accounts *a, const char *name, size_t n, uint64_t hash, uint32_t *ref, int *is_new);

/* NULL if it is not there. */
struct known *accounts_find(const struct accounts *a, const char *name, size_t n, uint64_t hash);

struct known *accounts_at(const struct accounts *a, uint32_t ref);

/* Walk all: begin with *ref = 0; NULL at the end. *at gets the reference. */
struct known *accounts_next(const struct accounts *a, uint32_t *ref, uint32_t *at);

/* The class of a number of followers: 1 for 0 …, 15; one more each time it doubles. */
unsigned accounts_size(int64_t n);

/* Bytes held. */
uint64_t accounts_nbytes(const struct accounts *a);

#endif
