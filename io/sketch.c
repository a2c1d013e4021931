// SPDX-License-Identifier: Apache-2.0
#include "io/sketch.h"

#include <math.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "io/account.h"

enum { BLOCK = 256 }; /* names of the Hub are far shorter */

void sketch_init(struct sketch *s)
{
	memset(s->reg, 0, sizeof s->reg);
}

/* The same hash piece by piece, for names that do not fit the buffer. */
static uint64_t hash_long(const char *name, size_t n)
{
	char lower[BLOCK];
	XXH3_state_t x;

	XXH3_INITSTATE(&x); /* reset looks at what the state held before */
	XXH3_64bits_reset_withSeed(&x, SKETCH_SEED);
	for (size_t at = 0, len; at < n; at += len) {
		len = n - at < BLOCK ? n - at : BLOCK;
		account_key(lower, name + at, len);
		XXH3_64bits_update(&x, lower, len);
	}
	return XXH3_64bits_digest(&x);
}

static uint64_t hash(const char *name, size_t n)
{
	char lower[BLOCK];

	if (n > BLOCK)
		return hash_long(name, n);
	account_key(lower, name, n);
	return XXH3_64bits_withSeed(lower, n, SKETCH_SEED);
}

void sketch_add(struct sketch *s, const char *name, size_t n)
{
	uint64_t h;
	uint8_t *reg, value;

	if (n == 0)
		return;
	h = hash(name, n);
	reg = &s->reg[h >> (64 - SKETCH_P)];
	/* The bit behind the hash's last one ends the row of zeros. */
	value = (uint8_t)(1 + __builtin_clzll(h << SKETCH_P | UINT64_C(1) << (SKETCH_P - 1)));
	if (*reg < value)
		*reg = value;
}

void sketch_merge(struct sketch *s, const struct sketch *other)
{
	for (int i = 0; i < SKETCH_NREG; i++)
		if (s->reg[i] < other->reg[i])
			s->reg[i] = other->reg[i];
}

bool sketch_valid(const struct sketch *s)
{
	for (int i = 0; i < SKETCH_NREG; i++)
		if (s->reg[i] > SKETCH_TOP)
			return false;
	return true;
}

/* x + sum over k >= 1 of x^(2^k) 2^(k-1): what the empty registers stand for. 0 <= x < 1. */
static double sigma(double x)
{
	double y = 1, z = x, before;

	do {
		x *= x;
		before = z;
		z += x * y;
		y += y;
	} while (z != before);
	return z;
}

/* (1 - x - sum over k >= 1 of (1 - x^(2^-k))^2 2^-k) / 3: the same for the full ones. 0 <= x <= 1. */
static double tau(double x)
{
	double y = 1, z = 1 - x, before;

	if (x <= 0)
		return 0; /* the sum converges to it too slowly */
	do {
		x = sqrt(x);
		before = z;
		y /= 2;
		z -= (1 - x) * (1 - x) * y;
	} while (z != before);
	return z / 3;
}

double sketch_estimate(const struct sketch *s)
{
	const double alpha = 0.72134752044448170368, m = SKETCH_NREG; /* 1 / (2 ln 2) */
	int count[SKETCH_TOP + 1] = { 0 };
	double z;

	for (int i = 0; i < SKETCH_NREG; i++)
		count[s->reg[i] < SKETCH_TOP ? s->reg[i] : SKETCH_TOP]++;
	if (count[0] == SKETCH_NREG)
		return 0;
	z = m * tau(1 - count[SKETCH_TOP] / m);
	for (int k = SKETCH_TOP - 1; k > 0; k--)
		z = (z + count[k]) / 2;
	z += m * sigma(count[0] / m);
	/* More names than there are hashes cannot be told apart. */
	return z > 0 ? fmin(alpha * m * m / z, 0x1p64) : 0x1p64;
}
