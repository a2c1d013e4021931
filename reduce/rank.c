// SPDX-License-Identifier: Apache-2.0
#include "reduce/rank.h"
#include "reduce/analyzer.h" /* last */

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"

/* Values below are counted in an array, for most are small; the others are sorted. */
#define DENSE            65536
#define SAMPLES_PER_RANK 256

static int value_order(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void add_run(struct run *run, uint64_t *n, int64_t value, uint64_t count)
{
	if (*n && run[*n - 1].value == value)
		run[*n - 1].count += count;
	else
		run[(*n)++] = (struct run){ value, count };
}

int rank_runs(const int64_t *x, uint64_t n, struct run **run, uint64_t *nrun)
{
	uint64_t *small = calloc(DENSE, sizeof *small), nlarge = 0, ndense = 0;
	int64_t *large = NULL;

	*run = NULL;
	*nrun = 0;
	for (uint64_t i = 0; i < n && small; i++) {
		if (x[i] >= DENSE)
			nlarge++;
		else if (x[i] >= 0)
			ndense += small[x[i]]++ == 0;
	}
	if (small) {
		large = malloc((size_t)(nlarge + 1) * sizeof *large);
		*run = malloc((size_t)(ndense + nlarge + 1) * sizeof **run);
	}
	if (!small || !large || !*run) {
		free(small);
		free(large);
		free(*run);
		*run = NULL;
		return -1;
	}
	for (uint64_t i = 0, j = 0; i < n; i++)
		if (x[i] >= DENSE)
			large[j++] = x[i];
	qsort(large, (size_t)nlarge, sizeof *large, value_order);
	for (int64_t v = 0; v < DENSE; v++)
		if (small[v])
			add_run(*run, nrun, v, small[v]);
	for (uint64_t i = 0; i < nlarge; i++)
		add_run(*run, nrun, large[i], 1);
	free(small);
	free(large);
	return 0;
}

void rank_release(struct ranked *r)
{
	free(r->run);
	memset(r, 0, sizeof *r);
}

/* split[i] is the least value of rank i + 1; from a regular sample of the runs. All ranks get them. */
static int find_splitters(MPI_Comm comm, int rc, const struct run *run, uint64_t nrun, int nranks, int64_t *split,
			  struct err *e)
{
	uint64_t total, n = 0, stride;
	struct parcel all = { 0 };
	int64_t *sample;

	wire_before(comm, nrun, &total);
	stride = total / ((uint64_t)nranks * SAMPLES_PER_RANK) + 1;
	sample = malloc((size_t)(nrun / stride + 2) * sizeof *sample);
	if (!rc && !sample)
		rc = err_set(e, E_NOMEM, "out of memory for quantiles");
	for (uint64_t i = stride / 2; i < nrun && !rc; i += stride)
		sample[n++] = run[i].value;
	rc = wire_gather(comm, rc, sample, n, sizeof *sample, &all, e);
	if (!rc && all.total) {
		int64_t *x = all.data;

		qsort(x, (size_t)all.total, sizeof *x, value_order);
		for (int r = 1; r < nranks; r++)
			split[r - 1] = x[(uint64_t)r * all.total / (uint64_t)nranks];
	}
	if (!rc)
		agree_bcast(comm, split, (uint64_t)(nranks - 1) * sizeof *split);
	parcel_release(&all);
	free(sample);
	return rc;
}

static int run_order(const void *a, const void *b)
{
	return value_order(&((const struct run *)a)->value, &((const struct run *)b)->value);
}

/* Runs of the same value from several ranks become one. */
static void settle(struct ranked *r, struct parcel *in)
{
	struct run *x = in->data;
	uint64_t n = 0;

	qsort(x, (size_t)in->total, sizeof *x, run_order);
	for (uint64_t i = 0; i < in->total; i++)
		add_run(x, &n, x[i].value, x[i].count);
	r->run = x;
	r->nrun = n;
	in->data = NULL;
}

static int swap_runs(struct ranked *r, MPI_Comm comm, int rc, struct run *run, uint64_t nrun, int nranks, struct err *e)
{
	int64_t *split = calloc((size_t)nranks, sizeof *split);
	struct parcel out, in = { 0 };
	int to = 0, rc2 = parcel_init(&out, comm, sizeof *run, e);

	rc = rc ? rc : rc2;
	if (!rc && !split)
		rc = err_set(e, E_NOMEM, "out of memory for quantiles");
	rc = find_splitters(comm, err_agree(comm, rc, e), run, nrun, nranks, split, e);
	for (uint64_t i = 0; i < nrun && !rc; i++) {
		while (to < nranks - 1 && run[i].value >= split[to])
			to++;
		out.n[to]++;
	}
	out.data = run;
	out.total = nrun;
	rc = wire_exchange(comm, rc, &out, &in, e);
	if (!rc)
		settle(r, &in);
	out.data = NULL;
	parcel_release(&out);
	parcel_release(&in);
	free(split);
	return rc;
}

int rank_build(struct ranked *r, MPI_Comm comm, int rc, const int64_t *x, uint64_t n, struct err *e)
{
	struct run *run = NULL;
	uint64_t nrun = 0, mine = 0;
	int nranks;

	memset(r, 0, sizeof *r);
	MPI_Comm_size(comm, &nranks);
	if (!rc && rank_runs(x, n, &run, &nrun))
		rc = err_set(e, E_NOMEM, "out of memory for quantiles");
	rc = swap_runs(r, comm, rc, run, nrun, nranks, e);
	free(run);
	if (rc)
		return rc;
	for (uint64_t i = 0; i < r->nrun; i++) {
		mine += r->run[i].count;
		r->sum += (wide)r->run[i].value * (wide)r->run[i].count;
	}
	r->below = wire_before(comm, mine, &r->n);
	wire_sum_wide(comm, &r->sum, 1);
	return E_OK;
}

void rank_elements(const struct ranked *r, MPI_Comm comm, const uint64_t *k, int nk, int64_t *out)
{
	/* Exactly one rank has each element, and adds it to zeros. */
	for (int i = 0; i < nk; i++) {
		uint64_t at = r->below;

		out[i] = 0;
		for (uint64_t j = 0; j < r->nrun && at < k[i]; at += r->run[j++].count)
			if (k[i] - at <= r->run[j].count && k[i] > at)
				out[i] = r->run[j].value;
	}
	wire_sum(comm, out, (uint64_t)nk);
}

void rank_top(const struct ranked *r, MPI_Comm comm, const uint64_t *k, int nk, wide *out)
{
	for (int i = 0; i < nk; i++) {
		uint64_t first = k[i] < r->n ? r->n - k[i] : 0, at = r->below; /* elements above number `first` */

		out[i] = 0;
		for (uint64_t j = 0; j < r->nrun; at += r->run[j++].count) {
			uint64_t end = at + r->run[j].count, from = at > first ? at : first;

			if (end > from)
				out[i] += (wide)r->run[j].value * (wide)(end - from);
		}
	}
	wire_sum_wide(comm, out, (uint64_t)nk);
}

void rank_below(const struct ranked *r, MPI_Comm comm, const int64_t *bound, int n, uint64_t *out)
{
	for (int i = 0; i < n; i++) {
		wide sum = 0;

		for (uint64_t j = 0; j < r->nrun && r->run[j].value < bound[i]; j++)
			sum += (wide)r->run[j].count;
		wire_sum_wide(comm, &sum, 1);
		out[i] = (uint64_t)sum;
	}
}

int rank_gini(const struct ranked *r, MPI_Comm comm, double *g)
{
	wide s = 0, n = (wide)r->n;
	uint64_t at = r->below;

	/* Elements at + 1 … at + c of one value v give v * c * (2 at + c + 1) / 2; kept doubled, so that nothing is
	 * divided. */
	for (uint64_t j = 0; j < r->nrun; at += r->run[j++].count) {
		wide c = (wide)r->run[j].count;

		s += (wide)r->run[j].value * c * (2 * (wide)at + c + 1);
	}
	wire_sum_wide(comm, &s, 1);
	if (r->n == 0 || r->sum == 0)
		return 0;
	*g = (double)(s - (n + 1) * r->sum) / (double)(n * r->sum);
	return 1;
}

uint64_t rank_nearest(uint64_t n, uint64_t num, uint64_t den)
{
	uint64_t k = (n * num + den - 1) / den;

	return k ? k : 1;
}
