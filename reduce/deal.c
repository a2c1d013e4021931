// SPDX-License-Identifier: Apache-2.0
#include "reduce/deal.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "io/oid.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/wire.h"

#define SAMPLES_PER_RANK 512

void deal_release(struct deal *d)
{
	for (size_t c = 0; c < d->nchunk; c++) {
		free(d->row ? d->row[c] : NULL);
		free(d->start ? d->start[c] : NULL);
	}
	free(d->row);
	free(d->start);
	free(d->nsend);
	memset(d, 0, sizeof *d);
}

static int oid_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct oid));
}

/* Every stride-th of this rank's rows: all rows of all ranks have the same chance, so the ranges come out even. */
static struct oid *take_sample(const struct deal *d, uint64_t stride, uint64_t *n)
{
	uint64_t have = 0, next = stride / 2, at = 0;
	struct oid *x;

	for (size_t c = 0; c < d->nchunk; c++)
		have += d->chunk[c].n;
	x = malloc((size_t)(have / stride + 2) * sizeof *x);
	*n = 0;
	for (size_t c = 0; c < d->nchunk && x; at += d->chunk[c++].n)
		for (; next < at + d->chunk[c].n; next += stride)
			x[(*n)++] = d->chunk[c].col[F_OID].oid[next - at];
	return x;
}

/* split[r] is the least ObjectId that goes to a rank above r; nranks - 1 of them, on all ranks. */
static int find_splitters(const struct deal *d, MPI_Comm comm, int rc, struct oid *split, struct err *e)
{
	uint64_t mine = 0, total, n = 0;
	struct parcel all = { 0 };
	struct oid *sample;

	for (size_t c = 0; c < d->nchunk; c++)
		mine += d->chunk[c].n;
	wire_before(comm, mine, &total);
	sample = take_sample(d, total / ((uint64_t)d->nranks * SAMPLES_PER_RANK) + 1, &n);
	if (!sample)
		rc = err_set(e, E_NOMEM, "out of memory for a sample of the rows");
	rc = wire_gather(comm, rc, sample, n, sizeof *sample, &all, e);
	free(sample);
	if (!rc && all.total) {
		struct oid *x = all.data;

		qsort(x, (size_t)all.total, sizeof *x, oid_order);
		for (int r = 1; r < d->nranks; r++)
			split[r - 1] = x[(uint64_t)r * all.total / (uint64_t)d->nranks];
	}
	if (!rc)
		agree_bcast(comm, split, (uint64_t)(d->nranks - 1) * sizeof *split);
	parcel_release(&all);
	return rc;
}

/* Number of splitters at or below o. Rows come in long ascending runs, so the last answer is tried first. */
static uint32_t destination(const struct oid *split, uint32_t n, struct oid o, uint32_t last)
{
	uint32_t lo = 0, hi = n;

	if ((last == 0 || oid_cmp(split[last - 1], o) <= 0) && (last == n || oid_cmp(o, split[last]) < 0))
		return last;
	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (oid_cmp(split[mid], o) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

#define NOWHERE UINT32_MAX

static int deal_chunk(struct deal *d, size_t c, const struct oid *split, int64_t t0)
{
	const struct table *t = &d->chunk[c];
	uint32_t *to = malloc((size_t)(t->n + 1) * sizeof *to), last = 0, n = (uint32_t)d->nranks;
	uint64_t *start = calloc((size_t)n + 2, sizeof *start);

	d->row[c] = malloc((size_t)(t->n + 1) * sizeof *d->row[c]);
	d->start[c] = start;
	if (!to || !start || !d->row[c]) {
		free(to);
		return -1;
	}
	for (uint64_t i = 0; i < t->n; i++) {
		struct oid o = t->col[F_OID].oid[i];

		if (oid_seconds(o) > t0) {
			to[i] = NOWHERE;
			d->beyond++;
			continue;
		}
		to[i] = last = destination(split, n - 1, o, last);
		start[last + 2]++;
	}
	for (uint32_t r = 0; r < n; r++) {
		d->nsend[r] += start[r + 2];
		d->total += start[r + 2];
		start[r + 2] += start[r + 1];
	}
	/* start[r + 1] runs from where r's rows begin to where they end, and is then where those of r + 1 begin. */
	for (uint64_t i = 0; i < t->n; i++)
		if (to[i] != NOWHERE)
			d->row[c][start[to[i] + 1]++] = (uint32_t)i;
	free(to);
	return 0;
}

int deal_rows(struct deal *d, MPI_Comm comm, int rc, struct table *chunk, size_t nchunk, int64_t t0, struct err *e)
{
	struct oid *split;

	*d = (struct deal){ .chunk = chunk, .nchunk = nchunk };
	MPI_Comm_size(comm, &d->nranks);
	d->row = calloc(nchunk + 1, sizeof *d->row);
	d->start = calloc(nchunk + 1, sizeof *d->start);
	d->nsend = calloc((size_t)d->nranks, sizeof *d->nsend);
	split = calloc((size_t)d->nranks, sizeof *split);
	if (!d->row || !d->start || !d->nsend || !split)
		rc = err_set(e, E_NOMEM, "out of memory for the exchange of rows");
	for (size_t c = 0; c < nchunk && !rc; c++)
		if (chunk[c].n >= UINT32_MAX)
			rc = err_set(e, E_FORMAT, "a shard of %llu rows is too large", (unsigned long long)chunk[c].n);
	rc = err_agree(comm, rc, e);
	rc = rc ? rc : find_splitters(d, comm, rc, split, e);
	for (size_t c = 0; c < nchunk && !rc; c++)
		if (deal_chunk(d, c, split, t0))
			rc = err_set(e, E_NOMEM, "out of memory for the exchange of rows");
	free(split);
	return err_agree(comm, rc, e);
}
