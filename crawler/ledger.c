// SPDX-License-Identifier: Apache-2.0
#include "crawler/ledger.h"

#include <string.h>

void ledger_init(struct ledger *l, const char *snapshot, int rank, int64_t session, int64_t seq,
		 const struct pseudonym *p, const char *shards, const char *names)
{
	memset(l, 0, sizeof *l);
	account_shard_init(&l->shard, snapshot, rank, session, "");
	l->shard.seq = seq;
	l->pseudonym = p;
	l->shards = shards;
	l->names = names;
	l->oldest = -1;
}

void ledger_release(struct ledger *l)
{
	account_shard_release(&l->shard);
}

int ledger_is_due(struct ledger *l, int64_t now)
{
	if (l->oldest < 0 && !account_shard_is_empty(&l->shard))
		l->oldest = now;
	return l->shard.n >= (uint64_t)l->seal_rows || l->shard.why.n >= LEDGER_REFUSALS ||
	       (l->oldest >= 0 && now - l->oldest >= l->seal_ms);
}

/* --- twins --- */

static int hash_rows(struct account_shard *to, const struct account_shard *from, const struct pseudonym *p)
{
	char hex[PSEUDONYM_HEX];

	for (uint64_t i = 0; i < from->n; i++) {
		struct account a = pseudonym_coarsen(from->row[i]);
		size_t n;
		const char *name = texts_get(&from->name, i, &n);

		sketch_add(&to->sketch, name, n);
		if (pseudonym_of(p, name, n, hex) || account_shard_add(to, &a, hex, sizeof hex))
			return -1;
	}
	return 0;
}

/* Whose list is hashed, unless it is a repository's; the cursor may name an account, and only names can use it. */
static int hash_lists(struct account_shard *to, const struct account_shard *from, const struct pseudonym *p)
{
	char hex[PSEUDONYM_HEX];

	for (uint64_t i = 0; i < from->nlist; i++) {
		size_t n;
		const char *whose = texts_get(&from->whose, i, &n);

		if (from->list[i].list < NACCOUNT_OWN) {
			if (pseudonym_of(p, whose, n, hex))
				return -1;
			whose = hex;
			n = sizeof hex;
		}
		if (account_shard_add_list(to, from->list + i, whose, n, "", 0))
			return -1;
	}
	return 0;
}

/* What was refused may name somebody: why is all that is kept. */
static int hash_refusals(struct account_shard *to, const struct account_shard *from)
{
	for (uint64_t i = 0; i < from->why.n; i++) {
		char why[128];
		size_t n;
		const char *s = texts_get(&from->why, i, &n);

		n = n < sizeof why ? n : sizeof why - 1;
		memcpy(why, s, n);
		why[n] = '\0';
		if (account_shard_add_refusal(to, why, "", 0))
			return -1;
	}
	return 0;
}

static int seal_twin(const struct pseudonym *p, const struct account_shard *from, int64_t seq, const char *shards,
		     struct err *e)
{
	struct account_shard to;
	int rc;

	account_shard_init(&to, from->snapshot, from->rank, from->session, p->id);
	to.seq = seq;
	memcpy(to.counter, from->counter, sizeof to.counter);
	to.counter[CNT_SHARDS] = 0;
	memcpy(to.asked, from->asked, sizeof to.asked);
	if (hash_rows(&to, from, p) || hash_lists(&to, from, p) || hash_refusals(&to, from))
		rc = err_set(e, E_NOMEM, "no memory to seal a shard of accounts");
	else
		rc = account_shard_seal(&to, shards, e);
	account_shard_release(&to);
	return rc;
}

int ledger_mend(const struct pseudonym *p, const char *path, const char *snapshot, const char *shards, struct err *e)
{
	struct account_shard s;
	int rc = account_shard_read(&s, path, snapshot, e);

	if (!rc)
		rc = seal_twin(p, &s, s.seq, shards, e);
	account_shard_release(&s);
	return rc;
}

/* --- sealing --- */

int ledger_seal(struct ledger *l, struct err *e)
{
	struct account_shard *s = &l->shard;

	if (account_shard_is_empty(s))
		return E_OK;
	if (account_shard_seal(s, l->pseudonym ? l->names : l->shards, e) ||
	    (l->pseudonym && seal_twin(l->pseudonym, s, s->seq - 1, l->shards, e)))
		return e->code;
	for (int c = 0; c < NCOUNTERS; c++)
		l->total[c] += s->counter[c];
	account_shard_clear(s);
	l->oldest = -1;
	return E_OK;
}
