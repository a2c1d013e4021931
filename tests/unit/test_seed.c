// SPDX-License-Identifier: Apache-2.0
/* Names chosen so that they fall into one slot, by who knows the hash but not the seed: they spread like any others. */
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "crawler/accounts.h"
#include "io/dict.h"
#include "io/seed.h"
#include "reduce/roster.h"
#include "tests/tap.h"

/* Of 512 that are spread by chance over 1,024 slots, the longest run is about 20. */
enum { N = 512, RUN = 128 };

struct name {
	char s[16];
	size_t n;
};

static uint64_t of_text(const char *s, size_t n)
{
	return XXH3_64bits(s, n);
}

/* N names whose bits `mask` of the hash are all 0. */
static void choose(struct name *to, uint64_t (*hash)(const char *, size_t), uint64_t mask)
{
	for (unsigned i = 0, n = 0; n < N; i++) {
		struct name x;

		x.n = (size_t)snprintf(x.s, sizeof x.s, "tag-%07u", i);
		if (!(hash(x.s, x.n) & mask))
			to[n++] = x;
	}
}

/* The longest row of words that are not 0, each `step` words from the other. */
static int longest_run(const uint32_t *word, uint64_t n, size_t step)
{
	int run = 0, most = 0;

	for (uint64_t i = 0; i < n; i++) {
		run = word[i * step] ? run + 1 : 0;
		most = run > most ? run : most;
	}
	return most;
}

static void dictionary(struct name *x)
{
	struct dict d = { .nslot = 0 };
	int32_t code;
	int wrong = 0, run;

	choose(x, of_text, 1023);
	for (int i = 0; i < N; i++)
		wrong += dict_add(&d, x[i].s, x[i].n, &code) || code != i;
	for (int i = 0; i < N; i++)
		wrong += dict_find(&d, x[i].s, x[i].n) != i;
	ok(!wrong && d.nslot <= 1024, "a dictionary numbers %d texts of one slot in the order of their first use", N);
	run = longest_run(&d.slot->code, d.nslot, sizeof *d.slot / sizeof d.slot->code);
	ok(run < RUN, "which spread over its slots: the longest run is %d", run);
	dict_release(&d);
}

static void roster(struct name *x)
{
	struct roster r = { .n = 0 };
	struct account a = ACCOUNT_INIT;
	int wrong = 0, run;

	choose(x, account_hash, 1023);
	for (int i = 0; i < N; i++)
		wrong += roster_add(&r, x[i].s, x[i].n, &a);
	for (int i = 0; i < N; i++)
		wrong += roster_find(&r, x[i].s, x[i].n) != i;
	ok(!wrong && r.nslot <= 1024, "a roster has %d accounts of one slot", N);
	run = longest_run(r.slot, r.nslot, 1);
	ok(run < RUN, "which spread over its slots: the longest run is %d", run);
	roster_release(&r);
}

static void table(struct name *x)
{
	struct accounts a;
	uint32_t ref, most = 0;
	int wrong = 0, is_new;

	accounts_init(&a);
	choose(x, account_hash, ACCOUNTS_NTABLES - 1);
	for (int i = 0; i < N; i++)
		wrong += !accounts_add(&a, x[i].s, x[i].n, account_hash(x[i].s, x[i].n), &ref, &is_new) || !is_new;
	for (int i = 0; i < N; i++)
		wrong += !accounts_find(&a, x[i].s, x[i].n, account_hash(x[i].s, x[i].n));
	for (int i = 0; i < ACCOUNTS_NTABLES; i++)
		most = a.table[i].n > most ? a.table[i].n : most;
	ok(!wrong && a.n == N, "a crawl knows %d accounts of one table", N);
	ok(most < 32, "which spread over its tables: %u in one at most", most);
	accounts_release(&a);
}

int main(void)
{
	struct name *x = malloc(N * sizeof *x);

	ok(x && hash_seed != 0, "a seed was drawn");
	if (x) {
		dictionary(x);
		roster(x);
		table(x);
	}
	free(x);
	return plan_done();
}
