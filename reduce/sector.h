// SPDX-License-Identifier: Apache-2.0
/* Models and their downloads by sector of the owner: sector.share */
#ifndef REDUCE_SECTOR_H
#define REDUCE_SECTOR_H

#include "reduce/publishers.h"

extern const struct figure_col sector_share_cols[4];

/* Takes publishers_prepare(). */
void sector_share(const struct facts *f, struct figure_table *t);

#endif
