// SPDX-License-Identifier: Apache-2.0
#include "reduce/labels.h"

#include <stdlib.h>
#include <string.h>

#include "reduce/tally.h"
#include "reduce/wire.h"
#include "tests/mpi/tap_mpi.h"

static int rank, nranks;

/* Texts 0 … n - 1 of which rank r has every (r + 2)-th, one of `all` also the idle one. Sorted, since the numbers have
 * one width. */
static void fill(struct texts *t, int n, int idle)
{
	for (int i = 0; i < n && !(idle && rank == 0 && nranks > 1); i++) {
		char s[64];

		if (i % (rank + 2) == 0)
			texts_add(t, s,
				  (size_t)snprintf(s, sizeof s, "base_model:finetune:owner/%06d%s", i,
						   i % 7 ? "" : "-with-a-longer-name"));
	}
}

/* Which numbers some rank has. */
static int is_used(int i, int idle)
{
	for (int r = idle && nranks > 1; r < nranks; r++)
		if (i % (r + 2) == 0)
			return 1;
	return 0;
}

static int number_of(const struct texts *t, uint64_t i)
{
	size_t len, skip = strlen("base_model:finetune:owner/");
	const char *s = texts_get(t, i, &len);
	char digits[7] = "";

	memcpy(digits, s + skip, 6); /* texts are not terminated */
	return atoi(digits);
}

static int codes_right(const struct labels *l, const struct texts *local, int n, int idle)
{
	int64_t code = 0;
	uint64_t at = 0;

	for (int i = 0; i < n; i++) {
		if (!is_used(i, idle))
			continue;
		if (at < local->n && number_of(local, at) == i && l->global[at++] != code)
			return 0;
		code++;
	}
	return at == local->n && l->total == (uint64_t)code;
}

static int owned_right(const struct labels *l, int n, int idle)
{
	uint64_t code = 0, at = 0;

	for (int i = 0; i < n; i++) {
		if (!is_used(i, idle))
			continue;
		if (code >= l->first && code < l->first + l->own.n && number_of(&l->own, at++) != i)
			return 0;
		code++;
	}
	return at == l->own.n;
}

static int sums_right(const struct labels *l, const struct texts *local, int idle)
{
	int64_t *x = malloc((local->n + 1) * 2 * sizeof *x), *own = malloc((l->own.n + 1) * 2 * sizeof *own);
	struct err e = ERR_INIT;
	int good;

	for (uint64_t i = 0; i < local->n; i++) {
		x[2 * i] = 1;
		x[2 * i + 1] = rank + 1;
	}
	good = labels_sum(l, MPI_COMM_WORLD, E_OK, x, 2, own, &e) == E_OK;
	for (uint64_t i = 0; i < l->own.n; i++) {
		int64_t ranks = 0, sum = 0;

		for (int r = idle && nranks > 1; r < nranks; r++)
			if (number_of(&l->own, i) % (r + 2) == 0) {
				ranks++;
				sum += r + 1;
			}
		good &= own[2 * i] == ranks && own[2 * i + 1] == sum;
	}
	free(x);
	free(own);
	return good;
}

static void check(int n, int idle)
{
	struct texts local = { 0 };
	struct labels l;
	struct err e = ERR_INIT;
	char name[96];
	int rc;

	fill(&local, n, idle);
	snprintf(name, sizeof name, "%d texts%s: codes in bytewise order, shares, sums", n,
		 idle ? ", one rank idle" : "");
	rc = labels_build(&l, MPI_COMM_WORLD, E_OK, &local, &e);
	ok_all(MPI_COMM_WORLD,
	       rc == E_OK &&
		       (codes_right(&l, &local, n, idle) & owned_right(&l, n, idle) & sums_right(&l, &local, idle)),
	       name);
	labels_release(&l);
	texts_release(&local);
}

static void check_failure(void)
{
	struct texts local = { 0 };
	struct labels l;
	struct err e = ERR_INIT;
	int rc = rank == 0 ? err_set(&e, E_NOMEM, "no memory on one") : E_OK;

	rc = labels_build(&l, MPI_COMM_WORLD, rc, &local, &e);
	ok_all(MPI_COMM_WORLD, rc == E_NOMEM && !strcmp(e.text, "no memory on one"), "one rank fails: all say so");
	labels_release(&l);
}

static void check_tally(void)
{
	struct tally t;
	struct err e = ERR_INIT;
	int good, rc;

	tally_init(&t, 2);
	for (int i = 0; i < 100; i++) {
		char key[16];
		int64_t *x = tally_at(&t, key, (size_t)snprintf(key, sizeof key, "%d", i % (10 + rank)));

		x[0] += 1;
		x[1] = wire_add(x[1], i == 0 ? INT64_MAX : 1);
	}
	rc = tally_reduce(&t, MPI_COMM_WORLD, E_OK, &e);
	good = rc == E_OK && t.key.text.n == (rank == 0 ? (uint64_t)(10 + nranks - 1) : 0);
	if (rank == 0 && good) {
		int64_t sum = 0;
		size_t len;

		for (uint64_t i = 0; i < t.key.text.n; i++)
			sum += t.x[2 * i];
		good = sum == 100 * nranks && texts_get(&t.key.text, 0, &len)[0] == '0' && t.x[1] == INT64_MAX;
	}
	ok_all(MPI_COMM_WORLD, good, "a tally comes together on rank 0");
	tally_release(&t);
	tally_init(&t, 2);
	rc = tally_reduce(&t, MPI_COMM_WORLD, rank == nranks - 1 ? err_set(&e, E_IO, "lost") : E_OK, &e);
	ok_all(MPI_COMM_WORLD, rc == E_IO, "and fails together");
	tally_release(&t);
}

int main(int argc, char **argv)
{
	static const int size[] = { 0, 1, 5, 100, 20000 };

	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &nranks);
	for (size_t i = 0; i < sizeof size / sizeof *size; i++)
		for (int idle = 0; idle < 2; idle++)
			check(size[i], idle);
	check_failure();
	check_tally();
	return tap_finalize();
}
