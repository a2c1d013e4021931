// SPDX-License-Identifier: Apache-2.0
#include "reduce/order.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reduce/labels.h"
#include "tests/tap.h"

static const struct texts *sorting;

static int naive(const void *a, const void *b)
{
	size_t n, m;
	const char *s = texts_get(sorting, *(const uint32_t *)a, &n), *t = texts_get(sorting, *(const uint32_t *)b, &m);
	int c = memcmp(s, t, n < m ? n : m);

	return c ? c : (n > m) - (n < m);
}

/* Texts with long common beginnings, NULs, repetitions: alphabet of `nletters`, lengths below `most`. */
static void fill(struct texts *t, int n, unsigned nletters, unsigned most)
{
	static const char letter[] = "\0ab\xff:/xyz";

	for (int i = 0; i < n; i++) {
		char s[64];
		size_t len = (size_t)rand() % most, common = (size_t)rand() % 3 * 8;

		memset(s, 'b', sizeof s);
		for (size_t j = 0; j < len && common + j < sizeof s; j++)
			s[common + j] = letter[(unsigned)rand() % nletters];
		texts_add(t, s, common + len < sizeof s ? common + len : sizeof s);
	}
}

static void check_texts(int n, unsigned nletters, unsigned most)
{
	struct texts t = { 0 };
	uint32_t *got, *want;
	int same = 1, rc;
	int32_t *map;

	fill(&t, n, nletters, most);
	got = malloc((size_t)(n + 1) * sizeof *got);
	want = malloc((size_t)(n + 1) * sizeof *want);
	for (int i = 0; i < n; i++)
		want[i] = (uint32_t)i;
	sorting = &t;
	qsort(want, (size_t)n, sizeof *want, naive);
	rc = order_texts(&t, got);
	for (int i = 0; i < n; i++)
		same &= naive(&got[i], &want[i]) == 0;
	ok(rc == 0 && same, "%d texts of %u letters, up to %u long", n, nletters, most);
	rc = labels_sort(&t, &map);
	for (int i = 0; i < n; i++)
		same &= map[got[i]] == i;
	for (uint32_t i = 1; i < (uint32_t)n; i++) {
		uint32_t before = i - 1;

		same &= naive(&before, &i) <= 0;
	}
	ok(rc == 0 && same, "… and in place, with where each went");
	free(map);
	free(got);
	free(want);
	texts_release(&t);
}

static int key_cmp(const void *a, const void *b)
{
	const struct order_key *x = a, *y = b;

	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	if (x->tail != y->tail)
		return x->tail < y->tail ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static void check_keys(uint32_t n, unsigned distinct, unsigned run, const char *name)
{
	struct order_key *k = calloc((size_t)n + 1, sizeof *k), *want = calloc((size_t)n + 1, sizeof *k);
	int same;

	for (uint32_t i = 0; i < n; i++) {
		struct oid o = oid_at(run ? (int64_t)(i % run) * 3 : (int64_t)((unsigned)rand() % distinct));

		o.b[11] = (uint8_t)((unsigned)rand() % 2);
		want[i] = k[i] = order_key_of(o, i);
	}
	qsort(want, n, sizeof *want, key_cmp);
	same = order_keys(k, n) == 0;
	for (uint32_t i = 0; i < n; i++)
		same &= k[i].at == want[i].at;
	ok(same, "%s: %u keys, equal ones as they were", name, n);
	free(k);
	free(want);
}

struct hashed {
	uint64_t hash;
	uint32_t id;
};

static int hashed_cmp(const void *a, const void *b, void *arg)
{
	const struct hashed *all = arg, *x = &all[*(const uint32_t *)a], *y = &all[*(const uint32_t *)b];

	return x->hash != y->hash ? (x->hash < y->hash ? -1 : 1) : (x->id > y->id) - (x->id < y->id);
}

/* Hashes of at most `nbits` random bits, at the upper or the lower end: also all in one part of the range, or all
 * equal.
 */
static void check_spread(uint32_t n, int nbits, int shift)
{
	struct hashed *x = calloc((size_t)n + 1, sizeof *x);
	uint32_t *perm = calloc((size_t)n + 1, sizeof *perm);
	int good;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t r = (uint64_t)rand() << 33 ^ (uint64_t)rand() << 11 ^ (uint64_t)rand();

		x[i] = (struct hashed){ (nbits ? r >> (64 - nbits) : 0) << shift, (uint32_t)rand() % 3 * n + i };
	}
	if (n > 2)
		x[n / 2].hash = UINT64_MAX; /* far from the others */
	good = order_spread(perm, n, x, sizeof *x, hashed_cmp) == 0;
	for (uint32_t i = 1; i < n; i++)
		good &= hashed_cmp(&perm[i - 1], &perm[i], x) < 0;
	ok(good, "%u hashes of %d bits, shifted by %d", n, nbits, shift);
	free(x);
	free(perm);
}

int main(void)
{
	unsigned seed = (unsigned)time(NULL);
	static const int n[] = { 0, 1, 2, 16, 17, 100, 3000 };

	diag("seed %u", seed);
	srand(seed);
	for (size_t i = 0; i < sizeof n / sizeof *n; i++)
		for (unsigned letters = 1; letters <= 9; letters += 4)
			check_texts(n[i], letters, 40);
	check_texts(2000, 2, 3);
	check_keys(0, 1, 0, "none");
	check_keys(1, 1, 0, "one");
	check_keys(1000, 1, 0, "all of one second");
	check_keys(5000, 100, 0, "at random");
	check_keys(5000, 0, 700, "in runs");
	for (uint32_t i = 0; i <= 3000; i = 3 * i + 1)
		for (int nbits = 0; nbits <= 64; nbits += 16)
			check_spread(i, nbits, nbits == 64 ? 0 : 7);
	return plan_done();
}
