// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "io/h5out_in.h"

/* Higher levels cost more time than they save space. */
#define DEFLATE_LEVEL 1

const struct parts no_parts = { -1, -1, -1, -1, -1, -1, { { NULL, NULL, -1 } }, 0 };

static void close_list(hid_t p)
{
	if (p >= 0)
		H5Pclose(p);
}

static hid_t text_type(size_t nbytes, H5T_str_t pad)
{
	hid_t t = H5Tcopy(H5T_C_S1);

	if (t < 0 || (H5Tset_size(t, nbytes) >= 0 && H5Tset_strpad(t, pad) >= 0 && H5Tset_cset(t, H5T_CSET_UTF8) >= 0))
		return t;
	H5Tclose(t);
	return -1;
}

static hid_t make_type(const struct h5out_spec *s)
{
	static const hid_t *const native[] = { &H5T_STD_I8LE_g, &H5T_STD_I32LE_g, &H5T_STD_I64LE_g, &H5T_STD_U8LE_g,
					       &H5T_IEEE_F64LE_g };

	return s->type == H5OUT_TEXT ? text_type(s->width ? s->width : 1, H5T_STR_NULLPAD) : H5Tcopy(*native[s->type]);
}

hid_t h5part_timeless(hid_t class)
{
	hid_t p = H5Pcreate(class);

	if (p < 0 || H5Pset_obj_track_times(p, 0) >= 0)
		return p;
	H5Pclose(p);
	return -1;
}

static hid_t on_the_way(void)
{
	hid_t p = H5Pcreate(H5P_LINK_CREATE);

	if (p < 0 || H5Pset_create_intermediate_group(p, 1) >= 0)
		return p;
	H5Pclose(p);
	return -1;
}

static hid_t dataset_creation(const struct h5out_spec *s, uint64_t total)
{
	hid_t p = h5part_timeless(H5P_DATASET_CREATE);
	hsize_t chunk = total < CHUNK_ELEMENTS ? total : CHUNK_ELEMENTS;

	/* Attributes in the header, whatever their number. */
	if (p < 0 ||
	    (H5Pset_attr_phase_change(p, 32, 16) >= 0 &&
	     (total == 0 || (H5Pset_chunk(p, 1, &chunk) >= 0 && (s->type == H5OUT_TEXT || H5Pset_shuffle(p) >= 0) &&
			     H5Pset_deflate(p, DEFLATE_LEVEL) >= 0))))
		return p;
	H5Pclose(p);
	return -1;
}

void h5part_release(struct parts *p)
{
	if (p->type >= 0)
		H5Tclose(p->type);
	if (p->space >= 0)
		H5Sclose(p->space);
	if (p->scalar >= 0)
		H5Sclose(p->scalar);
	for (int i = 0; i < p->nattr; i++)
		if (p->attr[i].type >= 0)
			H5Tclose(p->attr[i].type);
	close_list(p->lcpl);
	close_list(p->cpl);
	close_list(p->dxpl);
}

static int add_attr(struct parts *p, const char *name, hid_t type, const void *x)
{
	if (type < 0)
		return -1;
	p->attr[p->nattr++] = (struct attr){ name, x, type };
	return 0;
}

static int add_text(struct parts *p, const char *name, const char *s)
{
	return s ? add_attr(p, name, text_type(strlen(s) + 1, H5T_STR_NULLTERM), s) : 0;
}

int h5part_make(struct parts *p, const struct h5out_spec *s, uint64_t total)
{
	hsize_t dims = total;

	return (p->type = make_type(s)) < 0 || (p->space = H5Screate_simple(1, &dims, NULL)) < 0 ||
			       (p->scalar = H5Screate(H5S_SCALAR)) < 0 || (p->lcpl = on_the_way()) < 0 ||
			       (p->cpl = dataset_creation(s, total)) < 0 ||
			       (p->dxpl = H5Pcreate(H5P_DATASET_XFER)) < 0 ||
			       H5Pset_dxpl_mpio(p->dxpl, H5FD_MPIO_COLLECTIVE) < 0 ||
			       add_text(p, "description", s->description) || add_text(p, "unit", s->unit) ||
			       add_text(p, "source", s->source) || add_text(p, "missing", s->missing) ||
			       add_text(p, "labels", s->labels)
		     ? -1
		     : 0;
}

int h5part_attr(struct parts *p, const char *name, const char *text, const int64_t *number)
{
	return (text ? add_text(p, name, text) : add_attr(p, name, H5Tcopy(H5T_NATIVE_INT64), number)) ||
			       (p->scalar = H5Screate(H5S_SCALAR)) < 0 || (p->lcpl = on_the_way()) < 0 ||
			       (p->cpl = h5part_timeless(H5P_GROUP_CREATE)) < 0
		     ? -1
		     : 0;
}

int h5part_put(hid_t obj, const struct parts *p)
{
	int rc = 0;

	for (int i = 0; i < p->nattr; i++) {
		const struct attr *x = p->attr + i;
		hid_t a = H5Acreate2(obj, x->name, x->type, p->scalar, H5P_DEFAULT, H5P_DEFAULT);

		if (a < 0 || H5Awrite(a, x->type, x->x) < 0)
			rc = -1;
		if (a >= 0 && H5Aclose(a) < 0)
			rc = -1;
	}
	return rc;
}

uint64_t h5part_size(const struct h5out_spec *s)
{
	static const uint64_t sizes[] = { 1, 4, 8, 1, 8 }; /* of enum h5_type but for texts */

	return s->type != H5OUT_TEXT ? sizes[s->type] : s->width ? s->width : 1;
}
