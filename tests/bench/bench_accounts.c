// SPDX-License-Identifier: Apache-2.0
/* A census of N made-up accounts as shards, for bench_reduce.py: bench_accounts DIR N. Each is observed once, and every
 * second one again in another shard. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/h5accounts.h"
#include "io/snapshot.h"
#include "tests/mpi/accounts.h"

enum { PER_SHARD = 250000, TIME = 1767225600 };

/* 13 bytes on average, as names of the Hub are long. */
static size_t name_of(uint64_t i, char name[64])
{
	unsigned long long x = i + 0x100000;

	return (size_t)snprintf(name, 64, "%s%llx", i % 2 ? "somebody-" : "Ada-", x);
}

static int add(struct account_shard *s, uint64_t i, int again)
{
	uint64_t h = crowd_mix(i + 1);
	struct account a = ACCOUNT_INIT;
	char name[64];

	a.observed = TIME;
	a.type = ACCOUNT_USER;
	a.sources = (uint16_t)(1u << (again ? SOURCE_FOLLOWING : SOURCE_MEMBER + (int)(h % 3)));
	if (i % 20) {
		a.oid = oid_at(1450000000 + (int64_t)(h % 340000000));
		memcpy(a.oid.b + 4, &i, sizeof i);
	}
	return account_shard_add(s, &a, name, name_of(i, name));
}

static int seal_one(const char *dir, const char *id, uint64_t first, uint64_t n, struct err *e)
{
	uint64_t end = first + PER_SHARD < n ? first + PER_SHARD : n;
	struct account_shard s;
	char path[4096];
	int rc = 0;

	snprintf(path, sizeof path, "%s/shards", dir);
	account_shard_init(&s, id, 0, 1000, "");
	s.seq = (int64_t)(first / PER_SHARD);
	for (uint64_t i = first; i < end && !rc; i++) {
		rc = add(&s, i, 0);
		if (i % 2)
			rc |= add(&s, (i + n / 2) / 2 * 2 % n, 1);
	}
	rc = rc ? E_NOMEM : account_shard_seal(&s, path, e);
	account_shard_release(&s);
	return rc;
}

/* No models, and nothing missing. */
static int seal_models(const char *dir, const char *id, struct err *e)
{
	struct shard_piece all = { .span = { OID_MIN, oid_prev(oid_at(TIME + 1)) } };
	struct shard s;
	char path[4096];
	int rc;

	snprintf(path, sizeof path, "%s/shards", dir);
	shard_init(&s, KIND_MODELS, id, 0, 1000);
	rc = shard_add_piece(&s, &all) ? E_NOMEM : shard_seal(&s, path, e);
	shard_release(&s);
	return rc;
}

int main(int argc, char **argv)
{
	uint64_t n = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	struct snapshot snap = { .fields = (1u << NFIELDS) - 1,
				 .hub = "http://hub.example",
				 .t0 = TIME,
				 .kinds = 1u << KIND_MODELS,
				 .users = 1 };
	struct err e = ERR_INIT;
	int rc;

	if (n == 0) {
		fputs("bench_accounts DIR N\n", stderr);
		return 2;
	}
	rc = snapshot_create(&snap, argv[1], NULL, &e);
	rc = rc ? rc : seal_models(argv[1], snap.id, &e);
	for (uint64_t first = 0; first < n && !rc; first += PER_SHARD)
		rc = seal_one(argv[1], snap.id, first, n, &e);
	if (rc)
		fprintf(stderr, "bench_accounts: %s\n", e.text);
	return rc ? 4 : 0;
}
