// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "io/sketch.h"
#include "tests/tap.h"

enum { NAME = 64 };

static uint64_t mix(uint64_t x) /* a bijection, so different numbers are different names (splitmix64) */
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static size_t digits(char *dst, uint64_t x, unsigned base)
{
	size_t n = 0;

	do
		dst[n++] = "0123456789abcdefghijklmnopqrstuvwxyz"[x % base];
	while (x /= base);
	return n;
}

/* Sets of names: numbered ones, short ones in two cases, long ones that differ in their middle. */
static size_t numbered(char *dst, uint64_t i)
{
	dst[0] = 'u';
	dst[1] = '-';
	return 2 + digits(dst + 2, i, 10);
}

static size_t shuffled(char *dst, uint64_t i)
{
	size_t n = digits(dst, mix(i), 36);

	dst[0] = (char)toupper((unsigned char)dst[0]);
	return n;
}

static size_t framed(char *dst, uint64_t i)
{
	memset(dst, 'x', 48);
	digits(dst + 12, i | UINT64_C(1) << 40, 16);
	return 48;
}

typedef size_t maker(char *dst, uint64_t i);

static const struct {
	maker *make;
	uint64_t n;
	const char *name;
} set[] = { { numbered, 13000000, "numbered" }, { shuffled, 13000000, "short" }, { framed, 1000000, "long" } };

static void add(struct sketch *s, maker *make, uint64_t from, uint64_t to)
{
	char name[NAME];

	for (uint64_t i = from; i < to; i++)
		sketch_add(s, name, make(name, i));
}

static int same(const struct sketch *a, const struct sketch *b)
{
	return !memcmp(a->reg, b->reg, sizeof a->reg);
}

static int empty(const struct sketch *s)
{
	for (int i = 0; i < SKETCH_NREG; i++)
		if (s->reg[i])
			return 0;
	return 1;
}

/* Names, with register and value computed apart: the hash by the shared library, the rest in other words. */
static void test_layout(void)
{
	static const struct {
		const char *piece;
		int times, reg, value;
	} t[] = {
		{ "a", 1, 7651, 3 },           { "openai", 1, 6393, 3 }, { "meta-llama", 1, 11057, 1 },
		{ "huggingface", 1, 3897, 2 }, { "x", 40, 13651, 4 },    { "z", 200, 11139, 1 },
		{ "q", 256, 13679, 1 },        { "q", 257, 3613, 1 },    { "user-1451056", 1, 846, 24 },
		{ "ab", 500, 12282, 2 },
	};
	static struct sketch s;
	char name[1000];

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		size_t len = strlen(t[i].piece), n = len * (size_t)t[i].times;
		int one;

		for (size_t at = 0; at < n; at++)
			name[at] = (char)(at % 2 ? t[i].piece[at % len] : toupper((unsigned char)t[i].piece[at % len]));
		sketch_init(&s);
		sketch_add(&s, name, n);
		one = s.reg[t[i].reg] == t[i].value;
		s.reg[t[i].reg] = 0;
		ok(one && empty(&s), "'%s' x %d in either case: register %d is %d, and no other", t[i].piece,
		   t[i].times, t[i].reg, t[i].value);
	}
}

static void test_ends(void)
{
	static struct sketch s;

	sketch_init(&s);
	ok(empty(&s) && sketch_valid(&s) && sketch_estimate(&s) == 0, "no names: 0");
	sketch_add(&s, "", 0);
	ok(empty(&s), "an empty name adds nothing");
	sketch_add(&s, "\xc3\x84\xc3\x96", 4);
	sketch_add(&s, "\xc3\xa4\xc3\xb6", 4);
	ok(fabs(sketch_estimate(&s) - 2) < 0.001, "only ASCII has letter cases");
	memset(s.reg, SKETCH_TOP, sizeof s.reg);
	ok(sketch_valid(&s) && sketch_estimate(&s) == 0x1p64, "all registers full: 2^64");
	s.reg[SKETCH_NREG - 1] = SKETCH_TOP + 1;
	ok(!sketch_valid(&s) && sketch_estimate(&s) == 0x1p64, "a register above the largest value is noticed");
	memset(s.reg, SKETCH_TOP, sizeof s.reg);
	s.reg[0] = 0;
	ok(isfinite(sketch_estimate(&s)), "one empty register among full ones: %g", sketch_estimate(&s));
}

/* A sketch of random names of a small world, so that sketches overlap. */
static void draw(struct sketch *s, unsigned *seed)
{
	uint64_t from = (uint64_t)rand_r(seed) % 60000, n = (uint64_t)rand_r(seed) % 30000;

	sketch_init(s);
	add(s, shuffled, from, from + n);
}

static void merge(struct sketch *out, const struct sketch *a, const struct sketch *b)
{
	*out = *a;
	sketch_merge(out, b);
}

static void test_laws(unsigned seed)
{
	static struct sketch a, b, c, x, y, z, none;
	int identity = 1, commutes = 1, associates = 1, idempotent = 1;

	diag("seed %u", seed);
	sketch_init(&none);
	for (int i = 0; i < 100; i++) {
		draw(&a, &seed);
		draw(&b, &seed);
		draw(&c, &seed);
		merge(&x, &a, &none);
		merge(&y, &none, &a);
		identity &= same(&x, &a) && same(&y, &a);
		merge(&y, &a, &a);
		idempotent &= same(&y, &a);
		merge(&x, &a, &b);
		merge(&y, &b, &a);
		commutes &= same(&x, &y);
		sketch_merge(&x, &c);
		merge(&y, &b, &c);
		merge(&z, &a, &y);
		associates &= same(&x, &z);
	}
	ok(identity, "merge: the empty sketch is the identity");
	ok(commutes, "merge: commutative");
	ok(associates, "merge: associative");
	ok(idempotent, "merge: idempotent");
}

static void test_union(void)
{
	static struct sketch part[5], all, merged;
	char name[NAME];

	sketch_init(&all);
	sketch_init(&merged);
	add(&all, shuffled, 0, 100000);
	for (int r = 0; r < 5; r++)
		sketch_init(&part[r]);
	for (uint64_t i = 100000; i-- > 0;) /* the other way round, over five ranks, every third name on two of them */
		for (uint64_t copy = 0; copy < (i % 3 ? 1 : 2); copy++)
			sketch_add(&part[(i + copy) % 5], name, shuffled(name, i));
	for (int r = 0; r < 5; r++)
		sketch_merge(&merged, &part[r]);
	ok(same(&merged, &all), "five overlapping parts merge into the registers of the whole");
	add(&all, shuffled, 500, 90000);
	ok(same(&merged, &all), "names added twice change nothing");
}

/* The worst relative error from 1 name to n, at each power of ten and at steps of a sixteenth. */
static double worst(maker *make, uint64_t n, const char *what)
{
	static struct sketch s;
	double at_tens = 0, between = 0;
	uint64_t ten = 1, step = 1;

	sketch_init(&s);
	for (uint64_t have = 0; have < n;) {
		uint64_t next = ten < step ? ten : step;
		double error;

		next = next < n ? next : n;
		add(&s, make, have, next);
		have = next;
		error = fabs(sketch_estimate(&s) / (double)have - 1);
		if (have == ten || have == n) {
			diag("%s: %llu names, error %.3f %%", what, (unsigned long long)have, 100 * error);
			at_tens = fmax(at_tens, error);
		}
		between = fmax(between, error);
		ten *= have == ten ? 10 : 1;
		step = have + have / 16 + 1;
	}
	diag("%s: worst error %.3f %%, between them %.3f %%", what, 100 * at_tens, 100 * between);
	return between;
}

/* Over many sets of n names: without bias, and as exact as the header says. */
static void test_bias(uint64_t n, int nset)
{
	static struct sketch s;
	double sum = 0, squares = 0, mean, rms;

	for (int i = 0; i < nset; i++) {
		uint64_t from = (uint64_t)i * n + UINT64_C(1000000000);
		double error;

		sketch_init(&s);
		add(&s, shuffled, from, from + n);
		error = sketch_estimate(&s) / (double)n - 1;
		sum += error;
		squares += error * error;
	}
	mean = sum / nset;
	rms = sqrt(squares / nset);
	ok(fabs(mean) < 4 * 0.0082 / sqrt(nset) && rms < 0.0095,
	   "%d sets of %llu names: mean error %.3f %%, rms %.3f %%", nset, (unsigned long long)n, 100 * mean,
	   100 * rms);
}

int main(void)
{
	test_layout();
	test_ends();
	test_laws((unsigned)time(NULL));
	test_union();
	for (size_t i = 0; i < sizeof set / sizeof *set; i++) {
		double error = worst(set[i].make, set[i].n, set[i].name);

		ok(error < 0.025, "%s names, 1 to %llu: within 2.5 %% (worst %.3f %%)", set[i].name,
		   (unsigned long long)set[i].n, 100 * error);
	}
	test_bias(1000, 400);
	test_bias(40000, 100); /* where the first estimators of 2007 and their switch of range were at their worst */
	test_bias(300000, 20);
	return plan_done();
}
