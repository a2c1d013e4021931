// SPDX-License-Identifier: Apache-2.0
/* Shards that somebody has made with intent (hostile.h): those of repositories and those of accounts. */
#include "io/h5accounts.h"
#include "io/h5shard.h"
#include "tests/unit/hostile.h"

#define ID "0123456789abcdef0123456789abcdef"

static void make_shard(struct reader *r)
{
	struct shard_piece p = { { oid_at(1000), oid_at(2000) }, 0, 3, 50, 50, 60, (char *)"cursor==" };
	struct err e = ERR_INIT;
	struct shard s;

	shard_init(&s, KIND_MODELS, ID, 0, 99);
	for (int i = 0; i < 50; i++) {
		table_begin_row(&s.rows);
		table_set_oid(&s.rows, F_OID, oid_at(1001 + i));
		table_set_text(&s.rows, F_ID, "owner/name", 10);
		table_set_label(&s.rows, F_GATED, i % 2 ? "auto" : "false", i % 2 ? 4 : 5);
		table_add_element(&s.rows, F_TAGS, "region:us", 9);
		table_end_row(&s.rows);
	}
	shard_add_piece(&s, &p);
	shard_add_refusal(&s, -1, 55, OID_MIN, "no _id", "{}", 2);
	ok(shard_seal(&s, dir, &e) == E_OK, "a good shard %s", e.text);
	shard_release(&s);
	snprintf(r->good, sizeof r->good, "%s/models-r0000-000000.h5", dir);
}

static int read_shard(const char *path, struct err *e)
{
	struct shard s;
	uint64_t nrows;
	int rc = shard_read(&s, path, ID, 1, &nrows, e);

	shard_release(&s);
	return rc;
}

static void make_accounts(struct reader *r)
{
	struct account_list_row more = { LIST_FOLLOWERS, LIST_MORE, 3, 1500, 99 };
	struct err e = ERR_INIT;
	struct account_shard s;

	account_shard_init(&s, ID, 0, 99, "");
	for (int i = 0; i < 50; i++) {
		struct account a = { .oid = oid_at(1001 + i), .followers = i, .observed = 1000, .sources = 1 };
		char name[32];

		account_shard_add(&s, &a, name, (size_t)snprintf(name, sizeof name, "User-%d", i));
	}
	for (int i = 0; i < 3; i++)
		account_shard_add_list(&s, &more, "User-1", 6, "cursor==", 8);
	account_shard_add_refusal(&s, "no name", "{}", 2);
	ok(account_shard_seal(&s, dir, &e) == E_OK, "a good shard of accounts %s", e.text);
	account_shard_release(&s);
	snprintf(r->good, sizeof r->good, "%s/users-r0000-000000.h5", dir);
}

static int read_accounts(const char *path, struct err *e)
{
	struct account_shard s;
	int rc = account_shard_read(&s, path, ID, e);

	account_shard_release(&s);
	return rc;
}

/* As many refusals as no crawl seals, each of which would take more memory than the file has bytes for it. */
static void many_refusals(const struct reader *r)
{
	struct err e = ERR_INIT;
	struct shard s;
	char text[512] = "", path[128];

	shard_init(&s, KIND_MODELS, ID, 1, 99);
	for (int i = 0; i <= SHARD_REFUSALS_MAX; i++)
		shard_add_refusal(&s, F_TAGS, 55, OID_MIN, "", "", 0);
	snprintf(path, sizeof path, "%s/models-r0001-000000.h5", dir);
	name_bad(path);
	ok(!shard_seal(&s, dir, &e) && !rename(path, bad) && read_bad(r, text) == E_FORMAT && strstr(text, "refusals"),
	   "%u refusals: %.150s", s.nrefusal, text);
	s.nrefusal--;
	snprintf(path, sizeof path, "%s/models-r0001-000001.h5", dir);
	name_bad(path);
	ok(!shard_seal(&s, dir, &e) && !rename(path, bad) && read_bad(r, text) == E_OK, "%u are read", s.nrefusal);
	s.nrefusal++;
	shard_release(&s);
}

int main(int argc, char **argv)
{
	static const struct target of_shard[] = { { "rows/_id", 0 },
						  { "rows/downloads", 0 },
						  { "rows/id/off", 0 },
						  { "rows/tags/code", 0 },
						  { "rows/gated/label_bytes", 0 },
						  { "pieces/lo", 0 },
						  { "pieces/next_bytes", 0 },
						  { "refusals/raw_bytes", 0 },
						  { "counters", 0 },
						  { NULL, 0 } },
				   of_accounts[] = { { "accounts/oid", 0 },
						     { "accounts/type", 0 },
						     { "accounts/sources", 0 },
						     { "accounts/followers", 0 },
						     { "accounts/name_off", 0 },
						     { "accounts/name_bytes", 0 },
						     { "lists/state", 0 },
						     { "lists/whose_off", 0 },
						     { "lists/next_bytes", 0 },
						     { "refusals/raw_bytes", 0 },
						     { "counters", 0 },
						     { "asked", 0 },
						     { "sketch", 0 },
						     { NULL, 0 } };
	struct reader shard = { "a shard", "shard", SHARD_VERSION, read_shard, 0, "" },
		      accounts = { "accounts", "account-shard", ACCOUNT_SHARD_VERSION, read_accounts, 0, "" };
	int rounds = argc > 1 ? atoi(argv[1]) : 500;

	hostile_begin();
	make_shard(&shard);
	make_accounts(&accounts);
	tricks(&shard, of_shard);
	bits_of_attributes(&shard, 4);
	many_refusals(&shard);
	mutated(&shard, rounds);
	tricks(&accounts, of_accounts);
	bits_of_attributes(&accounts, 4);
	mutated(&accounts, rounds);
	return hostile_end();
}
