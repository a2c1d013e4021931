// SPDX-License-Identifier: Apache-2.0
#include "io/lines.h"

#include <string.h>
#include <strings.h>

struct view line_take(const char **p, const char *end)
{
	struct view v = { *p, (size_t)(end - *p) };
	const char *nl = v.n ? memchr(*p, '\n', v.n) : NULL;

	*p = nl ? nl + 1 : end;
	if (nl)
		v.n = (size_t)(nl - v.s);
	if (v.n > 0 && v.s[v.n - 1] == '\r')
		v.n--;
	return v;
}

int line_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct view line_trim(struct view v)
{
	while (v.n > 0 && line_is_blank(v.s[0]))
		v.s++, v.n--;
	while (v.n > 0 && line_is_blank(v.s[v.n - 1]))
		v.n--;
	return v;
}

int line_is(struct view v, const char *text)
{
	return v.n == strlen(text) && strncasecmp(v.s, text, v.n) == 0;
}

/* RFC 9110, section 5.6.2: token. */
static int is_token(struct view v)
{
	for (size_t i = 0; i < v.n; i++) {
		char c = v.s[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      (c != '\0' && strchr("!#$%&'*+-.^_`|~", c))))
			return 0;
	}
	return v.n > 0;
}

int line_split(struct view line, struct view *name, struct view *value)
{
	const char *colon = line.n ? memchr(line.s, ':', line.n) : NULL;

	if (!colon)
		return 0;
	*name = (struct view){ line.s, (size_t)(colon - line.s) };
	*value = line_trim((struct view){ colon + 1, line.n - name->n - 1 });
	return is_token(*name);
}

int line_split_status(struct view line, struct view *version, int *status, struct view *reason)
{
	const char *blank = line.n ? memchr(line.s, ' ', line.n) : NULL;
	const char *end = line.s + line.n;
	int code = 0, i;

	if (!blank || blank - line.s < 6 || memcmp(line.s, "HTTP/", 5) != 0)
		return 0;
	*version = (struct view){ line.s + 5, (size_t)(blank - line.s) - 5 };
	for (i = 0; i < 3 && ++blank < end && *blank >= '0' && *blank <= '9'; i++)
		code = code * 10 + (*blank - '0');
	if (i < 3 || code < 100 || (++blank < end && *blank != ' '))
		return 0;
	*status = code;
	*reason = line_trim((struct view){ blank, (size_t)(end - blank) });
	return 1;
}

size_t lines_length(const char *p, size_t n)
{
	const char *nl = p, *end = p + n;

	while (nl < end && (nl = memchr(nl, '\n', (size_t)(end - nl)))) {
		nl++;
		if (nl < end && *nl == '\n')
			return (size_t)(nl - p) + 1;
		if (end - nl >= 2 && nl[0] == '\r' && nl[1] == '\n')
			return (size_t)(nl - p) + 2;
	}
	return 0;
}
