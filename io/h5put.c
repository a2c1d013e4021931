// SPDX-License-Identifier: Apache-2.0
#include "io/h5put.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/h5safe.h"
#include "io/stamp.h"
#include "io/sync.h"

void h5put_fail(struct h5put *w, const char *what)
{
	h5safe_error(w->e, E_H5, "cannot make %s of '%s'", what, w->path);
}

/* Contiguous and not deflated: a shard is read once, its columns are packed and coded already, and the stamp over the
 * file is its checksum. */
void h5put_array(struct h5put *w, const char *name, hid_t type, uint64_t n, uint64_t width, const void *x)
{
	hsize_t dims[2] = { n, width };
	hid_t space, d;

	if (w->e->code)
		return;
	space = H5Screate_simple(width ? 2 : 1, dims, NULL);
	d = space < 0 ? -1 : H5Dcreate2(w->file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	if (d < 0 || (n > 0 && H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, x) < 0))
		h5put_fail(w, name);
	if (d >= 0 && H5Dclose(d) < 0)
		h5put_fail(w, name);
	if (space >= 0)
		H5Sclose(space);
}

void h5put_group(struct h5put *w, const char *name)
{
	hid_t g = w->e->code ? -1 : H5Gcreate2(w->file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);

	if (g < 0 || H5Gclose(g) < 0)
		h5put_fail(w, name);
}

void h5put_texts(struct h5put *w, const char *name, const char *what, const struct texts *t)
{
	static const uint64_t none = 0;
	char path[96];

	snprintf(path, sizeof path, "%s/%soff", name, what);
	h5put_array(w, path, H5T_NATIVE_UINT64, t->n + 1, 0, t->n ? t->off : &none);
	snprintf(path, sizeof path, "%s/%sbytes", name, what);
	h5put_array(w, path, H5T_NATIVE_UINT8, texts_nbytes(t), 0, t->bytes);
}

void h5put_member(struct h5put *w, const char *name, hid_t type, const void *base, size_t offset, size_t stride,
		  size_t size, uint64_t n)
{
	char *a = malloc(n ? n * size : 1);

	if (!a) {
		err_set(w->e, E_NOMEM, "no memory to seal '%s'", w->path);
		return;
	}
	for (uint64_t i = 0; i < n; i++)
		memcpy(a + i * size, (const char *)base + i * stride + offset, size);
	h5put_array(w, name, type, n, size == sizeof(struct oid) ? size : 0, a);
	free(a);
}

void h5put_attr(struct h5put *w, const char *name, hid_t type, const void *x)
{
	hid_t space = w->e->code ? -1 : H5Screate(H5S_SCALAR);
	hid_t a = space < 0 ? -1 : H5Acreate2(w->file, name, type, space, H5P_DEFAULT, H5P_DEFAULT);

	if (a < 0 || H5Awrite(a, type, x) < 0)
		h5put_fail(w, name);
	/* Whatever was before: an attribute left open keeps the whole file open. */
	if (a >= 0 && H5Aclose(a) < 0)
		h5put_fail(w, name);
	if (space >= 0)
		H5Sclose(space);
}

void h5put_text_attr(struct h5put *w, const char *name, const char *s)
{
	hid_t type = H5Tcopy(H5T_C_S1);

	if (type < 0 || H5Tset_size(type, strlen(s) + 1) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0)
		h5put_fail(w, name);
	else
		h5put_attr(w, name, type, s);
	if (type >= 0)
		H5Tclose(type);
}

/* The file is made in memory and written by plain writes: a library that finds the disk full keeps a file that it can
 * neither write nor close, and crashes over it at the end of MPI. Memory comes in such pieces. */
#define IMAGE_STEP  (1u << 20)
#define IMAGE_FIRST ((size_t)32 << 20)

/* The one file that is being made. Its memory is kept for the next: the kernel's clearing of fresh pages took a quarter
 * of the time of sealing. */
static struct {
	char *p;
	size_t cap;
} image;

static void *image_resize(void *p, size_t n, H5FD_file_image_op_t op, void *udata)
{
	size_t cap;
	char *q;

	(void)p;
	(void)op;
	(void)udata;
	if (n <= image.cap)
		return image.p;
	/* Memory that is not touched costs nothing, a copy does. */
	cap = image.cap ? image.cap : IMAGE_FIRST;
	while (cap < n)
		cap *= 2;
	q = realloc(image.p, cap);
	if (q) {
		image.p = q;
		image.cap = cap;
	}
	return q;
}

static herr_t image_keep(void *p, H5FD_file_image_op_t op, void *udata)
{
	(void)p;
	(void)op;
	(void)udata;
	return 0;
}

static hid_t create_in_memory(const char *name)
{
	H5FD_file_image_callbacks_t own = { .image_realloc = image_resize, .image_free = image_keep };
	hid_t fcpl = H5Pcreate(H5P_FILE_CREATE), fapl = H5Pcreate(H5P_FILE_ACCESS), f = -1;

	/* Without its user block the stamp would overwrite the beginning. */
	if (fcpl >= 0 && fapl >= 0 && H5Pset_userblock(fcpl, STAMP_SIZE) >= 0 &&
	    H5Pset_fapl_core(fapl, IMAGE_STEP, 0) >= 0 && H5Pset_file_image_callbacks(fapl, &own) >= 0)
		f = H5Fcreate(name, H5F_ACC_TRUNC, fcpl, fapl);
	if (fcpl >= 0)
		H5Pclose(fcpl);
	if (fapl >= 0)
		H5Pclose(fapl);
	return f;
}

/* Bytes of the file, its user block among them. */
static size_t image_size(struct h5put *w)
{
	ssize_t size;

	if (w->e->code)
		return 0;
	if (H5Fflush(w->file, H5F_SCOPE_GLOBAL) < 0 || (size = H5Fget_file_image(w->file, NULL, 0)) < 0) {
		h5put_fail(w, "the end");
		return 0;
	}
	return STAMP_SIZE + (size_t)size;
}

static int write_image(const char *tmp, const char *p, size_t n, struct err *e)
{
	int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), bad = fd < 0 ? errno : 0;

	if (!bad)
		bad = sync_write(fd, p, n);
	if (!bad)
		bad = sync_fd(fd);
	if (fd >= 0 && close(fd) && !bad)
		bad = errno;
	return bad ? err_sys(e, bad,
			     "cannot write '%s'; free some space or make the folder writable, then run the same "
			     "command again",
			     tmp)
		   : E_OK;
}

int h5put_create(struct h5put *w, const char *path, struct err *e)
{
	*w = (struct h5put){ -1, path, e };
	h5safe_quiet();
	w->file = create_in_memory(path);
	return w->file < 0 ? h5safe_error(e, E_H5, "cannot make '%s'", path) : E_OK;
}

int h5put_finish(struct h5put *w, const char *what, int version)
{
	size_t n = image_size(w);

	if (H5Fclose(w->file) < 0)
		h5put_fail(w, "the end");
	if (w->e->code)
		return w->e->code;
	stamp_make(image.p, what, version, image.p + STAMP_SIZE, n - STAMP_SIZE);
	return write_image(w->path, image.p, n, w->e);
}
