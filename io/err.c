// SPDX-License-Identifier: Apache-2.0
#include "io/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Length of the UTF-8 sequence at s (n bytes left), 0 if there is none. Overlong forms, surrogates and anything
 * beyond U+10FFFF are none (RFC 3629, section 4). */
static size_t utf8_len(const unsigned char *s, size_t n)
{
	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xC2 && s[0] <= 0xDF)
		return n >= 2 && (s[1] & 0xC0) == 0x80 ? 2 : 0;
	if (s[0] >= 0xE0 && s[0] <= 0xEF) {
		unsigned lo = s[0] == 0xE0 ? 0xA0 : 0x80, hi = s[0] == 0xED ? 0x9F : 0xBF;
		return n >= 3 && s[1] >= lo && s[1] <= hi && (s[2] & 0xC0) == 0x80 ? 3 : 0;
	}
	if (s[0] >= 0xF0 && s[0] <= 0xF4) {
		unsigned lo = s[0] == 0xF0 ? 0x90 : 0x80, hi = s[0] == 0xF4 ? 0x8F : 0xBF;
		return n >= 4 && s[1] >= lo && s[1] <= hi && (s[2] & 0xC0) == 0x80 && (s[3] & 0xC0) == 0x80 ? 4 : 0;
	}
	return 0;
}

/* C0, DEL and C1 controls, and the marks that reorder or hide text on a terminal (Unicode bidi controls, U+2028,
 * U+2029, BOM). */
static int is_unprintable(const unsigned char *s, size_t len)
{
	if (len == 1)
		return s[0] < 0x20 || s[0] == 0x7F;
	if (len == 2)
		return (s[0] == 0xC2 && s[1] < 0xA0) || (s[0] == 0xD8 && s[1] == 0x9C); /* U+061C */
	if (len == 3 && s[0] == 0xE2 && s[1] == 0x80)
		return (s[2] >= 0x8B && s[2] <= 0x8F) || (s[2] >= 0xA8 && s[2] <= 0xAE);
	if (len == 3 && s[0] == 0xE2 && s[1] == 0x81)
		return s[2] >= 0xA0 && s[2] <= 0xAF;
	return len == 3 && s[0] == 0xEF && s[1] == 0xBB && s[2] == 0xBF;
}

size_t err_unprintable(const char *s, size_t n)
{
	size_t len = utf8_len((const unsigned char *)s, n);

	return len == 0 ? 1 : is_unprintable((const unsigned char *)s, len) ? len : 0;
}

char *err_printable(char *dst, size_t n, const char *s, size_t len)
{
	static const char mark[] = "...";
	size_t o = 0, keep = 0;

	if (n == 0)
		return dst;
	for (size_t i = 0; i < len;) {
		const unsigned char *u = (const unsigned char *)s + i;
		size_t l = utf8_len(u, len - i);
		size_t out = l == 0 || is_unprintable(u, l) ? 1 : l;

		if (o + out + 1 > n) {
			if (n > sizeof mark)
				memcpy(dst + (o = keep), mark, sizeof mark - 1), o += sizeof mark - 1;
			break;
		}
		if (l == 0 || is_unprintable(u, l))
			dst[o] = '?';
		else
			memcpy(dst + o, u, l);
		o += out;
		if (o + sizeof mark <= n)
			keep = o;
		i += l ? l : 1;
	}
	dst[o] = '\0';
	return dst;
}

char *err_word(char *dst, size_t n, const char *s)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-+:,@%=";
	static const char quote[] = "'\\''";
	char text[4200];
	size_t o = 0;

	err_printable(text, sizeof text, s, strlen(s));
	if (*text && !text[strspn(text, plain)]) {
		snprintf(dst, n, "%s", text);
		return dst;
	}
	dst[o++] = '\'';
	for (const char *p = text; *p && o + sizeof quote + 1 < n; p++) {
		if (*p != '\'') {
			dst[o++] = *p;
			continue;
		}
		memcpy(dst + o, quote, sizeof quote - 1);
		o += sizeof quote - 1;
	}
	dst[o++] = '\'';
	dst[o] = '\0';
	return dst;
}

/* What to do next, where the text itself does not say it behind a semicolon. */
static const char *remedy_of(int errnum, const char *fmt)
{
	if (strchr(fmt, ';'))
		return "";
	switch (errnum) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return "; free some space, then run the same command again";
	case EACCES:
	case EPERM:
	case EROFS:
		return "; see to its permissions, then run the same command again";
	case EIO:
	case ESTALE:
		return "; see to its file system, then run the same command again";
	default:
		return "";
	}
}

__attribute__((format(printf, 4, 0))) static int err_vset(struct err *e, int code, int errnum, const char *fmt,
							  va_list ap)
{
	char raw[sizeof e->text];
	size_t len;

	if (!e)
		return code;
	if (e->code)
		return e->code;
	vsnprintf(raw, sizeof raw, fmt, ap);
	len = strlen(raw);
	if (errnum)
		snprintf(raw + len, sizeof raw - len, "%s: %s", remedy_of(errnum, fmt), strerror(errnum));
	err_printable(e->text, sizeof e->text, raw, strlen(raw));
	e->rank = -1;
	return e->code = code;
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	code = err_vset(e, code, 0, fmt, ap);
	va_end(ap);
	return code;
}

int err_sys(struct err *e, int errnum, const char *fmt, ...)
{
	va_list ap;
	int code;

	va_start(ap, fmt);
	code = err_vset(e, E_IO, errnum, fmt, ap);
	va_end(ap);
	return code;
}

void err_clear(struct err *e)
{
	e->code = 0;
	e->rank = -1;
	e->text[0] = '\0';
}

int err_exit_code(int code)
{
	switch (code) {
	case E_OK:
		return 0;
	case E_USAGE:
		return 2;
	case E_STOPPED:
		return 3;
	default:
		return 4;
	}
}
