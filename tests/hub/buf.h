/* SPDX-License-Identifier: Apache-2.0 */
/* A growable byte buffer, and the few ways in which a JSON body is appended to it.
 *
 * A stand-in has nothing useful to do without memory: running out ends the program. */
#ifndef HUB_BUF_H
#define HUB_BUF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char *p;
	size_t n;   /* bytes used */
	size_t cap; /* bytes owned */
};

void buf_init(struct buf *b);
void buf_release(struct buf *b);

/* Make room for `more` bytes behind the n used ones, and for a NUL. */
void buf_grow(struct buf *b, size_t more);
static inline void buf_reserve(struct buf *b, size_t more)
{
	if (b->cap - b->n <= more)
		buf_grow(b, more);
}

static inline void buf_add(struct buf *b, const void *p, size_t n)
{
	buf_reserve(b, n);
	if (n)
		memcpy(b->p + b->n, p, n);
	b->n += n;
}

/* The first n bytes of a text that owns BUF_PAD: one move of a fixed size is faster than one of just n. */
enum { BUF_PAD = 32 };
static inline void buf_pad(struct buf *b, const char p[BUF_PAD], size_t n)
{
	buf_reserve(b, BUF_PAD);
	memcpy(b->p + b->n, p, BUF_PAD);
	b->n += n;
}

static inline void buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

static inline void buf_char(struct buf *b, char c)
{
	buf_reserve(b, 1);
	b->p[b->n++] = c;
}

void buf_int(struct buf *b, int64_t v);
void buf_fmt(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A string literal as it stands: its length is known when it is compiled. */
#define buf_lit(b, s) buf_add((b), "" s, sizeof(s) - 1)

/* `s` as a JSON string, with quotes; UTF-8 goes out as it came in (RFC 8259, 7). */
void buf_json(struct buf *b, const char *s);

/* Seconds since 1970 as "2022-03-02T23:29:04.000Z", with quotes. */
void buf_json_time(struct buf *b, int64_t s);

/* Percent-encoded (RFC 3986); `keep` lists reserved characters that stay. */
void buf_percent(struct buf *b, const char *s, const char *keep);

/* End the buffer with a NUL that does not count. */
const char *buf_cstr(struct buf *b);

/* Copy s into out[room], cut to what fits. */
void str_put(char *out, size_t room, const char *s);

/* malloc, realloc and strdup that never return NULL. */
void *mem_new(size_t n);
void *mem_grow(void *p, size_t n);
char *mem_str(const char *s);

#endif
