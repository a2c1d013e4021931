// SPDX-License-Identifier: Apache-2.0
#include "reduce/period.h"

#include <string.h>
#include <time.h>

#include "tests/tap.h"

static const struct {
	int64_t seconds;
	const char *day, *month, *year;
} row[] = {
	{ 0, "1970-01-01", "1970-01", "1970" },
	{ 86399, "1970-01-01", "1970-01", "1970" },
	{ 86400, "1970-01-02", "1970-01", "1970" },
	{ -1, "1969-12-31", "1969-12", "1969" },
	{ -86400, "1969-12-31", "1969-12", "1969" },
	{ -86401, "1969-12-30", "1969-12", "1969" },
	{ 951782400, "2000-02-29", "2000-02", "2000" },
	{ 951868799, "2000-02-29", "2000-02", "2000" },
	{ 951868800, "2000-03-01", "2000-03", "2000" },
	{ PERIOD_LUMP_BEGIN - 1, "2022-03-01", "2022-03", "2022" },
	{ PERIOD_LUMP_BEGIN, "2022-03-02", "2022-03", "2022" },
	{ 1646263744, "2022-03-02", "2022-03", "2022" },
	{ PERIOD_LUMP_END - 1, "2022-03-02", "2022-03", "2022" },
	{ PERIOD_LUMP_END, "2022-03-03", "2022-03", "2022" },
	{ 1709251199, "2024-02-29", "2024-02", "2024" },
	{ 1735689599, "2024-12-31", "2024-12", "2024" },
	{ 1735689600, "2025-01-01", "2025-01", "2025" },
	{ 1741478400, "2025-03-09", "2025-03", "2025" },
	{ 4107542399, "2100-02-28", "2100-02", "2100" },
	{ 4107542400, "2100-03-01", "2100-03", "2100" },
	{ 4294967295, "2106-02-07", "2106-02", "2106" },
};

int main(void)
{
	int same = 1, ascending = 1, begins = 1;

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		int64_t day = period_day(row[i].seconds);
		char d[32], m[32], y[32];

		period_format(PERIOD_DAY, period_of(PERIOD_DAY, day), d);
		period_format(PERIOD_MONTH, period_of(PERIOD_MONTH, day), m);
		period_format(PERIOD_YEAR, period_of(PERIOD_YEAR, day), y);
		ok(!strcmp(d, row[i].day) && !strcmp(m, row[i].month) && !strcmp(y, row[i].year), "%lld s is in %s",
		   (long long)row[i].seconds, row[i].day);
	}
	/* Every day of the axis against the C library. */
	for (int64_t day = 0; day <= 49710; day++) {
		time_t t = (time_t)(day * 86400 + 12345);
		char want[32], got[32];
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(want, sizeof want, "%Y-%m-%d", &tm);
		same &= !strcmp(want, period_format(PERIOD_DAY, period_day((int64_t)t), got));
		ascending &= day == 0 || period_of(PERIOD_MONTH, day) >= period_of(PERIOD_MONTH, day - 1);
		for (int type = 0; type < NPERIODS; type++) {
			int64_t first = period_begin((enum period_type)type, period_of((enum period_type)type, day));

			begins &= first <= day &&
				  period_of((enum period_type)type, first) == period_of((enum period_type)type, day);
			begins &=
				period_of((enum period_type)type, first - 1) != period_of((enum period_type)type, day);
		}
	}
	ok(same, "49,711 days are gmtime's");
	ok(begins, "each day, month and year begins with its first day");
	ok(ascending, "months ascend with the days");
	ok(period_year(1735689600) == 2025 && period_year(1735689599) == 2024, "the year turns at midnight UTC");
	return plan_done();
}
