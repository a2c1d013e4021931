// SPDX-License-Identifier: Apache-2.0
/* The civil calendar in UTC (proleptic Gregorian), from seconds since 1970. Local, pure. */
#ifndef REDUCE_PERIOD_H
#define REDUCE_PERIOD_H

#include <stdint.h>

#include "io/cover.h"

/* The Hub began to keep creation times on this day: everything older reads as created on it, a lump of some tens of
 * thousands. */
#define PERIOD_LUMP_BEGIN COVER_BEGIN
#define PERIOD_LUMP_END   (COVER_BEGIN + 86400)

enum period_type { PERIOD_DAY, PERIOD_MONTH, PERIOD_YEAR, NPERIODS };

/* "day", "month", "year" */
extern const char *const period_name[NPERIODS];

/* Days since 1970-01-01; also before it. */
int64_t period_day(int64_t seconds);

/* Number of the period of a day: the day itself, months since year 0, the year. Ascending with the day. */
int64_t period_of(enum period_type type, int64_t day);

/* The first day of a period, the other way round. */
int64_t period_begin(enum period_type type, int64_t period);

/* "2025-03-09", "2025-03", "2025". Years 0 … 9999. Returns dst. */
char *period_format(enum period_type type, int64_t period, char dst[32]);

/* Year of a time. */
int period_year(int64_t seconds);

#endif
