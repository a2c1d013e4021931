// SPDX-License-Identifier: Apache-2.0
/* Weighted medians of groups against a plain sort of everything. */
#include "reduce/median.h"

#include <stdlib.h>

#include "tests/mpi/tap_mpi.h"

#define NGROUPS 7
#define N       500 /* of all groups and ranks */

static int rank, nranks;

static int by_value(const void *a, const void *b)
{
	int64_t x = ((const struct weighted *)a)->value, y = ((const struct weighted *)b)->value;

	return (x > y) - (x < y);
}

static int64_t draw(int shape)
{
	switch (shape) {
	case 0:
		return rand() % 5;
	case 1:
		return (int64_t)((uint64_t)rand() << 32 | (uint64_t)rand()) >> rand() % 62;
	case 2:
		return INT64_MAX - rand() % 2;
	default:
		return 0;
	}
}

/* The same elements on all ranks; the last group has none. */
static void make(struct weighted *x, int *group, int shape)
{
	for (int i = 0; i < N; i++) {
		x[i] = (struct weighted){ draw(shape), shape == 2 ? INT64_MAX / N : 1 + rand() % 1000 };
		group[i] = rand() % (NGROUPS - 1);
	}
}

static int64_t plain_median(const struct weighted *x, const int *group, int g, wide *whole)
{
	struct weighted own[N];
	int n = 0, at = 0;
	wide sum;

	*whole = 0;
	for (int i = 0; i < N; i++)
		if (group[i] == g) {
			own[n++] = x[i];
			*whole += x[i].weight;
		}
	if (!n)
		return 0;
	qsort(own, (size_t)n, sizeof *own, by_value);
	for (sum = own[0].weight; 2 * sum < *whole; sum += own[++at].weight)
		;
	return own[at].value;
}

/* Deal them to the ranks, or all to one, and compare. */
static int agrees(int shape, int lopsided)
{
	struct weighted all[N], mine[N];
	int group[N], good;
	uint64_t start[NGROUPS + 1] = { 0 };
	int64_t want[NGROUPS], got[NGROUPS];
	wide whole[NGROUPS];
	struct err e = ERR_INIT;

	make(all, group, shape);
	for (int g = 0; g < NGROUPS; g++) {
		start[g + 1] = start[g];
		want[g] = plain_median(all, group, g, &whole[g]);
		for (int i = 0; i < N; i++)
			if (group[i] == g && (lopsided ? nranks - 1 : i % nranks) == rank)
				mine[start[g + 1]++] = all[i];
	}
	good = median_find(MPI_COMM_WORLD, E_OK, mine, start, NGROUPS, whole, got, &e) == E_OK;
	for (int g = 0; g < NGROUPS; g++)
		good &= got[g] == want[g];
	return good;
}

int main(int argc, char **argv)
{
	static const char *const shape[] = { "few values", "any size", "close to 2^63", "all 0" };
	struct err e = ERR_INIT;
	uint64_t start[2] = { 0, 0 };
	wide whole = 0;
	int64_t x;
	char name[64];

	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &nranks);
	srand(7);
	for (int s = 0; s < 4; s++)
		for (int lopsided = 0; lopsided < 2; lopsided++) {
			int good = 1;

			for (int i = 0; i < 20; i++)
				good &= agrees(s, lopsided);
			snprintf(name, sizeof name, "%s%s: as by a sort", shape[s],
				 lopsided ? ", all on one rank" : "");
			ok_all(MPI_COMM_WORLD, good, name);
		}
	ok_all(MPI_COMM_WORLD,
	       median_find(MPI_COMM_WORLD, rank == nranks - 1 ? err_set(&e, E_IO, "no") : E_OK, NULL, start, 1, &whole,
			   &x, &e) == E_IO,
	       "an error of one rank is that of all");
	return tap_finalize();
}
