// SPDX-License-Identifier: Apache-2.0
/* What a reply means for its list, and for the account whose it is. */
#include <stdlib.h>
#include <string.h>

#include "crawler/archive.h"
#include "crawler/asker_in.h"
#include "crawler/buffer.h"
#include "crawler/listing.h"
#include "crawler/retry.h"
#include "io/log.h"
#include "io/seed.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* One reply that refuses the token may be an accident. So many in a row, and no other, are not. */
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
	*(refused ? &a->refused : &a->lists) += 1;
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
		struct account own =
			listing_end((enum account_list)x->list, refused, (enum account_type)k->type, l.observed);
		uint8_t bit = (uint8_t)(1u << x->list);

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
	hash = XXH3_64bits_withSeed(text, n + 11, hash_seed);
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

/* A list is asked for again before anything less than all of it is taken. */
static unsigned flags_of(const struct slot *s)
{
	return (s->doubtful ? ROLL_FORCE : 0u) | (s->ask.empty >= LISTING_EMPTY_MAX ? LISTING_DRY : 0u);
}

/* What the next link of a page says. */
static enum listing_step step_of(struct asker *a, struct slot *s, const struct fetch_reply *r,
				 const struct roll_page *p, char cursor[HUB_CURSOR_MAX])
{
	struct ask *x = &s->ask;
	enum hub_next next = hub_next_path(a->setup.hub, s->path, r->link, r->nlink, cursor);

	if (next == HUB_NEXT_FOREIGN && !a->foreign[x->list]++)
		log_warn("the Hub named a next page of a list (%s) on another server: not followed",
			 account_list_name[x->list]);
	return listing_step(x->pages + 1, p->nrow, flags_of(s), next, cursor, &x->mark, &x->mark_pages);
}

/* A page that is taken for what it says: a step of its list. */
static void count_page(struct asker *a, struct slot *s, const struct roll_page *p)
{
	enum account_list list = (enum account_list)s->ask.list;

	s->failures = 0;
	s->ask.failed = 0;
	s->ask.empty = p->nrow ? 0 : s->ask.empty + 1;
	s->ask.pages++;
	s->ask.rows += (int64_t)p->nrow;
	a->pages++;
	a->no_memory |= listing_count(shard_of(a), list, p) < 0;
	if (s->ask.pages == 1)
		frontier_shown(&a->frontier, list);
	if (list == LIST_OVERVIEW)
		keep_overview(a, s, p);
}

static int take_page(struct asker *a, struct slot *s, const struct fetch_reply *r, int64_t now, int *good,
		     struct err *e)
{
	char cursor[HUB_CURSOR_MAX];
	enum account_list list = (enum account_list)s->ask.list;
	enum listing_step step;
	struct roll_page p;

	if (roll_take(a->roll, list, flags_of(s), r->body, r->nbody, clock_wall_ms() / 1000, &p, e))
		return e->code;
	s->doubtful = p.doubtful;
	if (!p.is_page) {
		shard_of(a)->counter[CNT_NOT_JSON]++;
		asker_fail(a, s, p.why, now);
		return E_OK;
	}
	*good = 1;
	step = step_of(a, s, r, &p, cursor);
	keep_rows(a, s, &p);
	frontier_asked(&a->frontier, s->ask.class);
	if (step == LISTING_STUCK) {
		shard_of(a)->counter[CNT_PAGES_BROKEN]++;
		asker_fail(a, s, "the Hub's pages lead nowhere", now);
		return E_OK;
	}
	count_page(a, s, &p);
	if (!frontier_is_likers(&s->ask))
		asker_settle(a, s->ask.ref,
			     list == LIST_MEMBERS || list == LIST_ORG_FOLLOWERS ? ACCOUNT_ORG : ACCOUNT_USER);
	if (step == LISTING_MORE)
		go_on(a, s, cursor);
	else
		close_list(a, s, 0);
	return E_OK;
}

/* --- replies --- */

/* A cursor that the Hub does not know any more. */
static int is_stale(const struct slot *s, const struct fetch_reply *r)
{
	return r->status == 400 && s->ask.next;
}

/* Who sends no token has none refused, whatever the reply says. */
static int is_token(const struct asker *a, const struct fetch_reply *r)
{
	return fetch_has_token(a->setup.fetch) && retry_is_token(r->status, r->body, r->nbody);
}

/* A redirect within the Hub is another name now, of an account or a repository: the lists that show it show that name.
 * A redirect elsewhere says nothing of the list. */
static int is_refusal(const struct asker *a, const struct slot *s, const struct fetch_reply *r)
{
	enum outcome out = retry_outcome(r->status);

	if (r->status / 100 == 3)
		return hub_stays(a->setup.hub, r->location, strlen(r->location));
	return (out == OUT_DENIED || out == OUT_REFUSED) && !is_stale(s, r) && !is_token(a, r);
}

/* Once a list is asked from its beginning; a Hub that takes none of its own cursors would have it asked for ever. */
static void begin_anew(struct asker *a, struct slot *s, int64_t now)
{
	struct ask *x = &s->ask;

	if (x->was_reset) {
		s->failures = a->setup.retries;
		asker_fail(a, s, "the Hub refused its own cursor", now);
		return;
	}
	a->no_memory |= asker_keep_list(a, x) < 0;
	free(x->next);
	x->next = NULL;
	x->was_reset = 1;
	x->empty = 0;
	x->mark_pages = 0;
	s->failures++;
	asker_ready(a, s);
}

/* Nothing was said of the list: it is asked again. */
static int refuse_token(struct asker *a, struct slot *s, int64_t now, struct err *e)
{
	asker_fail(a, s, "the token was refused", now);
	if (++a->denied < DENIED_MAX)
		return E_OK;
	return err_set(e, E_DENIED, "the Hub refused the token %d times in a row with status 401: check the token",
		       a->denied);
}

static int archive(struct asker *a, const struct slot *s, const struct fetch_reply *r, struct err *e)
{
	const struct ask *x = &s->ask;
	const struct account_shard *to = shard_of(a);
	struct note n = { .what = NOTE_LIST };
	struct note_list *l = &n.list;

	if (!a->setup.archive)
		return E_OK;
	*l = (struct note_list){ .list = (enum account_list)x->list,
				 .session = to->session,
				 .seq = to->seq,
				 .rank = to->rank,
				 .pages = x->pages,
				 .rows = x->rows,
				 .mark_pages = x->mark_pages,
				 .mark = x->mark,
				 .flags = flags_of(s) };
	if (frontier_is_likers(x)) {
		const char *id;
		enum kind kind;
		struct oid oid;
		size_t len;

		frontier_repo(&a->frontier, x->ref, &kind, &oid, &id, &len);
		oid_hex(oid, l->whose);
	} else {
		const struct known *k = accounts_at(&a->accounts, x->ref);

		memcpy(l->whose, k->name, k->n);
		l->type = k->type;
		l->busy = k->done | k->refused | k->begun;
	}
	return archive_add(a->setup.archive, r, retry_outcome(r->status) == OUT_PAGE || is_refusal(a, s, r) ? &n : NULL,
			   e);
}

int asker_take(struct asker *a, struct slot *s, const struct fetch_reply *r, int64_t now, int *good, struct err *e)
{
	enum outcome out = retry_outcome(r->status);

	*good = 0;
	buffer_add_reply(shard_of(a)->counter, r);
	if (archive(a, s, r, e))
		return e->code;
	if (is_token(a, r))
		return refuse_token(a, s, now, e);
	if (r->status)
		a->denied = 0;
	if (out == OUT_PAGE)
		return take_page(a, s, r, now, good, e);
	if (out == OUT_LIMITED) {
		asker_ready(a, s);
		return E_OK;
	}
	if (!is_refusal(a, s, r) && !is_stale(s, r)) {
		asker_fail(a, s, r->status ? "server errors" : r->why, now);
		return E_OK;
	}
	/* The Hub is there, and has said that this list is not: an answer. */
	*good = 1;
	frontier_asked(&a->frontier, s->ask.class);
	if (is_stale(s, r))
		begin_anew(a, s, now);
	else
		refuse(a, s, r->status);
	return E_OK;
}
