// SPDX-License-Identifier: Apache-2.0
/* Header lines, of HTTP replies and of WARC records: pure, over any bytes, nothing is copied. Local.
 *
 * A line ends with \n or \r\n or with the text. A line that begins with a blank goes on from the line before (a fold,
 * RFC 9112, section 5.2): callers see it as a line that line_split() refuses.
 */
#ifndef IO_LINES_H
#define IO_LINES_H

#include <stddef.h>

/* Bytes of somebody else's text. */
struct view {
	const char *s;
	size_t n;
};

/* Take a line off [*p, end): without its end. Call only while *p < end. */
struct view line_take(const char **p, const char *end);

/* Without blanks (space, tab) at its ends. */
struct view line_trim(struct view v);

int line_is_blank(char c);

/* Is it `text`, whatever the case? */
int line_is(struct view v, const char *text);

/* "Name: value" apart, the value trimmed; 0 if the line is none. A name is a token (RFC 9110, section 5.6.2), so that
 * no control character or blank can hide one name behind another. */
int line_split(struct view line, struct view *name, struct view *value);

/* "HTTP/1.1 200 OK" apart: "1.1", 200 (100 to 999), "OK" or nothing; 0 if the line is none. */
int line_split_status(struct view line, struct view *version, int *status, struct view *reason);

/* Length of the header at the start of n bytes, its blank line included; 0: it does not end in them. */
size_t lines_length(const char *p, size_t n);

#endif
