/* SPDX-License-Identifier: Apache-2.0 */
/* Who follows, belongs to and likes what among the accounts of a synthetic Hub, without keeping an edge.
 *
 * All users stand in one order, their rank: the first are the most active and the most followed ones, and own most of
 * the repositories. That makes the sources depend on each other: who is in one list is likely to be in others.
 *   - The users of rank 0 … ntop-1 are followers of one of the first organisations each (`top`, a spread).
 *   - Those behind them (`deep`) follow one of the users of the ranks 0 … tree.t-1 each (`tree`, a spread).
 *   - Other organisations are followed by the active, members come from the most active 2 %, every organisation has
 *     one; other users are followed by the active; repositories are liked by the active.
 *
 * Every account is reached from the owners of repositories: organisations below roster.nowner own one, `top` goes to
 * no others, so the ranks below ntop are in lists of owners; the k-th user of the tree has followers of ranks from
 * ntop + k on, so behind k, and by induction all ranks are reached; every other organisation has a member who is a
 * user, whose overview names it. If no organisation owns anything, ntop is 1 and rank 0 an owner.
 *
 * Independent instead: every source has its own order of the users and shows the first `capture` part of it, spread
 * over its lists; likers likewise, if there are as many likes. So a user is seen by members, organisations' followers,
 * users' followers, following and likers independently, with that probability each, and independently of whether he
 * owns something. Followers and following do not mirror each other then, and about (1 - capture)^5 of the users are in
 * no list at all. No list of members is private. Overviews name the organisations that have the user as a member, in
 * either case. */
#ifndef HUB_GRAPH_H
#define HUB_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#include "layer.h"
#include "likes.h"
#include "roster.h"

enum sheet_kind {
	SHEET_MEMBERS,       /* of an organisation */
	SHEET_ORG_FOLLOWERS, /* of an organisation */
	SHEET_FOLLOWERS,     /* of a user: users */
	SHEET_FOLLOWING,     /* of a user: users */
	SHEET_OVERVIEW,      /* of a user: organisations, each with the user among its members */
	NSHEET
};

struct social_graph {
	struct roster roster;
	bool independent;
	uint64_t seed, ntop;
	uint64_t swap;           /* the rank that the root would have: it and rank 0 change places */
	struct spread top, tree; /* t = 0: none */
	/* independent: */
	struct perm order[NSHEET]; /* users -> ranks */
	struct perm likers;        /* the same for likers */
	struct perm hosts;         /* users -> those whose lists of followers and following come first */
	/* both: */
	struct layer members, org_followers, followers, following;
	struct likes likes[NKIND];
};

void graph_init(struct social_graph *g, const struct synth *s);
void graph_release(struct social_graph *g);

/* A list of accounts. */
struct sheet {
	const struct social_graph *g;
	enum sheet_kind kind;
	uint64_t n; /* accounts */
	/* a run of ranks */
	bool run, plain;
	uint64_t from, skip;
	struct perm perm;
	/* targets of one rank */
	const struct layer *layer;
	uint64_t rank, parent;
};

/* `a` is a user or an organisation as the kind asks for; else the list is empty. */
void sheet_open(struct sheet *t, const struct social_graph *g, enum sheet_kind kind, uint64_t a);
uint64_t sheet_at(const struct sheet *t, uint64_t k);

/* Organisations that a user follows; no list shows them. */
uint64_t graph_following_orgs(const struct social_graph *g, uint64_t user);

/* Likers of a repository, and what a user likes; as in likes.h, but for users. */
uint64_t graph_liker(const struct social_graph *g, const struct liked *d, uint64_t k);
bool graph_likes_next(const struct social_graph *g, enum kind kind, uint64_t user, uint64_t *state, uint64_t *row);

/* Does the organisation keep its members to itself? */
bool graph_private(const struct social_graph *g, uint64_t org);

/* May the account vanish without taking others out of reach? */
bool graph_leaf(const struct social_graph *g, uint64_t a);

#endif
