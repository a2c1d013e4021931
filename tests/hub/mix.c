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

uint64_t perm_apply(const struct perm *p, uint64_t x)
{
	do {
		uint64_t l = x >> p->half, r = x & p->mask;
		for (int i = 0; i < 4; i++) {
			uint64_t t = l ^ (mix64(r ^ p->key[i]) & p->mask);
			l = r;
			r = t;
		}
		x = l << p->half | r;
	} while (x >= p->n);
	return x;
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
