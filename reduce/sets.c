// SPDX-License-Identifier: Apache-2.0
#include "reduce/sets.h"

#include <stdlib.h>
#include <string.h>

int sets_init(struct sets *s, uint64_t room)
{
	memset(s, 0, sizeof *s);
	s->off = calloc((size_t)room + 1, sizeof *s->off);
	return s->off ? 0 : -1;
}

void sets_release(struct sets *s)
{
	free(s->off);
	free(s->item);
	memset(s, 0, sizeof *s);
}

static int reserve(struct sets *s, uint64_t n)
{
	uint64_t cap = s->cap ? s->cap + s->cap / 2 : 1024;
	uint32_t *item;

	if (n <= s->cap)
		return 0;
	cap = cap < n ? n : cap;
	if (n >= UINT32_MAX || !(item = realloc(s->item, (size_t)cap * sizeof *item)))
		return -1;
	s->item = item;
	s->cap = cap;
	return 0;
}

int sets_put(struct sets *s, const uint32_t *item, uint64_t n)
{
	uint64_t at = s->off[s->n] + s->pending;

	if (n == 0)
		return 0;
	if (reserve(s, at + n))
		return -1;
	memcpy(s->item + at, item, (size_t)n * sizeof *item);
	s->pending += n;
	return 0;
}

void sets_end(struct sets *s)
{
	uint32_t at = s->off[s->n];
	uint64_t n = s->pending ? sets_sort(s->item + at, s->pending) : 0;

	s->off[++s->n] = at + (uint32_t)n;
	s->pending = 0;
}

int sets_has(const struct sets *s, uint64_t i, uint32_t x)
{
	uint64_t n, at;
	const uint32_t *item = sets_get(s, i, &n);

	at = sets_find(item, n, x);
	return at < n && item[at] == x;
}

static void sort_few(uint32_t *x, uint64_t n)
{
	for (uint64_t i = 1; i < n; i++) {
		uint32_t v = x[i];
		uint64_t j = i;

		for (; j > 0 && x[j - 1] > v; j--)
			x[j] = x[j - 1];
		x[j] = v;
	}
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

uint64_t sets_sort(uint32_t *x, uint64_t n)
{
	uint64_t kept = 0;

	if (n < 24)
		sort_few(x, n);
	else
		qsort(x, (size_t)n, sizeof *x, ascending);
	for (uint64_t i = 0; i < n; i++)
		if (i == 0 || x[i] != x[i - 1])
			x[kept++] = x[i];
	return kept;
}

uint64_t sets_find(const uint32_t *x, uint64_t n, uint32_t value)
{
	uint64_t lo = 0, hi = n;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (x[mid] < value)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}
