// SPDX-License-Identifier: Apache-2.0
#include "io/h5known.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "io/h5guard.h"
#include "io/h5in.h"
#include "io/h5safe.h"

/* Rows at a time, so that memory does not depend on the census. */
#define ROWS       65536

#define MAKE_AGAIN "name another one, or make it again with hubreduce"

struct users_column {
	hid_t set, type;
	size_t width;
	char *x; /* ROWS of them */
};

struct reader {
	const char *path;
	hid_t file;
	struct users_column name, oid, kind;
	hsize_t n;
	uint64_t nbytes; /* of the file */
	struct err *e;
};

static int bad(struct reader *r, const char *what)
{
	return h5safe_error(r->e, E_FORMAT, "'%s' is damaged: /users/%s is not as it should be; " MAKE_AGAIN, r->path,
			    what);
}

static int no_memory(struct reader *r)
{
	return err_set(r->e, E_NOMEM, "no memory to read '%s'", r->path);
}

/* A 1-D dataset as long as the others; absent: set is -1. */
static int open_column(struct reader *r, const char *what, H5T_class_t class, struct users_column *c)
{
	char path[64];
	hid_t space;
	hsize_t n = 0;
	int good, has = h5safe_has(r->file, "/users");

	c->set = -1;
	snprintf(path, sizeof path, "/users/%s", what);
	has = has > 0 ? h5safe_has(r->file, path) : has;
	if (has <= 0)
		return has ? bad(r, what) : E_OK;
	c->set = H5Dopen2(r->file, path, H5P_DEFAULT);
	if (c->set < 0)
		return bad(r, what);
	space = H5Dget_space(c->set);
	c->type = H5Dget_type(c->set);
	good = H5Sget_simple_extent_ndims(space) == 1 && H5Sget_simple_extent_dims(space, &n, NULL) >= 0 &&
	       H5Tget_class(c->type) == class && !(class == H5T_STRING && H5Tis_variable_str(c->type)) &&
	       (c == &r->name || n == r->n);
	H5Sclose(space);
	good = good && H5Tget_size(c->type) > 0 && h5safe_is_credible(c->set, n, H5Tget_size(c->type), r->nbytes);
	good = good && (class != H5T_INTEGER || h5safe_is_integer(c->type));
	if (class == H5T_INTEGER && good) {
		H5Tclose(c->type);
		c->type = H5Tcopy(H5T_NATIVE_INT32);
	}
	c->width = H5Tget_size(c->type);
	if (!good || c->width == 0 || c->width > 4096)
		return bad(r, what);
	r->n = n;
	c->x = malloc(ROWS * c->width);
	return c->x ? E_OK : no_memory(r);
}

static void close_column(struct users_column *c)
{
	if (c->set >= 0) {
		H5Tclose(c->type);
		H5Dclose(c->set);
	}
	free(c->x);
}

static int read_column(struct reader *r, const char *what, struct users_column *c, hsize_t from, hsize_t n)
{
	enum err_code rc = c->set < 0 ? E_OK : h5safe_read(c->set, c->type, from, n, c->x);

	if (rc == E_NOMEM)
		return no_memory(r);
	return rc ? bad(r, what) : E_OK;
}

static int give(struct reader *r, hsize_t n,
		int (*take)(void *arg, const char *name, size_t n, struct oid oid, enum account_type type), void *arg)
{
	for (hsize_t i = 0; i < n; i++) {
		const char *name = r->name.x + i * r->name.width;
		struct oid oid = OID_MIN;
		int32_t type = ACCOUNT_UNKNOWN;

		if (r->oid.set >= 0 && r->oid.width >= OID_HEX)
			oid_parse(&oid, r->oid.x + i * r->oid.width, OID_HEX);
		if (r->kind.set >= 0)
			memcpy(&type, r->kind.x + i * sizeof type, sizeof type);
		if (type < 0 || type >= NACCOUNT_TYPES)
			type = ACCOUNT_UNKNOWN;
		if (take(arg, name, strnlen(name, r->name.width), oid, (enum account_type)type))
			return err_set(r->e, E_NOMEM, "no memory for the accounts of '%s'", r->path);
	}
	return E_OK;
}

/* 1 or 0; -1: the file does not tell, and then no hash is asked for as if it were a name. */
static int is_hashed(const struct reader *r)
{
	hid_t users = H5Gopen2(r->file, "/users", H5P_DEFAULT);
	int has = h5safe_has_attr(r->name.set, "key_id");

	if (has == 0)
		has = users < 0 ? -1 : h5safe_has_attr(users, "key_id");
	if (users >= 0)
		H5Gclose(users);
	return has;
}

static int open_all(struct reader *r)
{
	int hashed;

	if (h5safe_open(r->path, MAKE_AGAIN, &r->file, r->e))
		return r->e->code;
	if (!open_column(r, "name", H5T_STRING, &r->name) && r->name.set < 0)
		err_set(r->e, E_USAGE, "--known: '%s' holds no accounts: its census was taken without users", r->path);
	hashed = r->e->code ? 0 : is_hashed(r);
	if (hashed < 0)
		bad(r, "key_id");
	else if (hashed)
		err_set(r->e, E_USAGE, "--known: '%s' holds hashes instead of names, which cannot be asked for",
			r->path);
	if (!r->e->code && !open_column(r, "_id", H5T_STRING, &r->oid))
		open_column(r, "type", H5T_INTEGER, &r->kind);
	return r->e->code;
}

static void close_all(struct reader *r)
{
	close_column(&r->name);
	close_column(&r->oid);
	close_column(&r->kind);
	if (r->file >= 0)
		H5Fclose(r->file);
}

static int read_rows(struct reader *r, hsize_t first, hsize_t n)
{
	int rc;

	h5guard_begin(r->path);
	rc = read_column(r, "name", &r->name, first, n) || read_column(r, "_id", &r->oid, first, n) ||
	     read_column(r, "type", &r->kind, first, n);
	h5guard_end();
	return rc;
}

/* The file itself, or the one in the folder: path or inside. */
static const char *find(const char *path, char inside[4200])
{
	struct stat st;

	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		return path;
	snprintf(inside, 4200, "%s/census.h5", path);
	return inside;
}

static void open_reader(struct reader *r, const char *path, char inside[4200], struct err *e)
{
	struct stat st;

	*r = (struct reader){ .file = -1, .e = e };
	r->path = find(path, inside);
	r->name.set = r->oid.set = r->kind.set = -1;
	if (stat(r->path, &st)) {
		err_sys(e, errno, "cannot read '%s'", r->path);
		return;
	}
	r->nbytes = (uint64_t)st.st_size;
	h5guard_begin(r->path);
	open_all(r);
	h5guard_end();
}

static void close_reader(struct reader *r)
{
	h5guard_begin(r->path);
	close_all(r);
	h5guard_end();
}

int known_check(const char *path, struct err *e)
{
	struct reader r;
	char inside[4200];

	if (h5in_check(find(path, inside), MAKE_AGAIN, e))
		return e->code;
	open_reader(&r, path, inside, e);
	close_reader(&r);
	return e->code;
}

int known_read(const char *path, int part, int nparts,
	       int (*take)(void *arg, const char *name, size_t n, struct oid oid, enum account_type type), void *arg,
	       struct err *e)
{
	struct reader r;
	char inside[4200];
	hsize_t first, end;

	open_reader(&r, path, inside, e);
	first = r.n / (hsize_t)nparts * (hsize_t)part;
	end = part + 1 == nparts ? r.n : first + r.n / (hsize_t)nparts;
	for (hsize_t n; first < end && !e->code; first += n) {
		n = end - first < ROWS ? end - first : ROWS;
		if (!read_rows(&r, first, n))
			give(&r, n, take, arg);
	}
	close_reader(&r);
	return e->code;
}
