// SPDX-License-Identifier: Apache-2.0
/* Which repositories ask for consent or are switched off: gating */
#ifndef REDUCE_GATING_H
#define REDUCE_GATING_H

#include "reduce/figures.h"

extern const struct figure_col gating_cols[4];

int gating_prepare(struct facts *f, int rc, struct err *e);
void gating_make(const struct facts *f, struct figure_table *t);

#endif
