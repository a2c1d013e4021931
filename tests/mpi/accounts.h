// SPDX-License-Identifier: Apache-2.0
/* Made-up accounts as shards, written by the program's own writer: the same observations however they are dealt. */
#ifndef TESTS_MPI_ACCOUNTS_H
#define TESTS_MPI_ACCOUNTS_H

#include <stdio.h>
#include <string.h>

#include "io/h5accounts.h"
#include "io/snapshot.h"

struct crowd {
	uint64_t first, n; /* accounts first … first + n - 1 */
	int nshard;        /* shards, of as many ranks */
	int repeat;        /* every observation so many times, in different shards */
	const char *key_id;
};

static uint64_t crowd_mix(uint64_t x)
{
	x = (x + 0x9E3779B97F4A7C15u) * 0xBF58476D1CE4E5B9u;
	x ^= x >> 29;
	x *= 0x94D049BB133111EBu;
	return x ^ x >> 32;
}

/* Account i in all: what the merge of its observations must give. Every 8th has no _id, every 50th that of the one
 * before it, every 9th is of unknown type and was seen as an owner alone. */
static struct account crowd_account(uint64_t i)
{
	uint64_t h = crowd_mix(i);
	struct account a = ACCOUNT_INIT;

	a.type = i % 9 == 0 ? ACCOUNT_UNKNOWN : i % 9 == 1 ? ACCOUNT_ORG : ACCOUNT_USER;
	a.sources = (uint16_t)(a.type == ACCOUNT_UNKNOWN ? 1u << SOURCE_OWNER
			       : a.type == ACCOUNT_ORG   ? 1u << SOURCE_OWNER | (h >> 8 & 1) << SOURCE_OVERVIEW_ORG
							 : 1u << SOURCE_LIKER);
	for (int s = SOURCE_MEMBER; s <= SOURCE_FOLLOWING && a.type == ACCOUNT_USER; s++)
		a.sources = (uint16_t)(a.sources | (unsigned)((h >> (2 * s) & 3) == 0) << s);
	if (a.type == ACCOUNT_USER && h >> 20 & 1) /* not all are likers */
		a.sources = (uint16_t)((a.sources & ~(1u << SOURCE_LIKER)) | 1u << SOURCE_FOLLOWER);
	if (i % 8) {
		uint64_t of = i % 50 == 1 ? i - 1 : i;

		a.oid = oid_at(1450000000 + (int64_t)(crowd_mix(of) % 340000000));
		memcpy(a.oid.b + 4, &of, sizeof of);
	}
	a.followers = i % 5 ? -1 : (int64_t)(h % 1000);
	a.done = (uint8_t)(a.type != ACCOUNT_UNKNOWN && i % 4 ? account_lists((enum account_type)a.type) : 0);
	a.observed = 1700000000;
	return a;
}

static size_t crowd_name(uint64_t i, int lower, char name[64])
{
	size_t n = (size_t)snprintf(name, 64, "%s-%llu", i % 3 ? "Somebody" : "x",
				    (unsigned long long)(i * 7919 % 1000003));

	if (lower)
		account_key(name, name, n);
	return n;
}

/* A part of what is known of the account, the k-th of three observations that make the whole. */
static struct account crowd_part(uint64_t i, int k)
{
	struct account all = crowd_account(i), a = ACCOUNT_INIT;

	a.observed = all.observed + k;
	if (k == 0) {
		a.sources = all.sources & 0x55;
		a.oid = all.oid;
	} else if (k == 1) {
		a.sources = all.sources & 0xaa;
		a.type = all.type;
		a.done = all.done;
	} else {
		a.sources = all.sources;
		a.followers = all.followers;
	}
	return a;
}

/* Seal the shards into DIR/shards and note in the snapshot that accounts are taken. Local. Returns an error code. */
__attribute__((unused)) static int crowd_seal(const struct crowd *c, const char *dir, struct err *e)
{
	struct snapshot snap;
	char shards[320];
	int found, rc = snapshot_read(&snap, dir, &found, e);

	snprintf(shards, sizeof shards, "%s/shards", dir);
	snap.users = 1;
	rc = rc ? rc : snapshot_add_users(&snap, dir, e);
	for (int r = 0; r < c->nshard && !rc; r++) {
		struct account_shard s;
		struct account_list_row more = { LIST_FOLLOWERS, LIST_MORE, 1, 500, 1700000000 };

		account_shard_init(&s, snap.id, r, 1000 + r, c->key_id ? c->key_id : "");
		for (uint64_t i = c->first; i < c->first + c->n && !rc; i++)
			for (int k = 0; k < 3 * c->repeat && !rc; k++) {
				struct account a = crowd_part(i, k % 3);
				char name[64];
				size_t n = crowd_name(i, k % 2, name);

				/* Every third shard is one of a rank that saw nobody. */
				if ((int)(crowd_mix(i + (uint64_t)k * 77) % (uint64_t)c->nshard) / 3 * 3 == r)
					rc = account_shard_add(&s, &a, name, n) ? E_NOMEM : E_OK;
			}
		/* Account 20 is a user whose list was begun; of 6 the bit says that it was finished, which wins. */
		if (!rc && r == 0) {
			char name[64];

			rc = account_shard_add_list(&s, &more, name, crowd_name(c->first + 20, 0, name), "next", 4) ||
					     account_shard_add_list(&s, &more, name, crowd_name(c->first + 6, 0, name),
								    "next", 4)
				   ? E_NOMEM
				   : E_OK;
			s.counter[CNT_REQUESTS] = 5;
		}
		if (c->key_id)
			for (uint64_t i = 0; i < s.n; i++) {
				size_t n;
				const char *name = texts_get(&s.name, i, &n);

				sketch_add(&s.sketch, name, n);
			}
		rc = rc ? rc : account_shard_seal(&s, shards, e);
		account_shard_release(&s);
	}
	return rc;
}

#endif
