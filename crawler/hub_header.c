// SPDX-License-Identifier: Apache-2.0
/* The numbers and times in the Hub's headers; declared in hub.h. */
#include "crawler/hub.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "io/utc.h"

/* Beyond these a header is nonsense: the largest quota sold is 100,000 per 300 s. */
#define QUOTA_MAX    1000000000
#define WINDOW_MAX_S 86400

/* Digits at s, at most `max`. -1 if there are none or they say more. */
static int64_t number_at(const char *s, int64_t max)
{
	int64_t x = 0;

	if (!isdigit((unsigned char)*s))
		return -1;
	for (; isdigit((unsigned char)*s); s++) {
		x = x * 10 + (*s - '0');
		if (x > max)
			return -1;
	}
	return *s == '.' ? -1 : x;
}

/* The item of a structured list (RFC 9651) that is about the API: the first that names "api", or the first. */
static const char *api_item(const char *s)
{
	const char *item = s;
	int quoted = 0;

	for (const char *p = s; *p; p++) {
		if (*p == '"')
			quoted = !quoted;
		if (*p == ',' && !quoted)
			item = p + 1;
		if (!strncmp(p, "\"api\"", 5))
			return item;
	}
	return s;
}

/* Parameter `name` of one item. */
static int64_t parameter(const char *s, char name, int64_t max)
{
	int quoted = 0;

	for (; *s && (quoted || *s != ','); s++) {
		if (*s == '"')
			quoted = !quoted;
		if (quoted || *s != ';')
			continue;
		const char *p = s + 1;

		while (*p == ' ' || *p == '\t')
			p++;
		if (*p != name)
			continue;
		for (p++; *p == ' ' || *p == '\t'; p++)
			;
		if (*p != '=')
			continue;
		for (p++; *p == ' ' || *p == '\t'; p++)
			;
		return number_at(p, max);
	}
	return -1;
}

void hub_quota_parse(struct hub_quota *q, const char *limit, const char *policy)
{
	*q = (struct hub_quota){ -1, -1, -1, -1 };
	if (limit && *limit) {
		const char *item = api_item(limit);

		q->left = parameter(item, 'r', QUOTA_MAX);
		q->reset_s = parameter(item, 't', WINDOW_MAX_S);
	}
	if (policy && *policy) {
		const char *item = api_item(policy);

		q->quota = parameter(item, 'q', QUOTA_MAX);
		q->window_s = parameter(item, 'w', WINDOW_MAX_S);
	}
	if (q->quota == 0 || q->window_s == 0)
		q->quota = q->window_s = -1;
	if (q->quota > 0 && q->left > q->quota)
		q->left = -1;
	if (q->window_s > 0 && q->reset_s > q->window_s + 1)
		q->reset_s = -1;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7), s since 1970 or -1. */
static int64_t http_date(const char *s)
{
	static const char month[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char text[32];
	int64_t t;

	if (strlen(s) < 29 || s[3] != ',' || strncmp(s + 26, "GMT", 3))
		return -1;
	for (int m = 0; m < 12; m++) {
		if (strncmp(s + 8, month + 3 * m, 3))
			continue;
		snprintf(text, sizeof text, "%.4s-%02d-%.2sT%.8sZ", s + 12, m + 1, s + 5, s + 17);
		return utc_parse(text, strlen(text), &t) ? -1 : t;
	}
	return -1;
}

/* Whole seconds, a day at most. Some servers give a fraction: it is rounded up, for who asks too early is refused
 * again. -1: it is something else. */
static int64_t delay_seconds(const char *s)
{
	int64_t x = 0;
	int part = 0;

	if (!isdigit((unsigned char)*s))
		return -1;
	for (; isdigit((unsigned char)*s); s++)
		if (x <= WINDOW_MAX_S)
			x = x * 10 + (*s - '0');
	if (*s == '.')
		for (s++; isdigit((unsigned char)*s); s++)
			part |= *s != '0';
	s += strspn(s, " \t");
	x += part;
	return *s ? -1 : x > WINDOW_MAX_S ? WINDOW_MAX_S : x;
}

int64_t hub_retry_after(const char *s, int64_t now_s)
{
	int64_t x;

	if (!s)
		return -1;
	s += strspn(s, " \t");
	x = delay_seconds(s);
	if (x >= 0)
		return x * 1000;
	x = http_date(s);
	if (x < 0)
		return -1;
	x -= now_s;
	return (x < 0 ? 0 : x > WINDOW_MAX_S ? WINDOW_MAX_S : x) * 1000;
}
