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
 *   source that dominates can push the "lower bound" above the truth: estimate_unequal() is for these.
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

/* The same bound where the occasions are unequal, which lists of accounts are: A. Chao, "Estimating population size for
 * sparse data in capture-recapture experiments", Biometrics 45 (1989), 427-438, model M_t. only[j] = Z_j are those seen
 * on occasion j alone, f1 their sum, g = f2 + 1.
 *
 *     unseen  T = (f1^2 - sum Z_j^2) / (2 g) = sum over i < j of Z_i Z_j / g
 *     var       = T + sum Z_j (f1 - Z_j)^2 / g^2 + T^2 / g
 *
 * point and interval as above. For Z_j all alike it is Chao's bound of 1987 with A = (t-1)/t; for t = 2 it is Chapman's
 * estimator. The variance is that of the delta method for multinomial counts, which for equal Z_j is the one above
 * (with f2 for g); T^2/g keeps the uncertainty of f2 where f2 is 0.
 *
 * Why it is a lower bound, and when: let q_k be the chance that account k is not seen at all and o_kj its odds of being
 * seen on occasion j, occasions being independent for each account. Then f0 = sum q_k, Z_j = sum q_k o_kj and f2 = sum
 * q_k o_ki o_kj over pairs of occasions, in expectation. So T is f0 times the mean of products, taken apart, over the
 * mean of the products: it is f0 exactly where accounts are alike, however unequal the occasions, and below f0 wherever
 * the odds of different occasions are positively correlated over the accounts, taken together: those who are active are
 * seen more easily by every list. It is above f0 only where lists avoid each other.
 *
 * Occasions on which nobody was seen change nothing. Any arguments are allowed: the flags and values are those of
 * estimate_total() for these f1, f2 and the number of occasions that saw somebody alone or, where f2 > 0, t. only[t].
 */
void estimate_unequal(int64_t s_obs, const int64_t *only, int t, int64_t f2, struct estimate_total *out);

/* The interval for counts that vary more than by chance alone, as of occasions that depend on each other: the variance
 * times `factor`, for which X^2 / df of the model is taken where it does not fit (J.-D. Lebreton, K. P. Burnham, J.
 * Clobert, D. R. Anderson, "Modeling survival and testing biological hypotheses using marked animals", Ecological
 * Monographs 62 (1992), 67-118, "variance inflation factor"). Of no interval, or factor <= 1, nothing. */
void estimate_widen(int64_t s_obs, double factor, struct estimate_total *out);

/* Whether the occasions look independent: the counts of all 2^t - 1 patterns against those of the model of independent,
 * unequal occasions, fitted by maximum likelihood (J. N. Darroch, "The multiple-recapture census: I. Estimation of a
 * closed population", Biometrika 45 (1958), 343-359): N solves 1 - S/N = prod (1 - n_j/N). Pearson's X^2 over the
 * patterns, those with an expectation below 5 taken as one. p from Wilson and Hilferty's normal approximation (PNAS 17
 * (1931), 684-688), within a factor of two down to 1e-5. Dependent occasions and accounts that differ both make it
 * large. */
struct estimate_fit {
	double total; /* Darroch's N, which dependence in favour of lists overlapping pulls below estimate_unequal() */
	double x2, p; /* p: the chance of so large an X^2, were they independent */
	int df;       /* 0: too few patterns to tell; total and x2 are 0 and p is 1 then */
};

enum { ESTIMATE_OCCASIONS = 8 }; /* at most, of a fit */

/* pattern[1 << t]: accounts by the set of occasions that saw them, bit j for occasion j; that of none is ignored.
 * Occasions that saw nobody are left out. */
void estimate_fit(const int64_t *pattern, int t, struct estimate_fit *out);

#endif
