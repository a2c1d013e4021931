// SPDX-License-Identifier: Apache-2.0
/* Coverage does not depend on how it was sealed. On one rank: MPI is initialised for the reductions, nothing else. */
#include "reduce/coverage.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reduce/period.h"
#include "tests/tap.h"

#define T0 (PERIOD_LUMP_BEGIN + 999) /* the axis from the lump's day on has 1,000 seconds */

static struct span seconds(int64_t lo, int64_t hi)
{
	/* (last of second lo - 1, last of second hi - 1] */
	return (struct span){ oid_prev(oid_at(PERIOD_LUMP_BEGIN + lo)), oid_prev(oid_at(PERIOD_LUMP_BEGIN + hi)) };
}

static struct span whole(void)
{
	return (struct span){ OID_MIN, OID_MAX };
}

static void expect(struct coverage *c, size_t clean, size_t suspect, size_t gap, const char *name)
{
	struct err e = ERR_INIT;

	ok(coverage_merge(c, MPI_COMM_SELF, E_OK, T0, &e) == E_OK && c->clean.n == clean && c->suspect.n == suspect &&
		   c->gap.n == gap,
	   "%s: %zu covered, %zu suspect, %zu gaps", name, c->clean.n, c->suspect.n, c->gap.n);
	coverage_release(c);
}

static void check_random(void)
{
	struct coverage a = { .clean = COVER_INIT }, b = { .clean = COVER_INIT };
	struct err e = ERR_INIT;
	struct span s[64];
	int same;

	/* The same spans, in another order and cut in two. */
	for (int i = 0; i < 64; i++) {
		int64_t lo = rand() % 1200, hi = lo + 1 + rand() % 30;

		s[i] = seconds(lo, hi);
		coverage_add(&a, s[i], i % 4 == 0);
	}
	for (int i = 63; i >= 0; i--) {
		struct oid mid = oid_from_place(oid_place(s[i].lo) + (oid_place(s[i].hi) - oid_place(s[i].lo)) / 2);

		coverage_add(&b, (struct span){ mid, s[i].hi }, i % 4 == 0);
		coverage_add(&b, (struct span){ s[i].lo, mid }, i % 4 == 0);
	}
	coverage_merge(&a, MPI_COMM_SELF, E_OK, T0, &e);
	coverage_merge(&b, MPI_COMM_SELF, E_OK, T0, &e);
	same = a.clean.n == b.clean.n && a.suspect.n == b.suspect.n && a.gap.n == b.gap.n;
	if (same)
		same = !memcmp(a.clean.at, b.clean.at, a.clean.n * sizeof *a.clean.at) &&
		       (!a.suspect.n || !memcmp(a.suspect.at, b.suspect.at, a.suspect.n * sizeof *a.suspect.at)) &&
		       !memcmp(a.gap.at, b.gap.at, a.gap.n * sizeof *a.gap.at);
	ok(same, "sealed otherwise: %zu, %zu, %zu spans, the same", a.clean.n, a.suspect.n, a.gap.n);
	coverage_release(&a);
	coverage_release(&b);
}

/* Of c the seconds 0 to 250 and 500 to 1000 behind the beginning are listed; times are in these. */
static void check_listed(const struct coverage *c)
{
	static const struct {
		int64_t from, to;
		enum listed want;
		double share;
	} cases[] = {
		{ 0, 250, LISTED_WHOLE, 1 },     { 1, 249, LISTED_WHOLE, 1 },   { 0, 500, LISTED_PART, 0.5 },
		{ 250, 500, LISTED_NOT, 0 },     { 251, 499, LISTED_NOT, 0 },   { 400, 600, LISTED_PART, 0.5 },
		{ -5000, 250, LISTED_WHOLE, 1 }, { -5000, 0, LISTED_WHOLE, 1 }, { 500, 100000, LISTED_WHOLE, 1 },
		{ 5000, 6000, LISTED_WHOLE, 1 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		double share;
		enum listed got = coverage_listed(c, T0, PERIOD_LUMP_BEGIN + cases[i].from,
						  PERIOD_LUMP_BEGIN + cases[i].to, &share);

		ok(got == cases[i].want && share > cases[i].share - 0.01 && share < cases[i].share + 0.01,
		   "listed from %d to %d: %g", (int)cases[i].from, (int)cases[i].to, share);
	}
}

int main(int argc, char **argv)
{
	unsigned seed = (unsigned)time(NULL);
	struct coverage c = { .clean = COVER_INIT };
	uint64_t length, total;
	struct err e = ERR_INIT;

	MPI_Init(&argc, &argv);
	diag("seed %u", seed);
	srand(seed);
	expect(&c, 0, 0, 1, "nothing");
	coverage_add(&c, whole(), 0);
	expect(&c, 1, 0, 0, "everything, and more than the axis");
	coverage_add(&c, whole(), 0);
	coverage_add(&c, seconds(10, 20), 1);
	expect(&c, 1, 0, 0, "suspect, but crawled well too");
	coverage_add(&c, seconds(0, 10), 0);
	coverage_add(&c, seconds(10, 20), 1);
	coverage_add(&c, seconds(20, 30), 0);
	expect(&c, 2, 1, 2, "suspect in between");
	coverage_add(&c, seconds(10, 15), 1);
	coverage_add(&c, seconds(15, 20), 1);
	expect(&c, 0, 1, 2, "suspect twice, side by side, is one window");
	coverage_add(&c, seconds(2000, 3000), 0);
	expect(&c, 0, 0, 1, "behind t0");
	coverage_add(&c, seconds(0, 250), 0);
	coverage_add(&c, seconds(500, 1000), 1);
	coverage_merge(&c, MPI_COMM_SELF, E_OK, T0, &e);
	coverage_share(&c, T0, &length, &total);
	ok(total > 0 && (double)length / (double)total > 0.7499 && (double)length / (double)total < 0.7501,
	   "three quarters are covered");
	coverage_share(&c, PERIOD_LUMP_BEGIN - 5, &length, &total);
	ok(length == 0 && total == 0, "before the lump there is nothing to cover");
	check_listed(&c);
	coverage_release(&c);
	for (int i = 0; i < 20; i++)
		check_random();
	MPI_Finalize();
	return plan_done();
}
