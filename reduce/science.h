// SPDX-License-Identifier: Apache-2.0
/* Repositories by the topics of their tags: science, robotics */
#ifndef REDUCE_SCIENCE_H
#define REDUCE_SCIENCE_H

#include "reduce/figures.h"

struct topical {
	int64_t nyears; /* from 1970 to that of t0 */
	struct tally n; /* keys: group, NUL, topic; new repositories per kind and year, [NKINDS][nyears] */
};

extern const struct figure_col science_cols[3], science_robotics_cols[5];

int science_prepare(struct facts *f, int rc, struct err *e);
void science_release(struct topical *x);

void science_make(const struct facts *f, struct figure_table *t);
void science_robotics(const struct facts *f, struct figure_table *t);

#endif
