// SPDX-License-Identifier: Apache-2.0
/* Models and their downloads by who publishes them: what geography.* and sector.* are made from. Both follow the table
 * of organisations as of a model's creation; what it does not know is unclassified. */
#ifndef REDUCE_PUBLISHERS_H
#define REDUCE_PUBLISHERS_H

#include "reduce/concentration.h"
#include "reduce/country.h"
#include "reduce/figures.h"
#include "reduce/wire.h"

/* What a model counts for: its counters where it has them, and 1. */
enum weight { WEIGHT_REPOSITORIES = NDOWNLOADS, NWEIGHT };

/* A place of publishers.country: 0 stands for no country, i + 1 for country_code(i). */
#define NPLACE (NCOUNTRY + 1)

struct publishers {
	int64_t month, nmonths;  /* of creation: from that of the first model, in months since year 0, to that of t0 */
	int64_t year, nyears;    /* the same in years */
	int64_t has[NDOWNLOADS]; /* models that have the counter */

	/* Of all ranks; 128 bits hold any sum of counters. */
	wide *country; /* [nmonths][NPLACE][NWEIGHT] */
	wide *sector;  /* [nyears][NSECTOR][NWEIGHT] */
};

int publishers_prepare(struct facts *f, int rc, struct err *e);
void publishers_release(struct publishers *p);

/* The name of period i of a figure that has one for all and one per year of creation: "all" for 0, else a year. */
const char *publishers_period(const struct publishers *p, int64_t i, char dst[32]);

#endif
