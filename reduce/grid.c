// SPDX-License-Identifier: Apache-2.0
#include "reduce/grid.h"

#include <stdlib.h>
#include <string.h>

static int key = MPI_KEYVAL_INVALID;

static int free_grid(MPI_Comm comm, int k, void *x, void *more)
{
	struct grid *g = x;

	(void)comm;
	(void)k;
	(void)more;
	if (g->nrows > 1) {
		MPI_Comm_free(&g->column);
		MPI_Comm_free(&g->row);
	}
	free(g);
	return MPI_SUCCESS;
}

/* The largest divisor that is not above the root. */
static int rows_of(int n)
{
	int r = 1;

	for (int i = 2; i <= n / i; i++)
		r = n % i ? r : i;
	return r;
}

static struct grid *make_grid(MPI_Comm comm)
{
	struct grid *g = malloc(sizeof *g);
	int mine = g != NULL, all, me;

	MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_MIN, comm);
	if (!all || !g) {
		free(g);
		return NULL;
	}
	MPI_Comm_rank(comm, &me);
	MPI_Comm_size(comm, &g->ncols);
	g->nrows = rows_of(g->ncols);
	g->ncols /= g->nrows;
	if (g->nrows > 1) {
		MPI_Comm_split(comm, me % g->ncols, me / g->ncols, &g->column);
		MPI_Comm_split(comm, me / g->ncols, me % g->ncols, &g->row);
	}
	MPI_Comm_set_attr(comm, key, g);
	return g;
}

const struct grid *grid_of(MPI_Comm comm)
{
	struct grid *g = NULL;
	int found;

	if (key == MPI_KEYVAL_INVALID)
		MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, free_grid, &key, NULL);
	MPI_Comm_get_attr(comm, key, &g, &found);
	if (!found)
		g = make_grid(comm);
	return g && g->nrows > 1 ? g : NULL;
}

void grid_forget(MPI_Comm comm)
{
	void *g;
	int found = 0;

	if (key != MPI_KEYVAL_INVALID)
		MPI_Comm_get_attr(comm, key, &g, &found);
	if (found)
		MPI_Comm_delete_attr(comm, key);
	if (key != MPI_KEYVAL_INVALID)
		MPI_Comm_free_keyval(&key);
}

int grid_swap_init(struct grid_swap *s, const struct grid *g)
{
	size_t n = (size_t)g->nrows * (size_t)g->ncols;

	memset(s, 0, sizeof *s);
	s->g = g;
	s->nthere = malloc(4 * n * sizeof *s->nthere);
	s->count = malloc(4 * n * sizeof *s->count);
	if (!s->nthere || !s->count)
		return -1;
	s->nturned = s->nthere + n;
	s->nhere = s->nturned + n;
	s->next = s->nhere + n;
	return 0;
}

void grid_swap_release(struct grid_swap *s)
{
	free(s->nthere);
	free(s->count);
	free(s->there);
	free(s->turned);
	memset(s, 0, sizeof *s);
}

void grid_swap_counts(struct grid_swap *s, const uint64_t *nsend, uint64_t *nrecv)
{
	int nrows = s->g->nrows, ncols = s->g->ncols;

	MPI_Alltoall(nsend, ncols, MPI_UINT64_T, s->nthere, ncols, MPI_UINT64_T, s->g->column);
	s->npassing = 0;
	for (int r = 0; r < nrows; r++)
		for (int c = 0; c < ncols; c++) {
			s->nturned[c * nrows + r] = s->nthere[r * ncols + c];
			s->npassing += s->nthere[r * ncols + c];
		}
	MPI_Alltoall(s->nturned, nrows, MPI_UINT64_T, s->nhere, nrows, MPI_UINT64_T, s->g->row);
	for (int r = 0; r < nrows; r++)
		for (int c = 0; c < ncols; c++)
			nrecv[r * ncols + c] = s->nhere[c * nrows + r];
}

int grid_swap_alloc(struct grid_swap *s, uint64_t total, size_t size)
{
	s->there = malloc((size_t)(total > s->npassing ? total : s->npassing) * size + 1);
	s->turned = malloc((size_t)s->npassing * size + 1);
	return s->there && s->turned ? 0 : -1;
}

/* Sums of n[from][each], and where they begin. */
static void add_up(const uint64_t *n, int nfrom, int neach, int *count, int *at)
{
	for (int i = 0, sum = 0; i < nfrom; i++) {
		count[i] = 0;
		at[i] = sum;
		for (int j = 0; j < neach; j++)
			count[i] += (int)n[i * neach + j];
		sum += count[i];
	}
}

/* One half of the way: n[npeer][each] elements that lie in this order, to the peers; m[npeer][each] from them. */
static void hop(MPI_Comm comm, int npeer, int each, const uint64_t *n, const void *send, const uint64_t *m, void *recv,
		MPI_Datatype type, int *work)
{
	int *nout = work, *out = work + npeer, *nin = work + 2 * npeer, *in = work + 3 * npeer;

	add_up(n, npeer, each, nout, out);
	add_up(m, npeer, each, nin, in);
	MPI_Alltoallv(send, nout, out, type, recv, nin, in, type, comm);
}

/* Blocks x[nrows][ncols] of n[nrows][ncols] elements become y[ncols][nrows]. The offsets of the rows' next blocks are
 * kept in `next`. */
static void turn(const char *x, const uint64_t *n, int nrows, int ncols, size_t size, char *y, uint64_t *next)
{
	uint64_t sum = 0;

	for (int r = 0; r < nrows; r++) {
		next[r] = sum;
		for (int c = 0; c < ncols; c++)
			sum += n[r * ncols + c];
	}
	for (int c = 0; c < ncols; c++)
		for (int r = 0; r < nrows; r++) {
			uint64_t m = n[r * ncols + c];

			memcpy(y, x + next[r] * size, (size_t)m * size);
			next[r] += m;
			y += m * size;
		}
}

void grid_swap_run(struct grid_swap *s, const uint64_t *nsend, const void *send, void *recv, size_t size)
{
	int nrows = s->g->nrows, ncols = s->g->ncols;
	MPI_Datatype type;

	MPI_Type_contiguous((int)size, MPI_BYTE, &type);
	MPI_Type_commit(&type);
	hop(s->g->column, nrows, ncols, nsend, send, s->nthere, s->there, type, s->count);
	turn(s->there, s->nthere, nrows, ncols, size, s->turned, s->next);
	hop(s->g->row, ncols, nrows, s->nturned, s->turned, s->nhere, s->there, type, s->count);
	turn(s->there, s->nhere, ncols, nrows, size, recv, s->next);
	MPI_Type_free(&type);
}
