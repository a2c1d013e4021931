// SPDX-License-Identifier: Apache-2.0
/* How long a release draws attention: engagement.* */
#ifndef REDUCE_ENGAGEMENT_H
#define REDUCE_ENGAGEMENT_H

#include "reduce/figures.h"

#define ENGAGEMENT_WEEKS 105 /* ages of 0 … 104 weeks */

/* Models of one age in weeks at t0 that have both counters, and a lifetime of at least 1. */
struct age {
	int64_t repositories, downloads, lifetime;
};

struct engagement {
	int64_t has[2]; /* models that have the counter, of any age */
	struct age week[ENGAGEMENT_WEEKS];
};

extern const struct figure_col engagement_week_cols[9], engagement_half_cols[5];

int engagement_prepare(struct facts *f, int rc, struct err *e);

void engagement_weeks(const struct facts *f, struct figure_table *t);
void engagement_half_peak(const struct facts *f, struct figure_table *t);

/* The week with the highest rate, downloads / lifetime, the youngest of those; -1: there is no week. Compared in
 * integers. Pure. */
int engagement_peak(const struct age *week, int n);

/* The first week behind `peak` whose rate is below half of that; weeks without repositories are passed over; -1: there
 * is none. Pure. */
int engagement_half(const struct age *week, int n, int peak);

#endif
