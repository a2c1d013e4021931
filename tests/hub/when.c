/* SPDX-License-Identifier: Apache-2.0 */
#include "when.h"

#include <stdio.h>
#include <string.h>

#include "digits.h"

int64_t when_days(int year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void when_civil(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = (int)(yoe + era * 400 + (*month <= 2));
}

int64_t when_date(int year, int month, int day)
{
	return when_days(year, month, day) * 86400;
}

void when_text(int64_t s, char out[WHEN_TEXT])
{
	int64_t days = s >= 0 ? s / 86400 : -((86399 - s) / 86400);
	int rest = (int)(s - days * 86400), y, m, d;
	when_civil(days, &y, &m, &d);
	memcpy(out, "0000-00-00T00:00:00.000Z", 25);
	digits_two(out, (unsigned)(y / 100));
	digits_two(out + 2, (unsigned)(y % 100));
	digits_two(out + 5, (unsigned)m);
	digits_two(out + 8, (unsigned)d);
	digits_two(out + 11, (unsigned)(rest / 3600));
	digits_two(out + 14, (unsigned)(rest / 60 % 60));
	digits_two(out + 17, (unsigned)(rest % 60));
}

/* n digits at p, or -1. */
static int digits(const char *p, int n)
{
	int v = 0;
	for (int i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		v = v * 10 + (p[i] - '0');
	}
	return v;
}

/* The optional ".123" and "Z" at the end. */
static bool parse_tail(const char *p, int *ms)
{
	if (*p == '.') {
		int v = digits(p + 1, 3);
		if (v < 0)
			return false;
		*ms = v;
		p += 4;
	}
	return *p == 0 || (p[0] == 'Z' && p[1] == 0);
}

bool when_parse(const char *text, int64_t *s, int *ms)
{
	size_t n = strlen(text);
	int milli = 0;
	if (n < 10 || text[4] != '-' || text[7] != '-')
		return false;
	int y = digits(text, 4), m = digits(text + 5, 2), d = digits(text + 8, 2);
	if (y < 0 || m < 1 || m > 12 || d < 1 || d > 31)
		return false;
	int64_t t = when_date(y, m, d);
	if (n > 10) {
		if (n < 19 || text[10] != 'T' || text[13] != ':' || text[16] != ':')
			return false;
		int h = digits(text + 11, 2), mi = digits(text + 14, 2), se = digits(text + 17, 2);
		if (h < 0 || h > 23 || mi < 0 || mi > 59 || se < 0 || se > 60 || !parse_tail(text + 19, &milli))
			return false;
		t += h * 3600 + mi * 60 + se;
	}
	*s = t;
	if (ms)
		*ms = milli;
	return true;
}
