// SPDX-License-Identifier: Apache-2.0
/* Between ranks: accounts to their owners, and what they were worth back. */
#include <stdlib.h>
#include <string.h>

#include "crawler/asker_in.h"

/* Parcels under way at which whoever tells a lot waits for the others. */
#define PARCELS_MAX 64

/* --- here --- */

void asker_record(struct asker *a, const char *name, size_t n, const struct account *x)
{
	if (account_shard_add(&a->setup.ledger->shard, x, name, n))
		a->no_memory = 1;
}

void asker_settle(struct asker *a, uint32_t ref, enum account_type type)
{
	struct known *k = accounts_at(&a->accounts, ref);

	if (type <= k->type)
		return;
	k->type = (uint8_t)type;
	if (a->running && frontier_add(&a->frontier, ref))
		a->no_memory = 1;
}

/* An account that is ours was seen. Returns what that is worth: 1 if it is new. */
static double meet_own(struct asker *a, enum item_what what, const char *name, size_t n, uint64_t hash,
		       const struct account *x)
{
	uint32_t ref = 0;
	int is_new = 0;
	struct known *k = accounts_add(&a->accounts, name, n, hash, &ref, &is_new);
	unsigned group;

	if (!k) {
		a->no_memory = 1;
		return 0;
	}
	group = frontier_group(k);
	if (what == ITEM_OWNER && ((x->sources & ~k->sources) || x->type > k->type))
		asker_record(a, name, n, x);
	k->seen = (uint8_t)(k->seen + (k->seen < UINT8_MAX));
	k->sources |= (uint8_t)x->sources;
	k->done |= x->done;
	k->refused |= x->refused;
	if (x->type > k->type)
		k->type = x->type;
	if (a->running && (is_new || group != frontier_group(k)) && frontier_add(&a->frontier, ref))
		a->no_memory = 1;
	if (is_new)
		a->dirty = 1;
	if (is_new || !a->running || group == frontier_group(k))
		return is_new;
	return frontier_promotion(&a->frontier, k, group);
}

static struct told_list *add_told(struct asker *a)
{
	if (a->ntold == a->told_cap) {
		size_t cap = a->told_cap ? 2 * a->told_cap : 64;
		struct told_list *t = realloc(a->told, cap * sizeof *t);

		if (!t) {
			a->no_memory = 1;
			return NULL;
		}
		a->told = t;
		a->told_cap = cap;
	}
	return a->told + a->ntold++;
}

/* A repository's likers, by the 24 digits of its _id: what is known of them lies in a table like that of accounts. */
static struct known *repo_asked(struct asker *a, const char *whose, size_t n)
{
	uint32_t ref;
	int is_new;
	struct known *k = accounts_add(&a->repos_asked, whose, n, account_hash_of(whose, n), &ref, &is_new);

	a->no_memory |= k == NULL;
	return k;
}

static void hear_list(struct asker *a, const struct item *i, const char *whose, const struct item_more *m,
		      const char *next)
{
	int is_repo = i->list >= NACCOUNT_OWN;
	struct known *k = is_repo ? repo_asked(a, whose, i->n) : NULL;
	unsigned bit = 1u << (i->list - (is_repo ? NACCOUNT_OWN : 0));
	struct told_list *t;

	if (is_repo && !k)
		return;
	if (i->state != LIST_MORE) {
		if (k)
			k->done = (uint8_t)(k->done | bit);
		return;
	}
	if (k)
		k->begun = (uint8_t)(k->begun | bit);
	t = add_told(a);
	if (!t)
		return;
	*t = (struct told_list){ .row = { i->list, i->state, m->pages, m->rows, 0 },
				 .whose = strndup(whose, i->n),
				 .next = strndup(next, m->n),
				 .repo = UINT32_MAX };
	a->no_memory |= !t->whose || !t->next;
}

/* Its likers are asked unless they were; those that were begun go on where they stopped, in asker_begin(). */
static void hear_repo(struct asker *a, const struct item *i, const char *whose, const struct item_more *m,
		      const char *id)
{
	const struct known *k = accounts_find(&a->repos_asked, whose, i->n, account_hash_of(whose, i->n));
	int is_begun = k && k->begun >> m->rows & 1;

	if (k && k->done >> m->rows & 1)
		return;
	if (frontier_add_repo(&a->frontier, (enum kind)m->rows, m->oid, id, m->n, is_begun ? -1 : m->pages))
		a->no_memory = 1;
	for (size_t t = 0; is_begun && t < a->ntold; t++)
		if (a->told[t].row.list == NACCOUNT_OWN + m->rows && strlen(a->told[t].whose) == i->n &&
		    !memcmp(a->told[t].whose, whose, i->n))
			a->told[t].repo = (uint32_t)a->frontier.repos.n - 1;
}

/* --- parcels --- */

static void send_credits(struct asker *a, int rank, struct item_credit *c, size_t n)
{
	unsigned char bytes[POST_MAX];

	if (n == 0 || a->stopping)
		return;
	bytes[0] = PARCEL_CREDITS;
	memcpy(bytes + 1, c, n * sizeof *c);
	if (post_send(a->setup.post, rank, bytes, 1 + n * sizeof *c))
		a->no_memory = 1;
}

#define CREDITS_MAX 512

static void credit(struct item_credit *c, size_t *n, uint16_t class, double gain)
{
	for (size_t i = *n; i-- > 0;)
		if (c[i].class == class) {
			c[i].gain += (float)gain;
			return;
		}
	if (*n < CREDITS_MAX)
		c[(*n)++] = (struct item_credit){ .class = class, .gain = (float)gain };
}

static void take_items(struct asker *a, int rank, const unsigned char *p, const unsigned char *end)
{
	struct item_credit c[CREDITS_MAX];
	size_t nc = 0;

	while ((size_t)(end - p) >= sizeof(struct item)) {
		struct item i;
		struct item_more m;
		const char *name;
		struct account x = ACCOUNT_INIT;
		double gain;

		memcpy(&i, p, sizeof i);
		p += sizeof i;
		name = (const char *)p;
		p += i.n;
		if (i.what == ITEM_LIST || i.what == ITEM_REPO) {
			memcpy(&m, p, sizeof m);
			p += sizeof m;
			if (i.what == ITEM_LIST)
				hear_list(a, &i, name, &m, (const char *)p);
			else
				hear_repo(a, &i, name, &m, (const char *)p);
			p += m.n;
			continue;
		}
		if (i.has_oid) {
			memcpy(&m, p, sizeof m);
			p += sizeof m;
			x.oid = m.oid;
		}
		x.sources = i.sources;
		x.type = i.type;
		x.done = i.done;
		x.refused = i.refused;
		x.observed = clock_wall_ms() / 1000;
		gain = meet_own(a, (enum item_what)i.what, name, i.n, account_hash_of(name, i.n), &x);
		if (gain > 0 && i.what == ITEM_MET)
			credit(c, &nc, i.class, gain);
	}
	send_credits(a, rank, c, nc);
}

static void take_credits(struct asker *a, const unsigned char *p, size_t n)
{
	for (; n >= sizeof(struct item_credit); p += sizeof(struct item_credit), n -= sizeof(struct item_credit)) {
		struct item_credit c;

		memcpy(&c, p, sizeof c);
		frontier_gained(&a->frontier, c.class, (double)c.gain);
	}
}

static void answer_wave(struct asker *a, int rank, const unsigned char *p)
{
	unsigned char bytes[1 + sizeof(struct item_status)] = { PARCEL_STATUS };
	struct item_status s;
	struct item_wave w;

	memcpy(&w, p, sizeof w);
	asker_hold(a, w.best);
	asker_status(a, &s);
	s.wave = w.number;
	memcpy(bytes + 1, &s, sizeof s);
	if (post_send(a->setup.post, rank, bytes, sizeof bytes))
		a->no_memory = 1;
}

void asker_parcel(struct asker *a, int rank, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	if (*p == PARCEL_ITEMS) {
		a->items_received++;
		take_items(a, rank, p + 1, p + n);
		return;
	}
	if (a->stopping)
		return;
	switch (*p) {
	case PARCEL_CREDITS:
		take_credits(a, p + 1, n - 1);
		break;
	case PARCEL_WAVE:
		answer_wave(a, rank, p + 1);
		break;
	default:
		break;
	}
}

/* --- sending --- */

static int flush_one(struct asker *a, int rank)
{
	struct outbox *o = a->out[rank];

	if (!o || o->n == 0)
		return 0;
	if (post_send(a->setup.post, rank, o->bytes, o->n))
		return -1;
	o->n = 0;
	a->items_sent++;
	return 0;
}

int asker_flush(struct asker *a)
{
	unsigned char bytes[POST_MAX];

	for (int r = 0; r < a->setup.nranks; r++)
		if (flush_one(a, r))
			return -1;
	a->packed_ms = 0;
	while (!a->running && post_pending(a->setup.post) > PARCELS_MAX) {
		int rank;
		size_t n = post_receive(a->setup.post, &rank, bytes);

		if (n)
			asker_parcel(a, rank, bytes, n);
	}
	return a->no_memory ? -1 : 0;
}

/* Pack an item, its name, and what follows it. */
static int pack(struct asker *a, int rank, const struct item *i, const char *name, const struct item_more *m,
		const char *more)
{
	size_t n = sizeof *i + i->n + (m ? sizeof *m + m->n : 0);
	struct outbox *o = a->out[rank];

	if (!o) {
		o = a->out[rank] = calloc(1, sizeof *o);
		if (!o)
			return -1;
	}
	if (n > POST_MAX - 1)
		return 0; /* a cursor longer than any is dropped: its list begins anew */
	if (o->n + n > POST_MAX && (flush_one(a, rank) || (!a->running && asker_flush(a))))
		return -1;
	if (o->n == 0)
		o->bytes[o->n++] = PARCEL_ITEMS;
	if (!a->packed_ms)
		a->packed_ms = clock_ms();
	memcpy(o->bytes + o->n, i, sizeof *i);
	memcpy(o->bytes + o->n + sizeof *i, name, i->n);
	if (m) {
		memcpy(o->bytes + o->n + sizeof *i + i->n, m, sizeof *m);
		memcpy(o->bytes + o->n + sizeof *i + i->n + sizeof *m, more, m->n);
	}
	o->n += (uint32_t)n;
	return 0;
}

void asker_meet(struct asker *a, enum item_what what, uint16_t class, const char *name, size_t n,
		const struct account *x)
{
	uint64_t hash = account_hash_of(name, n);
	int rank = account_rank(hash, a->setup.nranks);
	struct item i = { .what = (uint8_t)what,
			  .n = (uint8_t)n,
			  .class = class,
			  .sources = x->sources,
			  .type = x->type,
			  .done = x->done,
			  .refused = x->refused };
	struct item_more m = { .oid = x->oid };
	double gain;

	i.has_oid = what == ITEM_OWNER && oid_cmp(x->oid, OID_MIN) != 0;
	if (rank != a->setup.rank) {
		a->no_memory |= pack(a, rank, &i, name, i.has_oid ? &m : NULL, "") < 0;
		return;
	}
	gain = meet_own(a, what, name, n, hash, x);
	if (gain > 0 && what == ITEM_MET)
		frontier_gained(&a->frontier, class, gain);
}

/* --- before the start --- */

int asker_tell(struct asker *a, enum item_what what, const char *name, size_t n, const struct account *x)
{
	asker_meet(a, what, 0, name, n, x);
	return a->no_memory ? -1 : 0;
}

static int tell_more(struct asker *a, const struct item *i, const char *name, const struct item_more *m,
		     const char *more)
{
	int rank = account_rank(account_hash_of(name, i->n), a->setup.nranks);

	if (rank != a->setup.rank)
		a->no_memory |= pack(a, rank, i, name, m, more) < 0;
	else if (i->what == ITEM_LIST)
		hear_list(a, i, name, m, more);
	else
		hear_repo(a, i, name, m, more);
	return a->no_memory ? -1 : 0;
}

int asker_tell_list(struct asker *a, const struct account_list_row *l, const char *whose, size_t nwhose,
		    const char *next, size_t nnext)
{
	struct item i = { .what = ITEM_LIST, .n = (uint8_t)nwhose, .list = l->list, .state = l->state };
	struct item_more m = { .pages = l->pages, .rows = l->rows, .n = (uint32_t)nnext };

	return tell_more(a, &i, whose, &m, next);
}

int asker_tell_repo(struct asker *a, enum kind kind, struct oid oid, const char *id, size_t n, int64_t likes)
{
	char hex[OID_HEX + 1];
	struct item i = { .what = ITEM_REPO, .n = OID_HEX };
	struct item_more m = { .pages = likes, .rows = kind, .oid = oid, .n = (uint32_t)n };

	return tell_more(a, &i, oid_hex(oid, hex), &m, id);
}
