// SPDX-License-Identifier: Apache-2.0
#include "crawler/scan.h"

#include <string.h>

static int is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The closing quote of the string that begins at s[i], or n. */
static size_t string_end(const char *s, size_t i, size_t n)
{
	for (i++; i < n && s[i] != '"'; i++)
		if (s[i] == '\\')
			i++;
	return i < n ? i : n;
}

/* The comma or bracket that ends the element at s[i], or n. */
static size_t element_end(const char *s, size_t i, size_t n)
{
	size_t depth = 0;

	for (; i < n; i++) {
		if (s[i] == '"')
			i = string_end(s, i, n);
		else if (s[i] == '[' || s[i] == '{')
			depth++;
		else if (depth == 0 && (s[i] == ',' || s[i] == ']' || s[i] == '}'))
			return i;
		else if (s[i] == ']' || s[i] == '}')
			depth--;
	}
	return n;
}

long scan_array(const char *s, size_t n, struct scan_piece *piece, size_t cap)
{
	size_t count = 0, i = 0;

	while (i < n && is_blank(s[i]))
		i++;
	while (n > i && is_blank(s[n - 1]))
		n--;
	if (n - i < 2 || s[i] != '[' || s[n - 1] != ']')
		return -1;
	for (i++; i < n; i++) {
		size_t end = element_end(s, i, n), len;

		if (end >= n || s[end] == '}' || (s[end] == ']' && end != n - 1))
			return -1;
		while (i < end && is_blank(s[i]))
			i++;
		for (len = end - i; len > 0 && is_blank(s[i + len - 1]); len--)
			;
		if (len == 0 && count == 0 && s[end] == ']')
			return 0;
		if (count == cap)
			return -1;
		piece[count++] = (struct scan_piece){ i, len };
		i = end;
	}
	return (long)count;
}
