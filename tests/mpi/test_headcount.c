// SPDX-License-Identifier: Apache-2.0
/* Accounts in the reduce: against a plain count, the same for any number of ranks and any sealing, idle ranks, damaged
 * and mixed shards, sketches that merge. */
#include <errno.h>

#include "reduce/headcount.h"
#include "tests/mpi/accounts.h"
#include "tests/mpi/pipeline.h"
#include "tests/mpi/same_census.h"
#include "tests/mpi/scratch.h"
#include "tests/mpi/shards.h"
#include "tests/mpi/tap_mpi.h"

#define WORLD MPI_COMM_WORLD

static int rank;
static char root[256];

/* A fresh folder with a few repositories and the accounts, made by rank 0. */
static int make(const struct crowd *c, char dir[300], const char *name)
{
	struct gen g = { .n = { 300, 0, 0 }, .per_shard = 1000, .stride = 1 };
	struct err e = ERR_INIT;
	int rc = E_OK;

	snprintf(dir, 300, "%s/%s", root, name);
	if (rank == 0 && ((rc = gen_snapshot(&g, dir, &e)) || (rc = crowd_seal(c, dir, &e))))
		diag("%s", e.text);
	return err_agree(WORLD, rc, &e);
}

/* A shard of accounts in the place of the first. */
static int add(const struct crowd *c, const char *dir)
{
	struct err e = ERR_INIT;
	char path[400];
	int rc = E_OK;

	snprintf(path, sizeof path, "%s/shards/users-r0000-000000.h5", dir);
	if (rank == 0 && (remove(path) || (rc = crowd_seal(c, dir, &e))))
		diag("%s", e.text);
	return err_agree(WORLD, rc, &e);
}

static int load(struct headcount *h, MPI_Comm comm, const char *dir, struct err *e)
{
	struct crawls crawls = { .n = 0 };
	char path[320];
	int rc;

	snprintf(path, sizeof path, "%s/shards", dir);
	rc = headcount_load(h, comm, E_OK, path, NULL, &crawls, e);
	crawls_release(&crawls);
	return rc;
}

/* The accounts one by one. */
static int is_right(const struct headcount *h, const struct crowd *c)
{
	struct headcount *want = calloc(1, sizeof *want);
	unsigned user = 1u << LIST_FOLLOWERS;
	int same;

	for (uint64_t i = c->first; i < c->first + c->n; i++) {
		struct account a = crowd_account(i);
		int year = oid_cmp(a.oid, OID_MIN) ? (int)(1970 + oid_seconds(a.oid) / 31556952) : 0;

		want->pattern[a.sources][a.type]++;
		want->year[year ? year - HEADCOUNT_YEAR : HEADCOUNT_YEARS][a.type]++;
		want->total++;
		want->renamed += !c->key_id && i % 50 == 1 && (i - 1) % 8 != 0 && i % 8 != 0 && i > c->first;
		want->list[LIST_FOLLOWERS].known += (account_lists((enum account_type)a.type) & user) != 0;
		want->list[LIST_FOLLOWERS].done += (a.done & user) != 0;
	}
	same = !memcmp(h->pattern, want->pattern, sizeof h->pattern) && h->total == want->total &&
	       h->renamed == want->renamed && h->list[LIST_FOLLOWERS].known == want->list[LIST_FOLLOWERS].known &&
	       h->list[LIST_FOLLOWERS].done == want->list[LIST_FOLLOWERS].done &&
	       h->list[LIST_FOLLOWERS].unfinished == 1 && h->list[LIST_FOLLOWERS].refused == 0;
	/* Years by their mean length: right but near their ends. */
	for (int y = 0; y <= HEADCOUNT_YEARS; y++)
		for (int t = 0; t < NACCOUNT_TYPES; t++)
			same &= llabs((long long)(h->year[y][t] - want->year[y][t])) <= (y < HEADCOUNT_YEARS ? 5 : 0);
	if (!same)
		diag("%llu accounts, want %llu; renamed %lld, %lld; lists %lld, %lld", (unsigned long long)h->total,
		     (unsigned long long)want->total, (long long)h->renamed, (long long)want->renamed,
		     (long long)h->list[LIST_FOLLOWERS].known, (long long)want->list[LIST_FOLLOWERS].known);
	free(want);
	return same;
}

/* Row by row on one rank: the order, and all that was merged. */
static int is_ordered(const struct roster *r, const struct crowd *c)
{
	int good = r->n == c->n;

	for (uint64_t i = 0; i < r->n && good; i++) {
		size_t n, m = 0;
		const char *s = texts_get(&r->name, i, &n), *t = i ? texts_get(&r->name, i - 1, &m) : "";
		const char *dash;
		char key[64], before[64], spelled[64];
		int a, b, order;
		uint64_t id;
		struct account want;

		account_key(key, s, n);
		account_key(before, t, m);
		/* The number that the name was made of: 658671 is the inverse of 7919. */
		memcpy(spelled, s, n < sizeof spelled ? n : sizeof spelled - 1);
		spelled[n < sizeof spelled ? n : sizeof spelled - 1] = '\0';
		dash = strchr(spelled, '-');
		id = dash ? strtoull(dash + 1, NULL, 10) * 658671 % 1000003 : 0;
		want = crowd_account(id);
		good &= crowd_name(id, 0, spelled) == n && !memcmp(spelled, s, n) && r->type[i] == want.type &&
			r->sources[i] == want.sources && r->followers[i] == want.followers &&
			!oid_cmp(r->oid[i], want.oid);
		if (i == 0)
			continue;
		a = oid_cmp(r->oid[i - 1], OID_MIN) == 0;
		b = oid_cmp(r->oid[i], OID_MIN) == 0;
		order = a || b ? a - b : oid_cmp(r->oid[i - 1], r->oid[i]);
		good &= order < 0 || (order == 0 && (memcmp(before, key, n < m ? n : m) < 0 || m < n));
		if (!good)
			diag("row %llu: %.*s", (unsigned long long)i, (int)n, s);
	}
	return good;
}

static void check_merge(const struct crowd *c, const char *dir, const char *name)
{
	struct err e = ERR_INIT;
	struct headcount *h = calloc(1, sizeof *h);
	int rc = load(h, WORLD, dir, &e);

	if (rc)
		diag("%s", e.text);
	ok_all(WORLD, rc == E_OK && is_right(h, c), name);
	headcount_release(h);
	rc = load(h, MPI_COMM_SELF, dir, &e);
	ok_all(WORLD, rc == E_OK && is_ordered(&h->roster, c), "… every account merged, in order");
	headcount_release(h);
	free(h);
}

static void check_failing(const char *dir, int code, const char *word, const char *name)
{
	struct err e = ERR_INIT;
	struct headcount *h = calloc(1, sizeof *h);
	char text[512];
	int rc = load(h, WORLD, dir, &e);

	memcpy(text, e.text, sizeof text);
	MPI_Bcast(text, sizeof text, MPI_BYTE, 0, WORLD);
	ok_all(WORLD, rc == code && !strcmp(text, e.text) && strstr(text, word), name);
	headcount_release(h);
	free(h);
}

/* Two snapshots that share a third of their accounts: the larger of each register is the sketch of both together. */
static void check_sketches(void)
{
	struct crowd part[3] = { { 0, 3000, 2, 1, NULL }, { 2000, 3000, 3, 1, NULL }, { 0, 5000, 1, 1, NULL } };
	struct headcount *h = calloc(3, sizeof *h);
	struct err e = ERR_INIT;
	char dir[300], name[32];
	int rc = E_OK;
	double n;

	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof name, "sketch-%d", i);
		make(&part[i], dir, name);
		rc |= load(&h[i], WORLD, dir, &e);
	}
	n = sketch_estimate(&h[2].sketch);
	sketch_merge(&h[0].sketch, &h[1].sketch);
	ok_all(WORLD, rc == E_OK && !memcmp(&h[0].sketch, &h[2].sketch, sizeof h[0].sketch),
	       "sketches of two snapshots merge to that of both, register by register");
	ok_all(WORLD, n > 5000 * 0.975 && n < 5000 * 1.025, "… within 2.5 %");
	for (int i = 0; i < 3; i++)
		headcount_release(&h[i]);
	free(h);
}

int main(int argc, char **argv)
{
	struct crowd c = { 0, 4000, 1, 1, NULL };
	char dir[300], first[300], *want;

	MPI_Init(&argc, &argv);
	MPI_Comm_rank(WORLD, &rank);
	scratch_make(root);
	make(&c, first, "one-shard");
	check_merge(&c, first, "one shard: the counts of a plain loop");
	want = same_alone(first);
	same_by_all(want, first, first, "fewer shards than ranks: the same census.json");
	c.nshard = 13;
	c.repeat = 2;
	make(&c, dir, "many-shards");
	check_merge(&c, dir, "many shards, all observed twice: the same counts");
	same_by_all(want, first, dir, "many shards: the same census.json");
	scratch_cut(dir, account_shard_list);
	check_failing(dir, E_DAMAGED, "/shards/users-", "a shard cut in half: all ranks say the same");
	c.key_id = "0123456789abcdef0123456789abcdef";
	make(&c, dir, "hashes");
	check_merge(&c, dir, "hashes in the place of names");
	c.key_id = NULL;
	c.nshard = 1;
	add(&c, dir);
	check_failing(dir, E_FORMAT, "hashes", "names beside hashes are refused");
	check_sketches();
	free(want);
	scratch_remove(root);
	return tap_finalize();
}
