// SPDX-License-Identifier: Apache-2.0
#include "io/utc.h"

#include <stdio.h>
#include <time.h>

static int digits(const char *s, int n, int *x)
{
	*x = 0;
	for (int i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		*x = *x * 10 + (s[i] - '0');
	}
	return 0;
}

static int parse_clock(const char *s, size_t n, struct tm *tm)
{
	if (n == 0)
		return 0;
	if (n < 9 || s[0] != 'T' || s[3] != ':' || s[6] != ':' || digits(s + 1, 2, &tm->tm_hour) ||
	    digits(s + 4, 2, &tm->tm_min) || digits(s + 7, 2, &tm->tm_sec))
		return -1;
	if (tm->tm_hour > 23 || tm->tm_min > 59 || tm->tm_sec > 59)
		return -1;
	s += 9;
	n -= 9;
	if (n > 1 && *s == '.') {
		do
			s++, n--;
		while (n > 0 && *s >= '0' && *s <= '9');
	}
	return n == 0 || (n == 1 && *s == 'Z') ? 0 : -1;
}

/* Days from 1970-01-01 in the Gregorian calendar, which repeats every 400 years of 146,097 days; the year begins in
 * March, so that the leap day is its last. timegm() does the same in 20 times the time, which a crawl spends twice per
 * row. */
static int64_t days_since_1970(int year, int mon, int mday)
{
	int64_t y = year - (mon < 3), day_of_year = (153 * (mon > 2 ? mon - 3 : mon + 9) + 2) / 5 + mday - 1;

	return 365 * y + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

static int is_date(int year, int mon, int mday)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int leap = (year % 4 == 0 && year % 100) || year % 400 == 0;

	return mon >= 1 && mon <= 12 && mday >= 1 && mday <= days[mon - 1] + (mon == 2 && leap);
}

int utc_parse(const char *s, size_t n, int64_t *seconds)
{
	struct tm tm = { 0 };

	if (n < 10 || n > 40 || s[4] != '-' || s[7] != '-' || digits(s, 4, &tm.tm_year) ||
	    digits(s + 5, 2, &tm.tm_mon) || digits(s + 8, 2, &tm.tm_mday))
		return -1;
	if (!is_date(tm.tm_year, tm.tm_mon, tm.tm_mday) || parse_clock(s + 10, n - 10, &tm))
		return -1;
	*seconds = days_since_1970(tm.tm_year, tm.tm_mon, tm.tm_mday) * 86400 + tm.tm_hour * 3600 + tm.tm_min * 60 +
		   tm.tm_sec;
	return 0;
}

char *utc_format(int64_t seconds, char dst[32])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(dst, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(dst, 32, "?");
	return dst;
}
