// SPDX-License-Identifier: Apache-2.0
/* Which namespaces the table of organisations should know: what `hubreduce --unclassified N` prints. */
#ifndef REDUCE_UNCLASSIFIED_H
#define REDUCE_UNCLASSIFIED_H

#include "reduce/census.h"
#include "reduce/sheet.h"

#define UNCLASSIFIED_MAX 100000

/* Collective: the n (1 … UNCLASSIFIED_MAX) namespaces that the table does not know with the most downloads, exact, ties
 * by name; on rank 0 in `s`, which is overwritten, and to be released everywhere, also on error. Downloads are those of
 * models (of datasets in a census without models) in 30 days, or of all time where these were not served. Only
 * repositories count that were created when no row of the table held. Errors: rc of any rank, E_NOMEM. */
int unclassified_list(const struct census *c, int rc, int64_t n, struct sheet *s, struct err *e);

#endif
