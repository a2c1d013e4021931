// SPDX-License-Identifier: Apache-2.0
#include "reduce/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reduce/wire.h"
#include "tests/tap.h"

#define WIDTH 3

/* Up to 40 keys, some shared, numbers up to where sums no longer fit. */
static void fill(struct tally *t)
{
	int n = rand() % 40;

	tally_init(t, WIDTH);
	for (int i = 0; i < n; i++) {
		char key[32];
		int64_t *x;
		size_t len = (size_t)snprintf(key, sizeof key, "%s%d", rand() % 2 ? "license" : "", rand() % 30);

		key[0] = rand() % 5 ? key[0] : '\0'; /* a key may hold a NUL */
		x = tally_at(t, key, len);
		for (int j = 0; j < WIDTH; j++)
			x[j] = wire_add(x[j], rand() % 10 ? rand() : INT64_MAX - rand());
	}
}

static void copy(struct tally *to, const struct tally *from)
{
	tally_init(to, WIDTH);
	tally_merge(to, from);
}

/* Compares by content, and releases both. */
static int equal(struct tally *a, struct tally *b)
{
	int same = tally_sort(a) == 0 && tally_sort(b) == 0 && a->key.text.n == b->key.text.n;
	uint64_t n = a->key.text.n;

	if (same && n)
		same = texts_nbytes(&a->key.text) == texts_nbytes(&b->key.text) &&
		       !memcmp(a->key.text.off, b->key.text.off, (n + 1) * sizeof *a->key.text.off) &&
		       !memcmp(a->key.text.bytes, b->key.text.bytes, texts_nbytes(&a->key.text)) &&
		       !memcmp(a->x, b->x, n * WIDTH * sizeof *a->x);
	tally_release(a);
	tally_release(b);
	return same;
}

static int has_identity(const struct tally *a)
{
	struct tally x, y;

	copy(&x, a);
	tally_init(&y, WIDTH);
	tally_merge(&x, &y);
	tally_merge(&y, a);
	return equal(&x, &y);
}

static int commutes(const struct tally *a, const struct tally *b)
{
	struct tally x, y;

	copy(&x, a);
	copy(&y, b);
	tally_merge(&x, b);
	tally_merge(&y, a);
	return equal(&x, &y);
}

static int associates(const struct tally *a, const struct tally *b, const struct tally *c)
{
	struct tally x, y, z;

	copy(&x, a);
	tally_merge(&x, b);
	tally_merge(&x, c);
	copy(&y, b);
	tally_merge(&y, c);
	copy(&z, a);
	tally_merge(&z, &y);
	tally_release(&y);
	return equal(&x, &z);
}

int main(void)
{
	unsigned seed = (unsigned)time(NULL);
	int identity = 1, commutative = 1, associative = 1;
	struct tally t;

	diag("seed %u", seed);
	srand(seed);
	for (int i = 0; i < 300; i++) {
		struct tally a, b, c;

		fill(&a);
		fill(&b);
		fill(&c);
		identity &= has_identity(&a);
		commutative &= commutes(&a, &b);
		associative &= associates(&a, &b, &c);
		tally_release(&a);
		tally_release(&b);
		tally_release(&c);
	}
	ok(identity, "the empty tally is the identity");
	ok(commutative, "merging is commutative");
	ok(associative, "merging is associative");
	ok(wire_add(INT64_MAX, 1) == INT64_MAX && wire_add(INT64_MAX - 1, 1) == INT64_MAX && wire_add(1, 2) == 3,
	   "sums stay at their bound");
	tally_init(&t, 1);
	*tally_at(&t, "b", 1) = 2;
	*tally_at(&t, "a", 1) = 1;
	*tally_at(&t, "", 0) = 3;
	ok(*tally_at(&t, "b", 1) == 2 && t.key.text.n == 3, "a key is found again");
	ok(tally_sort(&t) == 0 && t.x[0] == 3 && t.x[1] == 1 && t.x[2] == 2, "keys are sorted with their numbers");
	tally_release(&t);
	return plan_done();
}
