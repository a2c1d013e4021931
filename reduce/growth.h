// SPDX-License-Identifier: Apache-2.0
/* New repositories of organisations: growth.* */
#ifndef REDUCE_GROWTH_H
#define REDUCE_GROWTH_H

#include "reduce/figures.h"

/* Repositories of the lump have lost their creation time: they are a period of their own and no base of any growth. */
struct growth {
	int nparent;      /* parents of the orgs table */
	int64_t nmonths;  /* from 2022-01 to the month of t0; 0 if t0 is earlier */
	int64_t *month;   /* [parent][kind][1 + nmonths]: number 0 is "before" */
	int base_year;    /* growth.top compares base_year + 1 with it: the last two complete years before t0 */
	struct tally top; /* rank 0: candidates by name; per kind new in base_year, new in the year after */
};

extern const struct figure_col growth_org_cols[5], growth_month_cols[4], growth_top_cols[7];

int growth_prepare(struct facts *f, int rc, struct err *e);
void growth_release(struct growth *g);

/* How much of a year was listed, without the lump; 2021: of the lump. Local. */
enum listed growth_listed(const struct census *c, int kind, int year);

void growth_orgs(const struct facts *f, struct figure_table *t);
void growth_orgs_monthly(const struct facts *f, struct figure_table *t);
void growth_top(const struct facts *f, struct figure_table *t);

/* For the summary, on rank 0: new repositories of a parent in a year, all kinds (kind < 0) or one. */
int64_t growth_of(const struct facts *f, const char *parent, int kind, int year);

#endif
