// SPDX-License-Identifier: Apache-2.0
/* Who owns the base models that this rank's models name, by _id or in tags. */
#ifndef REDUCE_MAKERS_H
#define REDUCE_MAKERS_H

#include "reduce/census.h"

enum { MAKER_NONE = -1 /* no base, or one that is not known */, MAKER_FOREIGN = -2 /* owned by none of our owners */ };

/* Per label of a column of the models: an index into census.owners.name, or one of the above. */
struct makers {
	int32_t *of_id;  /* F_BASES; a base that is not in the census: MAKER_NONE */
	int32_t *of_tag; /* F_TAGS: base_model:owner/name, or with a relation between */
};

/* Collective: ask the ranks that own the bases' rows. `m` is overwritten and must be released, also on error. Errors:
 * rc of any rank, E_NOMEM. */
int makers_find(struct makers *m, const struct census *c, int rc, struct err *e);
void makers_release(struct makers *m);

/* Who publishes a model's derivative? 1: somebody who owns none of its bases, 0: the owner of one of them, -1: no base
 * is known. Local. */
int makers_by_others(const struct makers *m, const struct census *c, uint64_t row);

#endif
