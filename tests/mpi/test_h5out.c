// SPDX-License-Identifier: Apache-2.0
/* census.h5's writer: the same data whatever the ranks, idle ranks, one rank that fails. */
#include <hdf5.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/agree.h"
#include "io/h5out.h"
#include "tests/mpi/tap_mpi.h"

enum { N = 100000 };

static MPI_Comm comm = MPI_COMM_WORLD;
static int rank, size;
static char dir[64], path[128];

static const struct h5out_spec number = { "/a/number", H5OUT_I64, 0, "a number", "1", "n", "-1", NULL };
static const struct h5out_spec text = { "/a/text", H5OUT_TEXT, 12, "a text", "1", "t", "empty string", NULL };
static const struct h5out_spec few = { "/a/few", H5OUT_I32, 0, "a few of each rank", "1", NULL, "-1", NULL };
static const struct h5out_spec none = { "/a/none", H5OUT_I32, 0, "nothing", "1", NULL, "-1", "/a/text" };
static const struct h5out_spec local = { "/b/c/local", H5OUT_F64, 0, "on rank 0", "share", NULL, "NaN", NULL };

/* The rows of this rank: a third of the ranks have none. */
static void share(uint64_t *from, uint64_t *n)
{
	int busy = size - size / 3;

	*from = rank < busy ? (uint64_t)N * (uint64_t)rank / (uint64_t)busy : N;
	*n = rank < busy ? (uint64_t)N * (uint64_t)(rank + 1) / (uint64_t)busy - *from : 0;
}

static int write_all(struct h5out *out, struct err *e)
{
	uint64_t from, n;
	int64_t *x;
	char *t;
	static const double real[3] = { 0.5, 1, -1 };
	int32_t mine[64];
	int rc;

	share(&from, &n);
	x = malloc((n + 1) * sizeof *x);
	t = calloc(n + 1, 12);
	for (int i = 0; i < rank; i++)
		mine[i] = 1000 * rank + i;
	for (uint64_t i = 0; i < n; i++) {
		x[i] = (int64_t)((from + i) * (from + i) % 1000);
		snprintf(t + 12 * i, 12, "t%d", (int)(from + i));
	}
	rc = h5out_column(out, &number, x, n, e) || h5out_column(out, &text, t, n, e) ||
	     h5out_column(out, &few, mine, (uint64_t)rank, e) || h5out_column(out, &none, NULL, 0, e) ||
	     h5out_local(out, &local, real, 3, e) || h5out_attr_text(out, "/", "format", "test", e) ||
	     h5out_attr_text(out, "/d/e", "made", "here", e) || h5out_attr_i64(out, "/a", "rows", N, e);
	free(x);
	free(t);
	return rc;
}

static int read_back(void)
{
	hid_t f = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), d = H5Dopen2(f, "/a/number", H5P_DEFAULT);
	int64_t *x = malloc(N * sizeof *x);
	int good = f >= 0 && H5Dread(d, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, x) >= 0;

	for (uint64_t i = 0; good && i < N; i++)
		good = x[i] == (int64_t)(i * i % 1000);
	good &= H5Aexists_by_name(f, "/a/none", "labels", H5P_DEFAULT) > 0 &&
		H5Aexists_by_name(f, "/d/e", "made", H5P_DEFAULT) > 0;
	free(x);
	H5Dclose(d);
	H5Fclose(f);
	return good;
}

/* The ranks' few in their order, and an attribute of a dataset that one rank wrote, and of one that all did. */
static int read_few(void)
{
	hid_t f = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), d = H5Dopen2(f, "/a/few", H5P_DEFAULT);
	int32_t x[2048];
	int good = f >= 0 && H5Dread(d, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, x) >= 0, at = 0;

	for (int r = 0; r < size; r++)
		for (int i = 0; good && i < r; i++)
			good = x[at++] == 1000 * r + i;
	good &= H5Aexists_by_name(f, "/a/few", "unit", H5P_DEFAULT) > 0 &&
		H5Aexists_by_name(f, "/a/number", "unit", H5P_DEFAULT) > 0;
	H5Dclose(d);
	H5Fclose(f);
	return good;
}

static void whole(void)
{
	struct err e = ERR_INIT;
	struct h5out *out;
	int rc = h5out_create(&out, comm, path, "test", &e) || write_all(out, &e);

	ok_all(comm, !rc && out, "written");
	ok_all(comm, access(path, F_OK) != 0, "no file under its name before the end");
	ok_all(comm, !h5out_close(&out, 1, &e) && !out, "closed");
	ok_all(comm, rank != 0 || read_back(), "read back");
	ok_all(comm, rank != 0 || size < 2 || read_few(), "and what rank 0 wrote for all");
}

/* The bytes of a file written while fresh memory holds `fill`. NULL: it could not be written or read. */
static char *written_over(int fill, long *n)
{
	struct err e = ERR_INIT;
	struct h5out *out;
	FILE *f;
	char *x = NULL;

	mallopt(M_PERTURB, fill);
	if (!h5out_create(&out, comm, path, "test", &e))
		write_all(out, &e);
	h5out_close(&out, 1, &e);
	mallopt(M_PERTURB, 0);
	f = rank == 0 && !e.code ? fopen(path, "rb") : NULL;
	if (!f)
		return NULL;
	fseek(f, 0, SEEK_END);
	*n = ftell(f);
	rewind(f);
	x = malloc((size_t)*n);
	if (x && fread(x, 1, (size_t)*n, f) != (size_t)*n) {
		free(x);
		x = NULL;
	}
	fclose(f);
	return x;
}

/* What nobody wrote is in no gap of it: neither noise nor what the process held. */
static void gaps(void)
{
	long n = 0, m = 0;
	char *x = written_over(0x11, &n), *y = written_over(0x22, &m);

	ok_all(comm, rank != 0 || (x && y && n == m && !memcmp(x, y, (size_t)n)),
	       "the same bytes whatever memory held before");
	free(x);
	free(y);
}

/* Nothing but what rank 0 keeps, and no memory for one table there. */
static void kept(void)
{
	struct err e = ERR_INIT;
	struct h5out *out;
	double x = 1;

	unlink(path);
	MPI_Barrier(comm);
	h5out_create(&out, comm, path, "test", &e);
	h5out_local(out, &local, &x, 1, &e);
	ok_all(comm, !h5out_close(&out, 1, &e) && (rank != 0 || !access(path, F_OK)), "a file of small tables alone");
	unlink(path);
	MPI_Barrier(comm);
	h5out_create(&out, comm, path, "test", &e);
	ok_all(comm, !h5out_local(out, &local, NULL, 1, &e), "no memory on rank 0: nobody is told yet");
	ok_all(comm, h5out_close(&out, 1, &e) == E_NOMEM && e.rank == 0 && access(path, F_OK) != 0, "but at the end");
}

static void failing(void)
{
	struct err e = ERR_INIT;
	struct h5out *out;
	int64_t x = rank;

	unlink(path);
	MPI_Barrier(comm);
	h5out_create(&out, comm, path, "test", &e);
	if (rank == size - 1)
		err_set(&e, E_NOMEM, "no memory on the last rank");
	ok_all(comm, h5out_column(out, &number, &x, 1, &e) == E_NOMEM && e.rank == size - 1,
	       "one rank fails: all return its error");
	ok_all(comm, h5out_close(&out, 1, &e) == E_NOMEM, "and so does close");
	ok_all(comm, access(path, F_OK) != 0, "no file is left");
	err_clear(&e);
	ok_all(comm,
	       h5out_create(&out, comm, "/nowhere/at/all/x.h5", "test", &e) == E_IO && !out &&
		       strstr(e.text, "/nowhere/at/all/x.h5"),
	       "a folder that is not there");
}

int main(int argc, char **argv)
{
	MPI_Init(&argc, &argv);
	MPI_Comm_rank(comm, &rank);
	MPI_Comm_size(comm, &size);
	strcpy(dir, "/tmp/hubcensus-test-XXXXXX");
	if (rank == 0 && !mkdtemp(dir))
		MPI_Abort(comm, 1);
	agree_bcast(comm, dir, sizeof dir);
	snprintf(path, sizeof path, "%s/x.h5", dir);
	whole();
	gaps();
	kept();
	failing();
	MPI_Barrier(comm);
	if (rank == 0)
		rmdir(dir);
	return tap_finalize();
}
