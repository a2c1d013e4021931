// SPDX-License-Identifier: Apache-2.0
#include "io/h5safe.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "io/gz.h"

/* Deflate cannot do better than 1,032 to 1 (zlib's own documentation); what claims more is not there. */
#define DEFLATE_MOST 1100
#define CHUNK_BYTES  (1u << 25) /* of one chunk; ours have 65,536 elements of at most 256 bytes */

void h5safe_quiet(void)
{
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

static herr_t innermost(unsigned n, const H5E_error2_t *er, void *data)
{
	if (n == 0)
		snprintf(data, 160, "%s", er->desc ? er->desc : "");
	return 0;
}

int h5safe_error(struct err *e, int code, const char *fmt, ...)
{
	char text[384], why[160] = "";
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, innermost, why);
	return err_set(e, code, "%s%s%s", text, *why ? ": HDF5: " : "", why);
}

static int truth(htri_t x)
{
	return x < 0 ? -1 : x > 0;
}

int h5safe_has(hid_t at, const char *name)
{
	return truth(H5Lexists(at, name, H5P_DEFAULT));
}

int h5safe_has_attr(hid_t at, const char *name)
{
	return truth(H5Aexists(at, name));
}

struct search {
	hid_t file;
	const char *why;
	unsigned nobject;
};

/* Nothing of ours has more objects; a file made to be walked for ever is given up. */
#define OBJECTS_MAX 100000
/* Nor are groups so deep: one that holds itself, by a hard link, has no end. */
#define DEPTH_MAX 8

static int depth(const char *name)
{
	int n = 1;

	for (; *name; name++)
		n += *name == '/';
	return n;
}

static const char *check_filters(hid_t dcpl)
{
	int n = H5Pget_nfilters(dcpl);
	unsigned seen = 0;

	for (int i = 0; i < n; i++) {
		unsigned flags, config;
		size_t nvalue = 0;
		H5Z_filter_t f = H5Pget_filter2(dcpl, (unsigned)i, &flags, &nvalue, NULL, 0, NULL, &config);

		if (f != H5Z_FILTER_DEFLATE && f != H5Z_FILTER_SHUFFLE && f != H5Z_FILTER_FLETCHER32)
			return "a filter that hubcensus does not use";
		/* Deflate within deflate inflates by a million. */
		if (seen & 1u << f)
			return "a filter twice";
		/* What check_chunk() sees would be another stream than the one that is inflated. */
		if (f == H5Z_FILTER_SHUFFLE && seen & 1u << H5Z_FILTER_DEFLATE)
			return "filters in another order than hubcensus has";
		seen |= 1u << f;
	}
	return n < 0 ? "unreadable properties" : NULL;
}

/* Opening a dataset reads its header alone: no external file is touched, no plugin loaded. */
static const char *check_dataset(hid_t file, const char *name)
{
	hid_t d = H5Dopen2(file, name, H5P_DEFAULT), dcpl = d < 0 ? -1 : H5Dget_create_plist(d);
	H5D_layout_t layout = dcpl < 0 ? H5D_LAYOUT_ERROR : H5Pget_layout(dcpl);
	const char *why = NULL;

	if (layout < 0)
		why = "an unreadable dataset";
	else if (layout == H5D_VIRTUAL)
		why = "a virtual dataset";
	else if (H5Pget_external_count(dcpl) != 0)
		why = "external storage";
	else
		why = check_filters(dcpl);
	if (dcpl >= 0)
		H5Pclose(dcpl);
	if (d >= 0)
		H5Dclose(d);
	return why;
}

/* Are links or attributes in a heap of their own? Nothing of ours has any: its blocks may be deflated, of any size, and
 * the library inflates them to tell a name. This reads the header of the object and of the heap. */
static const char *check_heaps(const H5O_info_t *o, hid_t file, const char *name)
{
	H5G_info_t g;

	if (o->meta_size.attr.heap_size > 0)
		return "attributes in a heap";
	if (o->type != H5O_TYPE_GROUP)
		return NULL;
	if (H5Gget_info_by_name(file, name, &g, H5P_DEFAULT) < 0)
		return "an unreadable group";
	return g.storage_type == H5G_STORAGE_TYPE_DENSE ? "links in a heap" : NULL;
}

static const char *check_root(hid_t file)
{
	hid_t fcpl = H5Fget_create_plist(file);
	unsigned nshared = 0;
	const char *why = NULL;
	H5O_info_t o;

	if (fcpl < 0 || H5Pget_shared_mesg_nindexes(fcpl, &nshared) < 0)
		why = "unreadable properties";
	else if (nshared > 0)
		why = "shared messages"; /* in heaps of their own, too */
	else if (H5Oget_info2(file, &o, H5O_INFO_BASIC | H5O_INFO_META_SIZE) < 0)
		why = "an unreadable object";
	else
		why = check_heaps(&o, file, ".");
	if (fcpl >= 0)
		H5Pclose(fcpl);
	return why;
}

/* Called before the library goes on into a group. */
static herr_t visit_link(hid_t g, const char *name, const H5L_info_t *info, void *data)
{
	struct search *s = data;
	H5O_info_t o;

	(void)g;
	if (++s->nobject > OBJECTS_MAX)
		s->why = "too many objects";
	else if (depth(name) > DEPTH_MAX)
		s->why = "groups within groups";
	else if (info->type == H5L_TYPE_EXTERNAL)
		s->why = "an external link";
	else if (info->type != H5L_TYPE_HARD)
		s->why = "a soft link";
	else if (H5Oget_info_by_name2(s->file, name, &o, H5O_INFO_BASIC | H5O_INFO_META_SIZE, H5P_DEFAULT) < 0)
		s->why = "an unreadable object";
	else if ((s->why = check_heaps(&o, s->file, name)))
		return 1;
	else if (o.type == H5O_TYPE_DATASET)
		s->why = check_dataset(s->file, name);
	else if (o.type != H5O_TYPE_GROUP)
		s->why = "a named type";
	return s->why ? 1 : 0;
}

int h5safe_open(const char *path, const char *remedy, hid_t *file, struct err *e)
{
	struct search s = { -1, NULL, 0 };
	struct stat st;

	*file = -1;
	h5safe_quiet();
	if (stat(path, &st))
		return err_sys(e, errno, "cannot read '%s'", path);
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return err_set(e, E_FORMAT, "'%s' is not a file of hubcensus; %s", path, remedy);
	s.file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
	if (s.file < 0)
		return h5safe_error(e, E_FORMAT, "'%s' cannot be opened: it is cut, damaged or no HDF5 file; %s", path,
				    remedy);
	s.why = check_root(s.file);
	/* Links are told by H5Lvisit without following them. */
	if (!s.why && H5Lvisit(s.file, H5_INDEX_NAME, H5_ITER_INC, visit_link, &s) < 0 && !s.why)
		s.why = "an unreadable group";
	if (s.why) {
		H5Fclose(s.file);
		return err_set(e, E_FORMAT, "'%s' holds %s and was not read; %s", path, s.why, remedy);
	}
	*file = s.file;
	return E_OK;
}

static hsize_t chunk_of(hid_t dataset)
{
	hid_t dcpl = H5Dget_create_plist(dataset);
	H5D_layout_t layout = dcpl < 0 ? H5D_LAYOUT_ERROR : H5Pget_layout(dcpl);
	hsize_t n = 0;

	if (layout < 0 || (layout == H5D_CHUNKED && H5Pget_chunk(dcpl, 1, &n) != 1))
		n = HSIZE_UNDEF;
	if (dcpl >= 0)
		H5Pclose(dcpl);
	return n;
}

int h5safe_is_credible(hid_t dataset, hsize_t n, size_t size, uint64_t nbytes)
{
	hsize_t stored = H5Dget_storage_size(dataset);

	/* What cannot be told is 0. */
	return size > 0 && (stored > 0 || n == 0) && chunk_of(dataset) <= CHUNK_BYTES / size && stored <= nbytes &&
	       n <= UINT64_MAX / size && n * size / DEFLATE_MOST <= stored;
}

/* A dataset in chunks, as its elements are read. */
struct chunks {
	hid_t dataset;
	hsize_t length;   /* elements of a chunk; 0: it is in no chunks */
	size_t size;      /* bytes of an element */
	unsigned deflate; /* the bit of this filter in the mask of a chunk that went without it; 0: no such filter */
};

/* Fills in `length` and `deflate`. */
static enum err_code find_filters(struct chunks *c, hid_t dcpl)
{
	int n = H5Pget_nfilters(dcpl);

	if (n < 0 || H5Pget_chunk(dcpl, 1, &c->length) != 1 || c->length == 0)
		return E_FORMAT;
	for (int i = 0; i < n; i++) {
		unsigned flags, config;
		size_t nvalue = 0;
		H5Z_filter_t f = H5Pget_filter2(dcpl, (unsigned)i, &flags, &nvalue, NULL, 0, NULL, &config);

		if (f < 0)
			return E_FORMAT;
		if (f == H5Z_FILTER_DEFLATE)
			c->deflate = 1u << i;
	}
	return E_OK;
}

static enum err_code find_chunks(struct chunks *c, hid_t dataset)
{
	hid_t dcpl = H5Dget_create_plist(dataset), type = H5Dget_type(dataset);
	H5D_layout_t layout = dcpl < 0 ? H5D_LAYOUT_ERROR : H5Pget_layout(dcpl);
	enum err_code rc = layout < 0 ? E_FORMAT : E_OK;

	*c = (struct chunks){ dataset, 0, type < 0 ? 0 : H5Tget_size(type), 0 };
	if (layout == H5D_CHUNKED)
		rc = find_filters(c, dcpl);
	if (type >= 0)
		H5Tclose(type);
	if (dcpl >= 0)
		H5Pclose(dcpl);
	return c->size ? rc : E_FORMAT;
}

/* most: bytes of a whole chunk, which the last one has, too. */
static enum err_code check_chunk(const struct chunks *c, hsize_t at, size_t most)
{
	hsize_t nstored = 0;
	uint32_t mask = 0;
	void *x;
	enum err_code rc = E_FORMAT;

	if (H5Dget_chunk_storage_size(c->dataset, &at, &nstored) < 0)
		return E_FORMAT;
	/* What does not shrink grows by less than a hundredth (zlib.h, deflateBound()). */
	if (nstored > most + most / 100 + 64)
		return E_FORMAT;
	/* A chunk that was never written is full of nothing. */
	if (nstored == 0)
		return E_OK;
	x = malloc((size_t)nstored);
	if (!x)
		return E_NOMEM;
	if (H5Dread_chunk(c->dataset, H5P_DEFAULT, &at, &mask, x) >= 0)
		rc = mask & c->deflate ? E_OK : zlib_check(x, (size_t)nstored, most);
	free(x);
	return rc;
}

static enum err_code check_chunks(hid_t dataset, hsize_t first, hsize_t n)
{
	struct chunks c;
	enum err_code rc = find_chunks(&c, dataset);

	if (rc || !c.deflate)
		return rc;
	if (c.length > CHUNK_BYTES / c.size)
		return E_FORMAT;
	for (hsize_t at = first - first % c.length; at < first + n && !rc; at += c.length)
		rc = check_chunk(&c, at, (size_t)c.length * c.size);
	return rc;
}

enum err_code h5safe_read(hid_t dataset, hid_t type, hsize_t first, hsize_t n, void *to)
{
	hid_t file, memory;
	enum err_code rc = n > 0 ? check_chunks(dataset, first, n) : E_OK;

	if (rc || n == 0)
		return rc;
	file = H5Dget_space(dataset);
	memory = H5Screate_simple(1, &n, NULL);
	if (file < 0 || memory < 0 || H5Sselect_hyperslab(file, H5S_SELECT_SET, &first, NULL, &n, NULL) < 0 ||
	    H5Dread(dataset, type, memory, file, H5P_DEFAULT, to) < 0)
		rc = E_FORMAT;
	if (memory >= 0)
		H5Sclose(memory);
	if (file >= 0)
		H5Sclose(file);
	return rc;
}

int h5safe_is_integer(hid_t type)
{
	size_t size = type < 0 || H5Tget_class(type) != H5T_INTEGER ? 0 : H5Tget_size(type);

	return (size == 1 || size == 2 || size == 4 || size == 8) && H5Tget_precision(type) == 8 * size &&
	       H5Tget_offset(type) == 0;
}
