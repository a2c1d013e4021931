// SPDX-License-Identifier: Apache-2.0
/* What repositories say about themselves: categories.datasets, categories.models */
#ifndef REDUCE_CATEGORY_H
#define REDUCE_CATEGORY_H

#include "reduce/figures.h"

/* Keys are facet, NUL, category. */
struct categories {
	struct tally datasets; /* new repositories per year from 1970 on */
	int64_t nyears;        /* up to that of t0 */
	struct tally models;   /* repositories, downloads, downloads of all time */
	int64_t has[2];        /* models that have the counter */
};

extern const struct figure_col category_dataset_cols[6], category_model_cols[5];

int category_prepare(struct facts *f, int rc, struct err *e);
void category_release(struct categories *x);

void category_datasets(const struct facts *f, struct figure_table *t);
void category_models(const struct facts *f, struct figure_table *t);

#endif
