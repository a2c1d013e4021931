// SPDX-License-Identifier: Apache-2.0
/* compare.*: what struct compare holds, as tables. Earlier censuses are numbered from the latest, which is 1. */
#ifndef REDUCE_COMPARE_FIGURES_H
#define REDUCE_COMPARE_FIGURES_H

#include "reduce/figures.h"

extern const struct figure_col compare_previous_cols[5], compare_repository_cols[12], compare_counter_cols[15],
	compare_org_cols[14], compare_country_cols[4], compare_sector_cols[4];

void compare_previous(const struct facts *f, struct figure_table *t);
void compare_repositories(const struct facts *f, struct figure_table *t);
void compare_counters(const struct facts *f, struct figure_table *t);
void compare_orgs(const struct facts *f, struct figure_table *t);
void compare_geography(const struct facts *f, struct figure_table *t);
void compare_sectors(const struct facts *f, struct figure_table *t);

#endif
