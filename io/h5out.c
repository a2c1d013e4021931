// SPDX-License-Identifier: Apache-2.0
#include "io/h5out_in.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/agree.h"
#include "io/h5safe.h"
#include "io/log.h"
#include "io/snapshot.h"
#include "io/stamp.h"

/* A selection of more bytes than this overflows the int counts of MPI-IO underneath: written in rounds. */
#define ROUND_BYTES (1u << 29)
/* A column of one chunk is deflated by one rank anyway, and a collective write of it costs every rank some dozens of
 * messages: rank 0 takes it, unless its texts are so wide that it had better not. */
#define HELD_BYTES (1u << 24)

/* Space beyond the rows themselves: the library's metadata, of which more than this is never unwritten at a time. */
#define SLACK_BYTES   (1u << 18)

#define ALONE_MS      5000
#define ALONE_STEP_MS 100

/* Let the file have room for `more` bytes behind its end, or fail before anything is begun: a rank on whose write the
 * disk turned out to be full would leave the others waiting inside of the library, for ever. What is not used goes back
 * when the file is closed. Where the file system cannot reserve (EOPNOTSUPP), nobody knows until the write. Rank 0;
 * others do nothing. */
void h5out_reserve(struct h5out *o, uint64_t more, struct err *e)
{
	struct rlimit most;
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
	/* The process's own limit holds for what is written only, not for what is reserved. */
	if (!getrlimit(RLIMIT_FSIZE, &most) && most.rlim_cur != RLIM_INFINITY && end > most.rlim_cur)
		errno = EFBIG;
	else if (!fallocate(o->fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)end)) {
		o->reserved = end;
		return;
	}
	if (errno != EOPNOTSUPP && errno != ENOSYS)
		err_sys(e, errno, "no room for the %.1f MB that '%s' needs by now" FREE_SOME, (double)end / 1e6,
			o->tmp);
}

/* What rank 0 could not keep is told at the next agreement. */
static int mine(const struct h5out *o, struct err *e)
{
	if (!e->code && o->held.code)
		*e = o->held;
	return e->code;
}

/* Who has failed where all ranks were at work. */
static struct {
	const struct h5out *o;
	struct err e;
} alone;

/* Nobody has come: the job ends here, with the error of the rank that can tell it. */
static void end_alone(void)
{
	alone.e.rank = alone.o->rank;
	unlink(alone.o->tmp);
	log_error(&alone.e);
	MPI_Abort(alone.o->comm, err_exit_code(alone.e.code));
}

/* Where the library fails on one rank, the others may wait inside of it for what this one does not send, for ever: when
 * a disk is full that could reserve no space. They have some seconds to come, and are told the error then; the ranks
 * that have failed wait one a little longer than the other, so that one tells it. */
static void limit_wait(const struct h5out *o, const struct err *e)
{
	if (e->code != E_H5 || o->nranks == 1)
		return;
	alone.o = o;
	alone.e = *e;
	agree_limit(ALONE_MS + ALONE_STEP_MS * (o->rank % 64), end_alone);
}

static int agree(const struct h5out *o, struct err *e)
{
	int rc = mine(o, e);

	limit_wait(o, e);
	rc = err_agree(o->comm, rc, e);
	agree_limit(0, NULL);
	return rc;
}

static void release(struct h5out *o)
{
	held_release(o);
	free(o->count);
	free(o->room);
	free(o);
}

/* What is left of a file that was not to be. */
static void discard(struct h5out *o)
{
	if (o->fd >= 0)
		close(o->fd);
	if (o->rank == 0)
		unlink(o->tmp);
	release(o);
}

/* A file that the library could not write on all ranks cannot be closed, nor MPI ended: each rank would wait for the
 * others somewhere else. One that it could not close it tries to close again when MPI ends, and crashes on what it has
 * freed of it (1.10.8). All know the error, so the job ends here. Collective. */
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
static int count_ranks(const struct h5out *o, int have, const struct err *e)
{
	int64_t mine = have, n;

	limit_wait(o, e);
	agree_sum(o->comm, &mine, &n, 1); /* it sleeps while it waits */
	agree_limit(0, NULL);
	return (int)n;
}

/* How many machines the ranks are on. Collective. */
static int64_t count_hosts(const struct h5out *o)
{
	MPI_Comm host;
	int rank;
	int64_t is_first, n;

	MPI_Comm_split_type(o->comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host);
	MPI_Comm_rank(host, &rank);
	MPI_Comm_free(&host);
	is_first = rank == 0;
	agree_sum(o->comm, &is_first, &n, 1);
	return n;
}

/* Open MPI's OMPIO takes parameters where ROMIO takes hints, and reads them at the first file that it opens, whoever
 * opens it: so before that.
 *
 * No data sieving: it writes whole ranges with the gaps between the pieces in them, and the gaps come from a buffer
 * that nobody has filled when the file ends inside of the range.
 *
 * A writer a host: MPI-IO brings what is written to some ranks that write it. ROMIO takes one of each host; OMPIO (4.1)
 * takes one of eight ranks or of more, wherever they are, whose cable then carries the whole file. What the user has
 * set of that stands.
 *
 * Collective. */
static void set_ompio(const struct h5out *o, struct err *e)
{
	char n[24];
	int64_t hosts = count_hosts(o);

	snprintf(n, sizeof n, "%lld", (long long)hosts);
	if (setenv("OMPI_MCA_fbtl_posix_write_datasieving", "0", 1) ||
	    (hosts > 1 && setenv("OMPI_MCA_io_ompio_num_aggregators", n, 0)))
		err_sys(e, errno, "cannot prepare to write '%s'", o->path);
}

/* ROMIO's hint against data sieving. */
static int without_sieving(MPI_Info *info)
{
	return MPI_Info_create(info) || MPI_Info_set(*info, "romio_ds_write", "disable") ? -1 : 0;
}

/* The file, on all ranks or on none: with a part of them it can be neither written nor closed, and nobody could wait
 * for the others. */
static int open_together(struct h5out *o, hid_t fcpl, hid_t fapl, struct err *e)
{
	MPI_Info info = MPI_INFO_NULL;
	int n;

	/* H5Pset_fapl_mpio makes a communicator of its own. Metadata by one rank for all: thousands of ranks do not
	 * read the same header. */
	if (without_sieving(&info) || H5Pset_fapl_mpio(fapl, o->comm, info) < 0 ||
	    H5Pset_all_coll_metadata_ops(fapl, 1) < 0 || H5Pset_coll_metadata_write(fapl, 1) < 0)
		h5safe_error(e, E_H5, "cannot make '%s'" FREE_SOME, o->tmp);
	if (info != MPI_INFO_NULL)
		MPI_Info_free(&info);
	if (agree(o, e))
		return e->code;
	o->file = H5Fcreate(o->tmp, H5F_ACC_TRUNC, fcpl, fapl);
	if (o->file < 0)
		h5safe_error(e, E_H5, "cannot make '%s'" FREE_SOME, o->tmp);
	n = count_ranks(o, o->file >= 0, e);
	agree(o, e);
	if (n > 0 && n < o->nranks)
		give_up(o, e);
	/* The library has emptied it. */
	o->reserved = 0;
	return e->code;
}

/* For the first column that takes all ranks. */
static int make_file(struct h5out *o, struct err *e)
{
	hid_t fcpl, fapl;

	if (o->file >= 0)
		return E_OK;
	fcpl = h5part_timeless(H5P_FILE_CREATE);
	fapl = H5Pcreate(H5P_FILE_ACCESS);
	if (fcpl < 0 || fapl < 0 || H5Pset_userblock(fcpl, STAMP_SIZE) < 0)
		h5safe_error(e, E_H5, "cannot make '%s'" FREE_SOME, o->tmp);
	if (!agree(o, e))
		open_together(o, fcpl, fapl, e);
	if (fcpl >= 0)
		H5Pclose(fcpl);
	if (fapl >= 0)
		H5Pclose(fapl);
	return e->code;
}

/* Counts for what the ranks send to rank 0. */
static int make_counts(struct h5out *o, struct err *e)
{
	if (o->rank != 0)
		return E_OK;
	o->count = malloc((size_t)o->nranks * sizeof *o->count);
	o->room = malloc(2 * (size_t)o->nranks * sizeof *o->room);
	return o->count && o->room ? E_OK : err_set(e, E_NOMEM, "out of memory for '%s'", o->path);
}

int h5out_create(struct h5out **out, MPI_Comm comm, const char *path, const char *stamp, struct err *e)
{
	struct h5out *o = calloc(1, sizeof *o);

	*out = NULL;
	if (err_agree(comm, o ? E_OK : err_set(e, E_NOMEM, "no memory"), e) || !o) {
		free(o);
		return e->code;
	}
	o->comm = comm;
	o->file = o->fd = -1;
	o->held.rank = -1;
	MPI_Comm_rank(comm, &o->rank);
	MPI_Comm_size(comm, &o->nranks);
	snprintf(o->path, sizeof o->path, "%s", path);
	snprintf(o->tmp, sizeof o->tmp, "%s.tmp", path);
	snprintf(o->stamp, sizeof o->stamp, "%s", stamp);
	h5safe_quiet();
	set_ompio(o, e);
	/* The plain open tells why, where the library's own message would be a stack. */
	if (o->rank == 0 && !make_counts(o, e)) {
		o->fd = open(o->tmp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		if (o->fd < 0)
			err_sys(e, errno, "cannot write '%s'; make the folder writable or choose another", o->tmp);
	}
	h5out_reserve(o, 0, e);
	if (agree(o, e))
		discard(o);
	else
		*out = o;
	return e->code;
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

void h5out_cannot_write(const struct h5out *o, const char *path, struct err *e)
{
	h5safe_error(e, E_H5, "cannot write '%s' of '%s'" FREE_SOME, path, o->tmp);
}

void h5out_close_file(struct h5out *o, hid_t file, struct err *e)
{
	if (file < 0 || H5Fclose(file) >= 0)
		return;
	h5safe_error(e, E_H5, "cannot write the end of '%s'" FREE_SOME, o->tmp);
	o->broken = H5Iis_valid(file) > 0;
}

/* In how many writes? Known without asking but for very long columns. */
static int64_t rounds_of(const struct h5out *o, uint64_t total, uint64_t n, uint64_t size)
{
	uint64_t step = ROUND_BYTES / size ? ROUND_BYTES / size : 1, mine = (n + step - 1) / step, rounds = 1;

	if (total > step)
		MPI_Allreduce(&mine, &rounds, 1, MPI_UINT64_T, MPI_MAX, o->comm);
	return (int64_t)rounds;
}

static int write_rows(struct h5out *o, const struct h5out_spec *s, const struct parts *p, hid_t d, uint64_t total,
		      uint64_t at, uint64_t n, const void *x, struct err *e)
{
	uint64_t size = h5part_size(s), step = ROUND_BYTES / size ? ROUND_BYTES / size : 1,
		 rounds = (uint64_t)rounds_of(o, total, n, size);

	for (uint64_t i = 0; i < rounds && !e->code; i++) {
		uint64_t from = i * step < n ? i * step : n, m = n - from < step ? n - from : step;
		hid_t file, mem;

		if (select_rows(total, at + from, m, &file, &mem))
			h5safe_error(e, E_H5, "cannot write '%s' of '%s'", s->path, o->tmp);
		if (!agree(o, e) && H5Dwrite(d, p->type, mem, file, p->dxpl, (const char *)x + from * size) < 0) {
			o->broken = 1;
			h5out_cannot_write(o, s->path, e);
		}
		if (mem >= 0)
			H5Sclose(mem);
		if (file >= 0)
			H5Sclose(file);
		if (i + 1 < rounds)
			agree(o, e);
	}
	return e->code;
}

/* All ranks write their part of it. */
static int write_together(struct h5out *o, const struct h5out_spec *s, const void *x, uint64_t n, uint64_t total,
			  struct err *e)
{
	uint64_t at = 0;
	struct parts p = no_parts;
	static const char none[1];
	hid_t d = -1;

	if (make_file(o, e))
		return e->code;
	MPI_Exscan(&n, &at, 1, MPI_UINT64_T, MPI_SUM, o->comm);
	if (o->rank == 0) {
		at = 0; /* MPI_Exscan leaves it undefined there */
		held_attrs(o, s);
	}
	if (h5part_make(&p, s, total))
		h5safe_error(e, E_H5, "cannot make '%s' in '%s'" FREE_SOME, s->path, o->tmp);
	h5out_reserve(o, total * h5part_size(s), e);
	if (!agree(o, e)) {
		d = H5Dcreate2(o->file, s->path, p.type, p.space, p.lcpl, p.cpl, H5P_DEFAULT);
		if (d < 0)
			h5safe_error(e, E_H5, "cannot make '%s' in '%s'" FREE_SOME, s->path, o->tmp);
		if (!agree(o, e))
			write_rows(o, s, &p, d, total, at, n, n ? x : none, e);
		/* It would wait for the others, too. */
		if (d >= 0 && !o->broken && H5Dclose(d) < 0)
			h5safe_error(e, E_H5, "cannot close '%s' of '%s'" FREE_SOME, s->path, o->tmp);
		agree(o, e);
	}
	h5part_release(&p);
	return e->code;
}

/* The ranks' parts of it to rank 0, who knows how many elements each has. */
static void gather(const struct h5out *o, const struct h5out_spec *s, const void *x, uint64_t n, void *all)
{
	int size = (int)h5part_size(s), *at = o->room ? o->room + o->nranks : NULL, sum = 0;

	for (int r = 0; r < o->nranks && o->room; r++) {
		o->room[r] = (int)o->count[r] * size;
		at[r] = sum;
		sum += o->room[r];
	}
	MPI_Gatherv(x, (int)n * size, MPI_BYTE, all, o->room, at, MPI_BYTE, 0, o->comm);
}

static int is_held(const struct h5out_spec *s, uint64_t total)
{
	return total <= CHUNK_ELEMENTS && total * h5part_size(s) <= HELD_BYTES;
}

int h5out_column(struct h5out *o, const struct h5out_spec *s, const void *x, uint64_t n, struct err *e)
{
	int64_t total = 0;
	void *all = NULL;

	MPI_Gather(&n, 1, MPI_UINT64_T, o->count, 1, MPI_UINT64_T, 0, o->comm);
	for (int r = 0; r < o->nranks && o->rank == 0; r++)
		total += (int64_t)o->count[r];
	if (o->rank == 0 && is_held(s, (uint64_t)total))
		all = held_dataset(o, s, (uint64_t)total);
	total = (int64_t)n;
	if (err_agree_sum(o->comm, mine(o, e), &total, 1, e))
		return e->code;
	if (!is_held(s, (uint64_t)total))
		return write_together(o, s, x, n, (uint64_t)total, e);
	gather(o, s, x, n, all);
	return E_OK;
}

int h5out_local(struct h5out *o, const struct h5out_spec *s, const void *x, uint64_t n, const struct err *e)
{
	void *to;

	if (o->rank != 0 || e->code || o->held.code)
		return e->code;
	if (n && !x)
		return err_set(&o->held, E_NOMEM, "out of memory for '%s' of '%s'", s->path, o->path), E_OK;
	to = held_dataset(o, s, n);
	if (to && n)
		memcpy(to, x, (size_t)(n * h5part_size(s)));
	return E_OK;
}

int h5out_attr_text(struct h5out *o, const char *path, const char *name, const char *text, const struct err *e)
{
	if (o->rank == 0 && !e->code)
		held_attr(o, path, name, text, 0);
	return e->code;
}

int h5out_attr_i64(struct h5out *o, const char *path, const char *name, int64_t x, const struct err *e)
{
	if (o->rank == 0 && !e->code)
		held_attr(o, path, name, NULL, x);
	return e->code;
}

/* --- the end --- */

static void finish_file(struct h5out *o, struct err *e)
{
	char dir[4096], *slash;

	/* It syncs the file, too. */
	stamp_write(o->tmp, o->stamp, SNAPSHOT_SCHEMA, e);
	if (!e->code && rename(o->tmp, o->path))
		err_sys(e, errno,
			errno == EISDIR ? "cannot rename '%s'; move away the folder that has its name, then run the "
					  "same command again"
					: "cannot rename '%s'",
			o->tmp);
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
	h5out_reserve(o, 0, e);
	agree(o, e);
	if (count_ranks(o, o->broken, e))
		give_up(o, e);
	h5out_close_file(o, o->file, e);
	rc = agree(o, e);
	if (o->rank == 0 && !rc && keep && !held_write(o, o->file >= 0, e))
		finish_file(o, e);
	rc = err_agree(o->comm, e->code, e);
	if (count_ranks(o, o->broken, e))
		give_up(o, e);
	if (rc || !keep) {
		discard(o);
		return rc;
	}
	if (o->fd >= 0)
		close(o->fd);
	release(o);
	return rc;
}
