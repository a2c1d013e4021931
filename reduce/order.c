// SPDX-License-Identifier: Apache-2.0
#include "reduce/order.h"

#include <stdlib.h>
#include <string.h>

/* A text and eight bytes of it, so that most comparisons touch no text: multikey quicksort (Bentley and Sedgewick 1997)
 * with cached keys (Rantala; Ng and Kakehi 2007). */
struct item {
	uint64_t key; /* bytes depth … depth + 7, big-endian, zeros behind the end */
	const unsigned char *s;
	uint32_t len, id;
};

static uint64_t load_key(const unsigned char *s, size_t len, size_t depth)
{
	uint64_t k = 0;

	for (size_t i = depth; i < depth + 8; i++)
		k = k << 8 | (i < len ? s[i] : 0);
	return k;
}

int order_text_cmp(const char *a, size_t na, const char *b, size_t nb)
{
	int c = memcmp(a, b, na < nb ? na : nb);

	return c ? c : (na > nb) - (na < nb);
}

static void swap_items(struct item *a, struct item *b)
{
	struct item x = *a;

	*a = *b;
	*b = x;
}

static int item_less(const struct item *a, const struct item *b, size_t depth)
{
	size_t la = a->len, lb = b->len, m = la < lb ? la : lb;
	int c = 0;

	if (a->key != b->key)
		return a->key < b->key;
	if (m > depth + 8)
		c = memcmp(a->s + depth + 8, b->s + depth + 8, m - depth - 8);
	return c ? c < 0 : la < lb;
}

static void insertion_sort(struct item *x, size_t n, size_t depth)
{
	for (size_t i = 1; i < n; i++) {
		struct item y = x[i];
		size_t j = i;

		for (; j > 0 && item_less(&y, &x[j - 1], depth); j--)
			x[j] = x[j - 1];
		x[j] = y;
	}
}

static uint64_t median3(uint64_t a, uint64_t b, uint64_t c)
{
	if (a > b)
		return b > c ? b : a > c ? c : a;
	return a > c ? a : b > c ? c : b;
}

/* Those that end within the key come first, the shorter one before the longer: with equal keys that is the longer one
 * less its zeros. Returns their number, which is small where texts are distinct. */
static size_t ended_first(struct item *x, size_t n, size_t depth)
{
	size_t m = 0, done = 0;

	for (size_t i = 0; i < n; i++)
		if (x[i].len <= depth + 8)
			swap_items(&x[i], &x[m++]);
	for (size_t len = depth; len <= depth + 8; len++)
		for (size_t i = done; i < m; i++)
			if (x[i].len == len)
				swap_items(&x[i], &x[done++]);
	return m;
}

static void sort_items(struct item *x, size_t n, size_t depth)
{
	while (n > 16) {
		uint64_t pivot = median3(x[n / 4].key, x[n / 2].key, x[n - n / 4 - 1].key);
		size_t lt = 0, gt = n, i = 0;

		while (i < gt) {
			if (x[i].key < pivot)
				swap_items(&x[i++], &x[lt++]);
			else if (x[i].key > pivot)
				swap_items(&x[i], &x[--gt]);
			else
				i++;
		}
		size_t done = ended_first(x + lt, gt - lt, depth);

		for (i = lt + done; i < gt; i++)
			x[i].key = load_key(x[i].s, x[i].len, depth + 8);
		sort_items(x + lt + done, gt - lt - done, depth + 8);
		/* The smaller side by recursion, the larger in this loop: the stack stays logarithmic. */
		if (lt < n - gt) {
			sort_items(x, lt, depth);
			x += gt;
			n -= gt;
		} else {
			sort_items(x + gt, n - gt, depth);
			n = lt;
		}
	}
	insertion_sort(x, n, depth);
}

int order_texts(const struct texts *t, uint32_t *perm)
{
	struct item *x = malloc((size_t)(t->n ? t->n : 1) * sizeof *x);

	if (!x)
		return -1;
	for (uint64_t i = 0; i < t->n; i++) {
		size_t len;
		const unsigned char *s = (const unsigned char *)texts_get(t, i, &len);

		x[i] = (struct item){ load_key(s, len, 0), s, (uint32_t)len, (uint32_t)i };
	}
	sort_items(x, (size_t)t->n, 0);
	for (uint64_t i = 0; i < t->n; i++)
		perm[i] = x[i].id;
	free(x);
	return 0;
}

struct order_key order_key_of(struct oid o, uint32_t at)
{
	uint32_t tail = (uint32_t)o.b[8] << 24 | (uint32_t)o.b[9] << 16 | (uint32_t)o.b[10] << 8 | o.b[11];

	return (struct order_key){ oid_place(o), tail, at };
}

static int key_after(const struct order_key *a, const struct order_key *b)
{
	return a->place != b->place ? a->place > b->place : a->tail > b->tail;
}

static void merge_runs(const struct order_key *a, uint64_t na, const struct order_key *b, uint64_t nb,
		       struct order_key *out)
{
	uint64_t i = 0, j = 0;

	while (i < na && j < nb)
		*out++ = key_after(&a[i], &b[j]) ? b[j++] : a[i++];
	memcpy(out, a + i, (na - i) * sizeof *a);
	memcpy(out + (na - i), b + j, (nb - j) * sizeof *b);
}

static uint64_t run_end(const struct order_key *k, uint64_t i, uint64_t n)
{
	if (i >= n)
		return n;
	for (i++; i < n && !key_after(&k[i - 1], &k[i]); i++)
		;
	return i;
}

/* Merge neighbouring runs of `from` into `to`. Returns the number of runs in `to`. */
static uint64_t merge_pass(const struct order_key *from, struct order_key *to, uint64_t n)
{
	uint64_t runs = 0;

	for (uint64_t i = 0; i < n; runs++) {
		uint64_t mid = run_end(from, i, n), end = run_end(from, mid, n);

		merge_runs(from + i, mid - i, from + mid, end - mid, to + i);
		i = end;
	}
	return runs;
}

int order_keys(struct order_key *k, uint64_t n)
{
	struct order_key *work, *from = k, *to;
	uint64_t runs = 2;

	if (run_end(k, 0, n) == n)
		return 0;
	to = work = malloc((size_t)n * sizeof *work);
	if (!work)
		return -1;
	while (runs > 1) {
		struct order_key *x = from;

		runs = merge_pass(from, to, n);
		from = to;
		to = x;
	}
	if (from != k)
		memcpy(k, from, (size_t)n * sizeof *k);
	free(work);
	return 0;
}

static uint64_t hash_of(const void *x, size_t size, uint64_t i)
{
	uint64_t hash;

	memcpy(&hash, (const char *)x + i * size, sizeof hash);
	return hash;
}

static void order_few(uint32_t *perm, uint64_t n, void *x, int (*cmp)(const void *, const void *, void *))
{
	if (n > 24) { /* somebody has chosen names for their hash */
		qsort_r(perm, (size_t)n, sizeof *perm, cmp, x);
		return;
	}
	for (uint64_t i = 1; i < n; i++) {
		uint32_t y = perm[i];
		uint64_t j = i;

		for (; j > 0 && cmp(&y, &perm[j - 1], x) < 0; j--)
			perm[j] = perm[j - 1];
		perm[j] = y;
	}
}

/* Parts of the range that hold about two are put in order one by one. */
int order_spread(uint32_t *perm, uint64_t n, void *x, size_t size, int (*cmp)(const void *, const void *, void *))
{
	uint64_t lo = UINT64_MAX, hi = 0, nparts = n / 2 + 1, width;
	uint32_t *start = calloc((size_t)nparts + 2, sizeof *start);

	if (!start)
		return -1;
	for (uint64_t i = 0; i < n; i++) {
		uint64_t hash = hash_of(x, size, i);

		lo = hash < lo ? hash : lo;
		hi = hash > hi ? hash : hi;
	}
	width = n ? (hi - lo) / nparts + 1 : 1;
	for (uint64_t i = 0; i < n; i++)
		start[(hash_of(x, size, i) - lo) / width + 2]++;
	for (uint64_t p = 0; p < nparts; p++)
		start[p + 2] += start[p + 1];
	/* start[p + 1] runs from where part p begins to where it ends. */
	for (uint64_t i = 0; i < n; i++)
		perm[start[(hash_of(x, size, i) - lo) / width + 1]++] = (uint32_t)i;
	for (uint64_t p = 0; p < nparts; p++)
		order_few(perm + start[p], start[p + 1] - start[p], x, cmp);
	free(start);
	return 0;
}
