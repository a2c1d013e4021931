// SPDX-License-Identifier: Apache-2.0
/* Models by their parameter count: size.*
 *
 * The count of a model is the first that is known of
 *   1. the own count of its base, where a tag says that it was quantized from a model of this census: a packed file
 *      counts fewer elements than there are parameters. The base is the one that baseModels tells, if it tells just
 *      one, else the first that such a tag names;
 *   2. safetensors.total; 3. gguf.total (if it was asked for); 4. the number in its name (size.h).
 * 2 to 4 are a model's own count. */
#ifndef REDUCE_SIZES_H
#define REDUCE_SIZES_H

#include "reduce/figures.h"
#include "reduce/wire.h"

enum size_source { SIZE_BASE, SIZE_SAFETENSORS, SIZE_GGUF, SIZE_NAME, SIZE_UNKNOWN, NSIZE_SOURCES };

#define SIZE_BUCKETS 7 /* <1B, 1-9B, 9-20B, 20-70B, 70-100B, >=100B, unknown */
#define SIZE_TOP     10

struct size_bucket {
	int64_t repositories, downloads, served; /* served: models that have the counter */
	int64_t source[NSIZE_SOURCES];
	int64_t top[SIZE_TOP]; /* rank 0: the most downloads, descending; ntop of them */
	int ntop;
};

struct size_year {
	wide sum, weight; /* of count x downloads; of downloads */
	int64_t repositories, median;
};

struct sizes {
	struct size_bucket bucket[SIZE_BUCKETS];
	struct size_year *year; /* [0]: all; [y - 1969]: created in year y */
	int nyears;
};

extern const struct figure_col size_bucket_cols[10], size_mean_cols[4];

int sizes_prepare(struct facts *f, int rc, struct err *e);
void sizes_release(struct sizes *s);

void sizes_buckets(const struct facts *f, struct figure_table *t);
void sizes_mean(const struct facts *f, struct figure_table *t);

/* Collective: parameter count (0 unknown) and source of every local model; to be freed, also on error. Errors: rc of
 * any rank, E_NOMEM. */
int sizes_of_models(const struct nodes *x, const struct census *c, int rc, int64_t **count, uint8_t **source,
		    struct err *e);

#endif
