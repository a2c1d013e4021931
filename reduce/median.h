// SPDX-License-Identifier: Apache-2.0
/* Weighted medians of distributed groups of integers >= 0, exact. */
#ifndef REDUCE_MEDIAN_H
#define REDUCE_MEDIAN_H

#include <mpi.h>
#include <stdint.h>

#include "io/err.h"
#include "reduce/wire.h"

struct weighted {
	int64_t value, weight; /* >= 0 */
};

/* Collective: median[g] becomes the least value up to which at least half of the weight whole[g] of group g lies, 0
 * where it has none.
 *   x      this rank's elements, those of group g being x[start[g]] … x[start[g + 1] - 1]; they are reordered
 *   whole  weight of each of the ngroups groups over all ranks, the same everywhere, as is median
 * As many rounds of ngroups numbers as the largest value has bits; what a round decides is not looked at again. Errors:
 * rc of any rank, E_NOMEM. */
int median_find(MPI_Comm comm, int rc, struct weighted *x, const uint64_t *start, uint64_t ngroups, const wide *whole,
		int64_t *median, struct err *e);

#endif
