// SPDX-License-Identifier: Apache-2.0
/* A census beside earlier ones: the same bytes for any number of ranks, ranks without rows, what is known to have
 * changed, a file that is damaged. */
#include <errno.h>
#include <hdf5.h>

#include "tests/mpi/pipeline.h"
#include "tests/mpi/same_h5.h"
#include "tests/mpi/scratch.h"
#include "tests/mpi/shards.h"
#include "tests/mpi/tap_mpi.h"

#define LATER 1209600 /* two weeks */

static int rank, nranks;
static char root[256];

static void name(char dst[320], const char *file)
{
	snprintf(dst, 320, "%.255s/%s", root, file);
}

/* Shards, and what one rank makes of them. */
static void take(const struct gen *g, const char *folder)
{
	struct err e = ERR_INIT;
	char dir[320], h5[320], *json = NULL, file[64];

	name(dir, folder);
	snprintf(file, sizeof file, "%s.h5", folder);
	name(h5, file);
	if (rank == 0 && (gen_snapshot(g, dir, &e) || pipeline(MPI_COMM_SELF, dir, h5, &json, &e)))
		diag("%s", e.text);
	free(json);
	MPI_Barrier(MPI_COMM_WORLD);
}

/* The census of `folder` beside others. */
static int compare(MPI_Comm comm, const char *folder, const char *h5, int n, const char *const *previous, char **json,
		   struct err *e)
{
	struct opt_texts list = { .n = n };
	char dir[320], out[320], path[4][320];

	name(dir, folder);
	name(out, h5);
	for (int i = 0; i < n; i++) {
		name(path[i], previous[i]);
		list.at[i] = path[i];
	}
	return pipeline_since(comm, dir, &list, out, json, e);
}

static int64_t number(json_t *figures, const char *key, const char *kind, const char *member)
{
	json_t *value = json_object_get(json_object_get(figures, key), "value");

	return json_integer_value(json_object_get(json_object_get(json_object_get(value, "1"), kind), member));
}

/* Rows 0, drop, 2 drop, … of n. */
static int64_t every(uint64_t n, uint64_t step)
{
	return (int64_t)((n + step - 1) / step);
}

static int changes_are(const char *file, const char *kind, int64_t n)
{
	char path[320], at[64];
	hsize_t dims = 0;
	hid_t f, d, space;

	name(path, file);
	snprintf(at, sizeof at, "/changes/%s/_id", kind);
	f = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
	d = H5Dopen2(f, at, H5P_DEFAULT);
	space = H5Dget_space(d);
	H5Sget_simple_extent_dims(space, &dims, NULL);
	H5Sclose(space);
	H5Dclose(d);
	H5Fclose(f);
	return (int64_t)dims == n;
}

/* What the two generators differ by. */
static void check_known(const char *json, const struct gen *then, const struct gen *now)
{
	json_t *root_json = rank == 0 && json ? json_loads(json, 0, NULL) : NULL,
	       *figures = json_object_get(root_json, "figures");

	for (int k = 0; k < NKINDS; k++) {
		int64_t n = (int64_t)then->n[k], gone = every(then->n[k], now->drop), changed = 0, kept = n - gone,
			of = number(figures, "compare.repositories", kind_name[k], "renamed");

		for (uint64_t i = 0; i < then->n[k]; i++)
			changed += i % now->drop && i % now->changed == 0;
		ok_all(MPI_COMM_WORLD,
		       rank != 0 || (number(figures, "compare.repositories", kind_name[k], "before") == n &&
				     number(figures, "compare.repositories", kind_name[k], "gone") == gone &&
				     number(figures, "compare.repositories", kind_name[k], "kept") == kept &&
				     number(figures, "compare.repositories", kind_name[k], "new") == 0),
		       kind_name[k]);
		ok_all(MPI_COMM_WORLD, rank != 0 || of == changed, "… renamed");
		ok_all(MPI_COMM_WORLD, rank != 0 || changes_are("b-alone.h5", kind_name[k], gone + changed),
		       "… and so many in /changes");
	}
	json_decref(root_json);
}

static int same_file(const char *a, const char *b)
{
	char path[320], other[320];

	name(path, a);
	name(other, b);
	return same_h5(path, other, 90);
}

/* All ranks against one. */
static void check_same(const char *folder, int n, const char *const *previous, const char *what)
{
	struct err e = ERR_INIT;
	char *want = NULL, *json = NULL;
	int rc;

	if (rank == 0 && compare(MPI_COMM_SELF, folder, "b-alone.h5", n, previous, &want, &e))
		diag("%s", e.text);
	MPI_Barrier(MPI_COMM_WORLD);
	rc = compare(MPI_COMM_WORLD, folder, "b-all.h5", n, previous, &json, &e);
	if (rc && rank == 0)
		diag("%s", e.text);
	ok_all(MPI_COMM_WORLD, !rc && (rank != 0 || (want && json && !strcmp(want, json))), what);
	ok_all(MPI_COMM_WORLD, !rc && (rank != 0 || same_file("b-alone.h5", "b-all.h5")),
	       "… and the same data in census.h5");
	free(want);
	free(json);
}

/* One rank fails, or all see the same file refused. */
static void check_refused(int n, const char *const *previous, int code, const char *word, const char *what)
{
	struct err e = ERR_INIT;
	char text[512], out[320], *json = NULL;
	int rc = compare(MPI_COMM_WORLD, "b", "none.h5", n, previous, &json, &e);

	name(out, "none.h5");
	memcpy(text, e.text, sizeof text);
	MPI_Bcast(text, sizeof text, MPI_BYTE, 0, MPI_COMM_WORLD);
	ok_all(MPI_COMM_WORLD, rc == code && !strcmp(text, e.text) && strstr(text, word) && access(out, F_OK) && !json,
	       what);
	free(json);
}

static void damage(const char *file)
{
	char path[320], byte = 'x';
	struct stat st;
	FILE *f;

	name(path, file);
	if (rank == 0) {
		f = fopen(path, "r+b");
		if (!f || fstat(fileno(f), &st) || fseek(f, st.st_size / 2, SEEK_SET) || fwrite(&byte, 1, 1, f) != 1)
			diag("%s: %s", path, strerror(errno));
		if (f)
			fclose(f);
	}
	MPI_Barrier(MPI_COMM_WORLD);
}

int main(int argc, char **argv)
{
	struct gen a = { .n = { 3000, 700, 900 }, .per_shard = 500, .stride = 2 }, b = a, few = a;
	static const char *const one[] = { "a.h5" }, *const three[] = { "few.h5", "a.h5", "early.h5" },
				 *const twice[] = { "a.h5", "a" }, *const later[] = { "b.h5" };
	char from[320], to[320], *json = NULL;
	struct err e = ERR_INIT;

	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &nranks);
	scratch_make(root);
	b.later = LATER;
	b.drop = 11;
	b.changed = 5;
	few.n[0] = few.n[1] = 2;
	few.n[2] = 0;
	few.later = -LATER;
	take(&a, "a");
	take(&b, "b");
	take(&few, "few");
	a.later = LATER / 2;
	a.drop = 7;
	take(&a, "early");
	check_same("b", 1, one, "beside one earlier census: the same census.json");
	if (rank == 0)
		compare(MPI_COMM_SELF, "b", "b-alone.h5", 1, one, &json, &e);
	check_known(json, &a, &b);
	check_same("b", 3, three, "beside three, of which one has two rows and fewer kinds: the same");
	/* A folder's census.h5 is looked for in it. */
	name(from, "a.h5");
	name(to, "a/census.h5");
	if (rank == 0 && link(from, to))
		diag("link: %s", strerror(errno));
	MPI_Barrier(MPI_COMM_WORLD);
	check_refused(2, twice, E_USAGE, "both of", "the same census twice: all ranks say so");
	check_refused(1, later, E_USAGE, "not before", "one that is not older: all ranks say so");
	damage("a.h5");
	check_refused(1, one, E_FORMAT, "damaged", "a damaged file: all ranks say so, and leave nothing");
	free(json);
	scratch_remove(root);
	return tap_finalize();
}
