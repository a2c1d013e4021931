// SPDX-License-Identifier: Apache-2.0
/* The reader of shards of accounts on any file, the stamp made good first as a forger would: what comes back holds what
 * the header promises, or is refused in one line. */
#include <stdlib.h>

#include "io/h5accounts.h"
#include "tests/fuzz/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(int cond)
{
	if (!cond)
		abort();
}

static void check_names(const struct texts *t, uint64_t n)
{
	require(t->n == n);
	for (uint64_t i = 0; i < n; i++) {
		size_t len;
		const char *s = texts_get(t, i, &len);

		require(account_name_is_valid(s, len));
	}
}

static void check(const struct account_shard *s)
{
	check_names(&s->name, s->n);
	check_names(&s->whose, s->nlist);
	require(s->next.n == s->nlist && s->why.n == s->raw.n && sketch_valid(&s->sketch));
	for (uint64_t i = 0; i < s->n; i++)
		require(s->row[i].type < NACCOUNT_TYPES && s->row[i].sources < 1 << NACCOUNT_SOURCES &&
			s->row[i].done < 1 << NACCOUNT_OWN && s->row[i].refused < 1 << NACCOUNT_OWN &&
			s->row[i].followers >= -1 && s->row[i].observed >= 0);
	for (uint64_t i = 0; i < s->nlist; i++)
		require(s->list[i].list < NACCOUNT_LISTS && s->list[i].state <= LIST_REFUSED && s->list[i].pages >= 0);
}

static int read_it(const char *path)
{
	struct err e = ERR_INIT;
	struct account_shard s;
	int rc = account_shard_read(&s, path, NULL, &e);

	require(rc == e.code);
	if (!rc)
		check(&s);
	else
		require(rc == E_FORMAT || rc == E_DAMAGED || rc == E_NOMEM || rc == E_IO);
	account_shard_release(&s);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	memory_read(data, n, "account-shard", ACCOUNT_SHARD_VERSION, read_it);
	return 0;
}
