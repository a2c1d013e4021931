/* SPDX-License-Identifier: Apache-2.0 */
/* An account as the endpoints show it, whatever population it comes from. In a recorded population the accounts are the
 * owners of repositories; nobody follows anybody there. */
#ifndef HUB_PROFILE_H
#define HUB_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "hub.h"

struct profile {
	bool org;
	uint64_t account; /* ACCOUNT_NONE in a recorded population */
	char name[OWNER_TEXT];
	char oid[OID_TEXT];
	int64_t created;
	uint64_t hash;
	bool counted; /* repositories: */
	uint64_t owned[NKIND];
};

/* The account of a name in any letter case; false: there is none. */
bool profile_find(const struct hub *h, const char *name, struct profile *p);

/* The account of a synthetic population. */
void profile_of(const struct hub *h, uint64_t account, struct profile *p);

/* The one that owns a repository, without counting: it is known to be there. */
void profile_owner(const struct hub *h, enum kind kind, uint64_t row, struct profile *p);

/* Accounts of one of its lists; 0 in a recorded population. */
uint64_t profile_count(const struct hub *h, const struct profile *p, enum sheet_kind kind);

/* FAULT_VANISH: lists name it, its own endpoints do not know it any more. Half of these accounts go between the first
 * page of a list and the second one: `later` is what is asked then, and the overview. Only accounts go that nobody else
 * is reached by. */
bool account_vanished(const struct social_graph *g, const struct fault_plan *f, uint64_t account, bool later);
bool profile_vanished(const struct hub *h, const struct profile *p, bool later);

#endif
