// SPDX-License-Identifier: Apache-2.0
/* This census beside earlier ones of the same Hub: compare.*, the part of engagement.* that rests on them, and /changes
 * of census.h5.
 *
 * A repository is its _id. One that only one of two censuses has is new or gone, unless the other may lack it for a
 * reason of its own: a gap, a suspect span, a record that it did not understand. Then it is unknown, and counts for
 * neither. Everything is a sum of integers >= 0, so neither ranks nor slices change a byte.
 */
#ifndef REDUCE_COMPARE_H
#define REDUCE_COMPARE_H

#include "reduce/census.h"
#include "reduce/changes.h"
#include "reduce/country.h"
#include "reduce/engagement.h"
#include "reduce/previous.h"

/* Repositories of one kind. */
enum fate {
	FATE_BEFORE,      /* that the earlier census has */
	FATE_NOW,         /* that this one has */
	FATE_KEPT,        /* that both have */
	FATE_NEW,         /* this one alone */
	FATE_PUBLISHED,   /* of those, created before the earlier t0: not listed then */
	FATE_GONE,        /* the earlier one alone */
	FATE_RENAMED,     /* in both, by another id */
	FATE_TRANSFERRED, /* of those, with another owner, ASCII letter case aside */
	FATE_UNKNOWN_NEW, /* this one alone, where the earlier one lacks a part */
	FATE_UNKNOWN_GONE,
	NFATE
};

/* Sums of one counter over one kind. */
enum sum {
	SUM_PAIRS,   /* repositories that both have, with the counter in both */
	SUM_BEFORE,  /* its sum over them, then */
	SUM_NOW,     /* and now */
	SUM_UP,      /* of the differences above 0 */
	SUM_DOWN,    /* of those below, without their sign */
	SUM_RISING,  /* repositories with the former */
	SUM_FALLING, /* and with the latter */
	SUM_NEW,     /* over the new ones */
	SUM_CREATED, /* of those, created since the earlier t0 */
	SUM_GONE,    /* over the gone ones, then */
	SUM_HAD,     /* repositories of the earlier census that have the counter */
	SUM_HAVE,    /* and of this one */
	NSUM
};

/* Of one kind of one organisation. */
enum org_sum {
	ORG_BEFORE,
	ORG_NOW,
	ORG_NEW,
	ORG_GONE,
	ORG_JOINED, /* came from another owner */
	ORG_LEFT,
	ORG_UNKNOWN_NEW,
	ORG_UNKNOWN_GONE,
	ORG_CREATED,   /* created since the earlier t0, by createdAt */
	ORG_MADE_UP,   /* downloads_all_time made: differences above 0, and of those created since */
	ORG_MADE_DOWN, /* differences below 0, without their sign */
	ORG_LIKES_UP,
	ORG_LIKES_DOWN,
	NORG_SUM
};

/* downloads_all_time of models made, by class of their owner: up, down. */
struct made {
	int64_t up, down;
};

/* One comparison; of all ranks, on rank 0. */
struct comparison {
	int64_t fate[NKINDS][NFATE];
	int64_t sum[NKINDS][NTHEN][NSUM];
	struct made country[NCOUNTRY + 1]; /* 0: none, i + 1: country_code(i) */
	struct made sector[NSECTOR];
	int64_t *org; /* [orgs_nparent()][NKINDS][NORG_SUM] */
};

/* Models of one age between two censuses, of all such intervals. */
struct between {
	int64_t repositories; /* once per interval */
	int64_t seconds;      /* that they were watched for */
	int64_t up, down;     /* downloads_all_time */
};

struct compare {
	struct previous_list previous;
	struct comparison *with; /* one per previous, in its order */
	struct between week[ENGAGEMENT_WEEKS];
	struct changes changes; /* since the latest of them */
};

/* Collective: compare c, which census_load() has filled, with the censuses that `paths` names; none: *out = NULL. *out
 * is to be released by compare_free(), also on error. Errors: those of previous_open() and previous_rows(). */
int compare_make(struct compare **out, const struct census *c, const struct opt_texts *paths, struct err *e);
void compare_free(struct compare *x);

/* Is the counter there on both sides of comparison number `at`, of a kind that both take? If not, why[] says on which
 * it is not. Where a side has no repositories it lacks nothing. Local, after the sums. */
#define COMPARE_WHY 160
int compare_has(const struct census *c, const struct compare *x, int at, int kind, enum then_counter counter,
		char why[COMPARE_WHY]);

/* Of the latest earlier census: the kinds that both have, and its t0. c->compare is there. Local. */
unsigned compare_kinds(const struct census *c);
int64_t compare_since(const struct census *c);

#endif
