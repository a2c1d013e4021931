/* SPDX-License-Identifier: Apache-2.0 */
#include "buf.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digits.h"
#include "when.h"

static void *need(void *p)
{
	if (!p) {
		fputs("hubsim: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *mem_new(size_t n)
{
	return need(calloc(1, n ? n : 1));
}

void *mem_grow(void *p, size_t n)
{
	return need(realloc(p, n ? n : 1));
}

char *mem_str(const char *s)
{
	return need(strdup(s));
}

void str_put(char *out, size_t room, const char *s)
{
	size_t n = strnlen(s, room - 1);
	memcpy(out, s, n);
	out[n] = 0;
}

void buf_init(struct buf *b)
{
	memset(b, 0, sizeof *b);
}

void buf_release(struct buf *b)
{
	free(b->p);
	buf_init(b);
}

void buf_grow(struct buf *b, size_t more)
{
	size_t want = b->n + more + 1;
	size_t cap = b->cap ? b->cap : 256;
	while (cap < want)
		cap *= 2;
	b->p = mem_grow(b->p, cap);
	b->cap = cap;
}

/* Two digits at a time: half the divisions. */
void buf_int(struct buf *b, int64_t v)
{
	char t[24];
	size_t at = sizeof t;
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	for (; u >= 100; u /= 100)
		digits_two(t + (at -= 2), (unsigned)(u % 100));
	if (u >= 10)
		digits_two(t + (at -= 2), (unsigned)u);
	else
		t[--at] = (char)('0' + u);
	if (v < 0)
		t[--at] = '-';
	buf_add(b, t + at, sizeof t - at);
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n > 0) {
		buf_reserve(b, (size_t)n);
		vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
		b->n += (size_t)n;
	}
	va_end(again);
}

static void json_escape(struct buf *b, unsigned char c)
{
	switch (c) {
	case '"':
		buf_lit(b, "\\\"");
		break;
	case '\\':
		buf_lit(b, "\\\\");
		break;
	case '\n':
		buf_lit(b, "\\n");
		break;
	case '\t':
		buf_lit(b, "\\t");
		break;
	case '\r':
		buf_lit(b, "\\r");
		break;
	default:
		buf_fmt(b, "\\u%04x", c);
	}
}

/* Eight bytes of which one, or more, has to be escaped (the tests for a byte below n and for a zero byte of the "Bit
 * Twiddling Hacks", Anderson 1997-2005). */
static bool escapes(uint64_t w)
{
	const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
	uint64_t quote = w ^ ones * '"', back = w ^ ones * '\\';
	return ((w - ones * 0x20) & ~w & high) | ((quote - ones) & ~quote & high) | ((back - ones) & ~back & high);
}

static bool needs_escape(unsigned char c)
{
	return c < 0x20 || c == '"' || c == '\\';
}

/* Does s go out as it is? Words may overlap. */
static bool is_plain(const char *s, size_t n)
{
	uint64_t w;
	size_t k = 0;
	bool bad = false;
	for (; k + 8 <= n; k += 8) {
		memcpy(&w, s + k, 8);
		bad |= escapes(w);
	}
	if (n >= 8) {
		memcpy(&w, s + n - 8, 8);
		return !(bad | escapes(w));
	}
	for (; k < n; k++)
		bad |= needs_escape((unsigned char)s[k]);
	return !bad;
}

void buf_json(struct buf *b, const char *s)
{
	size_t n = strlen(s);
	buf_char(b, '"');
	if (is_plain(s, n))
		buf_add(b, s, n);
	else
		for (; *s; s++)
			if (needs_escape((unsigned char)*s))
				json_escape(b, (unsigned char)*s);
			else
				buf_char(b, *s);
	buf_char(b, '"');
}

void buf_json_time(struct buf *b, int64_t s)
{
	buf_reserve(b, WHEN_TEXT + 2);
	char *p = b->p + b->n;
	*p = '"';
	when_text(s, p + 1);
	p[WHEN_LENGTH + 1] = '"';
	b->n += WHEN_LENGTH + 2;
}

void buf_percent(struct buf *b, const char *s, const char *keep)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			     strchr("-._~", c) || strchr(keep, c);
		if (plain)
			buf_char(b, (char)c);
		else
			buf_fmt(b, "%%%02X", c);
	}
}

const char *buf_cstr(struct buf *b)
{
	buf_reserve(b, 1);
	b->p[b->n] = 0;
	return b->p;
}
