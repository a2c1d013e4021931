// SPDX-License-Identifier: Apache-2.0
/* The namespaces that own repositories, ASCII letter case aside, and what the orgs table says about them. */
#ifndef REDUCE_OWNERS_H
#define REDUCE_OWNERS_H

#include <mpi.h>

#include "reduce/orgs.h"
#include "reduce/rows.h"

struct owners {
	struct texts name;        /* lower-cased, sorted: those of this rank's rows, of all kinds */
	struct labels all;        /* the same over all ranks */
	int64_t distinct[NKINDS]; /* of all ranks, per kind; of all kinds: all.total */
	int32_t *org;             /* per local name: its first row in the orgs table, -1 unclassified */
};

/* Collective over comm: fill rows[k].owner of every kind in `kinds` and build the dictionary. Errors: rc of any rank,
 * E_NOMEM. */
int owners_build(struct owners *o, MPI_Comm comm, int rc, struct rows *rows, unsigned kinds, const struct orgs *orgs,
		 struct err *e);
void owners_release(struct owners *o);

/* The row of the orgs table for a local owner (or -1) and a repository's creation; NULL: unclassified. Local. */
const struct org *owners_org(const struct owners *o, const struct orgs *orgs, int32_t owner, int64_t created_s);

#endif
