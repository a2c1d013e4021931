// SPDX-License-Identifier: Apache-2.0
/* How many repositories there are, and when they came: totals.* */
#ifndef REDUCE_TOTALS_H
#define REDUCE_TOTALS_H

#include "reduce/figures.h"

struct periods {
	int64_t *day[NKINDS]; /* new repositories per day since 1970-01-01, of all ranks; NULL for kinds not taken */
	int64_t ndays;        /* up to that of t0 */
};

extern const struct figure_col totals_cols[1], totals_owner_cols[2], totals_period_cols[7];

int totals_prepare(struct facts *f, int rc, struct err *e);
void totals_release(struct periods *p);

void totals_models(const struct facts *f, struct figure_table *t);
void totals_datasets(const struct facts *f, struct figure_table *t);
void totals_spaces(const struct facts *f, struct figure_table *t);
void totals_owners(const struct facts *f, struct figure_table *t);
void totals_by_period(const struct facts *f, struct figure_table *t);

#endif
