/* SPDX-License-Identifier: Apache-2.0 */
#include "mix.h"

void perm_init(struct perm *p, uint64_t n, uint64_t seed)
{
	unsigned bits = 2;
	while (bits < 62 && (n - 1) >> bits)
		bits += 2;
	p->n = n;
	p->half = bits / 2;
	p->mask = (1u << p->half) - 1u;
	for (unsigned i = 0; i < 4; i++)
		p->key[i] = mix_nth(seed, i + 1);
}

static inline uint64_t rounds(const struct perm *p, uint64_t x)
{
	uint64_t l = x >> p->half, r = x & p->mask;
	for (int i = 0; i < 4; i++) {
		uint64_t t = l ^ (mix64(r ^ p->key[i]) & p->mask);
		l = r;
		r = t;
	}
	return l << p->half | r;
}

uint64_t perm_apply(const struct perm *p, uint64_t x)
{
	do
		x = rounds(p, x);
	while (x >= p->n);
	return x;
}

void perm_apply_many(const struct perm *p, uint64_t *x, size_t count)
{
	uint8_t out[PERM_MANY]; /* of the range still */
	size_t nout = count;
	for (size_t k = 0; k < count; k++)
		out[k] = (uint8_t)k;
	while (nout) {
		size_t n = 0;
		for (size_t j = 0; j < nout; j++) {
			uint8_t k = out[j];
			x[k] = rounds(p, x[k]);
			out[n] = k;
			n += x[k] >= p->n;
		}
		nout = n;
	}
}

uint64_t perm_invert(const struct perm *p, uint64_t y)
{
	do {
		uint64_t l = y >> p->half, r = y & p->mask;
		for (int i = 3; i >= 0; i--) {
			uint64_t t = r ^ (mix64(l ^ p->key[i]) & p->mask);
			r = l;
			l = t;
		}
		y = l << p->half | r;
	} while (y >= p->n);
	return y;
}
