/* SPDX-License-Identifier: Apache-2.0 */
/* How the Hub grew: the creation time of the i-th repository of n.
 *
 * Published year-end totals (models 1.08 M at the end of 2024, 2.26 M of 2025, 2.96 M in August 2026; datasets 500 k in
 * 2025, 1.0 M in 2026; Spaces 1 M in 2025, 1.44 M in August 2026), exponential in between. What is older than
 * 2022-03-02 was given its _id in one go on that day: the lump, thousands of rows within three seconds. */
#ifndef HUB_CURVE_H
#define HUB_CURVE_H

#include <stdint.h>

#include "row.h"

enum { CURVE_FIRST_YEAR = 2022, CURVE_PIECES = 7 };

/* It is exponential from a time on. */
struct piece {
	double from, span; /* s */
	double value;      /* at `from` */
	double rise;       /* log of what it is multiplied with within the span */
};

struct curve {
	enum kind kind;
	uint64_t n;
	uint64_t lump; /* rows 0 … lump-1 are of 2022-03-02 */
	int64_t until; /* s: creation of row n-1 */
	double top;    /* the curve's value there */
	struct piece piece[CURVE_PIECES];
};

/* until: not before 2022-04-01. */
void curve_init(struct curve *c, enum kind kind, uint64_t n, int64_t until);

/* Never decreases with i. */
int64_t curve_time(const struct curve *c, uint64_t i);

/* Number of rows created before t. */
uint64_t curve_count(const struct curve *c, int64_t t);

#endif
