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

/* How many there are, of which s_obs were seen on at least one of t occasions (here: sources that list accounts), f1 of
 * them on exactly one and f2 on exactly two: the lower bound of A. Chao, "Estimating the population size for
 * capture-recapture data with unequal catchability", Biometrics 43 (1987), 783-791. With A = (t-1)/t and r = f1/f2,
 *
 *     unseen  T   = A f1^2 / (2 f2)                            var = f2 (A r^2/2 + A^2 r^3 + A^2 r^4/4)
 *     f2 = 0: T   = A f1 (f1-1) / 2   (bias-corrected)         var = T + A^2 f1 (2 f1-1)^2/4 - A^2 f1^4 / (4 (s_obs+T))
 *     point   s_obs + T
 *     95 %    s_obs + T/C … s_obs + T C,   C = exp(z sqrt(log(1 + var/T^2))),  z = 1.959964
 *
 * The interval takes T for log-normal (Chao 1987, p. 787), so it never falls below what was seen. The paper has A = 1;
 * A and the case f2 = 0 as in A. Chao's own program (SpadeR, SpecInciChao2) and in R. K. Colwell's EstimateS.
 *
 * What the number is not:
 * - The number of accounts: one that no source could ever show is not in the population of which this speaks.
 * - Certain to lie below the truth. It is a bound, in expectation, where accounts differ in how easily they are seen
 *   but the occasions are alike, and independent for each account. With equal accounts as well, and many of them, it is
 *   an estimate without bias.
 * - Proof against dependent sources. One that leads to those whom another shows already (who follows also likes; lists
 *   asked because of names from other lists) raises f2 and makes it too low. Sources that avoid each other (members are
 *   not listed as owners) make it too high, and its interval with it.
 * - Proof against unequal sources. Independent ones that see equal accounts with odds o_1 … o_t make T too large by the
 *   factor A e1^2 / (2 e2) (e1 the sum of the odds, e2 that of their products in pairs), which is 1 where all are equal
 *   and more otherwise (Maclaurin's inequality): sevenfold for one source that sees 80 % beside five that see 5 %. So a
 *   source that dominates can push the "lower bound" above the truth. Show the counts per source beside it.
 * - Precise for f2 = 0 and a large f1: then the sources never met, T grows as f1^2, and the interval, which knows of no
 *   other f2, is far too narrow. ESTIMATE_NO_F2 marks it.
 * The interval is for the chance of the draw alone; it knows nothing of all this. */
struct estimate_total {
	double point, low, high; /* never NaN; s_obs <= low <= point <= high */
	unsigned flags;
};

enum {
	ESTIMATE_POINT = 1,    /* point is known; without it, it is s_obs, the bound that needs no estimate */
	ESTIMATE_INTERVAL = 2, /* low and high are known; without it, they are s_obs and infinity */
	ESTIMATE_NO_F2 = 4,    /* f2 = 0: the bias-corrected form was used */
};

/* Any arguments are allowed.
 *   Nothing seen (s_obs = 0), one occasion or none (t < 2), or counts that cannot be (a negative one, f1 + f2 > s_obs,
 *   f1 + f2 < s_obs with t = 2): no flag; all values as without flags, for s_obs < 0 as for 0.
 *   T = 0, that is f1 = 0, or f1 = 1 with f2 = 0: ESTIMATE_POINT, which is s_obs; var/T^2 tells nothing of an interval.
 * Where ESTIMATE_INTERVAL is not set, `high` is infinite: a writer of JSON has to ask for the flag. */
void estimate_total(int64_t s_obs, int64_t f1, int64_t f2, int t, struct estimate_total *out);

#endif
