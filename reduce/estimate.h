// SPDX-License-Identifier: Apache-2.0
/* Intervals for what a census cannot count. Pure. */
#ifndef REDUCE_ESTIMATE_H
#define REDUCE_ESTIMATE_H

#include <stdint.h>

/* Share of a population of which x of n sampled ones were found: the score interval of E. B. Wilson, "Probable
 * inference, the law of succession, and statistical inference", Journal of the American Statistical Association 22
 * (1927), 209-212, at 95 % (z = 1.959964).
 *
 *     (x + z^2/2 -+ z sqrt(x (n - x) / n + z^2/4)) / (n + z^2)
 *
 * Unlike the normal approximation it does not shrink to a point for x = 0: its upper end is then z^2 / (n + z^2). The
 * sample is taken for one without order; that the population is finite is left out of account, which makes the interval
 * wider, never narrower. For n = 0 nothing is known: 0 … 1. */
void estimate_share(int64_t x, int64_t n, double *low, double *high);

#endif
