// SPDX-License-Identifier: Apache-2.0
/* Order statistics against a plain sort. */
#include "reduce/rank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/mpi/tap_mpi.h"

static int rank, nranks;

/* The whole multiset, on every rank; rank r holds every element i with i % nranks == r (or all on the last one). */
struct set {
	int64_t *x, *mine, *sorted;
	uint64_t n, nmine, nsorted;
};

enum shape { ZIPF, TIES, ZEROS, ABSENT, HUGE_VALUES, WIDE_RANGE, NSHAPES };
static const char *const shape_name[] = {
	"Zipf-like", "all ties", "all 0", "none has it", "close to 2^63", "any size"
};

static int64_t draw(enum shape s, uint64_t i)
{
	switch (s) {
	case ZIPF:
		return i % 3 == 0 ? 0 : i % 17 == 0 ? -1 : 1000000 / (int64_t)(1 + (uint64_t)rand() % 5000);
	case TIES:
		return 7;
	case ZEROS:
		return 0;
	case ABSENT:
		return -1;
	case HUGE_VALUES:
		return INT64_MAX - rand() % 3;
	default:
		return (int64_t)((uint64_t)rand() << 32 | (uint64_t)rand()) >> rand() % 60;
	}
}

static int ascending(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void set_make(struct set *s, enum shape shape, uint64_t n, int lopsided)
{
	*s = (struct set){ .n = n };
	s->x = malloc((n + 1) * sizeof *s->x);
	s->mine = malloc((n + 1) * sizeof *s->mine);
	s->sorted = malloc((n + 1) * sizeof *s->sorted);
	for (uint64_t i = 0; i < n; i++) {
		s->x[i] = draw(shape, i);
		if (lopsided ? rank == nranks - 1 : i % (uint64_t)nranks == (uint64_t)rank)
			s->mine[s->nmine++] = s->x[i];
		if (s->x[i] >= 0)
			s->sorted[s->nsorted++] = s->x[i];
	}
	qsort(s->sorted, s->nsorted, sizeof *s->sorted, ascending);
}

static void set_free(struct set *s)
{
	free(s->x);
	free(s->mine);
	free(s->sorted);
}

static int elements_right(const struct ranked *r, const struct set *s)
{
	int good = 1;

	for (uint64_t p = 1; p <= 10 && s->nsorted; p++) {
		uint64_t k = rank_nearest(s->nsorted, p, 10);
		int64_t got;

		rank_elements(r, MPI_COMM_WORLD, &k, 1, &got);
		good &= got == s->sorted[k - 1];
	}
	return good;
}

static int tops_right(const struct ranked *r, const struct set *s)
{
	uint64_t k[4] = { 1, 10, 200, UINT64_MAX };
	wide got[4];
	int good = 1;

	rank_top(r, MPI_COMM_WORLD, k, 4, got);
	for (int i = 0; i < 4; i++) {
		wide want = 0;

		for (uint64_t j = 0; j < s->nsorted && j < k[i]; j++)
			want += s->sorted[s->nsorted - 1 - j];
		good &= got[i] == want;
	}
	return good && got[3] == r->sum;
}

static int below_right(const struct ranked *r, const struct set *s)
{
	int64_t bound[5] = { 0, 1, 7, 200, INT64_MAX };
	uint64_t got[5];
	int good = 1;

	rank_below(r, MPI_COMM_WORLD, bound, 5, got);
	for (int i = 0; i < 5; i++) {
		uint64_t want = 0;

		for (uint64_t j = 0; j < s->nsorted; j++)
			want += s->sorted[j] < bound[i];
		good &= got[i] == want;
	}
	return good;
}

static int gini_right(const struct ranked *r, const struct set *s)
{
	double got = -1;
	long double sum = 0, weighted = 0, n = (long double)s->nsorted;
	int defined = rank_gini(r, MPI_COMM_WORLD, &got);

	for (uint64_t i = 0; i < s->nsorted; i++) {
		sum += (long double)s->sorted[i];
		weighted += (long double)(i + 1) * (long double)s->sorted[i];
	}
	if (s->nsorted == 0 || sum == 0)
		return !defined && got == -1;
	return defined && fabsl((long double)got - (2 * weighted / (n * sum) - (n + 1) / n)) < 1e-12L;
}

static void check(enum shape shape, uint64_t n, int lopsided)
{
	struct ranked r;
	struct set s;
	struct err e = ERR_INIT;
	char name[128];

	set_make(&s, shape, n, lopsided);
	snprintf(name, sizeof name, "%s, %d values%s", shape_name[shape], (int)n, lopsided ? ", all on one rank" : "");
	if (rank_build(&r, MPI_COMM_WORLD, E_OK, s.mine, s.nmine, &e))
		ok_all(MPI_COMM_WORLD, 0, e.text);
	else
		ok_all(MPI_COMM_WORLD,
		       (r.n == s.nsorted) & elements_right(&r, &s) & tops_right(&r, &s) & below_right(&r, &s) &
			       gini_right(&r, &s),
		       name);
	rank_release(&r);
	set_free(&s);
}

static void check_runs(void)
{
	static const int64_t x[] = { 5, -1, 70000, 5, 0, 70000, 65535, 65536, 0, 5 };
	static const struct run want[] = { { 0, 2 }, { 5, 3 }, { 65535, 1 }, { 65536, 1 }, { 70000, 2 } };
	struct run *run;
	uint64_t n;
	int good = rank_runs(x, 10, &run, &n) == 0 && n == 5;

	for (uint64_t i = 0; i < 5 && good; i++)
		good = run[i].value == want[i].value && run[i].count == want[i].count;
	ok_all(MPI_COMM_WORLD, good, "runs of a small and a large value");
	free(run);
}

int main(int argc, char **argv)
{
	static const uint64_t size[] = { 0, 1, 2, 9, 5000 };
	unsigned seed = 20221102;

	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &nranks);
	srand(seed); /* the same on all ranks */
	for (int s = 0; s < NSHAPES; s++)
		for (size_t i = 0; i < sizeof size / sizeof *size; i++)
			check((enum shape)s, size[i], i % 2);
	check_runs();
	ok_all(MPI_COMM_WORLD,
	       rank_nearest(10, 1, 10) == 1 && rank_nearest(11, 1, 10) == 2 && rank_nearest(0, 5, 10) == 1 &&
		       rank_nearest(5, 9, 10) == 5,
	       "nearest rank");
	return tap_finalize();
}
