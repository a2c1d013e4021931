// SPDX-License-Identifier: Apache-2.0
#include "io/cover.h"

#include <stdlib.h>

void cover_release(struct cover *c)
{
	free(c->at);
	*c = (struct cover)COVER_INIT;
}

static struct oid oid_min2(struct oid a, struct oid b)
{
	return oid_cmp(a, b) < 0 ? a : b;
}

static struct oid oid_max2(struct oid a, struct oid b)
{
	return oid_cmp(a, b) > 0 ? a : b;
}

static int reserve_one(struct cover *c)
{
	size_t cap = c->cap ? 2 * c->cap : 16;
	struct span *at;

	if (c->n < c->cap)
		return 0;
	at = realloc(c->at, cap * sizeof *at);
	if (!at)
		return -1;
	c->at = at;
	c->cap = cap;
	return 0;
}

int cover_add(struct cover *c, struct span s)
{
	size_t i = 0, j, hi = c->n;

	if (oid_cmp(s.lo, s.hi) >= 0)
		return 0;
	/* [i, j) are the intervals that touch s: those that do not end before it and do not begin behind it. */
	while (i < hi) {
		size_t mid = (i + hi) / 2;

		if (oid_cmp(c->at[mid].hi, s.lo) < 0)
			i = mid + 1;
		else
			hi = mid;
	}
	for (j = i; j < c->n && oid_cmp(c->at[j].lo, s.hi) <= 0; j++) {
		s.lo = oid_min2(s.lo, c->at[j].lo);
		s.hi = oid_max2(s.hi, c->at[j].hi);
	}
	if (i == j && reserve_one(c))
		return -1;
	memmove(c->at + i + 1, c->at + j, (c->n - j) * sizeof *c->at);
	c->n = c->n - (j - i) + 1;
	c->at[i] = s;
	return 0;
}

int cover_gaps(const struct cover *c, struct span whole, struct cover *gaps)
{
	struct oid at = whole.lo;

	gaps->n = 0;
	for (size_t i = 0; i < c->n && oid_cmp(at, whole.hi) < 0; i++) {
		if (oid_cmp(c->at[i].lo, at) > 0 &&
		    cover_add(gaps, (struct span){ at, oid_min2(c->at[i].lo, whole.hi) }))
			return -1;
		at = oid_max2(at, c->at[i].hi);
	}
	return cover_add(gaps, (struct span){ at, whole.hi });
}

int cover_has(const struct cover *c, struct span s)
{
	if (oid_cmp(s.lo, s.hi) >= 0)
		return 1;
	for (size_t i = 0; i < c->n; i++)
		if (oid_cmp(c->at[i].lo, s.lo) <= 0 && oid_cmp(s.hi, c->at[i].hi) <= 0)
			return 1;
	return 0;
}

uint64_t span_length(struct span s)
{
	return oid_cmp(s.lo, s.hi) < 0 ? oid_place(s.hi) - oid_place(s.lo) : 0;
}

uint64_t cover_length(const struct cover *c, struct span whole)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < c->n; i++)
		sum += span_length((struct span){ oid_max2(c->at[i].lo, whole.lo), oid_min2(c->at[i].hi, whole.hi) });
	return sum;
}

struct span cover_times(int64_t t0)
{
	return (struct span){ oid_at(COVER_BEGIN), oid_prev(oid_at(t0 + 1)) };
}
