/* SPDX-License-Identifier: Apache-2.0 */
/* Randomness that is a function: hashes of indices, and bijections of [0, n). */
#ifndef HUB_MIX_H
#define HUB_MIX_H

#include <stddef.h>
#include <stdint.h>

/* Finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). */
static inline uint64_t mix64(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* The n-th independent value that belongs to hash h. */
static inline uint64_t mix_nth(uint64_t h, uint64_t n)
{
	return mix64(h ^ (n * 0xd1342543de82ef95u));
}

/* A hash as a real in [0, 1). */
static inline double mix_unit(uint64_t h)
{
	return (double)(h >> 11) * 0x1p-53;
}

/* A hash as an integer in [0, n). */
static inline uint64_t mix_below(uint64_t h, uint64_t n)
{
	return (uint64_t)(((unsigned __int128)h * n) >> 64);
}

/* A bijection of [0, n): a balanced Feistel network of four rounds over the next even number of
 * bits, walked until it falls into the range (Black and Rogaway, CT-RSA 2002). */
struct perm {
	uint64_t n;
	unsigned half; /* bits of one half */
	uint64_t mask;
	uint64_t key[4];
};

void perm_init(struct perm *p, uint64_t n, uint64_t seed);
uint64_t perm_apply(const struct perm *p, uint64_t x);  /* x < n */
uint64_t perm_invert(const struct perm *p, uint64_t y); /* y < n */

/* perm_apply() to each of x[0 … count-1], count <= PERM_MANY. The steps of one wait for each other, those of many do
 * not, so this takes a third of the time. */
enum { PERM_MANY = 64 };
void perm_apply_many(const struct perm *p, uint64_t *x, size_t count);

#endif
