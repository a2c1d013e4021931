// SPDX-License-Identifier: Apache-2.0
/* The age at which attention has halved: exact, also for counters as large as they get. */
#include "reduce/engagement.h"
#include "tests/tap.h"

#define N          4
#define HUGE_COUNT INT64_MAX

static const struct {
	const char *name;
	struct age week[N];
	int peak, half;
} example[] = {
	{ "nothing", { { 0, 0, 0 } }, -1, -1 },
	{ "one week", { { 1, 5, 10 } }, 0, -1 },
	{ "halves at once", { { 1, 9, 9 }, { 1, 4, 9 } }, 0, 1 },
	{ "half is not below half", { { 1, 8, 8 }, { 1, 4, 8 }, { 1, 3, 8 } }, 0, 2 },
	{ "the first of equal peaks", { { 1, 1, 2 }, { 1, 2, 4 }, { 1, 1, 5 } }, 0, 2 },
	{ "a later peak", { { 1, 1, 9 }, { 1, 8, 9 }, { 1, 8, 9 }, { 1, 1, 9 } }, 1, 3 },
	{ "weeks without models", { { 0, 0, 0 }, { 3, 9, 9 }, { 0, 0, 0 }, { 2, 1, 9 } }, 1, 3 },
	{ "never", { { 1, 9, 9 }, { 1, 8, 9 }, { 1, 7, 9 }, { 1, 6, 9 } }, 0, -1 },
	{ "no downloads", { { 1, 0, 9 }, { 1, 0, 9 } }, 0, -1 },
	{ "large counters, just below half",
	  { { 1, HUGE_COUNT, HUGE_COUNT }, { 1, HUGE_COUNT / 2 + 1, HUGE_COUNT }, { 1, HUGE_COUNT / 2, HUGE_COUNT } },
	  0,
	  2 },
};

int main(void)
{
	for (size_t i = 0; i < sizeof example / sizeof *example; i++) {
		int peak = engagement_peak(example[i].week, N), half = engagement_half(example[i].week, N, peak);

		ok(peak == example[i].peak && half == example[i].half, "%s: peak %d, half %d", example[i].name, peak,
		   half);
	}
	return plan_done();
}
