/* SPDX-License-Identifier: Apache-2.0 */
/* Every figure of a population, by plain loops over all its rows. Shares no code with the census itself. */
#ifndef HUB_TRUTH_H
#define HUB_TRUTH_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "fault.h"
#include "population.h"

/* Earlier moments of the same Hub, the latest first, and their times. */
enum { TRUTH_SINCE = 16 };
struct truth_since {
	int n;
	const struct population *pop[TRUTH_SINCE];
	int64_t t0[TRUTH_SINCE];
};

/* Print {"figures":{key:{"value":…}}} for the repositories created up to t0, and for a synthetic population "accounts"
 * beside it: what asking every list of every account that is known leads to, beginning with the repositories' owners.
 *   faults  tells who vanished
 * Returns 0, or -1 with one line in text. */
int truth_print(const struct population *p, const struct truth_since *since, const struct fault_plan *faults,
		int64_t t0, const char *org_csv, const char *topic_csv, FILE *out, char *text, size_t ntext);

#endif
