/* SPDX-License-Identifier: Apache-2.0 */
/* A counter as a function of the rank of its row: never increasing, a power law above the median, a steeper one in the
 * head. */
#ifndef HUB_LADDER_H
#define HUB_LADDER_H

#include <stdint.h>

enum { LADDER_HEAD = 200 };

struct ladder {
	double n;      /* ranks */
	double head;   /* ranks of the head */
	double median; /* value in the middle */
	double slope;  /* exponent between the head and the median */
	double zero;   /* from this quantile on the value is 0 */
	double edge;   /* value where the head begins */
	double steep;  /* exponent in the head */
};

/* steep is left at slope. */
void ladder_init(struct ladder *l, uint64_t n, double median, double slope, double zero);

/* Value of rank r, not yet cut to an integer. */
double ladder_at(const struct ladder *l, double r);

/* Sum of the integer values behind the head, from about 500 samples per factor e. */
double ladder_tail(const struct ladder *l);

/* Sum of the integer values of the head with its present exponent. */
double ladder_head(const struct ladder *l);

/* Choose steep so that the head holds `share` of everything; sum(l, arg) tells the head's sum for a value of steep,
 * NULL stands for ladder_head. */
void ladder_tune(struct ladder *l, double share, double (*sum)(const struct ladder *l, const void *arg),
		 const void *arg);

#endif
