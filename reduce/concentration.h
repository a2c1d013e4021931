// SPDX-License-Identifier: Apache-2.0
/* How unevenly downloads are spread: concentration.* */
#ifndef REDUCE_CONCENTRATION_H
#define REDUCE_CONCENTRATION_H

#include "reduce/figures.h"

enum counter_of { COUNTER_30_DAYS, COUNTER_ALL_TIME, NDOWNLOADS };

/* "downloads", "downloads_all_time", as the columns are called; the field; what the Hub calls it. */
extern const char *const counter_key[NDOWNLOADS];
extern const enum field counter_field[NDOWNLOADS];
extern const char *const counter_member[NDOWNLOADS];

#define NTOP    8
#define NBELOW  5
#define NDECILE 9

struct spread {
	int64_t n;    /* repositories that have the counter */
	int64_t sum;  /* -1: beyond 2^63 - 1 */
	double whole; /* the sum, for shares */
	double top[NTOP];
	int64_t below[NBELOW];
	int64_t decile[NDECILE];
	int has_gini;
	double gini;
};

struct concentration {
	struct spread of[NKINDS][NDOWNLOADS]; /* models and datasets */
};

extern const struct figure_col concentration_counter_cols[2], concentration_sum_cols[3], concentration_rows_cols[3],
	concentration_gini_cols[3], concentration_top_cols[4], concentration_below_cols[4],
	concentration_decile_cols[4];

int concentration_prepare(struct facts *f, int rc, struct err *e);

void concentration_sum(const struct facts *f, struct figure_table *t);
void concentration_rows(const struct facts *f, struct figure_table *t);
void concentration_top200(const struct facts *f, struct figure_table *t);
void concentration_shares(const struct facts *f, struct figure_table *t);
void concentration_gini(const struct facts *f, struct figure_table *t);
void concentration_below200(const struct facts *f, struct figure_table *t);
void concentration_below(const struct facts *f, struct figure_table *t);
void concentration_deciles(const struct facts *f, struct figure_table *t);

#endif
