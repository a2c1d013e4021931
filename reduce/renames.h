// SPDX-License-Identifier: Apache-2.0
/* Former names of repositories: those that an edge tells beside an _id; see nodes.h. */
#ifndef REDUCE_RENAMES_H
#define REDUCE_RENAMES_H

#include "reduce/nodes.h"

/* Do the tags of a local row name more bases than it tells by an _id that is in the census? Local. */
int renames_has_name(const struct nodes *x, const struct table *t, uint64_t row);

/* Collective: let x->of_name lead past former names, and count them. Of several repositories that may have had a name
 * the one with the least number has it. Errors: rc of any rank, E_NOMEM. */
int renames_follow(struct nodes *x, const struct table *t, int rc, struct err *e);

#endif
