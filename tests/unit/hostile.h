// SPDX-License-Identifier: Apache-2.0
/* Files that somebody has made with intent, their stamps good, for every reader of HDF5 files: refused with one line,
 * without a crash, without an end of waiting, and without a look at any other file. */
#ifndef TESTS_UNIT_HOSTILE_H
#define TESTS_UNIT_HOSTILE_H

#include <fcntl.h>
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "io/stamp.h"
#include "tests/tap.h"
#include "tests/whole.h"

/* What reads a file, and the good one that is changed. */
struct reader {
	const char *name, *stamp;
	int version;
	int (*read)(const char *path, struct err *e); /* returns e->code; what it has read is released */
	int may_lack;                                 /* what is wanted may be missing: E_USAGE */
	char good[128];
};

static char dir[] = "/tmp/hubcensus-test-XXXXXX";
static char bad[128], victim[128];
static int watch;

static void hostile_begin(void)
{
	if (!mkdtemp(dir))
		abort();
	H5open();
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	snprintf(bad, sizeof bad, "%s/bad", dir);
	mkdir(bad, 0777);
	snprintf(victim, sizeof victim, "%s/victim", dir);
	spill(victim, "secret", 6);
	watch = inotify_init1(IN_NONBLOCK);
	inotify_add_watch(watch, victim, IN_OPEN | IN_ACCESS);
}

/* The bad ones have the name of the good one, in another folder: a shard is refused under any other. */
static void name_bad(const char *good)
{
	snprintf(bad, sizeof bad, "%s/bad%s", dir, strrchr(good, '/'));
}

static int was_opened(void)
{
	char events[4096];

	return read(watch, events, sizeof events) > 0;
}

/* Returns the exit code of the test program. */
static int hostile_end(void)
{
	char cmd[256];

	ok(!was_opened(), "the file that external storage, links and virtual datasets name was never opened");
	close(open(victim, O_RDONLY));
	ok(was_opened(), "or it would have been noticed");
	close(watch);
	snprintf(cmd, sizeof cmd, "rm -rf '%s'", dir);
	return system(cmd) || plan_done();
}

#define GUARDED    90
#define MEMORY_MAX (3 << 19) /* KiB; far more than any of these files is worth */

/* Reads `bad` in a process of its own: the error code, or -1 for a crash, -2 for one that does not end, -3 for one that
 * takes too much memory. A text of more
 * than a line counts as a crash. GUARDED: the library failed, not our code, and io/h5guard.h said so. */
static int read_bad(const struct reader *r, char text[512])
{
	int fd[2], status;
	struct rusage used;
	ssize_t n;
	pid_t pid;

	if (pipe(fd))
		abort();
	pid = fork();
	if (pid == 0) {
		struct err e = ERR_INIT;

		alarm(120);
		dup2(fd[1], STDERR_FILENO);
		if (stamp_write(bad, r->stamp, r->version, &e))
			_exit(99);
		if (r->read(bad, &e) != e.code)
			_exit(98);
		n = write(fd[1], e.text, sizeof e.text);
		_exit(n < 0 || strchr(e.text, '\n') || (e.code && !strstr(e.text, bad)) ? 98 : e.code);
	}
	close(fd[1]);
	wait4(pid, &status, 0, &used);
	n = read(fd[0], text, 511);
	text[n > 0 ? n : 0] = '\0';
	close(fd[0]);
	if (used.ru_maxrss > MEMORY_MAX) {
		snprintf(text, 512, "takes %ld MB of memory", used.ru_maxrss >> 10);
		return -3;
	}
	/* The C library may have said a word of its own before. */
	if (WIFEXITED(status) && WEXITSTATUS(status) == err_exit_code(E_FORMAT))
		return strstr(text, " the HDF5 library ") && strstr(text, bad) ? GUARDED : -1;
	if (WIFEXITED(status))
		return WEXITSTATUS(status) > GUARDED ? -1 : WEXITSTATUS(status);
	return WTERMSIG(status) == SIGALRM ? -2 : -1;
}

/* What may become of any bytes. */
static int is_allowed(const struct reader *r, int code)
{
	return code == E_OK || code == E_FORMAT || code == E_NOMEM || (code == E_USAGE && r->may_lack);
}

/* Any bytes anywhere: what is still a shard is read, what is not is refused. */
static void mutated(const struct reader *r, int rounds)
{
	/* Always the same unless asked: one in some thousands is the guard's, and takes its time. */
	const char *set = getenv("SEED");
	unsigned seed = set ? (unsigned)strtoul(set, NULL, 10) : 2022;
	int count[4] = { 0 }, guarded = 0, wrong = 0;
	char text[512];
	size_t n;
	static char *s, *t; /* its children end with them, and should not seem to have lost them */

	name_bad(r->good);
	s = slurp(r->good, &n);
	t = malloc(n);
	if (!t)
		abort();
	srandom(seed);
	for (int i = 0; i < rounds; i++) {
		int code, changes = 1 + (int)(random() % 4);

		memcpy(t, s, n);
		for (int k = 0; k < changes; k++) {
			size_t at = STAMP_SIZE + (size_t)random() % (n - STAMP_SIZE);

			/* Most of a file is zeros that mean nothing. */
			for (int j = 0; j < 50 && s[at] == 0; j++)
				at = STAMP_SIZE + (size_t)random() % (n - STAMP_SIZE);
			t[at] = (char)(random() % 3 ? random() : random() % 2 ? 0 : 255);
		}
		spill(bad, t, n);
		code = read_bad(r, text);
		if (code == GUARDED) {
			guarded++;
			diag("mutation %d of seed %u: %s", i, seed, text);
			code = E_FORMAT;
		}
		count[code == E_OK ? 0 : code == E_FORMAT ? 1 : code == E_NOMEM ? 2 : 3]++;
		if (!is_allowed(r, code) && wrong++ == 0)
			diag("mutation %d of seed %u: %d %s", i, seed, code, text);
	}
	ok(!wrong,
	   "%s, seed %u: of %d mutated files %d refused with one line (%d by the guard), %d still read, none crashes "
	   "or hangs",
	   r->name, seed, rounds, count[1] + count[2] + count[3], guarded, count[0]);
	free(s);
	free(t);
}

/* ---- One dataset replaced */

enum trick {
	FLOATS,
	HUGE,
	PLANE,
	VARIABLE,
	SCALAR,
	FILTERED,
	EXTERNAL_STORAGE,
	VIRTUAL,
	EXTERNAL_LINK,
	SOFT_LINK,
	NAMED_TYPE,
	MISSING,
	GROUP,
	CYCLE,
	BITS,
	CHUNK,
	SHUFFLED,
	NTRICKS
};

static const char *const trick_name[NTRICKS] = {
	[FLOATS] = "floats",
	[HUGE] = "2^60 elements in 0 bytes",
	[PLANE] = "three dimensions",
	[VARIABLE] = "strings of variable length",
	[SCALAR] = "a scalar",
	[FILTERED] = "another filter",
	[EXTERNAL_STORAGE] = "external storage",
	[VIRTUAL] = "a virtual dataset",
	[EXTERNAL_LINK] = "an external link",
	[SOFT_LINK] = "a soft link",
	[NAMED_TYPE] = "a named type",
	[MISSING] = "nothing",
	[GROUP] = "a group",
	[CYCLE] = "the root of the file",
	[BITS] = "integers of five bits within others",
	[CHUNK] = "a chunk of 2 GB",
	[SHUFFLED] = "a chunk of 2 GB that is shuffled behind its deflate",
};

static hid_t variable_string(void)
{
	hid_t t = H5Tcopy(H5T_C_S1);

	H5Tset_size(t, H5T_VARIABLE);
	return t;
}

/* The type, but not all of its bits count. */
static hid_t some_bits(hid_t type)
{
	hid_t t = H5Tcopy(type);

	H5Tset_precision(t, 5);
	H5Tset_offset(t, 8 * H5Tget_size(t) - 7);
	return t;
}

static void replace_bits(hid_t f, const char *name)
{
	hid_t was = H5Dopen2(f, name, H5P_DEFAULT), type = H5Dget_type(was), bits = some_bits(type),
	      space = H5Dget_space(was), d;

	H5Ldelete(f, name, H5P_DEFAULT);
	d = H5Dcreate2(f, name, bits, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	ok(d >= 0, "%s: made", name);
	H5Dclose(d);
	H5Sclose(space);
	H5Tclose(bits);
	H5Tclose(type);
	H5Dclose(was);
}

#define CHUNK_MB 2048

/* So many MiB of zeros as zlib would deflate them: the same block again and again, no bits at the end, their Adler-32.
 */
static char *deflated_zeros(size_t mb, size_t *n)
{
	const size_t piece = 1 << 20;
	uint32_t adler = (uint32_t)(mb * piece % 65521) << 16 | 1;
	z_stream z = { .zalloc = Z_NULL };
	char *zeros = calloc(1, piece), *block = malloc(piece), *s, *p;
	size_t nblock;

	if (!zeros || !block || deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	z.next_in = (unsigned char *)zeros;
	z.next_out = (unsigned char *)block;
	z.avail_in = z.avail_out = (unsigned)piece;
	deflate(&z, Z_FULL_FLUSH);
	nblock = z.total_out;
	deflateEnd(&z);
	p = s = malloc(2 + mb * nblock + 2 + 4);
	if (!s)
		abort();
	p = (char *)memcpy(p, "\x78\x9c", 2) + 2;
	for (size_t i = 0; i < mb; i++)
		p = (char *)memcpy(p, block, nblock) + nblock;
	p = (char *)memcpy(p, "\x03\0", 2) + 2;
	for (int i = 24; i >= 0; i -= 8)
		*p++ = (char)(adler >> i);
	*n = (size_t)(p - s);
	free(zeros);
	free(block);
	return s;
}

/* The same, *n bytes, as a shuffle of elements of so many bytes would leave them if they were an empty stream before
 * it: whoever inflates what lies in the file sees that one. */
static char *shuffled_zeros(char *s, size_t *n, size_t size)
{
	static const char empty[8] = "\x78\x9c\x03\0\0\0\0\x01";
	size_t head = sizeof empty * size, ntotal = (head + *n + size - 1) / size * size;
	char *raw = calloc(1, ntotal), *x = malloc(ntotal);

	if (!raw || !x)
		abort();
	/* A block that is stored as it is has those bytes, between the head of the stream and the rest. */
	memcpy(raw, s, 2);
	raw[3] = (char)(head - 7), raw[4] = (char)((head - 7) >> 8);
	raw[5] = (char)~raw[3], raw[6] = (char)~raw[4];
	for (size_t k = 1; k < sizeof empty; k++)
		raw[k * size] = empty[k];
	memcpy(raw + head, s + 2, *n - 2);
	for (size_t i = 0; i < ntotal; i++)
		x[i % size * (ntotal / size) + i / size] = raw[i];
	free(raw);
	free(s);
	*n = ntotal;
	return x;
}

/* Of the same type and length, in a deflated chunk that takes little room in the file and much memory. */
static void replace_chunk(hid_t f, const char *name, enum trick k)
{
	hid_t was = H5Dopen2(f, name, H5P_DEFAULT), type = H5Dget_type(was), old = H5Dget_space(was), d,
	      dcpl = H5Pcreate(H5P_DATASET_CREATE), space;
	const hsize_t at[2] = { 0, 0 };
	hsize_t dims[2] = { 0, 1 }, most[2] = { H5S_UNLIMITED, 1 }, chunk[2];
	size_t nbytes;
	char *bytes = deflated_zeros(CHUNK_MB, &nbytes);
	size_t size = H5Tget_size(type);
	int n = H5Sget_simple_extent_dims(old, dims, NULL);

	most[1] = chunk[1] = dims[1];
	/* The latter of a size that is taken; an element of less than 8 bytes has no room for that trick. */
	chunk[0] = (k == CHUNK ? (hsize_t)CHUNK_MB << 20 : 1 << 24) / (size * dims[1]);
	if (k == SHUFFLED && size >= 8)
		bytes = shuffled_zeros(bytes, &nbytes, size);
	H5Pset_chunk(dcpl, n, chunk);
	H5Pset_deflate(dcpl, 1);
	if (k == SHUFFLED)
		H5Pset_shuffle(dcpl);
	space = H5Screate_simple(n, dims, most);
	H5Ldelete(f, name, H5P_DEFAULT);
	d = H5Dcreate2(f, name, type, space, H5P_DEFAULT, dcpl, H5P_DEFAULT);
	ok(d >= 0 && (!dims[0] || H5Dwrite_chunk(d, H5P_DEFAULT, 0, at, nbytes, bytes) >= 0), "%s: made", name);
	free(bytes);
	H5Dclose(d);
	H5Sclose(space);
	H5Sclose(old);
	H5Tclose(type);
	H5Pclose(dcpl);
	H5Dclose(was);
}

static void replace_dataset(hid_t f, const char *name, enum trick k)
{
	hsize_t dim = 50, dims[3] = { 5, 5, 2 }, huge = (hsize_t)1 << 60, chunk = 10;
	hid_t dcpl = H5Pcreate(H5P_DATASET_CREATE), type = k == VARIABLE ? variable_string()
							 : k == FLOATS   ? H5Tcopy(H5T_NATIVE_DOUBLE)
									 : H5Tcopy(H5T_NATIVE_INT64);
	hid_t space = k == PLANE  ? H5Screate_simple(3, dims, NULL)
		    : k == HUGE   ? H5Screate_simple(1, &huge, NULL)
		    : k == SCALAR ? H5Screate(H5S_SCALAR)
				  : H5Screate_simple(1, &dim, NULL);
	hid_t d;

	if (k == HUGE || k == FILTERED)
		H5Pset_chunk(dcpl, 1, &chunk);
	if (k == FILTERED)
		H5Pset_scaleoffset(dcpl, H5Z_SO_INT, 0);
	if (k == EXTERNAL_STORAGE)
		H5Pset_external(dcpl, victim, 0, 400);
	if (k == VIRTUAL)
		H5Pset_virtual(dcpl, space, victim, "x", space);
	d = H5Dcreate2(f, name, type, space, H5P_DEFAULT, dcpl, H5P_DEFAULT);
	ok(d >= 0, "%s: made", name);
	H5Dclose(d);
	H5Sclose(space);
	H5Tclose(type);
	H5Pclose(dcpl);
}

static void replace(hid_t f, const char *name, enum trick k)
{
	H5Ldelete(f, name, H5P_DEFAULT);
	if (k < EXTERNAL_LINK)
		replace_dataset(f, name, k);
	if (k == EXTERNAL_LINK)
		H5Lcreate_external(victim, "/x", f, name, H5P_DEFAULT, H5P_DEFAULT);
	if (k == SOFT_LINK)
		H5Lcreate_soft("/rows", f, name, H5P_DEFAULT, H5P_DEFAULT);
	if (k == NAMED_TYPE) {
		hid_t t = H5Tcopy(H5T_NATIVE_INT64);

		H5Tcommit2(f, name, t, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
		H5Tclose(t);
	}
	if (k == GROUP)
		H5Gclose(H5Gcreate2(f, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
	if (k == CYCLE)
		H5Lcreate_hard(f, "/", f, name, H5P_DEFAULT, H5P_DEFAULT);
}

static void play(hid_t f, const char *name, enum trick k)
{
	if (k == BITS)
		replace_bits(f, name);
	else if (k == CHUNK || k == SHUFFLED)
		replace_chunk(f, name, k);
	else
		replace(f, name, k);
}

struct target {
	const char *name;
	unsigned fine; /* tricks that may be read */
};

static int is_integer(hid_t f, const char *name)
{
	hid_t d = H5Dopen2(f, name, H5P_DEFAULT), type = H5Dget_type(d);
	int is = H5Tget_class(type) == H5T_INTEGER;

	H5Tclose(type);
	H5Dclose(d);
	return is;
}

/* The end of the list: no name. */
static void tricks(const struct reader *r, const struct target *t)
{
	size_t n;
	char *s = slurp(r->good, &n), text[512];

	name_bad(r->good);
	for (; t->name; t++)
		for (int k = 0; k < NTRICKS; k++) {
			hid_t f;
			int code, fits;

			spill(bad, s, n);
			f = H5Fopen(bad, H5F_ACC_RDWR, H5P_DEFAULT);
			fits = k != BITS || is_integer(f, t->name);
			if (fits)
				play(f, t->name, (enum trick)k);
			H5Fclose(f);
			if (!fits)
				continue;
			code = read_bad(r, text);
			ok(code == E_FORMAT || (t->fine >> k & 1 && is_allowed(r, code)), "%s: %s as %s: %.150s",
			   r->name, t->name, trick_name[k], text);
		}
	free(s);
}

struct attr {
	char name[32];
	hid_t type, space;
};

/* Every attribute of the file that is a number. */
static herr_t note_number(hid_t f, const char *name, const H5A_info_t *info, void *arg)
{
	struct attr *a = arg;
	hid_t x = H5Aopen(f, name, H5P_DEFAULT);

	(void)info;
	for (; a->name[0]; a++)
		;
	snprintf(a->name, sizeof a->name, "%s", name);
	a->type = H5Aget_type(x);
	a->space = H5Aget_space(x);
	H5Aclose(x);
	return 0;
}

/* least: so many of them are numbers. */
static void bits_of_attributes(const struct reader *r, int least)
{
	struct attr attr[32] = { 0 };
	size_t n;
	char *s = slurp(r->good, &n), text[512];
	hid_t f = H5Fopen(r->good, H5F_ACC_RDONLY, H5P_DEFAULT);
	int numbers = 0;

	name_bad(r->good);
	H5Aiterate2(f, H5_INDEX_NAME, H5_ITER_INC, NULL, note_number, attr);
	H5Fclose(f);
	for (struct attr *a = attr; a->name[0]; a++) {
		if (H5Tget_class(a->type) == H5T_INTEGER) {
			hid_t bits = some_bits(a->type), x;
			int code;

			spill(bad, s, n);
			f = H5Fopen(bad, H5F_ACC_RDWR, H5P_DEFAULT);
			H5Adelete(f, a->name);
			x = H5Acreate2(f, a->name, bits, a->space, H5P_DEFAULT, H5P_DEFAULT);
			H5Aclose(x);
			H5Fclose(f);
			H5Tclose(bits);
			code = read_bad(r, text);
			ok(x >= 0 && code == E_FORMAT, "%s: %s as %s: %.150s", r->name, a->name, trick_name[BITS],
			   text);
			numbers++;
		}
		H5Sclose(a->space);
		H5Tclose(a->type);
	}
	ok(numbers >= least, "%s: %d attributes are numbers", r->name, numbers);
	free(s);
}

#endif
