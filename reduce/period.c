// SPDX-License-Identifier: Apache-2.0
#include "reduce/period.h"

#include <stdio.h>

const char *const period_name[NPERIODS] = { "day", "month", "year" };

struct civil {
	int64_t year;
	int month, day; /* 1 … */
};

/* Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days (2013): years that begin in March,
 * eras of 400 years. */
static struct civil civil_from_day(int64_t z)
{
	int64_t era, doe, yoe, doy, mp;
	struct civil c;

	z += 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = z - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	c.day = (int)(doy - (153 * mp + 2) / 5) + 1;
	c.month = (int)(mp < 10 ? mp + 3 : mp - 9);
	c.year = yoe + era * 400 + (c.month <= 2);
	return c;
}

int64_t period_day(int64_t seconds)
{
	return seconds >= 0 ? seconds / 86400 : -((-seconds + 86399) / 86400);
}

int64_t period_of(enum period_type type, int64_t day)
{
	struct civil c;

	if (type == PERIOD_DAY)
		return day;
	c = civil_from_day(day);
	return type == PERIOD_YEAR ? c.year : c.year * 12 + c.month - 1;
}

/* The same source, days_from_civil, of the first of a month. */
static int64_t day_of_month(int64_t year, int month)
{
	int64_t y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400,
		doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

int64_t period_begin(enum period_type type, int64_t period)
{
	if (type == PERIOD_DAY)
		return period;
	return type == PERIOD_YEAR ? day_of_month(period, 1) : day_of_month(period / 12, (int)(period % 12) + 1);
}

char *period_format(enum period_type type, int64_t period, char dst[32])
{
	struct civil c;

	switch (type) {
	case PERIOD_DAY:
		c = civil_from_day(period);
		snprintf(dst, 32, "%04d-%02d-%02d", (int)c.year, c.month, c.day);
		break;
	case PERIOD_MONTH:
		snprintf(dst, 32, "%04d-%02d", (int)(period / 12), (int)(period % 12) + 1);
		break;
	default:
		snprintf(dst, 32, "%04d", (int)period);
	}
	return dst;
}

int period_year(int64_t seconds)
{
	return (int)period_of(PERIOD_YEAR, period_day(seconds));
}
