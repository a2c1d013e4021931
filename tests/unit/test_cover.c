// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <time.h>

#include "io/cover.h"
#include "tests/tap.h"

enum { AXIS = 200 };

static struct oid at(int i)
{
	return oid_at(i + 1);
}

static struct span span(int lo, int hi)
{
	return (struct span){ at(lo), at(hi) };
}

/* The same set kept as one flag a unit. */
static int same(const struct cover *c, const char *unit)
{
	for (int i = 0; i < AXIS; i++)
		if (cover_has(c, span(i, i + 1)) != unit[i])
			return 0;
	for (size_t i = 1; i < c->n; i++)
		if (oid_cmp(c->at[i - 1].hi, c->at[i].lo) >= 0)
			return 0;
	return 1;
}

static int gaps_match(const struct cover *c, const char *unit)
{
	struct cover gaps = COVER_INIT;
	int good, n = 0;

	if (cover_gaps(c, span(0, AXIS), &gaps))
		return 0;
	good = 1;
	for (int i = 0; i < AXIS; i++) {
		good &= cover_has(&gaps, span(i, i + 1)) != unit[i];
		n += unit[i];
	}
	good &= cover_length(c, span(0, AXIS)) == (uint64_t)n << 32;
	good &= cover_length(&gaps, span(0, AXIS)) == (uint64_t)(AXIS - n) << 32;
	cover_release(&gaps);
	return good;
}

static int random_history(unsigned *seed)
{
	struct cover c = COVER_INIT;
	char unit[AXIS] = { 0 };
	int good = 1;

	for (int step = 0; step < 40 && good; step++) {
		int lo = rand_r(seed) % AXIS, hi = lo + rand_r(seed) % 20;

		if (hi > AXIS)
			hi = AXIS;
		good = cover_add(&c, span(lo, hi)) == 0;
		for (int i = lo; i < hi; i++)
			unit[i] = 1;
		good &= same(&c, unit) && gaps_match(&c, unit);
	}
	cover_release(&c);
	return good;
}

int main(void)
{
	struct cover c = COVER_INIT, gaps = COVER_INIT;
	unsigned seed = (unsigned)time(NULL);

	ok(!cover_gaps(&c, span(3, 9), &gaps) && gaps.n == 1 && cover_has(&gaps, span(3, 9)),
	   "nothing covered: one gap");
	ok(!cover_gaps(&c, span(9, 9), &gaps) && gaps.n == 0, "no axis: no gap");
	cover_add(&c, span(5, 5));
	ok(c.n == 0, "an empty span adds nothing");
	cover_add(&c, span(1, 3));
	cover_add(&c, span(3, 5));
	ok(c.n == 1, "neighbours join");
	ok(cover_has(&c, span(1, 5)) && !cover_has(&c, span(0, 5)) && cover_has(&c, span(7, 7)), "has");
	cover_release(&c);
	cover_release(&gaps);
	diag("seed %u", seed);
	int good = 1;
	for (int i = 0; i < 500 && good; i++)
		good = random_history(&seed);
	ok(good, "500 random histories agree with a plain set");
	return plan_done();
}
