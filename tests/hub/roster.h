/* SPDX-License-Identifier: Apache-2.0 */
/* The accounts of a synthetic Hub: their numbers, kinds, names and _ids.
 *
 * Accounts 0 … nuser-1 are users, nuser … n-1 organisations. Organisations are orgs[], and invented names that look
 * like a group's and own repositories; all other invented names are users, and so are the packers. The table of the
 * exceptions (at most one in 200) and the owners of a small population are all that is kept. Read-only once it is
 * made. */
#ifndef HUB_ROSTER_H
#define HUB_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "mix.h"
#include "row.h"
#include "synth.h"

#define ACCOUNT_NONE UINT64_MAX

struct roster {
	const struct synth *synth;
	uint64_t seed;
	uint64_t nindex; /* invented names: user_name(0 … nindex-1) */
	uint64_t nuser, norg, n;
	uint64_t nowner; /* organisations 0 … nowner-1 own a repository for certain; the others may not */
	uint64_t root;   /* a user who owns a repository, or ACCOUNT_NONE */
	uint32_t *taken; /* indices that are no users, ascending: organisations, and names that are there already */
	uint64_t ntaken;
	uint32_t *org;        /* organisation -> index, or nindex + k: orgs[k] */
	uint32_t *named;      /* orgs[] -> organisation */
	uint64_t invented[4]; /* organisations [0] … [1]-1 and [2] … [3]-1 are invented, ascending by index */
	uint32_t *owned;      /* owner * 3 + kind of every repository, ascending; NULL: too many to be counted */
	uint64_t nowned;
	struct perm age;
	double top; /* the growth curve's value at the end */
};

void roster_init(struct roster *r, const struct synth *s);
void roster_release(struct roster *r);

static inline bool roster_is_org(const struct roster *r, uint64_t a)
{
	return a >= r->nuser;
}

/* The account of a name in any letter case, or ACCOUNT_NONE. */
uint64_t roster_find(const struct roster *r, const char *name);

/* The account that owns a repository. */
uint64_t roster_owner(const struct roster *r, enum kind kind, uint64_t row);

/* NUL-terminated; returns the length. */
size_t roster_name(const struct roster *r, uint64_t a, char out[ACCOUNT_TEXT]);

void roster_oid(const struct roster *r, uint64_t a, char oid[OID_TEXT]);
int64_t roster_created(const struct roster *r, uint64_t a); /* s, the time in the _id */

/* An invented number that belongs to an account, for whatever else has to be drawn. */
uint64_t roster_hash(const struct roster *r, uint64_t a);

/* Repositories per kind; false: not known, as the population is too large. */
bool roster_owned(const struct roster *r, uint64_t a, uint64_t n[NKIND]);

#endif
