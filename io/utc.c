// SPDX-License-Identifier: Apache-2.0
#include "io/utc.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define EACH(byte) ((byte)*0x0101010101010101u)

/* Eight characters at once, which must be those of `form` but for digits where that has '0'. *pair becomes, byte by
 * byte, the number of two digits that begins there. Returns 0 or -1. */
static int read_form(const char *s, const char *form, uint64_t *pair)
{
	uint64_t x, f, digit;

	memcpy(&x, s, sizeof x);
	memcpy(&f, form, sizeof f);
	x = le64toh(x ^ f);
	f = le64toh(f) ^ EACH(0x30u);                   /* 0 where a digit is wanted, ASCII elsewhere */
	digit = ~((f + EACH(0x7Fu)) | f) & EACH(0x80u); /* the top bit where a digit is wanted */
	digit = (digit >> 7) * 0xF;                     /* the bits that such a character may have */
	if (x & ~digit || (x + EACH(6u)) & EACH(0x10u))
		return -1;
	*pair = x * 10 + (x >> 8);
	return 0;
}

static int pair_at(uint64_t pair, int i)
{
	return (int)(pair >> 8 * i & 255);
}

static int digit_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : -1000;
}

static int parse_clock(const char *s, size_t n, struct tm *tm)
{
	uint64_t pair;

	if (n == 0)
		return 0;
	if (n < 9 || read_form(s, "T00:00:0", &pair))
		return -1;
	tm->tm_hour = pair_at(pair, 1);
	tm->tm_min = pair_at(pair, 4);
	tm->tm_sec = pair_at(pair, 7) + digit_of(s[8]);
	if (tm->tm_hour > 23 || tm->tm_min > 59 || tm->tm_sec < 0 || tm->tm_sec > 59)
		return -1;
	s += 9;
	n -= 9;
	if (n == 5 && !memcmp(s, ".000Z", 5)) /* as the Hub writes it */
		return 0;
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
	int leap;

	if (mon < 1 || mon > 12 || mday < 1)
		return 0;
	if (mday <= 28)
		return 1;
	leap = (year % 4 == 0 && year % 100) || year % 400 == 0;
	return mday <= days[mon - 1] + (mon == 2 && leap);
}

int utc_parse(const char *s, size_t n, int64_t *seconds)
{
	struct tm tm = { 0 };
	uint64_t pair;

	if (n < 10 || n > 40 || read_form(s, "0000-00-", &pair))
		return -1;
	tm.tm_year = 100 * pair_at(pair, 0) + pair_at(pair, 2);
	tm.tm_mon = pair_at(pair, 5);
	tm.tm_mday = 10 * digit_of(s[8]) + digit_of(s[9]);
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
