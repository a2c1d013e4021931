// SPDX-License-Identifier: Apache-2.0
#include "io/h5get.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/h5safe.h"

void h5get_bad(struct h5get *r, const char *name, const char *why)
{
	h5safe_error(r->e, E_FORMAT, "'%s' is damaged: %s %s; move it away and crawl again", r->path, name, why);
}

void h5get_no_memory(struct h5get *r)
{
	err_set(r->e, E_NOMEM, "no memory to read '%s'", r->path);
}

/* As h5put_array() writes them: in one piece, as it is. Of a chunk all is read at once, however little of it counts,
 * and what comes out of a filter may be any size. */
static int is_plain(hid_t d)
{
	hid_t dcpl = H5Dget_create_plist(d);
	int is = dcpl >= 0 && H5Pget_layout(dcpl) == H5D_CONTIGUOUS && H5Pget_nfilters(dcpl) == 0;

	if (dcpl >= 0)
		H5Pclose(dcpl);
	return is;
}

hid_t h5get_open(struct h5get *r, const char *name, size_t size, uint64_t width, uint64_t *n)
{
	hid_t d = r->e->code ? -1 : H5Dopen2(r->file, name, H5P_DEFAULT), type, space;
	hsize_t dims[2] = { 0, 0 };
	int good;

	if (d < 0) {
		h5get_bad(r, name, "is missing");
		return -1;
	}
	type = H5Dget_type(d);
	space = H5Dget_space(d);
	good = h5safe_is_integer(type) && H5Tget_size(type) == size &&
	       H5Sget_simple_extent_ndims(space) == (width ? 2 : 1) &&
	       H5Sget_simple_extent_dims(space, dims, NULL) >= 0 && (!width || dims[1] == width) &&
	       dims[0] <= r->nbytes / (size * (width ? width : 1));
	H5Tclose(type);
	H5Sclose(space);
	if (good && !is_plain(d)) {
		h5get_bad(r, name, "is chunked or filtered, as none is");
		H5Dclose(d);
		return -1;
	}
	if (!good) {
		h5get_bad(r, name, "has another type or size than it should");
		H5Dclose(d);
		return -1;
	}
	*n = dims[0];
	return d;
}

void *h5get_array(struct h5get *r, const char *name, hid_t type, uint64_t width, uint64_t expect, uint64_t *n)
{
	size_t size = H5Tget_size(type);
	hid_t d = h5get_open(r, name, size, width, n);
	void *x = NULL;

	if (d < 0)
		return NULL;
	if (expect != UINT64_MAX && *n != expect)
		h5get_bad(r, name, "has another length than it should");
	else if (!(x = malloc((size_t)(*n ? *n : 1) * size * (width ? width : 1))))
		h5get_no_memory(r);
	else if (*n && H5Dread(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, x) < 0)
		h5get_bad(r, name, "cannot be read");
	H5Dclose(d);
	if (r->e->code) {
		free(x);
		return NULL;
	}
	return x;
}

int h5get_offsets_hold(const uint64_t *off, uint64_t n, uint64_t total)
{
	if (off[0] != 0 || off[n] != total)
		return 0;
	for (uint64_t i = 0; i < n; i++)
		if (off[i] > off[i + 1])
			return 0;
	return 1;
}

void h5get_texts(struct h5get *r, const char *name, const char *what, uint64_t expect, struct texts *t)
{
	uint64_t noff = 0, nbytes = 0;
	char path[96];

	snprintf(path, sizeof path, "%s/%soff", name, what);
	t->off = h5get_array(r, path, H5T_NATIVE_UINT64, 0, expect == UINT64_MAX ? UINT64_MAX : expect + 1, &noff);
	snprintf(path, sizeof path, "%s/%sbytes", name, what);
	t->bytes = h5get_array(r, path, H5T_NATIVE_UINT8, 0, UINT64_MAX, &nbytes);
	if (r->e->code)
		return;
	if (noff == 0 || !h5get_offsets_hold(t->off, noff - 1, nbytes)) {
		h5get_bad(r, path, "does not fit its offsets");
		return;
	}
	t->n = t->cap = noff - 1;
	t->bytes_cap = nbytes ? nbytes : 1;
}

int64_t h5get_attr(struct h5get *r, const char *name)
{
	hid_t a = r->e->code ? -1 : H5Aopen(r->file, name, H5P_DEFAULT), type = a < 0 ? -1 : H5Aget_type(a),
	      space = a < 0 ? -1 : H5Aget_space(a);
	int64_t x = 0;

	if (type < 0 || space < 0 || !h5safe_is_integer(type) || H5Sget_simple_extent_npoints(space) != 1 ||
	    H5Aread(a, H5T_NATIVE_INT64, &x) < 0)
		h5get_bad(r, name, "is missing, or no whole number");
	if (space >= 0)
		H5Sclose(space);
	if (type >= 0)
		H5Tclose(type);
	if (a >= 0)
		H5Aclose(a);
	return x;
}

int h5get_text_attr(struct h5get *r, const char *name, char *dst, size_t n)
{
	hid_t a = H5Aopen(r->file, name, H5P_DEFAULT), type = a < 0 ? -1 : H5Aget_type(a),
	      space = a < 0 ? -1 : H5Aget_space(a);
	size_t size = type < 0 ? 0 : H5Tget_size(type); /* 0: not known, and dst may be too small */
	int rc = -1;

	memset(dst, 0, n);
	if (type >= 0 && space >= 0 && H5Tget_class(type) == H5T_STRING && !H5Tis_variable_str(type) && size > 0 &&
	    size < n && H5Sget_simple_extent_npoints(space) == 1 && H5Aread(a, type, dst) >= 0)
		rc = 0;
	if (space >= 0)
		H5Sclose(space);
	if (type >= 0)
		H5Tclose(type);
	if (a >= 0)
		H5Aclose(a);
	return rc;
}
