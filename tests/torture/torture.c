/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/torture/torture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <jansson.h>
#include <openssl/hmac.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static long calls, fatal;
static int armed, and_all_behind;
static const char *struck;
static char only[64]; /* "": calls of any name */

static int strike(const char *name)
{
	if (!armed || (*only && strcmp(only, name) != 0))
		return 0;
	calls++;
	if (fatal == 0 || !(calls == fatal || (and_all_behind && calls > fatal)))
		return 0;
	if (!struck)
		struck = name;
	return 1;
}

void torture_begin(long k)
{
	calls = 0;
	fatal = k;
	and_all_behind = 0;
	struck = NULL;
	armed = 1;
}

long torture_end(const char **name)
{
	armed = 0;
	*name = struck;
	return calls;
}

/* --- memory: the blocks that are out --- */

enum { NSLOT = 1 << 16 };
static uintptr_t slot[NSLOT];
static size_t nblock;

static size_t seek(uintptr_t p)
{
	size_t i = (size_t)(p >> 4) * 2654435761u % NSLOT;

	while (slot[i] && slot[i] != p)
		i = (i + 1) % NSLOT;
	return i;
}

static void *lend(void *p)
{
	size_t i = seek((uintptr_t)p);

	if (p && armed && nblock < NSLOT / 2 && !slot[i]) {
		slot[i] = (uintptr_t)p;
		nblock++;
	}
	return p;
}

/* Those behind it move up, so that they are found without it. */
static void repay(uintptr_t p)
{
	size_t i = seek(p), j;

	if (!p || !slot[i])
		return;
	slot[i] = 0;
	nblock--;
	for (j = (i + 1) % NSLOT; slot[j]; j = (j + 1) % NSLOT) {
		uintptr_t q = slot[j];

		slot[j] = 0;
		slot[seek(q)] = q;
	}
}

void *torture_malloc(size_t n);
void *torture_calloc(size_t n, size_t m);
void *torture_realloc(void *p, size_t n);
void torture_free(void *p);
FILE *torture_open_memstream(char **p, size_t *n);

void *torture_malloc(size_t n)
{
	if (!strike("malloc"))
		return lend(malloc(n));
	errno = ENOMEM;
	return NULL;
}

void *torture_calloc(size_t n, size_t m)
{
	if (!strike("calloc"))
		return lend(calloc(n, m));
	errno = ENOMEM;
	return NULL;
}

void *torture_realloc(void *p, size_t n)
{
	uintptr_t old = (uintptr_t)p;
	void *q = NULL;

	if (strike("realloc"))
		errno = ENOMEM;
	else
		q = realloc(p, n);
	if (q && (uintptr_t)q != old) {
		repay(old);
		lend(q);
	}
	return q;
}

void torture_free(void *p)
{
	repay((uintptr_t)p);
	free(p);
}

FILE *torture_open_memstream(char **p, size_t *n)
{
	if (!strike("open_memstream"))
		return open_memstream(p, n);
	errno = ENOMEM;
	return NULL;
}

/* operator new(std::nothrow) and its like for arrays, of which simdjson's parser is made. */
void *_ZnwmRKSt9nothrow_t(size_t n, const void *nothrow);
void *_ZnamRKSt9nothrow_t(size_t n, const void *nothrow);
void *torture__ZnwmRKSt9nothrow_t(size_t n, const void *nothrow);
void *torture__ZnamRKSt9nothrow_t(size_t n, const void *nothrow);

void *torture__ZnwmRKSt9nothrow_t(size_t n, const void *nothrow)
{
	return strike("operator new") ? NULL : _ZnwmRKSt9nothrow_t(n, nothrow);
}

void *torture__ZnamRKSt9nothrow_t(size_t n, const void *nothrow)
{
	return strike("operator new[]") ? NULL : _ZnamRKSt9nothrow_t(n, nothrow);
}

/* As jansson says it. */
static void out_of_memory(json_error_t *e)
{
	memset(e, 0, sizeof *e);
	e->line = e->column = -1;
	e->text[sizeof e->text - 1] = json_error_out_of_memory;
}

/* --- those with arguments of any number, and one that is interrupted --- */

int torture_open(const char *path, int flags, ...);
int torture_fcntl(int fd, int what, ...);
json_t *torture_json_pack(const char *fmt, ...);
json_t *torture_json_pack_ex(json_error_t *why, size_t flags, const char *fmt, ...);
int torture_json_object_set_new(json_t *j, const char *key, json_t *value);
int torture_json_array_append_new(json_t *j, json_t *value);
json_t *torture_json_load_file(const char *path, size_t flags, json_error_t *e);
json_t *torture_json_loadf(FILE *f, size_t flags, json_error_t *e);
__attribute__((format(printf, 2, 3))) int torture_fprintf(FILE *f, const char *fmt, ...);
__attribute__((format(printf, 2, 0))) int torture_vfprintf(FILE *f, const char *fmt, va_list ap);
int torture_fputs(const char *s, FILE *f);
size_t torture_fwrite(const void *x, size_t size, size_t n, FILE *f);
int torture_ferror(FILE *f);
int torture_fclose(FILE *f);
int torture_fsync(int fd);
ssize_t torture_write(int fd, const void *x, size_t n);
ssize_t torture_pwrite(int fd, const void *x, size_t n, off_t at);

int torture_open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if (strike("open")) {
		errno = EMFILE;
		return -1;
	}
	if (flags & O_CREAT) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return open(path, flags, mode);
}

int torture_fcntl(int fd, int what, ...)
{
	va_list ap;
	void *x;

	va_start(ap, what);
	x = va_arg(ap, void *);
	va_end(ap);
	if (!strike("fcntl"))
		return fcntl(fd, what, x);
	errno = ENOLCK;
	return -1;
}

int torture_json_object_set_new(json_t *j, const char *key, json_t *value)
{
	if (!strike("json_object_set_new"))
		return json_object_set_new(j, key, value);
	json_decref(value);
	return -1;
}

int torture_json_array_append_new(json_t *j, json_t *value)
{
	if (!strike("json_array_append_new"))
		return json_array_append_new(j, value);
	json_decref(value);
	return -1;
}

json_t *torture_json_load_file(const char *path, size_t flags, json_error_t *e)
{
	if (!strike("json_load_file"))
		return json_load_file(path, flags, e);
	out_of_memory(e);
	return NULL;
}

json_t *torture_json_loadf(FILE *f, size_t flags, json_error_t *e)
{
	if (!strike("json_loadf"))
		return json_loadf(f, flags, e);
	out_of_memory(e);
	return NULL;
}

/* A stream remembers that it could not take something, and says so when it is asked or closed. */
static FILE *spoiled;

static int spoils(const char *name, FILE *f)
{
	if (!strike(name))
		return 0;
	spoiled = f;
	errno = ENOSPC;
	return 1;
}

int torture_fprintf(FILE *f, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (spoils("fprintf", f))
		return -1;
	va_start(ap, fmt);
	n = vfprintf(f, fmt, ap);
	va_end(ap);
	return n;
}

int torture_vfprintf(FILE *f, const char *fmt, va_list ap)
{
	return spoils("vfprintf", f) ? -1 : vfprintf(f, fmt, ap);
}

int torture_fputs(const char *s, FILE *f)
{
	return spoils("fputs", f) ? EOF : fputs(s, f);
}

size_t torture_fwrite(const void *x, size_t size, size_t n, FILE *f)
{
	return spoils("fwrite", f) ? 0 : fwrite(x, size, n, f);
}

int torture_ferror(FILE *f)
{
	return f == spoiled || ferror(f);
}

int torture_fclose(FILE *f)
{
	int was_spoiled = f == spoiled, rc = fclose(f);

	if (was_spoiled)
		spoiled = NULL;
	if (!was_spoiled && !strike("fclose"))
		return rc;
	errno = ENOSPC;
	return EOF;
}

/* Every other one is interrupted by a signal first, which is no failure: it has to be made again. */
int torture_fsync(int fd)
{
	static int interrupted;

	if (armed && (interrupted = !interrupted)) {
		errno = EINTR;
		return -1;
	}
	if (!strike("fsync"))
		return fsync(fd);
	errno = EIO;
	return -1;
}

/* Of three calls one is interrupted, and one takes a half of what it is given. Returns what is left to be made, 0:
 * none. */
static size_t partly(size_t n)
{
	static int turn;

	if (!armed)
		return n;
	turn = (turn + 1) % 3;
	if (turn == 1) {
		errno = EINTR;
		return 0;
	}
	return turn == 2 && n > 1 ? n / 2 : n;
}

ssize_t torture_write(int fd, const void *x, size_t n)
{
	size_t some = partly(n);

	if (n > 0 && some == 0)
		return -1;
	if (!strike("write"))
		return write(fd, x, some);
	errno = ENOSPC;
	return -1;
}

ssize_t torture_pwrite(int fd, const void *x, size_t n, off_t at)
{
	size_t some = partly(n);

	if (n > 0 && some == 0)
		return -1;
	if (!strike("pwrite"))
		return pwrite(fd, x, some, at);
	errno = ENOSPC;
	return -1;
}

/* The arguments that are given over must be taken, as by the real one. */
json_t *torture_json_pack(const char *fmt, ...)
{
	va_list ap;
	json_t *j;

	va_start(ap, fmt);
	j = json_vpack_ex(NULL, 0, fmt, ap);
	va_end(ap);
	if (!strike("json_pack"))
		return j;
	json_decref(j);
	return NULL;
}

json_t *torture_json_pack_ex(json_error_t *why, size_t flags, const char *fmt, ...)
{
	va_list ap;
	json_t *j;

	va_start(ap, fmt);
	j = json_vpack_ex(why, flags, fmt, ap);
	va_end(ap);
	if (!strike("json_pack_ex"))
		return j;
	json_decref(j);
	out_of_memory(why);
	return NULL;
}

/* --- the rows of calls.h --- */

#define OWN(name)
#define CALL(type, name, parameters, arguments, bad, why)                                                              \
	type torture_##name parameters;                                                                                \
	type torture_##name parameters                                                                                 \
	{                                                                                                              \
		if (!strike(#name))                                                                                    \
			return name arguments;                                                                         \
		errno = why;                                                                                           \
		return bad;                                                                                            \
	}
#define MAKE(type, name, parameters, arguments, bad, why)                                                              \
	type torture_##name parameters;                                                                                \
	type torture_##name parameters                                                                                 \
	{                                                                                                              \
		if (!strike(#name))                                                                                    \
			return lend(name arguments);                                                                   \
		errno = why;                                                                                           \
		return bad;                                                                                            \
	}
#define CLOSE(type, name, parameters, arguments, bad, why)                                                             \
	type torture_##name parameters;                                                                                \
	type torture_##name parameters                                                                                 \
	{                                                                                                              \
		type made = name arguments;                                                                            \
		if (!strike(#name))                                                                                    \
			return made;                                                                                   \
		errno = why;                                                                                           \
		return bad;                                                                                            \
	}
/* A file that one rank alone could not make or write cannot be closed by the others: that ends the job, and is not for
 * a test that goes on. */
#define NONE(x) not_in_step()
#define KEEP(x) 0
#define EVERY(type, name, parameters, arguments, undo)                                                                 \
	CALL(type, name, parameters, arguments, -1, 0)                                                                 \
	type torture_every_##name parameters;                                                                          \
	type torture_every_##name parameters                                                                           \
	{                                                                                                              \
		type made = name arguments;                                                                            \
		if (made < 0 || !strike(#name) || (undo(made)) < 0)                                                    \
			return made;                                                                                   \
		return -1;                                                                                             \
	}

static int not_in_step(void)
{
	struck = NULL;
	return -1;
}

#include "tests/torture/calls.h"

struct torture_owed torture_owed(void)
{
	struct torture_owed o = { nblock, 0, 0 };
	static const H5I_type_t kinds[] = { H5I_FILE,    H5I_GROUP, H5I_DATATYPE,   H5I_DATASPACE,
					    H5I_DATASET, H5I_ATTR,  H5I_GENPROP_LST };
	DIR *d = opendir("/proc/self/fd");

	H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* ids of a kind that was never used are asked for, too */
	while (d && readdir(d))
		o.files++;
	if (d)
		closedir(d);
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		hsize_t n = 0;

		if (H5Inmembers(kinds[i], &n) >= 0)
			o.ids += (long)n;
	}
	return o;
}

/* --- in a program --- */

__attribute__((destructor)) static void tell(void)
{
	const char *log = getenv("HUBCENSUS_TORTURE_LOG");
	FILE *f = armed && log ? fopen(log, "w") : NULL;

	if (!f)
		return;
	fprintf(f, "%ld %s\n", calls, struck ? struck : "-");
	fclose(f);
}

__attribute__((constructor)) static void listen_to_environment(void)
{
	const char *what = getenv("HUBCENSUS_TORTURE"), *rank = getenv("OMPI_COMM_WORLD_RANK");
	long k;
	char more = 0;
	int on;

	if (!what || sscanf(what, "%d:%ld%c%63[^\n]", &on, &k, &more, only) < 2 || on != (rank ? atoi(rank) : 0))
		return;
	torture_begin(k);
	and_all_behind = more == '+';
}
