// SPDX-License-Identifier: Apache-2.0
#include "io/h5out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/agree.h"
#include "io/h5safe.h"
#include "io/log.h"
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
	int rank, nranks;
	hid_t file;
	int fd;             /* rank 0: the same file, to reserve space in it */
	uint64_t reserved;  /* bytes from its beginning */
	int failed, broken; /* broken: the library itself failed in a collective call */
	char path[4096], tmp[4104], stamp[16];
};

/* Space beyond the rows themselves: the library's metadata, of which more than this is never unwritten at a time. */
#define SLACK_BYTES (1u << 18)

/* Let the file have room for `more` bytes behind its end, or fail before anything is begun: a rank on whose write the
 * disk turned out to be full would leave the others waiting inside of the library, for ever. What is not used goes back
 * when the file is closed. Where the file system cannot reserve (EOPNOTSUPP), nobody knows until the write. Rank 0;
 * others do nothing. */
static void reserve(struct h5out *o, uint64_t more, struct err *e)
{
	struct stat st;
	uint64_t end;

	if (o->rank != 0 || e->code)
		return;
	if (fstat(o->fd, &st)) {
		err_sys(e, errno, "cannot tell the size of '%s'", o->tmp);
		return;
	}
	/* What was written so far lies before the size, what the library still holds back before it or in the slack. */
	end = (uint64_t)st.st_size + more + SLACK_BYTES;
	if (end <= o->reserved)
		return;
	if (!fallocate(o->fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)end))
		o->reserved = end;
	else if (errno != EOPNOTSUPP && errno != ENOSYS)
		err_sys(e, errno,
			"no room for the %.1f MB that '%s' needs by now; free some space, then run the same command "
			"again",
			(double)end / 1e6, o->tmp);
}

static int agree(struct h5out *o, struct err *e)
{
	int rc = err_agree(o->comm, e->code, e);

	if (rc)
		o->failed = 1;
	return rc;
}

/* --- what each rank makes alone, before all go on together: one that fails here has kept nobody waiting */

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

/* No times in the file: the same census gives the same bytes. */
static hid_t timeless(hid_t class)
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
	hid_t p = timeless(H5P_DATASET_CREATE);
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

struct attr {
	const char *name;
	const void *x;
	hid_t type;
};

/* A dataset's, or for an attribute alone its own. Ids of -1: none. */
struct parts {
	hid_t type, space, scalar, lcpl, cpl, dxpl;
	struct attr attr[5];
	int nattr;
};

static const struct parts no_parts = { -1, -1, -1, -1, -1, -1, { { NULL, NULL, -1 } }, 0 };

static void parts_release(struct parts *p)
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

static int make_parts(struct parts *p, const struct h5out_spec *s, uint64_t total)
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

/* --- what all ranks do together: whoever fails goes on with the same calls to the end */

static int put_attrs(hid_t obj, const struct parts *p)
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

/* What is left of a file that was not to be. */
static void discard(struct h5out *o)
{
	if (o->fd >= 0)
		close(o->fd);
	if (o->rank == 0)
		unlink(o->tmp);
	free(o);
}

/* A file that the library could not write on all ranks cannot be closed, nor MPI ended: each rank would wait for the
 * others somewhere else. All know the error, so the job ends here. Collective. */
static void give_up(struct h5out *o, const struct err *e)
{
	if (o->rank == 0) {
		unlink(o->tmp);
		log_error(e);
	}
	MPI_Barrier(o->comm);
	MPI_Abort(o->comm, err_exit_code(e->code));
}

/* On how many ranks? Collective. */
static int count_ranks(const struct h5out *o, int have)
{
	int64_t mine = have, n;

	agree_sum(o->comm, &mine, &n, 1); /* it sleeps while it waits */
	return (int)n;
}

/* The file, on all ranks or on none: with a part of them it can be neither written nor closed, and nobody could wait
 * for the others. */
static int make_file(struct h5out *o, hid_t fcpl, hid_t fapl, struct err *e)
{
	int n;

	/* The first of them makes a communicator of its own. Metadata by one rank for all: thousands of ranks do not
	 * read the same header. */
	if (H5Pset_fapl_mpio(fapl, o->comm, MPI_INFO_NULL) < 0 || H5Pset_all_coll_metadata_ops(fapl, 1) < 0 ||
	    H5Pset_coll_metadata_write(fapl, 1) < 0)
		h5safe_error(e, E_H5, "cannot make '%s'", o->tmp);
	if (agree(o, e))
		return e->code;
	o->file = H5Fcreate(o->tmp, H5F_ACC_TRUNC, fcpl, fapl);
	if (o->file < 0)
		h5safe_error(e, E_H5, "cannot make '%s'", o->tmp);
	n = count_ranks(o, o->file >= 0);
	agree(o, e);
	if (n > 0 && n < o->nranks)
		give_up(o, e);
	/* The library has emptied it. */
	o->reserved = 0;
	if (!e->code)
		reserve(o, 0, e);
	if (agree(o, e) && o->file >= 0)
		H5Fclose(o->file);
	return e->code;
}

int h5out_create(struct h5out **out, MPI_Comm comm, const char *path, const char *stamp, struct err *e)
{
	struct h5out *o = calloc(1, sizeof *o);
	hid_t fcpl, fapl;

	*out = NULL;
	if (err_agree(comm, o ? E_OK : err_set(e, E_NOMEM, "no memory"), e) || !o) {
		free(o);
		return e->code;
	}
	o->comm = comm;
	o->file = o->fd = -1;
	MPI_Comm_rank(comm, &o->rank);
	MPI_Comm_size(comm, &o->nranks);
	snprintf(o->path, sizeof o->path, "%s", path);
	snprintf(o->tmp, sizeof o->tmp, "%s.tmp", path);
	snprintf(o->stamp, sizeof o->stamp, "%s", stamp);
	h5safe_quiet();
	/* The plain open tells why, where the library's own message would be a stack. */
	if (o->rank == 0) {
		o->fd = open(o->tmp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		if (o->fd < 0)
			err_sys(e, errno, "cannot write '%s'; make the folder writable or choose another", o->tmp);
	}
	reserve(o, 0, e);
	fcpl = timeless(H5P_FILE_CREATE);
	fapl = H5Pcreate(H5P_FILE_ACCESS);
	if (fcpl < 0 || fapl < 0 || H5Pset_userblock(fcpl, STAMP_SIZE) < 0)
		h5safe_error(e, E_H5, "cannot make '%s'", o->tmp);
	if (!agree(o, e))
		make_file(o, fcpl, fapl, e);
	close_list(fcpl);
	close_list(fapl);
	if (!e->code) {
		*out = o;
		return E_OK;
	}
	discard(o);
	return e->code;
}

static uint64_t element_size(const struct h5out_spec *s)
{
	static const uint64_t sizes[] = { 1, 4, 8, 1, 8 }; /* of enum h5_type but for texts */

	return s->type != H5OUT_TEXT ? sizes[s->type] : s->width ? s->width : 1;
}

/* Where rows [at, at + n) lie in the file and in memory; a rank without any takes part. */
static int select_rows(uint64_t total, uint64_t at, uint64_t n, hid_t *file, hid_t *mem)
{
	hsize_t all = total, start = at, count = n, one = n ? n : 1;

	*mem = -1;
	*file = H5Screate_simple(1, &all, NULL);
	if (*file < 0 || (*mem = H5Screate_simple(1, &one, NULL)) < 0)
		return -1;
	if (n > 0)
		return H5Sselect_hyperslab(*file, H5S_SELECT_SET, &start, NULL, &count, NULL) < 0 ? -1 : 0;
	return H5Sselect_none(*file) < 0 || H5Sselect_none(*mem) < 0 ? -1 : 0;
}

static void cannot_write(struct h5out *o, const struct h5out_spec *s, struct err *e)
{
	o->broken = 1;
	h5safe_error(e, E_H5, "cannot write '%s' of '%s'; free some space, then run the same command again", s->path,
		     o->tmp);
}

static int write_rows(struct h5out *o, const struct h5out_spec *s, const struct parts *p, hid_t d, uint64_t total,
		      uint64_t at, uint64_t n, const void *x, struct err *e)
{
	uint64_t size = element_size(s), step = ROUND_BYTES / size ? ROUND_BYTES / size : 1,
		 mine = (n + step - 1) / step, rounds;

	MPI_Allreduce(&mine, &rounds, 1, MPI_UINT64_T, MPI_MAX, o->comm);
	for (uint64_t i = 0; i < rounds && !e->code; i++) {
		uint64_t from = i * step < n ? i * step : n, m = n - from < step ? n - from : step;
		hid_t file, mem;

		if (select_rows(total, at + from, m, &file, &mem))
			h5safe_error(e, E_H5, "cannot write '%s' of '%s'", s->path, o->tmp);
		if (!agree(o, e) && H5Dwrite(d, p->type, mem, file, p->dxpl, (const char *)x + from * size) < 0)
			cannot_write(o, s, e);
		if (mem >= 0)
			H5Sclose(mem);
		if (file >= 0)
			H5Sclose(file);
		if (i + 1 < rounds)
			agree(o, e);
	}
	return e->code;
}

int h5out_column(struct h5out *o, const struct h5out_spec *s, const void *x, uint64_t n, struct err *e)
{
	uint64_t at = 0, total = 0;
	struct parts p = no_parts;
	static const char none[1];
	hid_t d;

	MPI_Exscan(&n, &at, 1, MPI_UINT64_T, MPI_SUM, o->comm);
	if (o->rank == 0)
		at = 0; /* MPI_Exscan leaves it undefined there */
	MPI_Allreduce(&n, &total, 1, MPI_UINT64_T, MPI_SUM, o->comm);
	if (!e->code && make_parts(&p, s, total))
		h5safe_error(e, E_H5, "cannot make '%s' in '%s'", s->path, o->tmp);
	reserve(o, total * element_size(s), e);
	if (agree(o, e)) {
		parts_release(&p);
		return e->code;
	}
	d = H5Dcreate2(o->file, s->path, p.type, p.space, p.lcpl, p.cpl, H5P_DEFAULT);
	/* Attributes on all ranks or on none: the library's ranks must have the same metadata to close the file. */
	if (d < 0)
		h5safe_error(e, E_H5, "cannot make '%s' in '%s'", s->path, o->tmp);
	if (count_ranks(o, d >= 0) == o->nranks && put_attrs(d, &p))
		h5safe_error(e, E_H5, "cannot make '%s' in '%s'", s->path, o->tmp);
	if (!agree(o, e) && total > 0)
		write_rows(o, s, &p, d, total, at, n, n ? x : none, e);
	if (d >= 0 && H5Dclose(d) < 0)
		h5safe_error(e, E_H5, "cannot close '%s' of '%s'", s->path, o->tmp);
	parts_release(&p);
	return agree(o, e);
}

int h5out_local(struct h5out *o, const struct h5out_spec *s, const void *x, uint64_t n, struct err *e)
{
	return h5out_column(o, s, x, o->rank == 0 ? n : 0, e);
}

/* The object at `path`, a group made if there is none. */
static hid_t open_object(struct h5out *o, const char *path, const struct parts *p)
{
	hid_t g;

	if (!strcmp(path, "/"))
		return H5Gopen2(o->file, "/", H5P_DEFAULT);
	/* A group that is there cannot be made; where one rank has made it, none may ask for it alone. */
	g = H5Gcreate2(o->file, path, p->lcpl, p->cpl, H5P_DEFAULT);
	return count_ranks(o, g >= 0) ? g : H5Oopen(o->file, path, H5P_DEFAULT);
}

static int put_one(struct h5out *o, const char *path, const char *name, hid_t type, size_t size, const void *x,
		   struct err *e)
{
	struct parts p = no_parts;
	hid_t obj;

	if (add_attr(&p, name, type, x) || (p.scalar = H5Screate(H5S_SCALAR)) < 0 || (p.lcpl = on_the_way()) < 0 ||
	    (p.cpl = timeless(H5P_GROUP_CREATE)) < 0)
		h5safe_error(e, E_H5, "cannot write the attribute '%s' of '%s' in '%s'", name, path, o->tmp);
	reserve(o, strlen(name) + size, e);
	if (!agree(o, e)) {
		obj = open_object(o, path, &p);
		if ((count_ranks(o, obj >= 0) == o->nranks ? put_attrs(obj, &p) : -1) < 0)
			h5safe_error(e, E_H5, "cannot write the attribute '%s' of '%s' in '%s'", name, path, o->tmp);
		if (obj >= 0)
			H5Oclose(obj);
		agree(o, e);
	}
	parts_release(&p);
	return e->code;
}

int h5out_attr_text(struct h5out *o, const char *path, const char *name, const char *text, struct err *e)
{
	return put_one(o, path, name, text_type(strlen(text) + 1, H5T_STR_NULLTERM), strlen(text), text, e);
}

int h5out_attr_i64(struct h5out *o, const char *path, const char *name, int64_t x, struct err *e)
{
	return put_one(o, path, name, H5Tcopy(H5T_NATIVE_INT64), sizeof x, &x, e);
}

/* --- the end --- */

static void finish_file(struct h5out *o, struct err *e)
{
	char dir[4096], *slash;

	/* It syncs the file, too. */
	stamp_write(o->tmp, o->stamp, SNAPSHOT_SCHEMA, e);
	if (!e->code && rename(o->tmp, o->path))
		err_sys(e, errno, "cannot rename '%s'", o->tmp);
	if (e->code)
		return;
	memcpy(dir, o->path, sizeof dir);
	slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir] = '\0';
	snapshot_sync_dir(slash ? dir : ".", e);
}

int h5out_close(struct h5out **out, int keep, struct err *e)
{
	struct h5out *o = *out;
	int rc;

	if (!o)
		return e->code;
	*out = NULL;
	reserve(o, 0, e);
	agree(o, e);
	if (count_ranks(o, o->broken))
		give_up(o, e);
	if (H5Fclose(o->file) < 0)
		h5safe_error(e, E_H5, "cannot write the end of '%s'; free some space, then run the same command again",
			     o->tmp);
	rc = agree(o, e);
	if (o->rank == 0 && !rc && keep)
		finish_file(o, e);
	rc = err_agree(o->comm, e->code, e);
	if (rc || !keep) {
		discard(o);
		return rc;
	}
	if (o->fd >= 0)
		close(o->fd);
	free(o);
	return rc;
}
