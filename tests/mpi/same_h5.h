// SPDX-License-Identifier: Apache-2.0
/* Whether two files of a census hold the same data. */
#ifndef TESTS_MPI_SAME_H5_H
#define TESTS_MPI_SAME_H5_H

#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"

/* Every dataset outside /run is the same in both. */
struct pair {
	hid_t other;
	int n, differ;
};

static void *read_all(hid_t file, const char *name, size_t *nbytes)
{
	hid_t d = H5Dopen2(file, name, H5P_DEFAULT), type, space;
	void *x = NULL;

	if (d < 0)
		return NULL;
	type = H5Dget_type(d);
	space = H5Dget_space(d);
	*nbytes = H5Tget_size(type) * (size_t)H5Sget_simple_extent_npoints(space);
	x = calloc(1, *nbytes + 1);
	if (*nbytes && H5Dread(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, x) < 0)
		*nbytes = 0;
	H5Tclose(type);
	H5Sclose(space);
	H5Dclose(d);
	return x;
}

static herr_t same_dataset(hid_t file, const char *name, const H5O_info_t *info, void *arg)
{
	struct pair *p = arg;
	size_t n = 0, m = 0;
	void *x, *y;

	if (info->type != H5O_TYPE_DATASET || !strncmp(name, "run/", 4))
		return 0;
	x = read_all(file, name, &n);
	y = read_all(p->other, name, &m);
	p->n++;
	if (!x || !y || n != m || memcmp(x, y, n)) {
		diag("%s differs", name);
		p->differ++;
	}
	free(x);
	free(y);
	return 0;
}

/* Local. Files of at least `least` datasets. */
__attribute__((unused)) static int same_h5(const char *a, const char *b, int least)
{
	struct pair p = { 0 };
	hid_t f = H5Fopen(a, H5F_ACC_RDONLY, H5P_DEFAULT), g = H5Fopen(b, H5F_ACC_RDONLY, H5P_DEFAULT);

	if (f >= 0 && g >= 0) {
		p.other = g;
		H5Ovisit(f, H5_INDEX_NAME, H5_ITER_NATIVE, same_dataset, &p);
	}
	H5Fclose(f);
	H5Fclose(g);
	return p.n >= least && p.differ == 0;
}

#endif
