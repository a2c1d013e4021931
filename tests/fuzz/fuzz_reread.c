// SPDX-License-Identifier: Apache-2.0
/* --from-archive on any archive: what is kept lies in the windows that are covered, none is covered twice, names of
 * accounts are valid ones, and only memory can run out. The first byte says after how many records a session ends. */
#include <stdlib.h>
#include <string.h>

#include "crawler/reread.h"

#define ID       "0123456789abcdef0123456789abcdef"
#define BODY_MAX 100000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(int cond)
{
	if (!cond)
		abort();
}

static struct snapshot asked_for(void)
{
	struct snapshot s = { .id = ID, .hub = "http://h", .kinds = 7, .users = 1, .t0 = 1795000000 };

	for (int f = 0; f < NFIELDS; f++)
		if (!(schema[f].flags & COL_OPTIONAL))
			s.fields |= 1u << f;
	return s;
}

static int is_covered(const struct cover *c, struct oid o)
{
	for (size_t i = 0; i < c->n; i++)
		if (oid_cmp(o, c->at[i].lo) > 0 && oid_cmp(o, c->at[i].hi) <= 0)
			return 1;
	return 0;
}

/* `taken` becomes what later sessions have. */
static void end_session(struct reread *r, struct cover taken[NKINDS])
{
	for (int k = 0; k < NKINDS; k++)
		for (size_t i = 0; i < r->fresh[k].n; i++)
			if (cover_add(taken + k, r->fresh[k].at[i]))
				abort();
	reread_next_session(r);
}

static void check_rows(const struct buffer *b, const struct cover taken[NKINDS])
{
	for (int k = 0; k < NKINDS; k++) {
		const struct shard *s = b->shard + k;

		for (uint64_t i = 0; i < s->rows.n; i++)
			require(is_covered(taken + k, s->rows.col[F_OID].oid[i]));
		for (uint32_t i = 0; i < s->npiece; i++)
			require(oid_cmp(s->piece[i].span.lo, s->piece[i].span.hi) < 0);
	}
}

static void check_accounts(const struct account_shard *s)
{
	for (uint64_t i = 0; i < s->n; i++) {
		size_t n;
		const char *name = texts_get(&s->name, i, &n);

		require(account_name_is_valid(name, n) && s->row[i].type < NACCOUNT_TYPES);
	}
	for (uint64_t i = 0; i < s->nlist; i++)
		require(s->list[i].list < NACCOUNT_LISTS && s->list[i].pages >= 0 && s->list[i].rows >= 0);
}

static void read_archive(struct reread *r, struct cover taken[NKINDS], const uint8_t *data, size_t n, unsigned turn)
{
	struct err e = ERR_INIT;
	struct warc_reader *w;
	const struct warc_record *x;
	unsigned count = 0;

	if (warc_open_memory(&w, data, n, "fuzz", BODY_MAX, &e))
		return;
	while (!warc_next(w, &x, &e) && x) {
		require(!reread_record(r, x, &e) || e.code == E_NOMEM);
		if (++count == turn)
			end_session(r, taken);
	}
	end_session(r, taken);
	require(r->npages <= r->nreplies && r->nreplies + r->nforeign <= (int64_t)count);
	warc_reader_free(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const int64_t seq[NKINDS] = { 0 };
	struct snapshot s = asked_for();
	struct cover taken[NKINDS] = { COVER_INIT, COVER_INIT, COVER_INIT };
	struct users_sealed sealed = { .session = 5 };
	struct relist lists = { .sealed = &sealed };
	struct err e = ERR_INIT;
	struct buffer b;
	struct reread r;
	struct hub hub;

	if (n == 0)
		return 0;
	require(!hub_parse(&hub, s.hub, &e));
	lists.hub = &hub;
	lists.roll = roll_create();
	ledger_init(&lists.ledger, ID, 0, 0, 0, NULL, "", "");
	buffer_init(&b, "", ID, 0, 0, seq);
	if (lists.roll && !reread_init(&r, &s, &hub, taken, &b, 0, 0, &e)) {
		r.lists = &lists;
		read_archive(&r, taken, data + 1, n - 1, data[0]);
		check_rows(&b, taken);
		check_accounts(&lists.ledger.shard);
		reread_release(&r);
	}
	for (int k = 0; k < NKINDS; k++)
		cover_release(taken + k);
	buffer_release(&b);
	ledger_release(&lists.ledger);
	roll_free(lists.roll);
	return 0;
}
