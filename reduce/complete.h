// SPDX-License-Identifier: Apache-2.0
/* What the census knows to be missing: completeness, /windows and /quarantine. */
#ifndef REDUCE_COMPLETE_H
#define REDUCE_COMPLETE_H

#include "reduce/figures.h"

extern const struct figure_col complete_cols[8], complete_account_cols[2], complete_window_cols[4],
	complete_quarantine_cols[5];

void complete_make(const struct facts *f, struct figure_table *t);
void complete_accounts(const struct facts *f, struct figure_table *t);

/* The axis of every kind in spans: crawled, suspect, not crawled. Local; the same on all ranks. */
void complete_windows(const struct census *c, struct figure_table *t);

/* Rank 0. Raw records are cut where all together would take more than 64 MB at the width of the longest. */
void complete_quarantine(const struct census *c, struct figure_table *t);

#endif
