// SPDX-License-Identifier: Apache-2.0
/* What a reply means for its list, and for the account whose it is. */
#include <stdlib.h>
#include <string.h>

#include "crawler/asker_in.h"
#include "crawler/retry.h"
#include "io/log.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* So many replies of 401 in a row, and no other, are about the token and not about the lists. */
#define DENIED_MAX 20

static struct account_shard *shard_of(struct asker *a)
{
	return &a->setup.ledger->shard;
}

/* --- the end of a list --- */

/* Its state goes into the account's bits, or, of a repository, beside the accounts. */
static void close_list(struct asker *a, struct slot *s, int refused)
{
	struct ask *x = &s->ask;
	struct account_list_row l = { .list = x->list,
				      .state = refused ? LIST_REFUSED : LIST_DONE,
				      .pages = x->pages,
				      .rows = x->rows,
				      .observed = clock_wall_ms() / 1000 };

	shard_of(a)->asked[x->list][refused ? ASKED_REFUSED : ASKED_DONE]++;
	a->lists++;
	if (frontier_is_likers(x)) {
		char hex[OID_HEX + 1];
		const char *id;
		enum kind kind;
		struct oid oid;
		size_t n;

		frontier_repo(&a->frontier, x->ref, &kind, &oid, &id, &n);
		a->no_memory |= account_shard_add_list(shard_of(a), &l, oid_hex(oid, hex), OID_HEX, "", 0) < 0;
	} else {
		struct known *k = accounts_at(&a->accounts, x->ref);
		struct account own = ACCOUNT_INIT;
		uint8_t bit = (uint8_t)(1u << x->list);

		own.observed = l.observed;
		own.type = k->type;
		*(refused ? &own.refused : &own.done) = bit;
		*(refused ? &k->refused : &k->done) |= bit;
		k->begun = (uint8_t)(k->begun & ~bit);
		asker_record(a, k->name, k->n, &own);
	}
	free(x->next);
	x->next = NULL;
	s->state = SLOT_FREE;
	a->dirty = 1;
}

/* An account of which nothing told what it is: when it is neither a user's overview nor an organisation's list, its own
 * pages may be gone and others still there. */
static void try_the_rest(struct asker *a, uint32_t ref)
{
	const unsigned settle = account_lists(ACCOUNT_UNKNOWN);
	const struct known *k = accounts_at(&a->accounts, ref);

	if (k->type != ACCOUNT_UNKNOWN || (k->refused & settle) != settle)
		return;
	for (int l = 0; l < NACCOUNT_OWN; l++)
		if (!((settle | k->done | k->refused | k->begun) >> l & 1) &&
		    frontier_add_sized(&a->frontier, (enum account_list)l, 0, ref))
			a->no_memory = 1;
}

static void refuse(struct asker *a, struct slot *s, int status)
{
	uint32_t ref = s->ask.ref;
	int own = !frontier_is_likers(&s->ask), list = s->ask.list;

	close_list(a, s, 1);
	if (!own)
		return;
	/* A list that may not be seen is there, so its account is what has such lists. */
	if ((status == 401 || status == 403) && (list == LIST_MEMBERS || list == LIST_ORG_FOLLOWERS))
		asker_settle(a, ref, ACCOUNT_ORG);
	try_the_rest(a, ref);
}

/* --- pages --- */

/* Was the very same said of it lately? Then it is in this rank's shards, and its owner knows. */
static int is_recent(struct asker *a, const struct roll_row *row)
{
	unsigned char text[ACCOUNT_NAME_MAX + sizeof row->a.oid + 11];
	size_t n = row->n;
	uint64_t hash, *slot;

	memcpy(text, row->name, n);
	memcpy(text + n, &row->a.oid, sizeof row->a.oid);
	n += sizeof row->a.oid;
	memcpy(text + n, &row->a.followers, 8);
	memcpy(text + n + 8, &row->a.sources, 2);
	text[n + 10] = row->a.type;
	hash = XXH3_64bits(text, n + 11);
	slot = a->recent + (hash & (RECENT_N - 1));
	if (*slot == hash)
		return 1;
	*slot = hash;
	return 0;
}

static void keep_rows(struct asker *a, const struct slot *s, const struct roll_page *p)
{
	for (size_t i = 0; i < p->nrow; i++) {
		const struct roll_row *row = p->row + i;

		if (is_recent(a, row))
			continue;
		asker_record(a, row->name, row->n, &row->a);
		asker_meet(a, ITEM_MET, s->ask.class, row->name, row->n, &row->a);
	}
	for (size_t i = 0; i < p->nrefused; i++) {
		char why[64];
		size_t nwhy, nraw;
		const char *w = texts_get(p->refused_why, i, &nwhy), *raw = texts_get(p->refused_raw, i, &nraw);

		nwhy = nwhy < sizeof why ? nwhy : sizeof why - 1;
		memcpy(why, w, nwhy);
		why[nwhy] = '\0';
		a->no_memory |= account_shard_add_refusal(shard_of(a), why, raw, nraw) < 0;
	}
	shard_of(a)->counter[CNT_REFUSED] += (int64_t)p->nrefused;
	shard_of(a)->counter[CNT_ROWS] += (int64_t)p->nrow;
	shard_of(a)->counter[CNT_PAGES]++;
	shard_of(a)->asked[s->ask.list][ASKED_ROWS] += (int64_t)p->nrow;
	shard_of(a)->asked[s->ask.list][ASKED_PAGES]++;
}

/* Its number of followers, or of followed, is known: 0 needs no request, and others wait by size. Returns how many
 * requests that saves. */
static int size_list(struct asker *a, uint32_t ref, enum account_list list, int64_t n, struct account *own)
{
	struct known *k = accounts_at(&a->accounts, ref);
	unsigned size = accounts_size(n), bit = 1u << list;

	if (n < 0 || (k->done | k->refused | k->begun) & bit)
		return 0;
	frontier_told(&a->frontier, k, list, size);
	if (n == 0) {
		k->done = (uint8_t)(k->done | bit);
		own->done = (uint8_t)(own->done | bit);
		return 1;
	}
	k->sizes = (uint8_t)(k->sizes | (list == LIST_FOLLOWERS ? size : size << 4));
	a->no_memory |= frontier_add_sized(&a->frontier, list, size, ref) < 0;
	return 0;
}

static void keep_overview(struct asker *a, const struct slot *s, const struct roll_page *p)
{
	struct known *k = accounts_at(&a->accounts, s->ask.ref);
	struct account own = p->own;

	/* Asked of users alone. */
	own.type = ACCOUNT_USER;
	own.sources = 0;
	frontier_saved(&a->frontier, s->ask.class,
		       size_list(a, s->ask.ref, LIST_FOLLOWERS, p->own.followers, &own) +
			       size_list(a, s->ask.ref, LIST_FOLLOWING, p->nfollowing, &own));
	asker_record(a, k->name, k->n, &own);
}

/* Is the cursor one that the list has named before? The mark moves to pages 1, 2, 4, 8 …, so a circle is found after at
 * most three times its length (R. Brent, "An improved Monte Carlo factorization algorithm", BIT 20, 1980). */
static int is_circle(struct ask *x, const char *cursor)
{
	uint64_t hash = XXH3_64bits(cursor, strlen(cursor));

	if (x->mark_pages > 0 && x->mark == hash)
		return 1;
	if (x->pages >= 2 * x->mark_pages) {
		x->mark = hash;
		x->mark_pages = x->pages;
	}
	return 0;
}

static void go_on(struct asker *a, struct slot *s, const char *cursor)
{
	char *next = strdup(cursor);

	if (!next) {
		a->no_memory = 1;
		return;
	}
	free(s->ask.next);
	s->ask.next = next;
	s->ask.is_new = 1;
	/* In the queue with the others: another list may bring more. */
	a->no_memory |= frontier_put_back(&a->frontier, &s->ask) < 0;
	s->state = SLOT_FREE;
	a->dirty = 1;
}

static int take_page(struct asker *a, struct slot *s, const struct fetch_reply *r, int64_t now, int *good,
		     struct err *e)
{
	char cursor[HUB_CURSOR_MAX];
	enum account_list list = (enum account_list)s->ask.list;
	enum hub_next next;
	struct roll_page p;

	if (roll_take(a->roll, list, r->body, r->nbody, clock_wall_ms() / 1000, &p, e))
		return e->code;
	if (!p.is_page) {
		shard_of(a)->counter[CNT_NOT_JSON]++;
		asker_fail(a, s, p.why, now);
		return E_OK;
	}
	*good = 1;
	s->failures = 0;
	s->ask.failed = 0;
	s->ask.pages++;
	s->ask.rows += (int64_t)p.nrow;
	a->pages++;
	keep_rows(a, s, &p);
	frontier_asked(&a->frontier, s->ask.class);
	if (s->ask.pages == 1)
		frontier_shown(&a->frontier, list);
	if (list == LIST_OVERVIEW)
		keep_overview(a, s, &p);
	next = hub_next_path(a->setup.hub, s->path, r->link, r->nlink, cursor);
	if (next == HUB_NEXT_FOREIGN)
		log_warn("the Hub named a next page of '%s' elsewhere: not followed", s->path);
	if (!frontier_is_likers(&s->ask))
		asker_settle(a, s->ask.ref,
			     list == LIST_MEMBERS || list == LIST_ORG_FOLLOWERS ? ACCOUNT_ORG : ACCOUNT_USER);
	if (next == HUB_NEXT_OK && !is_circle(&s->ask, cursor)) {
		go_on(a, s, cursor);
		return E_OK;
	}
	if (next != HUB_NEXT_NONE)
		shard_of(a)->counter[CNT_PAGES_BROKEN]++;
	close_list(a, s, 0);
	return E_OK;
}

/* --- replies --- */

static void count_reply(struct asker *a, const struct fetch_reply *r)
{
	static const enum counter by_class[] = { CNT_NO_REPLY, CNT_NO_REPLY,     CNT_OK,
						 CNT_REDIRECT, CNT_CLIENT_ERROR, CNT_SERVER_ERROR };
	int class = r->status / 100;
	int64_t *c = shard_of(a)->counter;

	c[r->status == 429 ? CNT_TOO_MANY : class < 6 ? by_class[class] : CNT_SERVER_ERROR]++;
	c[CNT_BYTES_WIRE] += r->wire;
	c[CNT_BYTES] += (int64_t)r->nbody;
}

int asker_take(struct asker *a, struct slot *s, const struct fetch_reply *r, int64_t now, int *good, struct err *e)
{
	enum outcome out = retry_outcome(r->status);

	*good = 0;
	count_reply(a, r);
	a->denied = r->status == 401 ? a->denied + 1 : 0;
	if (a->denied >= DENIED_MAX)
		return err_set(e, E_DENIED,
			       "the Hub refused %d lists of accounts in a row with status 401: check the token",
			       a->denied);
	if (out == OUT_PAGE)
		return take_page(a, s, r, now, good, e);
	if (out == OUT_LIMITED) {
		asker_ready(a, s);
		return E_OK;
	}
	/* A redirect is an account of another name now; the lists that show it show that name. */
	if (out == OUT_RETRY && r->status / 100 != 3) {
		asker_fail(a, s, r->status ? "server errors" : r->why, now);
		return E_OK;
	}
	/* The Hub is there, and has said that this list is not: an answer. A cursor that it does not know any more is
	 * none: the list is asked from its beginning. */
	*good = 1;
	frontier_asked(&a->frontier, s->ask.class);
	if (r->status == 400 && s->ask.next && s->failures++ == 0) {
		free(s->ask.next);
		s->ask.next = NULL;
		s->ask.mark_pages = 0;
		asker_ready(a, s);
		return E_OK;
	}
	refuse(a, s, r->status);
	return E_OK;
}
