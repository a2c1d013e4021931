// SPDX-License-Identifier: Apache-2.0
/* What a rank has seen of accounts and not sealed yet. Local.
 *
 * With keyed hashes instead of names (--no-user-names) a shard is sealed twice: with names in DIR/users.private, which
 * the crawl needs to go on (a list can only be asked by name) and which is removed when it is complete; then with
 * hashes in DIR/shards. A kill in between leaves a private shard without its twin: ledger_mend() makes that.
 */
#ifndef CRAWLER_LEDGER_H
#define CRAWLER_LEDGER_H

#include "io/h5accounts.h"
#include "io/pseudonym.h"

/* A shard is sealed early when it holds so many refusals. */
#define LEDGER_REFUSALS 5000

struct ledger {
	struct account_shard shard;
	const struct pseudonym *pseudonym; /* NULL: names are kept */
	const char *shards, *names;        /* folders; names: DIR/users.private */
	int64_t seal_rows, seal_ms;
	int64_t oldest; /* when what is in it came, ms; -1: nothing */
	int64_t total[NCOUNTERS];
};

/* `names` is used with a pseudonym only. All pointers must live as long. */
void ledger_init(struct ledger *l, const char *snapshot, int rank, int64_t session, int64_t seq,
		 const struct pseudonym *p, const char *shards, const char *names);
void ledger_release(struct ledger *l);

/* Is it large or old enough to be sealed? */
int ledger_is_due(struct ledger *l, int64_t now);

/* Seal what there is. Errors: those of account_shard_seal(); what could not be sealed stays. */
int ledger_seal(struct ledger *l, struct err *e);

/* Make the twin with hashes of a shard with names. Errors: those of account_shard_read() and _seal(). */
int ledger_mend(const struct pseudonym *p, const char *path, const char *snapshot, const char *shards, struct err *e);

#endif
