// SPDX-License-Identifier: Apache-2.0
#include "reduce/size.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#define LEAST 1e5
#define MOST  1e13

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Digits from *p on, as a number; *n becomes how many there were. */
static double digits(const char **p, const char *end, int *n)
{
	double x = 0;

	for (*n = 0; *p < end && is_digit(**p); (*p)++, (*n)++)
		x = 10 * x + (**p - '0');
	return x;
}

/* Does a fraction follow? An underscore is a point behind 0 and 1 only: Qwen_2_5_3b is no 5.3. */
static int is_point(const char *p, const char *end, double whole, int nwhole)
{
	if (end - p < 2 || !is_digit(p[1]))
		return 0;
	return *p == '.' || *p == 'p' || (*p == '_' && nwhole == 1 && whole < 2);
}

static double number(const char **p, const char *end)
{
	int n, nfraction;
	const char *start = *p;
	double x = digits(p, end, &n);

	if (is_point(*p, end, x, n)) {
		(*p)++;
		return x + digits(p, end, &nfraction) / pow(10, nfraction);
	}
	return *start == '0' && n > 1 ? x / pow(10, n - 1) : x;
}

/* As number(), with the experts before it. */
static double product(const char **p, const char *end)
{
	const char *q = *p;
	int n;
	double times = digits(&q, end, &n);

	if (end - q < 2 || (*q != 'x' && *q != 'X') || !is_digit(q[1]))
		return number(p, end);
	*p = q + 1;
	return times * number(p, end);
}

static double unit(char c)
{
	switch (c) {
	case 'B':
	case 'b':
		return 1e9;
	case 'M':
	case 'm':
		return 1e6;
	case 'T':
	case 't':
		return 1e12;
	default:
		return 0;
	}
}

static int is_year(double x)
{
	return x >= 1990 && x < 2040 && x == floor(x);
}

/* The count that begins at s, or 0; *u becomes its unit. */
static double count_at(const char *s, const char *end, double *u)
{
	const char *p = s;
	double x = product(&p, end);

	*u = p < end ? unit(*p) : 0;
	if (*u == 0 || (p + 1 < end && is_alnum(p[1])) || (*u == 1e9 && is_year(x)))
		return 0;
	return x * *u >= LEAST && x * *u <= MOST ? x * *u : 0;
}

/* Where "3_1_8b" is meant to be Llama 3.1 of 8 billion, and no 1.8: s is at the 1. */
static int is_llama_31(const char *start, const char *s, const char *end)
{
	static const char *const rest[] = { "1_8b", "1_70b", "1_405b" };

	if (s - start < 2 || s[-1] != '_' || s[-2] != '3')
		return 0;
	for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
		if ((size_t)(end - s) >= strlen(rest[i]) && !strncasecmp(s, rest[i], strlen(rest[i])))
			return 1;
	return 0;
}

int64_t size_from_name(const char *id, size_t len)
{
	const char *end = id + len, *slash = memrchr(id, '/', len), *start = slash ? slash + 1 : id;
	double trillions = 0;

	for (const char *p = start; p < end; p++) {
		double x, u;

		if (!is_digit(*p) || (p > start && (is_alnum(p[-1]) || p[-1] == '.')) || is_llama_31(start, p, end))
			continue;
		x = count_at(p, end, &u);
		if (x > 0 && u < 1e12)
			return llrint(x);
		if (x > 0 && trillions == 0)
			trillions = x;
	}
	return llrint(trillions);
}
