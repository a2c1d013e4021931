// SPDX-License-Identifier: Apache-2.0
/* Downloads of models by country of the publishing organisation: geography.* */
#ifndef REDUCE_GEOGRAPHY_H
#define REDUCE_GEOGRAPHY_H

#include "reduce/publishers.h"

extern const struct figure_col geography_share_cols[4], geography_coverage_cols[3], geography_cumulative_cols[4],
	geography_passing_cols[4];

/* All take publishers_prepare(). */
void geography_share(const struct facts *f, struct figure_table *t);
void geography_coverage(const struct facts *f, struct figure_table *t);
void geography_cumulative(const struct facts *f, struct figure_table *t);
void geography_passing(const struct facts *f, struct figure_table *t);

#endif
