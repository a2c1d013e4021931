// SPDX-License-Identifier: Apache-2.0
#include "io/h5out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/agree.h"
#include "io/h5safe.h"
#include "io/snapshot.h"
#include "io/stamp.h"

/* Elements of a chunk: 3.1 M rows of three texts and eight integers took 3.5 s on two ranks with 65,536, by
 * measurement; smaller columns take one chunk. Deflate 1: higher levels cost more time than they save space. */
#define CHUNK_ELEMENTS 65536
#define DEFLATE_LEVEL  1
/* A selection of more bytes than this overflows the int counts of MPI-IO underneath: written in rounds. */
#define ROUND_BYTES (1u << 29)

struct h5out {
	MPI_Comm comm;
	int rank;
	hid_t file;
	int failed;
	char path[4096], tmp[4104], stamp[16];
};

static int agree(struct h5out *o, struct err *e)
{
	int rc = err_agree(o->comm, e->code, e);

	if (rc)
		o->failed = 1;
	return rc;
}

static hid_t create_file(struct h5out *o)
{
	hid_t fapl = H5Pcreate(H5P_FILE_ACCESS), fcpl = H5Pcreate(H5P_FILE_CREATE), f;

	H5Pset_fapl_mpio(fapl, o->comm, MPI_INFO_NULL);
	/* Metadata by one rank for all: thousands of ranks do not read the same header. */
	H5Pset_all_coll_metadata_ops(fapl, 1);
	H5Pset_coll_metadata_write(fapl, 1);
	/* No times in the file: the same census gives the same bytes. */
	H5Pset_obj_track_times(fcpl, 0);
	H5Pset_userblock(fcpl, STAMP_SIZE);
	f = H5Fcreate(o->tmp, H5F_ACC_TRUNC, fcpl, fapl);
	H5Pclose(fcpl);
	H5Pclose(fapl);
	return f;
}

int h5out_create(struct h5out **out, MPI_Comm comm, const char *path, const char *stamp, struct err *e)
{
	struct h5out *o = calloc(1, sizeof *o);
	int fd = -1;

	*out = NULL;
	if (err_agree(comm, o ? E_OK : err_set(e, E_NOMEM, "no memory"), e) || !o) {
		free(o);
		return e->code;
	}
	o->comm = comm;
	o->file = -1;
	MPI_Comm_rank(comm, &o->rank);
	snprintf(o->path, sizeof o->path, "%s", path);
	snprintf(o->tmp, sizeof o->tmp, "%s.tmp", path);
	snprintf(o->stamp, sizeof o->stamp, "%s", stamp);
	h5safe_quiet();
	/* The plain open tells why, where the library's own message would be a stack. */
	if (o->rank == 0) {
		fd = open(o->tmp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		if (fd < 0)
			err_sys(e, errno, "cannot write '%s'; make the folder writable or choose another", o->tmp);
		else
			close(fd);
	}
	if (agree(o, e)) {
		free(o);
		return e->code;
	}
	o->file = create_file(o);
	if (o->file < 0)
		h5safe_error(e, E_H5, "cannot make '%s'", o->tmp);
	if (agree(o, e)) {
		free(o);
		return e->code;
	}
	*out = o;
	return E_OK;
}

static hid_t make_type(const struct h5out_spec *s)
{
	static const hid_t *const native[] = { &H5T_STD_I8LE_g, &H5T_STD_I32LE_g, &H5T_STD_I64LE_g, &H5T_STD_U8LE_g,
					       &H5T_IEEE_F64LE_g };
	hid_t t;

	if (s->type != H5OUT_TEXT)
		return H5Tcopy(*native[s->type]);
	t = H5Tcopy(H5T_C_S1);
	H5Tset_size(t, s->width ? s->width : 1);
	H5Tset_strpad(t, H5T_STR_NULLPAD);
	H5Tset_cset(t, H5T_CSET_UTF8);
	return t;
}

static hid_t make_dataset(struct h5out *o, const struct h5out_spec *s, hid_t type, uint64_t total)
{
	hid_t lcpl = H5Pcreate(H5P_LINK_CREATE), dcpl = H5Pcreate(H5P_DATASET_CREATE), space, d;
	hsize_t dims = total, chunk = total < CHUNK_ELEMENTS ? total : CHUNK_ELEMENTS;

	H5Pset_create_intermediate_group(lcpl, 1);
	H5Pset_obj_track_times(dcpl, 0);
	H5Pset_attr_phase_change(dcpl, 32, 16); /* attributes in the header, whatever their number */
	if (total > 0) {
		H5Pset_chunk(dcpl, 1, &chunk);
		if (s->type != H5OUT_TEXT)
			H5Pset_shuffle(dcpl);
		H5Pset_deflate(dcpl, DEFLATE_LEVEL);
	}
	space = H5Screate_simple(1, &dims, NULL);
	d = H5Dcreate2(o->file, s->path, type, space, lcpl, dcpl, H5P_DEFAULT);
	H5Sclose(space);
	H5Pclose(dcpl);
	H5Pclose(lcpl);
	return d;
}

static int put_attr(hid_t obj, const char *name, hid_t type, const void *x)
{
	hid_t space = H5Screate(H5S_SCALAR), a = H5Acreate2(obj, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
	int rc = a < 0 || H5Awrite(a, type, x) < 0 ? -1 : 0;

	if (a >= 0 && H5Aclose(a) < 0)
		rc = -1;
	H5Sclose(space);
	return rc;
}

static int put_attr_text(hid_t obj, const char *name, const char *s)
{
	hid_t type;
	int rc;

	if (!s)
		return 0;
	type = H5Tcopy(H5T_C_S1);
	H5Tset_size(type, strlen(s) + 1);
	H5Tset_cset(type, H5T_CSET_UTF8);
	rc = put_attr(obj, name, type, s);
	H5Tclose(type);
	return rc;
}

static int put_spec(hid_t d, const struct h5out_spec *s)
{
	return put_attr_text(d, "description", s->description) || put_attr_text(d, "unit", s->unit) ||
			       put_attr_text(d, "source", s->source) || put_attr_text(d, "missing", s->missing) ||
			       put_attr_text(d, "labels", s->labels)
		     ? -1
		     : 0;
}

/* One round: rows [at, at + n) of the dataset; ranks without any take part. */
static int write_round(hid_t d, hid_t type, uint64_t at, uint64_t n, const void *x)
{
	hid_t space = H5Dget_space(d), dxpl = H5Pcreate(H5P_DATASET_XFER), mem;
	hsize_t start = at, count = n, one = n ? n : 1;
	int rc;

	H5Pset_dxpl_mpio(dxpl, H5FD_MPIO_COLLECTIVE);
	mem = H5Screate_simple(1, &one, NULL);
	if (n == 0) {
		H5Sselect_none(space);
		H5Sselect_none(mem);
	} else {
		H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, NULL, &count, NULL);
	}
	rc = H5Dwrite(d, type, mem, space, dxpl, x) < 0 ? -1 : 0;
	H5Sclose(mem);
	H5Pclose(dxpl);
	H5Sclose(space);
	return rc;
}

static int write_rows(struct h5out *o, hid_t d, hid_t type, uint64_t at, uint64_t n, const void *x)
{
	uint64_t size = H5Tget_size(type), step = ROUND_BYTES / size ? ROUND_BYTES / size : 1,
		 mine = (n + step - 1) / step, rounds;
	int rc = 0;

	MPI_Allreduce(&mine, &rounds, 1, MPI_UINT64_T, MPI_MAX, o->comm);
	for (uint64_t i = 0; i < rounds; i++) {
		uint64_t from = i * step < n ? i * step : n, m = n - from < step ? n - from : step;

		rc |= write_round(d, type, at + from, m, (const char *)x + from * size);
	}
	return rc;
}

int h5out_column(struct h5out *o, const struct h5out_spec *s, const void *x, uint64_t n, struct err *e)
{
	uint64_t at = 0, total = 0;
	hid_t type, d;
	static const char none[1];

	if (agree(o, e))
		return e->code;
	MPI_Exscan(&n, &at, 1, MPI_UINT64_T, MPI_SUM, o->comm);
	if (o->rank == 0)
		at = 0; /* MPI_Exscan leaves it undefined there */
	MPI_Allreduce(&n, &total, 1, MPI_UINT64_T, MPI_SUM, o->comm);
	type = make_type(s);
	d = make_dataset(o, s, type, total);
	if (d < 0 || put_spec(d, s))
		h5safe_error(e, E_H5, "cannot make '%s' in '%s'", s->path, o->tmp);
	if (!agree(o, e) && total > 0 && write_rows(o, d, type, at, n, n ? x : none))
		h5safe_error(e, E_H5, "cannot write '%s' of '%s'; free some space, then run the same command again",
			     s->path, o->tmp);
	if (d >= 0 && H5Dclose(d) < 0)
		h5safe_error(e, E_H5, "cannot write '%s' of '%s'; free some space, then run the same command again",
			     s->path, o->tmp);
	H5Tclose(type);
	return agree(o, e);
}

int h5out_local(struct h5out *o, const struct h5out_spec *s, const void *x, uint64_t n, struct err *e)
{
	return h5out_column(o, s, x, o->rank == 0 ? n : 0, e);
}

/* The object at `path`, a group made if there is none. */
static hid_t open_object(struct h5out *o, const char *path)
{
	hid_t lcpl, gcpl, g;

	if (!strcmp(path, "/"))
		return H5Gopen2(o->file, "/", H5P_DEFAULT);
	lcpl = H5Pcreate(H5P_LINK_CREATE);
	gcpl = H5Pcreate(H5P_GROUP_CREATE);
	H5Pset_create_intermediate_group(lcpl, 1);
	H5Pset_obj_track_times(gcpl, 0);
	g = H5Gcreate2(o->file, path, lcpl, gcpl, H5P_DEFAULT);
	H5Pclose(gcpl);
	H5Pclose(lcpl);
	return g >= 0 ? g : H5Oopen(o->file, path, H5P_DEFAULT);
}

int h5out_attr_text(struct h5out *o, const char *path, const char *name, const char *text, struct err *e)
{
	hid_t obj;

	if (agree(o, e))
		return e->code;
	obj = open_object(o, path);
	if (obj < 0 || put_attr_text(obj, name, text))
		h5safe_error(e, E_H5, "cannot write the attribute '%s' of '%s' in '%s'", name, path, o->tmp);
	if (obj >= 0)
		H5Oclose(obj);
	return agree(o, e);
}

int h5out_attr_i64(struct h5out *o, const char *path, const char *name, int64_t x, struct err *e)
{
	hid_t obj;

	if (agree(o, e))
		return e->code;
	obj = open_object(o, path);
	if (obj < 0 || put_attr(obj, name, H5T_NATIVE_INT64, &x))
		h5safe_error(e, E_H5, "cannot write the attribute '%s' of '%s' in '%s'", name, path, o->tmp);
	if (obj >= 0)
		H5Oclose(obj);
	return agree(o, e);
}

static void finish_file(struct h5out *o, struct err *e)
{
	char dir[4096], *slash;

	/* It syncs the file, too. */
	stamp_write(o->tmp, o->stamp, SNAPSHOT_SCHEMA, e);
	if (!e->code && rename(o->tmp, o->path))
		err_sys(e, errno, "cannot rename '%s'", o->tmp);
	if (e->code) {
		unlink(o->tmp);
		return;
	}
	memcpy(dir, o->path, sizeof dir);
	slash = strrchr(dir, '/');
	if (slash)
		*slash = '\0';
	snapshot_sync_dir(slash ? dir : ".", e);
}

int h5out_close(struct h5out **out, int keep, struct err *e)
{
	struct h5out *o = *out;
	int rc;

	if (!o)
		return e->code;
	*out = NULL;
	if (H5Fclose(o->file) < 0)
		h5safe_error(e, E_H5, "cannot write the end of '%s'; free some space, then run the same command again",
			     o->tmp);
	rc = agree(o, e);
	if (o->rank == 0 && (rc || !keep))
		unlink(o->tmp);
	else if (o->rank == 0)
		finish_file(o, e);
	rc = err_agree(o->comm, e->code, e);
	free(o);
	return rc;
}
