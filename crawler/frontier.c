// SPDX-License-Identifier: Apache-2.0
#include "crawler/frontier.h"

#include <stdlib.h>
#include <string.h>

int frontier_init(struct frontier *f, struct accounts *accounts)
{
	memset(f, 0, sizeof *f);
	f->accounts = accounts;
	for (int i = 0; i < NACCOUNT_OWN; i++)
		for (int j = 0; j < FRONTIER_NSIZES; j++)
			queue_init(&f->sized[i][j], 1);
	for (int i = 0; i < FRONTIER_NLIKES; i++)
		queue_init(f->likers + i, 1);
	return sources_init(&f->sources, FRONTIER_NCLASS, FRONTIER_NKIND);
}

void frontier_release(struct frontier *f)
{
	for (int i = 0; i < f->nactive; i++) {
		queue_release(f->group[f->active[i]]);
		free(f->group[f->active[i]]);
	}
	for (int i = 0; i < NACCOUNT_OWN; i++)
		for (int j = 0; j < FRONTIER_NSIZES; j++)
			queue_release(&f->sized[i][j]);
	for (int i = 0; i < FRONTIER_NLIKES; i++)
		queue_release(f->likers + i);
	for (int i = 0; i < NACCOUNT_LISTS; i++)
		for (struct ask *a = f->more[i].first, *next; a; a = next) {
			next = a->behind;
			free(a->next);
			free(a);
		}
	texts_release(&f->repos);
	sources_release(&f->sources);
	memset(f, 0, sizeof *f);
}

/* --- classes --- */

/* The lists of a group: reader i of its queue reads for the i-th of them. */
static int group_lists(unsigned group, uint8_t list[QUEUE_READERS_MAX])
{
	unsigned lists = account_lists(frontier_group_type(group));
	int n = 0;

	for (int l = 0; l < NACCOUNT_OWN; l++)
		if (lists >> l & 1)
			list[n++] = (uint8_t)l;
	return n;
}

static int kind_of(int class)
{
	if (class >= FRONTIER_MORE)
		return NACCOUNT_LISTS + class - FRONTIER_MORE;
	if (class >= FRONTIER_LIKERS)
		return LIST_LIKERS_MODEL;
	if (class >= FRONTIER_SIZED)
		return (class - FRONTIER_SIZED) / FRONTIER_NSIZES;
	return class / FRONTIER_NGROUPS;
}

void frontier_asked(struct frontier *f, int class)
{
	sources_asked(&f->sources, class, kind_of(class));
}

void frontier_gained(struct frontier *f, int class, double naccounts)
{
	sources_gained(&f->sources, class, kind_of(class), naccounts);
}

void frontier_saved(struct frontier *f, int class, int64_t nrequests)
{
	sources_saved(&f->sources, class, kind_of(class), nrequests);
}

/* --- a sample --- */

/* -1: an overview, which shows no users. */
static int sort_of(int list)
{
	switch (list) {
	case LIST_OVERVIEW:
		return -1;
	case LIST_MEMBERS:
		return 0;
	case LIST_ORG_FOLLOWERS:
	case LIST_FOLLOWERS:
		return 1;
	case LIST_FOLLOWING:
		return 2;
	default:
		return 3;
	}
}

void frontier_limit(struct frontier *f, int64_t requests, int nranks)
{
	int64_t most = requests / 2 / FRONTIER_NSORT;

	f->is_limited = requests >= 0;
	f->sample = 0;
	if (f->is_limited)
		f->sample = ((most < FRONTIER_SAMPLE ? most : FRONTIER_SAMPLE) + nranks - 1) / nranks;
}

void frontier_shown(struct frontier *f, enum account_list list)
{
	if (sort_of((int)list) >= 0)
		f->sampled[sort_of((int)list)]++;
}

/* Accounts of which it is not known what they are hardly ever have the list that they are tried for. */
static int is_wanted(const struct frontier *f, int class, int list)
{
	if (f->sample == 0 || sort_of(list) < 0 || f->sampled[sort_of(list)] >= f->sample)
		return 0;
	return class >= FRONTIER_SIZED || frontier_group_type((unsigned)class % FRONTIER_NGROUPS) != ACCOUNT_UNKNOWN;
}

/* --- adding --- */

static struct queue *group_queue(struct frontier *f, unsigned group)
{
	uint8_t list[QUEUE_READERS_MAX];
	struct queue *q = f->group[group];

	if (q)
		return q;
	q = malloc(sizeof *q);
	if (!q)
		return NULL;
	queue_init(q, group_lists(group, list));
	f->group[group] = q;
	f->active[f->nactive++] = (uint16_t)group;
	return q;
}

int frontier_add(struct frontier *f, uint32_t ref)
{
	const struct known *k = accounts_at(f->accounts, ref);
	unsigned over = k->done | k->refused | k->begun;
	struct queue *q;

	if ((account_lists((enum account_type)k->type) & ~over) == 0)
		return 0;
	q = group_queue(f, frontier_group(k));
	return q ? queue_push(q, ref) : -1;
}

int frontier_add_sized(struct frontier *f, enum account_list list, unsigned size, uint32_t ref)
{
	return queue_push(&f->sized[list][size], ref);
}

static unsigned log2_of(int64_t n)
{
	unsigned b = 0;

	while ((n >>= 1) > 0)
		b++;
	return b < FRONTIER_NLIKES ? b : FRONTIER_NLIKES - 1;
}

int frontier_add_repo(struct frontier *f, enum kind kind, struct oid oid, const char *id, size_t n, int64_t likes)
{
	char text[1 + sizeof oid.b + 256];

	if (n > 256 || f->repos.n > UINT32_MAX)
		return -1;
	text[0] = (char)kind;
	memcpy(text + 1, oid.b, sizeof oid.b);
	memcpy(text + 1 + sizeof oid.b, id, n);
	if (texts_add(&f->repos, text, 1 + sizeof oid.b + n))
		return -1;
	return likes < 0 ? 0 : queue_push(f->likers + log2_of(likes), (uint32_t)f->repos.n - 1);
}

void frontier_repo(const struct frontier *f, uint32_t ref, enum kind *kind, struct oid *oid, const char **id, size_t *n)
{
	const char *text = texts_get(&f->repos, ref, n);

	*kind = (enum kind)text[0];
	memcpy(oid->b, text + 1, sizeof oid->b);
	*id = text + 1 + sizeof oid->b;
	*n -= 1 + sizeof oid->b;
}

int frontier_put_back(struct frontier *f, struct ask *a)
{
	struct ask *copy = malloc(sizeof *copy);

	if (!copy)
		return -1;
	*copy = *a;
	copy->class = frontier_more((enum account_list)a->list);
	copy->behind = NULL;
	if (f->more[a->list].last)
		f->more[a->list].last->behind = copy;
	else
		f->more[a->list].first = copy;
	f->more[a->list].last = copy;
	a->next = NULL;
	return 0;
}

static int queue_has_any(const struct queue *q)
{
	for (int r = 0; r < q->nreaders; r++)
		if (!queue_is_empty(q, r))
			return 1;
	return 0;
}

int frontier_has_untried(const struct frontier *f)
{
	for (int i = 0; i < f->nactive; i++)
		if (queue_has_any(f->group[f->active[i]]))
			return 1;
	for (int l = 0; l < NACCOUNT_OWN; l++)
		for (int s = 0; s < FRONTIER_NSIZES; s++)
			if (queue_has_any(&f->sized[l][s]))
				return 1;
	for (int i = 0; i < FRONTIER_NLIKES; i++)
		if (queue_has_any(f->likers + i))
			return 1;
	for (int l = 0; l < NACCOUNT_LISTS; l++)
		for (const struct ask *a = f->more[l].first; a; a = a->behind)
			if (!a->failed)
				return 1;
	return 0;
}

/* --- choosing --- */

/* The best so far. */
struct choice {
	double yield;
	int class, reader; /* class -1: none */
	struct queue *queue;
	int wanted; /* for the sample */
};

static double yield_of(const struct frontier *f, int class)
{
	return sources_yield(&f->sources, class, kind_of(class));
}

/* What a request is worth, saved ones at the price of the lists of the same accounts. */
static double worth(const struct frontier *f, int class)
{
	double yield = yield_of(f, class), a, b;

	if (class >= FRONTIER_NGROUPS || frontier_group_type((unsigned)class) != ACCOUNT_USER)
		return yield;
	a = yield_of(f, LIST_FOLLOWERS * FRONTIER_NGROUPS + class);
	b = yield_of(f, LIST_FOLLOWING * FRONTIER_NGROUPS + class);
	/* Where not all is asked, what is saved may be what would not have been asked. */
	return yield +
	       sources_saving(&f->sources, class, LIST_OVERVIEW) * (f->is_limited ? (a + b) / 2 : (a > b ? a : b));
}

static double above(const struct frontier *f, int list, unsigned group)
{
	double yield = yield_of(f, list * FRONTIER_NGROUPS + (int)group) - f->price;

	return yield > 0 ? yield : 0;
}

void frontier_told(struct frontier *f, const struct known *k, enum account_list list, unsigned size)
{
	unsigned group = frontier_group(k) % (FRONTIER_NGROUPS / NACCOUNT_TYPES) +
			 ACCOUNT_USER * (FRONTIER_NGROUPS / NACCOUNT_TYPES);
	int class = (int)list * FRONTIER_NGROUPS + (int)group;

	frontier_asked(f, class);
	if (size > 1)
		frontier_gained(f, class, yield_of(f, FRONTIER_SIZED + (int)list * FRONTIER_NSIZES + (int)size));
	else
		frontier_shown(f, list);
}

double frontier_promotion(const struct frontier *f, const struct known *k, unsigned before)
{
	unsigned over = k->done | k->refused | k->begun;
	double gain = 0;

	if (k->type != ACCOUNT_USER || k->sizes)
		return 0;
	for (int l = LIST_FOLLOWERS; l <= LIST_FOLLOWING; l++)
		if (!(over >> l & 1))
			gain += above(f, l, frontier_group(k)) - above(f, l, before);
	return gain > 0 ? gain : 0;
}

static void consider(const struct frontier *f, struct choice *c, int class, struct queue *q, int reader)
{
	int wanted = is_wanted(f, class, kind_of(class) % NACCOUNT_LISTS);
	double yield;

	if ((q && queue_is_empty(q, reader)) || wanted < c->wanted)
		return;
	yield = worth(f, class);
	if (c->class >= 0 && wanted == c->wanted && yield <= c->yield)
		return;
	*c = (struct choice){ yield, class, reader, q, wanted };
}

static struct choice choose(struct frontier *f)
{
	struct choice c = { 0, -1, 0, NULL, 0 };
	uint8_t list[QUEUE_READERS_MAX];

	for (int l = 0; l < NACCOUNT_LISTS; l++)
		if (f->more[l].first)
			consider(f, &c, FRONTIER_MORE + l, NULL, 0);
	for (int i = 0; i < FRONTIER_NLIKES; i++)
		consider(f, &c, FRONTIER_LIKERS + i, f->likers + i, 0);
	for (int i = 0; i < f->nactive; i++) {
		unsigned g = f->active[i];
		int n = group_lists(g, list);

		for (int r = 0; r < n; r++)
			consider(f, &c, list[r] * FRONTIER_NGROUPS + (int)g, f->group[g], r);
	}
	for (int l = 0; l < NACCOUNT_OWN; l++)
		for (int s = 0; s < FRONTIER_NSIZES; s++)
			consider(f, &c, FRONTIER_SIZED + l * FRONTIER_NSIZES + s, &f->sized[l][s], 0);
	return c;
}

static void take_more(struct frontier *f, int list, struct ask *a)
{
	struct ask *x = f->more[list].first;

	f->more[list].first = x->behind;
	if (!x->behind)
		f->more[list].last = NULL;
	*a = *x;
	a->behind = NULL;
	free(x);
}

/* Has the account still to be asked for it, and here? It may stand in several queues, for it was seen anew since. */
static int is_due(struct known *k, int class, int list)
{
	unsigned over = k->done | k->refused | k->begun;
	int is_sized = class >= FRONTIER_SIZED;

	if (over >> list & 1)
		return 0;
	if (is_sized)
		return 1;
	if ((unsigned)class % FRONTIER_NGROUPS != frontier_group(k))
		return 0;
	return !((list == LIST_FOLLOWERS && k->sizes & 15) || (list == LIST_FOLLOWING && k->sizes >> 4));
}

static int take_account(struct frontier *f, const struct choice *c, struct ask *a)
{
	int list = kind_of(c->class);
	uint32_t ref;

	while (queue_pop(c->queue, c->reader, &ref)) {
		struct known *k = accounts_at(f->accounts, ref);

		if (!is_due(k, c->class, list))
			continue;
		k->begun = (uint8_t)(k->begun | 1u << list);
		*a = (struct ask){ .list = (uint8_t)list, .class = (uint16_t)c->class, .ref = ref };
		return 1;
	}
	return 0;
}

static int take_repo(const struct frontier *f, const struct choice *c, struct ask *a)
{
	uint32_t ref;
	size_t n;

	if (!queue_pop(c->queue, 0, &ref))
		return 0;
	*a = (struct ask){ .list = (uint8_t)(LIST_LIKERS_MODEL + texts_get(&f->repos, ref, &n)[0]),
			   .class = (uint16_t)c->class,
			   .ref = ref };
	return 1;
}

int frontier_is_sampling(struct frontier *f)
{
	return f->sample > 0 && choose(f).wanted;
}

double frontier_best(struct frontier *f)
{
	struct choice c = choose(f);

	return c.class < 0 ? -1 : c.yield;
}

int frontier_next(struct frontier *f, struct ask *a)
{
	for (;;) {
		struct choice c = choose(f);

		if (c.class < 0)
			return 0;
		f->price = c.yield;
		if (c.class >= FRONTIER_MORE) {
			take_more(f, c.class - FRONTIER_MORE, a);
			return 1;
		}
		if (c.class >= FRONTIER_LIKERS ? take_repo(f, &c, a) : take_account(f, &c, a))
			return 1;
	}
}
