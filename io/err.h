// SPDX-License-Identifier: Apache-2.0
/* One error, with room for its text: nothing is allocated on the way out of a failure.
 *
 * Functions that can fail return an enum err_code (0 is success) and describe the failure in
 * `struct err *e`: one line, what failed first, the 'quoted subject', what to do next. The first
 * err_set() wins, so that a clean-up that fails as well does not hide the cause.
 */
#ifndef IO_ERR_H
#define IO_ERR_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* In order of severity: where several ranks fail, err_agree() reports the largest code, and the lowest rank that has
 * it. */
enum err_code {
	E_OK = 0,
	E_STOPPED, /* asked to stop, everything sealed: run again to go on */
	E_USAGE,   /* options, or a folder that belongs to another census */
	E_FORMAT,  /* a file is not what it should be: foreign, hostile, damaged */
	E_DAMAGED, /* a shard is not what was sealed: hubcrawl sets it aside and crawls its part again */
	E_DENIED,  /* the Hub refused the token or the request (401, 403) */
	E_HUB,     /* the Hub cannot be reached, or what answers is not a Hub */
	E_IO,      /* the operating system failed: disk, permission, network stack */
	E_H5,      /* the HDF5 library failed */
	E_NOMEM,
	E_BUG, /* a broken invariant */
};

struct err {
	int code; /* enum err_code */
	int rank; /* the rank that failed, -1 where that is this one and nobody has asked yet */
	char text[512];
};

/* An err that holds nothing. */
#define ERR_INIT                                                                                                       \
	{                                                                                                              \
		0, -1, ""                                                                                              \
	}

/* Record a failure, unless one is recorded already. Local. Returns the code that `e` then holds. `e` may be NULL:
 * returns `code`. Control characters of the text are replaced, for names in it come from the network. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set(E_IO), with ": " and strerror(errnum) behind the text, and what to do before it where the disk is full, or
 * the file system or its permissions are the trouble, and fmt does not say it (behind a semicolon). */
int err_sys(struct err *e, int errnum, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

void err_clear(struct err *e);

/* The documented exit code for an error code: 0, 2, 3 or 4. */
int err_exit_code(int code);

/* Copy at most n - 1 bytes of `s` (len bytes) to `dst` for a terminal or a log: control characters, and bytes that are
 * not UTF-8, become '?', a cut is marked by "..."; dst is always terminated. Returns dst. */
char *err_printable(char *dst, size_t n, const char *s, size_t len);

/* How many of the n > 0 bytes at `s` err_printable() would replace by a '?'; 0: none, the character is printed. */
size_t err_unprintable(const char *s, size_t n);

/* A name as err_printable() has it, for a command line that is printed: in quotes where a shell would not take it as
 * one word. n: 16 at least, ERR_WORD for that of a folder. Returns dst. */
#define ERR_WORD 4300
char *err_word(char *dst, size_t n, const char *s);

#ifdef __cplusplus
}
#endif
#endif
