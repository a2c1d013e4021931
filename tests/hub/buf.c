/* SPDX-License-Identifier: Apache-2.0 */
#include "buf.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void buf_reserve(struct buf *b, size_t more)
{
	size_t want = b->n + more + 1;
	if (want <= b->cap)
		return;
	size_t cap = b->cap ? b->cap : 256;
	while (cap < want)
		cap *= 2;
	b->p = mem_grow(b->p, cap);
	b->cap = cap;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	buf_reserve(b, n);
	if (n)
		memcpy(b->p + b->n, p, n);
	b->n += n;
}

void buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_int(struct buf *b, int64_t v)
{
	char t[24];
	size_t at = sizeof t;
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	do {
		t[--at] = (char)('0' + u % 10);
		u /= 10;
	} while (u);
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

void buf_json(struct buf *b, const char *s)
{
	buf_char(b, '"');
	while (*s) {
		size_t plain = 0;
		while ((unsigned char)s[plain] >= 0x20 && s[plain] != '"' && s[plain] != '\\')
			plain++;
		buf_add(b, s, plain);
		s += plain;
		if (*s)
			json_escape(b, (unsigned char)*s++);
	}
	buf_char(b, '"');
}

void buf_json_time(struct buf *b, int64_t s)
{
	char t[WHEN_TEXT];
	when_text(s, t);
	buf_char(b, '"');
	buf_str(b, t);
	buf_char(b, '"');
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
