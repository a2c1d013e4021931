// SPDX-License-Identifier: Apache-2.0
#include "io/gz.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ZLIB_CONST
#include <zlib.h>

#include "io/sync.h"

#define BUFFER    (64 << 10)
#define GZIP_ONLY (15 + 16)  /* the largest window, a gzip header and trailer: zlib.h, deflateInit2() */
#define MEMLEVEL  8          /* zlib's default */
#define STEP_MAX  (1u << 30) /* zlib counts in unsigned ints */

static uInt step(size_t n)
{
	return n < STEP_MAX ? (uInt)n : STEP_MAX;
}

/* ---- Writing */

struct gzip_writer {
	z_stream z;
	int fd;
	const char *name;
	int64_t nbytes;  /* of members ended */
	int64_t pending; /* of the present member, handed to the system */
	unsigned char out[BUFFER];
};

static void rewind_out(struct gzip_writer *w)
{
	w->z.next_out = w->out;
	w->z.avail_out = sizeof w->out;
}

int gzip_writer_create(struct gzip_writer **w, int fd, const char *name, int level, struct err *e)
{
	*w = calloc(1, sizeof **w);
	if (*w && deflateInit2(&(*w)->z, level, Z_DEFLATED, GZIP_ONLY, MEMLEVEL, Z_DEFAULT_STRATEGY) == Z_OK) {
		(*w)->fd = fd;
		(*w)->name = name;
		rewind_out(*w);
		return E_OK;
	}
	free(*w);
	*w = NULL;
	return err_set(e, E_NOMEM, "no memory to compress '%s'", name);
}

void gzip_writer_free(struct gzip_writer *w)
{
	if (w)
		deflateEnd(&w->z);
	free(w);
}

static int flush_out(struct gzip_writer *w, struct err *e)
{
	size_t n = sizeof w->out - w->z.avail_out;
	int bad = sync_write(w->fd, w->out, n);

	if (bad)
		return err_sys(e, bad, "cannot write '%s'; free some space, then run the same command again", w->name);
	w->pending += (int64_t)n;
	rewind_out(w);
	return E_OK;
}

/* Let zlib work until it has taken all input, or, at Z_FINISH, until the member has its trailer. */
static int compress_on(struct gzip_writer *w, int flush, struct err *e)
{
	int z;

	do {
		int rc = w->z.avail_out == 0 ? flush_out(w, e) : E_OK;

		if (rc)
			return rc;
		z = deflate(&w->z, flush);
		if (z == Z_STREAM_ERROR)
			return err_set(e, E_BUG, "zlib refuses to compress '%s'", w->name);
	} while (flush == Z_FINISH ? z != Z_STREAM_END : w->z.avail_in > 0);
	return E_OK;
}

int gzip_writer_put(struct gzip_writer *w, const void *x, size_t n, struct err *e)
{
	const unsigned char *p = x;

	for (uInt k; n > 0; p += k, n -= k) {
		int rc;

		k = step(n);
		w->z.next_in = p;
		w->z.avail_in = k;
		rc = compress_on(w, Z_NO_FLUSH, e);
		if (rc)
			return rc;
	}
	return E_OK;
}

int gzip_writer_end(struct gzip_writer *w, struct err *e)
{
	int rc;

	w->z.avail_in = 0;
	rc = compress_on(w, Z_FINISH, e);
	if (!rc)
		rc = flush_out(w, e);
	if (rc)
		return rc;
	w->nbytes += w->pending;
	gzip_writer_drop(w);
	return E_OK;
}

void gzip_writer_drop(struct gzip_writer *w)
{
	deflateReset(&w->z);
	w->z.avail_in = 0;
	w->pending = 0;
	rewind_out(w);
}

int64_t gzip_writer_nbytes(const struct gzip_writer *w)
{
	return w->nbytes;
}

/* ---- Reading */

enum state {
	BETWEEN, /* before the first member, or a member has ended */
	INSIDE,
	AT_END, /* of the input */
	FAILED,
};

struct gzip_reader {
	z_stream z;
	enum state state;
	int fd; /* -1: memory */
	const unsigned char *rest;
	size_t nrest; /* memory not yet given to zlib */
	const char *name;
	int64_t member_max, member_n; /* decompressed bytes: allowed, so far */
	int64_t fed;                  /* bytes of input that zlib was given */
	int is_plain, was_cut, input_ended;
	unsigned char in[BUFFER];
};

static struct gzip_reader *reader_new(const char *name, int64_t member_max, struct err *e)
{
	struct gzip_reader *r = calloc(1, sizeof *r);

	if (r && inflateInit2(&r->z, GZIP_ONLY) == Z_OK) {
		r->fd = -1;
		r->name = name;
		r->member_max = member_max;
		return r;
	}
	free(r);
	err_set(e, E_NOMEM, "no memory to read '%s'", name);
	return NULL;
}

int gzip_reader_open(struct gzip_reader **r, const char *path, int64_t member_max, struct err *e)
{
	/* Without O_NONBLOCK the open of a pipe would wait for a writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = E_OK;
	struct stat st;

	*r = NULL;
	if (fd < 0)
		return err_sys(e, errno, "cannot read '%s'", path);
	if (fstat(fd, &st))
		rc = err_sys(e, errno, "cannot read '%s'", path);
	else if (!S_ISREG(st.st_mode))
		rc = err_set(e, E_FORMAT, "'%s' is not a regular file", path);
	else
		*r = reader_new(path, member_max, e);
	if (*r)
		(*r)->fd = fd;
	else
		close(fd);
	return *r || rc ? rc : E_NOMEM;
}

int gzip_reader_memory(struct gzip_reader **r, const void *x, size_t n, const char *name, int64_t member_max,
		       struct err *e)
{
	*r = reader_new(name, member_max, e);
	if (!*r)
		return E_NOMEM;
	(*r)->rest = x;
	(*r)->nrest = n;
	return E_OK;
}

void gzip_reader_free(struct gzip_reader *r)
{
	if (!r)
		return;
	inflateEnd(&r->z);
	if (r->fd >= 0)
		close(r->fd);
	free(r);
}

static int fail(struct gzip_reader *r, int rc)
{
	r->state = FAILED;
	return rc;
}

/* See to it that there is input, or that input_ended says that there is none. */
static int refill(struct gzip_reader *r, struct err *e)
{
	ssize_t n;

	if (r->z.avail_in > 0 || r->input_ended)
		return E_OK;
	if (r->fd < 0) {
		r->z.next_in = r->rest;
		n = (ssize_t)step(r->nrest);
		if (n > 0)
			r->rest += n;
		r->nrest -= (size_t)n;
	} else {
		do
			n = read(r->fd, r->in, sizeof r->in);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return fail(r, err_sys(e, errno, "cannot read '%s'", r->name));
		r->z.next_in = r->in;
	}
	r->z.avail_in = (uInt)n;
	r->fed += n;
	r->input_ended = n == 0;
	return E_OK;
}

int gzip_reader_next(struct gzip_reader *r, int *more, struct err *e)
{
	int is_first = r->fed == 0, rc;

	*more = 0;
	if (r->state == INSIDE || r->state == FAILED)
		return err_set(e, E_BUG, "the member of '%s' before has not been read to its end", r->name);
	if (r->state == AT_END)
		return E_OK;
	rc = refill(r, e);
	if (rc)
		return rc;
	if (r->input_ended) {
		r->state = AT_END;
		return E_OK;
	}
	if (is_first)
		r->is_plain = r->z.next_in[0] != 0x1f;
	inflateReset(&r->z);
	r->member_n = 0;
	r->state = INSIDE;
	*more = 1;
	return E_OK;
}

/* Decompress into x what input and room allow. */
static int inflate_some(struct gzip_reader *r, unsigned char *x, size_t n, size_t *got, struct err *e)
{
	uInt room = step(n);
	int rc;

	r->z.next_out = x;
	r->z.avail_out = room;
	rc = inflate(&r->z, Z_NO_FLUSH);
	*got = room - r->z.avail_out;
	r->member_n += (int64_t)*got;
	if (rc == Z_MEM_ERROR)
		return fail(r, err_set(e, E_NOMEM, "no memory to read '%s'", r->name));
	if (rc != Z_OK && rc != Z_STREAM_END)
		return fail(r, err_set(e, E_FORMAT, "'%s' is damaged before byte %" PRId64 " (%s)", r->name,
				       gzip_reader_offset(r), r->z.msg ? r->z.msg : "no gzip"));
	if (r->member_n > r->member_max)
		return fail(r, err_set(e, E_FORMAT,
				       "'%s' holds more than %" PRId64 " bytes, decompressed, in the member before "
				       "byte %" PRId64,
				       r->name, r->member_max, gzip_reader_offset(r)));
	if (rc == Z_STREAM_END)
		r->state = BETWEEN;
	return E_OK;
}

static size_t copy_some(struct gzip_reader *r, unsigned char *x, size_t n)
{
	if (n > r->z.avail_in)
		n = r->z.avail_in;
	memcpy(x, r->z.next_in, n);
	r->z.next_in += n;
	r->z.avail_in -= (uInt)n;
	return n;
}

int gzip_reader_take(struct gzip_reader *r, void *x, size_t n, size_t *got, struct err *e)
{
	*got = 0;
	if (r->state == FAILED)
		return err_set(e, E_FORMAT, "'%s' cannot be read any further", r->name);
	while (*got < n && r->state == INSIDE) {
		unsigned char *to = (unsigned char *)x + *got;
		size_t k = 0;
		int rc = refill(r, e);

		if (!rc && r->input_ended) {
			r->state = AT_END;
			r->was_cut = !r->is_plain;
		} else if (!rc && r->is_plain) {
			k = copy_some(r, to, n - *got);
		} else if (!rc) {
			rc = inflate_some(r, to, n - *got, &k, e);
		}
		if (rc)
			return rc;
		*got += k;
	}
	return E_OK;
}

int gzip_reader_was_cut(const struct gzip_reader *r)
{
	return r->was_cut;
}

int gzip_reader_is_plain(const struct gzip_reader *r)
{
	return r->is_plain;
}

int64_t gzip_reader_offset(const struct gzip_reader *r)
{
	return r->fed - (int64_t)r->z.avail_in;
}

/* ---- a zlib stream */

static enum err_code inflates_within(z_stream *z, size_t most)
{
	unsigned char out[BUFFER];
	size_t n = 0;
	int rc = Z_OK;

	while (rc == Z_OK && n <= most) {
		z->next_out = out;
		z->avail_out = sizeof out;
		rc = inflate(z, Z_NO_FLUSH);
		n += sizeof out - z->avail_out;
	}
	if (rc == Z_MEM_ERROR)
		return E_NOMEM;
	return rc == Z_STREAM_END && n <= most ? E_OK : E_FORMAT;
}

enum err_code zlib_check(const void *x, size_t n, size_t most)
{
	z_stream z = { .next_in = x, .avail_in = (uInt)n };
	enum err_code rc = E_FORMAT;

	if (n > UINT_MAX)
		return rc;
	if (inflateInit(&z) != Z_OK)
		return E_NOMEM;
	rc = inflates_within(&z, most);
	inflateEnd(&z);
	return rc;
}
