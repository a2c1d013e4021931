// SPDX-License-Identifier: Apache-2.0
/* What a rank still has to ask of its accounts and repositories, and which of it next: the class of lists of which a
 * request is expected to bring the most new accounts. Local, no I/O.
 *
 * What is known beforehand makes the class of a list: of a repository's likers the number of likes; of an account's
 * followers their number, where its overview told it, else its type, and where and how often it was seen so far; of a
 * list that has
 * begun, that it goes on. An overview brings few accounts, but tells how many followers there are and so which lists
 * need not be asked: each request that it saves is worth what that request would have brought. And a list that shows a
 * user in a new light (a member, say, of whom only his liking was known) is worth what his own lists promise more.
 *
 * Where not all can be asked, a few lists of each sort come first whatever they promise: without them nothing tells how
 * the lists overlap, and so how many users no list has shown (reduce/users.h).
 */
#ifndef CRAWLER_FRONTIER_H
#define CRAWLER_FRONTIER_H

#include "crawler/accounts.h"
#include "crawler/queue.h"
#include "crawler/source.h"
#include "io/schema.h"
#include "io/table.h"

#define FRONTIER_SEEN_BITS 2
#define FRONTIER_NGROUPS   (NACCOUNT_TYPES << (NACCOUNT_SOURCES + FRONTIER_SEEN_BITS))
#define FRONTIER_NSIZES    16
#define FRONTIER_NLIKES    32
/* Classes, in this order: of accounts by list and group; by list and size; likers; lists that go on. */
#define FRONTIER_SIZED  (NACCOUNT_OWN * FRONTIER_NGROUPS)
#define FRONTIER_LIKERS (FRONTIER_SIZED + NACCOUNT_OWN * FRONTIER_NSIZES)
#define FRONTIER_MORE   (FRONTIER_LIKERS + FRONTIER_NLIKES)
#define FRONTIER_NCLASS (FRONTIER_MORE + NACCOUNT_LISTS)
/* Kinds for what classes have in common: each list's first pages, and its later ones. */
#define FRONTIER_NKIND (2 * NACCOUNT_LISTS)

/* Sorts of lists that a sample has, as the occasions of reduce/users.h: members; followers of organisations and of
 * users; those whom users follow; likers. */
#define FRONTIER_NSORT  4
#define FRONTIER_SAMPLE 30

/* A list to be asked, and how far it is. */
struct ask {
	uint8_t list; /* enum account_list */
	uint16_t class;
	uint32_t ref;        /* of the account, or number of the repository */
	char *next;          /* the Hub's cursor, NULL: from the beginning. Owned. */
	int64_t pages, rows; /* so far, in all sessions */
	int rounds;          /* how often it was given up and put back */
	int is_new;          /* something that is not sealed yet */
	int failed;          /* it was given up or put back for silence, and has shown nothing since */
	int was_reset;       /* the Hub did not know its cursor, and it was asked from the beginning */
	int empty;           /* pages without an account in a row */
	uint64_t mark;       /* hash of a cursor that was met, */
	int64_t mark_pages;  /* and at which page: a cursor that comes again would go on for ever */
	struct ask *behind;
};

struct frontier {
	struct accounts *accounts;
	struct sources sources;
	int is_limited; /* not all will be asked */
	int64_t sample; /* lists of each sort that come first then */
	int64_t sampled[FRONTIER_NSORT];
	double price; /* new accounts that the last request was expected to bring */
	struct queue *group[FRONTIER_NGROUPS];
	uint16_t active[FRONTIER_NGROUPS]; /* those that are there */
	int nactive;
	struct queue sized[NACCOUNT_OWN][FRONTIER_NSIZES];
	struct queue likers[FRONTIER_NLIKES];
	struct texts repos; /* kind, 12 bytes of _id, id */
	struct {
		struct ask *first, *last;
	} more[NACCOUNT_LISTS];
};

/* 0, or -1 when memory is short; release in any case. */
int frontier_init(struct frontier *f, struct accounts *accounts);
void frontier_release(struct frontier *f);

/* The group of an account: its type, where it was seen, and how often: once, 2, 4 or 8 times and more. */
static inline unsigned frontier_group(const struct known *k)
{
	unsigned often = k->seen >= 8 ? 3u : k->seen >= 4 ? 2u : k->seen >= 2;

	return ((unsigned)k->type << NACCOUNT_SOURCES | k->sources) << FRONTIER_SEEN_BITS | often;
}

static inline enum account_type frontier_group_type(unsigned group)
{
	return (enum account_type)(group >> (NACCOUNT_SOURCES + FRONTIER_SEEN_BITS));
}

/* An account that is new, or whose group is another now. 0 or -1. */
int frontier_add(struct frontier *f, uint32_t ref);

/* A list of an account of which the size is known: accounts_size(), or 0 for a list that its type does not have and
 * that is to be tried anyway. 0 or -1. */
int frontier_add_sized(struct frontier *f, enum account_list list, unsigned size, uint32_t ref);

/* A repository with likes; likes -1: whose likers have been begun, and come by frontier_put_back(). 0 or -1. */
int frontier_add_repo(struct frontier *f, enum kind kind, struct oid oid, const char *id, size_t n, int64_t likes);

/* A list that has begun or has to be asked again; `a` is copied, and its cursor is the frontier's from now on: a->next
 * becomes NULL. 0, or -1 with `a` as before. */
int frontier_put_back(struct frontier *f, struct ask *a);

/* What to ask next: 1, and its account's list is marked as begun; 0 there is nothing. */
int frontier_next(struct frontier *f, struct ask *a);

/* Is there a list that has not failed? Lists that were asked since they were added may still count. */
int frontier_has_untried(const struct frontier *f);

/* What the best request is expected to bring; -1: there is none. Some of its lists may have been asked since. */
double frontier_best(struct frontier *f);

/* The repository of a list of likers. */
void frontier_repo(const struct frontier *f, uint32_t ref, enum kind *kind, struct oid *oid, const char **id,
		   size_t *n);

static inline int frontier_is_likers(const struct ask *a)
{
	return a->list >= NACCOUNT_OWN;
}

/* `requests` are all that can be made, of nranks that share them; -1: any number. A sample takes at most half. */
void frontier_limit(struct frontier *f, int64_t requests, int nranks);

/* A list was shown, or need not be asked because it is empty: it counts for the sample. */
void frontier_shown(struct frontier *f, enum account_list list);

/* Is what comes next for the sample? */
int frontier_is_sampling(struct frontier *f);

/* An overview told how many are in a list of a user, before his type was settled: what a request for such a list can be
 * expected to bring, where nothing is known of its size, is learned without making it. size: accounts_size(). */
void frontier_told(struct frontier *f, const struct known *k, enum account_list list, unsigned size);

/* What of the class's sources is asked and gained (crawler/source.h). */
void frontier_asked(struct frontier *f, int class);
void frontier_gained(struct frontier *f, int class, double naccounts);

/* What it is worth to know that a user belongs to another group: by how much its lists promise more new accounts than
 * what is asked now does. */
double frontier_promotion(const struct frontier *f, const struct known *k, unsigned before);
void frontier_saved(struct frontier *f, int class, int64_t nrequests);

/* Does the class's next page have a class of its own? For a list that goes on. */
static inline uint16_t frontier_more(enum account_list list)
{
	return (uint16_t)(FRONTIER_MORE + (int)list);
}

#endif
