// SPDX-License-Identifier: Apache-2.0
/* Why a figure lacks a counter. Local. */
#ifndef REDUCE_SERVED_H
#define REDUCE_SERVED_H

#include "reduce/census.h"
#include "reduce/concentration.h"
#include "reduce/figure.h"

/* Have any of the kind's repositories the counter? If none (n = 0), t becomes partial and says why. Rank 0. */
int served_counter(const struct census *c, int kind, enum counter_of counter, int64_t n, struct figure_table *t);

/* Is the kind taken, and the field asked for? If not, t becomes not available and says why. Rank 0. */
int served_field(const struct census *c, int kind, enum field f, struct figure_table *t);

/* Was the field asked for, of which a figure takes a part? If not, t becomes partial and says so, with `so` behind it,
 * what follows from it (": …", or ""). Rank 0. */
int served_part(const struct census *c, enum field f, const char *so, struct figure_table *t);

#endif
