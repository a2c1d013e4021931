// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "io/h5out_in.h"
#include "io/h5safe.h"
#include "io/stamp.h"

enum held_kind { HELD_DATASET, HELD_ATTRS, HELD_TEXT, HELD_NUMBER };

/* A dataset, the attributes of one, or one attribute, with all its texts in the same block. */
struct held {
	struct held *next;
	enum held_kind kind;
	struct h5out_spec spec;
	const char *name, *text; /* of one attribute */
	int64_t number;
	uint64_t n; /* elements */
	char *x;
};

static size_t room(const char *s)
{
	return s ? strlen(s) + 1 : 0;
}

/* A copy of s at *to, which moves on; NULL of NULL. */
static const char *keep(char **to, const char *s)
{
	char *at = *to;

	if (!s)
		return NULL;
	memcpy(at, s, strlen(s) + 1);
	*to += strlen(s) + 1;
	return at;
}

static struct held *hold(struct h5out *o, enum held_kind kind, const struct h5out_spec *s, const char *name,
			 const char *text, uint64_t n)
{
	size_t nbytes = (size_t)(n * h5part_size(s)), texts = room(s->path) + room(s->description) + room(s->unit) +
							      room(s->source) + room(s->missing) + room(s->labels) +
							      room(name) + room(text);
	struct held *h = malloc(sizeof *h + nbytes + texts);
	char *at;

	if (!h) {
		err_set(&o->held, E_NOMEM, "out of memory for '%s' of '%s'", s->path, o->path);
		return NULL;
	}
	*h = (struct held){ .kind = kind, .spec = *s, .n = n, .x = (char *)(h + 1) };
	at = h->x + nbytes;
	h->spec.path = keep(&at, s->path);
	h->spec.description = keep(&at, s->description);
	h->spec.unit = keep(&at, s->unit);
	h->spec.source = keep(&at, s->source);
	h->spec.missing = keep(&at, s->missing);
	h->spec.labels = keep(&at, s->labels);
	h->name = keep(&at, name);
	h->text = keep(&at, text);
	if (o->last)
		o->last->next = h;
	else
		o->first = h;
	o->last = h;
	return h;
}

void *held_dataset(struct h5out *o, const struct h5out_spec *s, uint64_t n)
{
	struct held *h = hold(o, HELD_DATASET, s, NULL, NULL, n);

	return h ? h->x : NULL;
}

void held_attrs(struct h5out *o, const struct h5out_spec *s)
{
	hold(o, HELD_ATTRS, s, NULL, NULL, 0);
}

void held_attr(struct h5out *o, const char *path, const char *name, const char *text, int64_t number)
{
	const struct h5out_spec s = { .path = path };
	struct held *h = hold(o, text ? HELD_TEXT : HELD_NUMBER, &s, name, text, 0);

	if (h)
		h->number = number;
}

void held_release(struct h5out *o)
{
	for (struct held *h = o->first, *next; h; h = next) {
		next = h->next;
		free(h);
	}
	o->first = o->last = NULL;
}

/* --- the writing --- */

static hid_t open_group(hid_t file, const char *path, const struct parts *p)
{
	hid_t g;

	if (!strcmp(path, "/"))
		return H5Gopen2(file, "/", H5P_DEFAULT);
	/* A group that is there cannot be made. */
	g = H5Gcreate2(file, path, p->lcpl, p->cpl, H5P_DEFAULT);
	return g >= 0 ? g : H5Oopen(file, path, H5P_DEFAULT);
}

static hid_t open_object(hid_t file, const struct held *h, const struct parts *p)
{
	switch (h->kind) {
	case HELD_DATASET:
		return H5Dcreate2(file, h->spec.path, p->type, p->space, p->lcpl, p->cpl, H5P_DEFAULT);
	case HELD_ATTRS:
		return H5Oopen(file, h->spec.path, H5P_DEFAULT);
	default:
		return open_group(file, h->spec.path, p);
	}
}

static void write_one(struct h5out *o, hid_t file, const struct held *h, struct err *e)
{
	struct parts p = no_parts;
	int whole = h->kind == HELD_DATASET || h->kind == HELD_ATTRS;
	hid_t obj = -1;

	h5out_reserve(o, h->n * h5part_size(&h->spec) + room(h->name) + room(h->text), e);
	if (e->code)
		return;
	if ((whole ? h5part_make(&p, &h->spec, h->n) : h5part_attr(&p, h->name, h->text, &h->number)) ||
	    (obj = open_object(file, h, &p)) < 0 || h5part_put(obj, &p))
		h5safe_error(e, E_H5, "cannot make '%s' in '%s'" FREE_SOME, h->spec.path, o->tmp);
	else if (h->kind == HELD_DATASET && h->n > 0 && H5Dwrite(obj, p.type, H5S_ALL, H5S_ALL, p.dxpl, h->x) < 0)
		h5out_cannot_write(o, h->spec.path, e);
	if (obj >= 0 && H5Oclose(obj) < 0)
		h5safe_error(e, E_H5, "cannot close '%s' of '%s'" FREE_SOME, h->spec.path, o->tmp);
	h5part_release(&p);
}

/* By MPI-IO, as the others did: it asks for no lock, which not every file system of a cluster has. */
static hid_t open_file(const struct h5out *o, int there)
{
	hid_t fcpl = h5part_timeless(H5P_FILE_CREATE), fapl = H5Pcreate(H5P_FILE_ACCESS), f = -1;

	if (fcpl >= 0 && fapl >= 0 && H5Pset_userblock(fcpl, STAMP_SIZE) >= 0 &&
	    H5Pset_fapl_mpio(fapl, MPI_COMM_SELF, MPI_INFO_NULL) >= 0)
		f = there ? H5Fopen(o->tmp, H5F_ACC_RDWR, fapl) : H5Fcreate(o->tmp, H5F_ACC_TRUNC, fcpl, fapl);
	if (fcpl >= 0)
		H5Pclose(fcpl);
	if (fapl >= 0)
		H5Pclose(fapl);
	return f;
}

int held_write(struct h5out *o, int there, struct err *e)
{
	hid_t f = open_file(o, there);

	if (f < 0)
		return h5safe_error(e, E_H5, "cannot make '%s'" FREE_SOME, o->tmp);
	if (!there)
		o->reserved = 0; /* the library has emptied it */
	h5out_reserve(o, 0, e);
	for (const struct held *h = o->first; h && !e->code; h = h->next)
		write_one(o, f, h, e);
	h5out_reserve(o, 0, e);
	h5out_close_file(o, f, e);
	return e->code;
}
