// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io/h5safe.h"
#include "io/h5shard.h"
#include "io/snapshot.h"
#include "io/stamp.h"

/* The state of one writing: after the first failure every call does nothing, so the callers need no ladder of ifs. */
struct writer {
	hid_t file;
	const char *path;
	struct err *e;
};

static void fail(struct writer *w, const char *what)
{
	h5safe_error(w->e, E_H5, "cannot make %s of '%s'", what, w->path);
}

/* n elements, or n rows of `width` elements if width is not 0. Contiguous and not deflated: a shard is read once, its
 * columns are packed and coded already, and the stamp over the file is its checksum. */
static void put(struct writer *w, const char *name, hid_t type, uint64_t n, uint64_t width, const void *x)
{
	hsize_t dims[2] = { n, width };
	hid_t space, d;

	if (w->e->code)
		return;
	space = H5Screate_simple(width ? 2 : 1, dims, NULL);
	d = space < 0 ? -1 : H5Dcreate2(w->file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	if (d < 0 || (n > 0 && H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, x) < 0))
		fail(w, name);
	if (d >= 0 && H5Dclose(d) < 0)
		fail(w, name);
	if (space >= 0)
		H5Sclose(space);
}

static void put_group(struct writer *w, const char *name)
{
	hid_t g = w->e->code ? -1 : H5Gcreate2(w->file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);

	if (g < 0 || H5Gclose(g) < 0)
		fail(w, name);
}

static void put_texts(struct writer *w, const char *name, const char *what, const struct texts *t)
{
	static const uint64_t none = 0;
	char path[96];

	snprintf(path, sizeof path, "%s/%soff", name, what);
	put(w, path, H5T_NATIVE_UINT64, t->n + 1, 0, t->n ? t->off : &none);
	snprintf(path, sizeof path, "%s/%sbytes", name, what);
	put(w, path, H5T_NATIVE_UINT8, texts_nbytes(t), 0, t->bytes);
}

static void put_column(struct writer *w, const struct table *t, enum field f)
{
	static const uint64_t none = 0;
	const struct column *c = &t->col[f];
	uint64_t n = t->n;
	char name[48], path[64];

	snprintf(name, sizeof name, "rows/%s", schema[f].name);
	snprintf(path, sizeof path, "%s/code", name);
	switch (schema[f].type) {
	case COL_OID:
		put(w, name, H5T_NATIVE_UINT8, n, sizeof *c->oid, c->oid);
		return;
	case COL_I64:
		put(w, name, H5T_NATIVE_INT64, n, 0, c->i64);
		return;
	case COL_FLAG:
		put(w, name, H5T_NATIVE_INT8, n, 0, c->flag);
		return;
	case COL_STR:
		put_group(w, name);
		put_texts(w, name, "", &c->str);
		return;
	case COL_CAT:
		put_group(w, name);
		put(w, path, H5T_NATIVE_INT32, n, 0, c->code);
		break;
	case COL_LIST:
		put_group(w, name);
		put(w, path, H5T_NATIVE_INT32, n ? c->off[n] : 0, 0, c->code);
		snprintf(path, sizeof path, "%s/off", name);
		put(w, path, H5T_NATIVE_UINT64, n + 1, 0, n ? c->off : &none);
		break;
	}
	put_texts(w, name, "label_", &c->labels.text);
}

static void put_rows(struct writer *w, const struct table *t)
{
	put_group(w, "rows");
	for (int f = 0; f < NFIELDS; f++)
		if (schema_has(t->kind, (enum field)f))
			put_column(w, t, (enum field)f);
}

/* Gather one member of n structs, `stride` bytes apart, into an array and write it: an ObjectId as a row of bytes. */
static void put_member(struct writer *w, const char *name, hid_t type, const void *base, size_t offset, size_t stride,
		       size_t size, uint32_t n)
{
	char *a = malloc(n ? n * size : 1);

	if (!a) {
		err_set(w->e, E_NOMEM, "no memory to seal '%s'", w->path);
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		memcpy(a + i * size, (const char *)base + i * stride + offset, size);
	put(w, name, type, n, size == sizeof(struct oid) ? size : 0, a);
	free(a);
}

static void put_pieces(struct writer *w, const struct shard *s)
{
	struct texts next = { 0 };

	put_group(w, "pieces");
	put_member(w, "pieces/lo", H5T_NATIVE_UINT8, s->piece, offsetof(struct shard_piece, span.lo), sizeof *s->piece,
		   sizeof s->piece->span.lo, s->npiece);
	put_member(w, "pieces/hi", H5T_NATIVE_UINT8, s->piece, offsetof(struct shard_piece, span.hi), sizeof *s->piece,
		   sizeof s->piece->span.hi, s->npiece);
	put_member(w, "pieces/flags", H5T_NATIVE_UINT32, s->piece, offsetof(struct shard_piece, flags),
		   sizeof *s->piece, sizeof s->piece->flags, s->npiece);
	put_member(w, "pieces/pages", H5T_NATIVE_INT64, s->piece, offsetof(struct shard_piece, pages), sizeof *s->piece,
		   sizeof s->piece->pages, s->npiece);
	put_member(w, "pieces/rows", H5T_NATIVE_INT64, s->piece, offsetof(struct shard_piece, rows), sizeof *s->piece,
		   sizeof s->piece->rows, s->npiece);
	put_member(w, "pieces/observed_first", H5T_NATIVE_INT64, s->piece, offsetof(struct shard_piece, observed_first),
		   sizeof *s->piece, sizeof s->piece->observed_first, s->npiece);
	put_member(w, "pieces/observed_last", H5T_NATIVE_INT64, s->piece, offsetof(struct shard_piece, observed_last),
		   sizeof *s->piece, sizeof s->piece->observed_last, s->npiece);
	for (uint32_t i = 0; i < s->npiece; i++)
		if (texts_add(&next, s->piece[i].next ? s->piece[i].next : "",
			      s->piece[i].next ? strlen(s->piece[i].next) : 0))
			err_set(w->e, E_NOMEM, "no memory to seal '%s'", w->path);
	put_texts(w, "pieces", "next_", &next);
	texts_release(&next);
}

static void put_refusals(struct writer *w, const struct shard *s)
{
	struct texts why = { 0 }, raw = { 0 };

	put_group(w, "refusals");
	put_member(w, "refusals/field", H5T_NATIVE_INT32, s->refusal, offsetof(struct shard_refusal, field),
		   sizeof *s->refusal, sizeof s->refusal->field, s->nrefusal);
	put_member(w, "refusals/observed", H5T_NATIVE_INT64, s->refusal, offsetof(struct shard_refusal, observed),
		   sizeof *s->refusal, sizeof s->refusal->observed, s->nrefusal);
	put_member(w, "refusals/oid", H5T_NATIVE_UINT8, s->refusal, offsetof(struct shard_refusal, oid),
		   sizeof *s->refusal, sizeof s->refusal->oid, s->nrefusal);
	for (uint32_t i = 0; i < s->nrefusal; i++)
		if (texts_add(&why, s->refusal[i].why, strlen(s->refusal[i].why)) ||
		    texts_add(&raw, s->refusal[i].raw, s->refusal[i].nraw))
			err_set(w->e, E_NOMEM, "no memory to seal '%s'", w->path);
	put_texts(w, "refusals", "why_", &why);
	put_texts(w, "refusals", "raw_", &raw);
	texts_release(&why);
	texts_release(&raw);
}

static void put_attr(struct writer *w, const char *name, hid_t type, const void *x)
{
	hid_t space = w->e->code ? -1 : H5Screate(H5S_SCALAR);
	hid_t a = space < 0 ? -1 : H5Acreate2(w->file, name, type, space, H5P_DEFAULT, H5P_DEFAULT);

	if (a < 0 || H5Awrite(a, type, x) < 0)
		fail(w, name);
	/* Whatever was before: an attribute left open keeps the whole file open. */
	if (a >= 0 && H5Aclose(a) < 0)
		fail(w, name);
	if (space >= 0)
		H5Sclose(space);
}

static void put_attr_text(struct writer *w, const char *name, const char *s)
{
	hid_t type = H5Tcopy(H5T_C_S1);

	if (type < 0 || H5Tset_size(type, strlen(s) + 1) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0)
		fail(w, name);
	else
		put_attr(w, name, type, s);
	if (type >= 0)
		H5Tclose(type);
}

static void put_attrs(struct writer *w, const struct shard *s)
{
	int64_t version = SHARD_VERSION, rank = s->rank;

	put_attr_text(w, "format", "hubcensus-shard");
	put_attr(w, "version", H5T_NATIVE_INT64, &version);
	put_attr_text(w, "snapshot", s->snapshot);
	put_attr_text(w, "kind", kind_name[s->kind]);
	put_attr(w, "rank", H5T_NATIVE_INT64, &rank);
	put_attr(w, "seq", H5T_NATIVE_INT64, &s->seq);
	put_attr(w, "session", H5T_NATIVE_INT64, &s->session);
	put_attr(w, "sealed_at", H5T_NATIVE_INT64, &s->sealed_at);
	put_attr(w, "hub_total", H5T_NATIVE_INT64, &s->hub_total);
}

/* The file is made in memory and written by plain writes: a library that finds the disk full keeps a file that it can
 * neither write nor close, and crashes over it at the end of MPI. Memory comes in such pieces. */
#define IMAGE_STEP (4u << 20)

static hid_t create_in_memory(const char *name)
{
	hid_t fcpl = H5Pcreate(H5P_FILE_CREATE), fapl = H5Pcreate(H5P_FILE_ACCESS), f = -1;

	/* Without its user block the stamp would overwrite the beginning. */
	if (fcpl >= 0 && fapl >= 0 && H5Pset_userblock(fcpl, STAMP_SIZE) >= 0 &&
	    H5Pset_fapl_core(fapl, IMAGE_STEP, 0) >= 0)
		f = H5Fcreate(name, H5F_ACC_TRUNC, fcpl, fapl);
	if (fcpl >= 0)
		H5Pclose(fcpl);
	if (fapl >= 0)
		H5Pclose(fapl);
	return f;
}

/* All of the file but its user block, allocated. */
static char *take_image(struct writer *w, size_t *n)
{
	ssize_t size = -1;
	char *image = NULL;

	if (w->e->code)
		return NULL;
	if (H5Fflush(w->file, H5F_SCOPE_GLOBAL) < 0 || (size = H5Fget_file_image(w->file, NULL, 0)) < 0)
		fail(w, "the end");
	else if (!(image = malloc((size_t)size)))
		err_set(w->e, E_NOMEM, "no memory to seal '%s'", w->path);
	else if (H5Fget_file_image(w->file, image, (size_t)size) < 0)
		fail(w, "the end");
	*n = size < 0 ? 0 : (size_t)size;
	return image;
}

/* Room for the stamp, and the image behind it. */
static int write_image(const char *tmp, const char *image, size_t n, struct err *e)
{
	static const char room[STAMP_SIZE];
	int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), bad = fd < 0 ? errno : 0;
	ssize_t k = bad ? 0 : write(fd, room, sizeof room);

	if (!bad && k != (ssize_t)sizeof room)
		bad = k < 0 ? errno : ENOSPC;
	while (!bad && n > 0) {
		k = write(fd, image, n);
		if (k < 0 && errno != EINTR)
			bad = errno;
		if (k > 0)
			image += k, n -= (size_t)k;
	}
	if (fd >= 0 && close(fd) && !bad)
		bad = errno;
	return bad ? err_sys(e, bad,
			     "cannot write '%s'; free some space or make the folder writable, then run the same "
			     "command again",
			     tmp)
		   : E_OK;
}

static int write_file(const struct shard *s, const char *tmp, struct err *e)
{
	struct writer w = { -1, tmp, e };
	char *image;
	size_t n = 0;

	h5safe_quiet();
	w.file = create_in_memory(tmp);
	if (w.file < 0)
		return h5safe_error(e, E_H5, "cannot make '%s'", tmp);
	put_attrs(&w, s);
	put_rows(&w, &s->rows);
	put_pieces(&w, s);
	put_refusals(&w, s);
	put(&w, "counters", H5T_NATIVE_INT64, NCOUNTERS, 0, s->counter);
	image = take_image(&w, &n);
	if (H5Fclose(w.file) < 0)
		fail(&w, "the end");
	if (!e->code)
		write_image(tmp, image, n, e);
	free(image);
	return e->code;
}

int shard_seal(struct shard *s, const char *dir, struct err *e)
{
	char path[4200], tmp[4220];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	s->sealed_at = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	s->counter[CNT_SHARDS]++;
	if (snprintf(path, sizeof path, "%s/%s-r%04d-%06" PRId64 ".h5", dir, kind_name[s->kind], s->rank, s->seq) >=
	    4096) {
		s->counter[CNT_SHARDS]--;
		return err_set(e, E_USAGE, "the path '%.60s...' is too long", dir);
	}
	snprintf(tmp, sizeof tmp, "%s.tmp", path);
	if (write_file(s, tmp, e) || stamp_write(tmp, "shard", SHARD_VERSION, e) ||
	    (rename(tmp, path) && err_sys(e, errno, "cannot rename '%s'", tmp))) {
		s->counter[CNT_SHARDS]--;
		unlink(tmp);
		return e->code;
	}
	s->seq++;
	return snapshot_sync_dir(dir, e);
}
