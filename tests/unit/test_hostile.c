// SPDX-License-Identifier: Apache-2.0
/* Shards that somebody has made with intent, their stamps good: refused with one line, without a crash, without an end
 * of waiting, and without a look at any other file. */
#include <fcntl.h>
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/h5shard.h"
#include "io/stamp.h"
#include "tests/tap.h"
#include "tests/whole.h"

#define ID "0123456789abcdef0123456789abcdef"

static char dir[] = "/tmp/hubcensus-test-XXXXXX";
static char good[128], bad[128], victim[128];
static int watch;

static void make_good(void)
{
	struct shard_piece p = { { oid_at(1000), oid_at(2000) }, 0, 3, 50, 50, 60, (char *)"cursor==" };
	struct err e = ERR_INIT;
	struct shard s;

	shard_init(&s, KIND_MODELS, ID, 0, 99);
	for (int i = 0; i < 50; i++) {
		table_begin_row(&s.rows);
		table_set_oid(&s.rows, F_OID, oid_at(1001 + i));
		table_set_text(&s.rows, F_ID, "owner/name", 10);
		table_set_label(&s.rows, F_GATED, i % 2 ? "auto" : "false", i % 2 ? 4 : 5);
		table_add_element(&s.rows, F_TAGS, "region:us", 9);
		table_end_row(&s.rows);
	}
	shard_add_piece(&s, &p);
	shard_add_refusal(&s, -1, 55, OID_MIN, "no _id", "{}", 2);
	ok(shard_seal(&s, dir, &e) == E_OK, "a good shard %s", e.text);
	shard_release(&s);
	snprintf(good, sizeof good, "%s/models-r0000-000000.h5", dir);
	snprintf(bad, sizeof bad, "%s/bad.h5", dir);
	snprintf(victim, sizeof victim, "%s/victim", dir);
}

#define GUARDED 90

/* Reads `bad` in a process of its own: the error code, or -1 for a crash, -2 for one that does not end. A text of more
 * than a line counts as a crash. GUARDED: the library failed, and io/h5guard.h said so. */
static int read_bad(char text[512])
{
	int fd[2], status;
	ssize_t n;
	pid_t pid;

	if (pipe(fd))
		abort();
	pid = fork();
	if (pid == 0) {
		struct err e = ERR_INIT;
		struct shard s;
		uint64_t nrows;

		alarm(120);
		dup2(fd[1], STDERR_FILENO);
		if (stamp_write(bad, "shard", SHARD_VERSION, &e))
			_exit(99);
		shard_read(&s, bad, ID, 1, &nrows, &e);
		shard_release(&s);
		n = write(fd[1], e.text, sizeof e.text);
		_exit(n < 0 || strchr(e.text, '\n') || (e.code && !strstr(e.text, bad)) ? 98 : e.code);
	}
	close(fd[1]);
	waitpid(pid, &status, 0);
	n = read(fd[0], text, 511);
	text[n > 0 ? n : 0] = '\0';
	close(fd[0]);
	/* The C library may have said a word of its own before. */
	if (WIFEXITED(status) && WEXITSTATUS(status) == err_exit_code(E_FORMAT))
		return strstr(text, " the HDF5 library ") && strstr(text, bad) ? GUARDED : -1;
	if (WIFEXITED(status))
		return WEXITSTATUS(status) > GUARDED ? -1 : WEXITSTATUS(status);
	return WTERMSIG(status) == SIGALRM ? -2 : -1;
}

/* Any bytes anywhere: what is still a shard is read, what is not is refused. */
static void mutated(int rounds)
{
	/* Always the same unless asked: one in some thousands is the guard's, and takes its time. */
	const char *set = getenv("SEED");
	unsigned seed = set ? (unsigned)strtoul(set, NULL, 10) : 2022;
	int count[4] = { 0 }, guarded = 0, wrong = 0;
	char text[512];
	size_t n;
	static char *s, *t; /* its children end with them, and should not seem to have lost them */

	s = slurp(good, &n);
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
		code = read_bad(text);
		if (code == GUARDED) {
			guarded++;
			diag("mutation %d of seed %u: %s", i, seed, text);
			code = E_FORMAT;
		}
		count[code == E_OK ? 0 : code == E_FORMAT ? 1 : code == E_NOMEM ? 2 : 3]++;
		if ((code < 0 || (code && code != E_FORMAT && code != E_NOMEM)) && wrong++ == 0)
			diag("mutation %d of seed %u: %d %s", i, seed, code, text);
	}
	ok(!wrong,
	   "seed %u: of %d mutated shards %d refused with one line (%d by the guard), %d still read, none crashes or "
	   "hangs",
	   seed, rounds, count[1] + count[2], guarded, count[0]);
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

static void play(hid_t f, const char *name, enum trick k)
{
	if (k == BITS) {
		replace_bits(f, name);
		return;
	}
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

static void tricks(void)
{
	static const char *const name[] = { "rows/_id",          "rows/downloads",         "rows/id/off",
					    "rows/tags/code",    "rows/gated/label_bytes", "pieces/lo",
					    "pieces/next_bytes", "refusals/raw_bytes",     "counters" };
	size_t n;
	char *s = slurp(good, &n), text[512];

	for (size_t i = 0; i < sizeof name / sizeof *name; i++)
		for (int k = 0; k < NTRICKS; k++) {
			hid_t f;
			int code;

			/* Counters of a later version may be more: any number of them is fine. */
			if (!strcmp(name[i], "counters") && k == FLOATS)
				continue;
			spill(bad, s, n);
			f = H5Fopen(bad, H5F_ACC_RDWR, H5P_DEFAULT);
			play(f, name[i], (enum trick)k);
			H5Fclose(f);
			code = read_bad(text);
			ok(code == E_FORMAT, "%s as %s: %.150s", name[i], trick_name[k], text);
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

/* As many refusals as no crawl seals, each of which would take more memory than the file has bytes for it. */
static void many_refusals(void)
{
	struct err e = ERR_INIT;
	struct shard s;
	char text[512] = "", path[128];

	shard_init(&s, KIND_MODELS, ID, 1, 99);
	for (int i = 0; i <= SHARD_REFUSALS_MAX; i++)
		shard_add_refusal(&s, F_TAGS, 55, OID_MIN, "", "", 0);
	snprintf(path, sizeof path, "%s/models-r0001-000000.h5", dir);
	ok(!shard_seal(&s, dir, &e) && !rename(path, bad) && read_bad(text) == E_FORMAT && strstr(text, "refusals"),
	   "%u refusals: %.150s", s.nrefusal, text);
	s.nrefusal--;
	snprintf(path, sizeof path, "%s/models-r0001-000001.h5", dir);
	ok(!shard_seal(&s, dir, &e) && !rename(path, bad) && read_bad(text) == E_OK, "%u are read", s.nrefusal);
	s.nrefusal++;
	shard_release(&s);
}

static void bits_of_attributes(void)
{
	struct attr attr[32] = { 0 };
	size_t n;
	char *s = slurp(good, &n), text[512];
	hid_t f = H5Fopen(good, H5F_ACC_RDONLY, H5P_DEFAULT);
	int numbers = 0;

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
			code = read_bad(text);
			ok(x >= 0 && code == E_FORMAT, "%s as %s: %.150s", a->name, trick_name[BITS], text);
			numbers++;
		}
		H5Sclose(a->space);
		H5Tclose(a->type);
	}
	ok(numbers > 3, "%d attributes are numbers", numbers);
	free(s);
}

static int was_opened(void)
{
	char events[4096];

	return read(watch, events, sizeof events) > 0;
}

int main(int argc, char **argv)
{
	char cmd[256];

	if (!mkdtemp(dir))
		return 1;
	H5open();
	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	make_good();
	spill(victim, "secret", 6);
	watch = inotify_init1(IN_NONBLOCK);
	inotify_add_watch(watch, victim, IN_OPEN | IN_ACCESS);
	tricks();
	bits_of_attributes();
	many_refusals();
	ok(!was_opened(), "the file that external storage, links and virtual datasets name was never opened");
	close(open(victim, O_RDONLY));
	ok(was_opened(), "or it would have been noticed");
	mutated(argc > 1 ? atoi(argv[1]) : 500);
	close(watch);
	snprintf(cmd, sizeof cmd, "rm -rf '%s'", dir);
	return system(cmd) || plan_done();
}
