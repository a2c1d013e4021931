// SPDX-License-Identifier: Apache-2.0
/* The organisations that grew most: growth.top. An organisation is a parent of the orgs table, or a namespace that the
 * table does not know. */
#ifndef REDUCE_GROWTH_TOP_H
#define REDUCE_GROWTH_TOP_H

#include "reduce/growth.h"

/* Collective: fill g->top for g->base_year. Every rank ranks the namespaces that it owns in the dictionary, and rank 0
 * what they propose. Errors: rc of any rank, E_NOMEM. */
int growth_top_find(struct growth *g, const struct census *c, int rc, struct err *e);

#endif
