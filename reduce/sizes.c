// SPDX-License-Identifier: Apache-2.0
#include "reduce/sizes.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/lineage.h"
#include "reduce/period.h"

const struct figure_col size_bucket_cols[10] = {
	{ "bucket", CELL_TEXT, FIGURE_KEY, NULL, "parameters; lower ends belong to their bucket" },
	{ "downloads", CELL_I64, 0, "downloads in 30 days", "downloads of the bucket's models" },
	{ "downloads_per_repository", CELL_F64, 0, "downloads in 30 days", "downloads over all models of the bucket" },
	{ "median_top10", CELL_I64, 0, "downloads in 30 days",
	  "median of the ten most downloaded: number ceil(m/2), ascending" },
	{ "repositories", CELL_I64, 0, "repositories", "models of the bucket" },
	{ "sources/base", CELL_I64, 0, "repositories", "counted by the model that they were quantized from" },
	{ "sources/gguf", CELL_I64, 0, "repositories", "counted by gguf.total" },
	{ "sources/name", CELL_I64, 0, "repositories", "counted by the number in the name" },
	{ "sources/safetensors", CELL_I64, 0, "repositories", "counted by safetensors.total" },
	{ "sources/unknown", CELL_I64, 0, "repositories", "without any of these" },
};

const struct figure_col size_mean_cols[4] = {
	{ "year", CELL_TEXT, FIGURE_KEY, NULL, "year of creation, UTC; all: all models" },
	{ "mean", CELL_F64, 0, "parameters", "mean count, weighted by downloads" },
	{ "median", CELL_I64, 0, "parameters", "least count up to which half of the downloads go" },
	{ "repositories", CELL_I64, 0, "repositories", "models with a known count and downloads" },
};

static const char *const bucket_name[SIZE_BUCKETS] = {
	"<1B", "1-9B", "9-20B", "20-70B", "70-100B", ">=100B", "unknown"
};

static const int source_col[NSIZE_SOURCES] = {
	[SIZE_BASE] = 5, [SIZE_GGUF] = 6, [SIZE_NAME] = 7, [SIZE_SAFETENSORS] = 8, [SIZE_UNKNOWN] = 9
};

#define FIRST_YEAR 1969 /* that of year[0], which is for all */

void sizes_release(struct sizes *s)
{
	if (!s)
		return;
	free(s->year);
	free(s);
}

static int bucket_of(int64_t count)
{
	static const int64_t bound[] = { 1000000000, 9000000000, 20000000000, 70000000000, 100000000000 };
	int b = 0;

	if (count <= 0)
		return SIZE_BUCKETS - 1;
	while (b < 5 && count >= bound[b])
		b++;
	return b;
}

static void insert(struct size_bucket *b, int64_t x)
{
	int at = b->ntop;

	while (at > 0 && b->top[at - 1] < x)
		at--;
	if (at == SIZE_TOP)
		return;
	b->ntop += b->ntop < SIZE_TOP;
	memmove(b->top + at + 1, b->top + at, (size_t)(b->ntop - at - 1) * sizeof *b->top);
	b->top[at] = x;
}

static void count_buckets(struct sizes *s, const struct table *t, const int64_t *count, const uint8_t *source)
{
	for (uint64_t i = 0; i < t->n; i++) {
		struct size_bucket *b = &s->bucket[bucket_of(count[i])];
		int64_t n = t->col[F_DOWNLOADS].i64[i];

		b->repositories++;
		b->source[source[i]]++;
		if (n < 0)
			continue;
		b->served++;
		b->downloads = wire_add(b->downloads, n);
		insert(b, n);
	}
}

/* One rank's most downloaded model of a bucket. */
struct entry {
	int64_t bucket, downloads;
};

static int merge_buckets(struct sizes *s, MPI_Comm comm, int rc, struct err *e)
{
	struct entry mine[SIZE_BUCKETS * SIZE_TOP];
	struct parcel all = { 0 };
	uint64_t n = 0;

	for (int b = 0; b < SIZE_BUCKETS; b++) {
		for (int i = 0; i < s->bucket[b].ntop; i++)
			mine[n++] = (struct entry){ b, s->bucket[b].top[i] };
		s->bucket[b].ntop = 0;
	}
	if ((rc = wire_gather(comm, rc, mine, n, sizeof *mine, &all, e)))
		return rc;
	for (uint64_t i = 0; i < all.total; i++) {
		const struct entry *x = (const struct entry *)all.data + i;

		insert(&s->bucket[x->bucket], x->downloads);
	}
	parcel_release(&all);
	for (int b = 0; b < SIZE_BUCKETS; b++) {
		struct size_bucket *x = &s->bucket[b];

		wire_sum(comm, &x->repositories, 1);
		wire_sum(comm, &x->downloads, 1);
		wire_sum(comm, &x->served, 1);
		wire_sum(comm, x->source, NSIZE_SOURCES);
	}
	return E_OK;
}

/* What the weighted medians are taken over: rows with a count and downloads. */
struct weights {
	const struct sizes *s;
	const struct census *c;
	const int64_t *count;
};

/* The year of a row, 0 if it has no weight. */
static int year_of(const struct weights *w, uint64_t row)
{
	int year;

	if (w->count[row] <= 0 || w->c->kind[KIND_MODELS].t.col[F_DOWNLOADS].i64[row] <= 0)
		return 0;
	year = period_year(census_created(w->c, KIND_MODELS, row)) - FIRST_YEAR;
	return year < w->s->nyears ? year : 0;
}

/* sum[y] becomes the downloads of models of year y with at most bound[y] parameters. Collective. */
static void weigh(const struct weights *w, const int64_t *bound, wide *sum)
{
	const struct table *t = &w->c->kind[KIND_MODELS].t;

	memset(sum, 0, (size_t)w->s->nyears * sizeof *sum);
	for (uint64_t i = 0; i < t->n; i++) {
		int year = year_of(w, i);

		if (year && w->count[i] <= bound[0])
			sum[0] += t->col[F_DOWNLOADS].i64[i];
		if (year && w->count[i] <= bound[year])
			sum[year] += t->col[F_DOWNLOADS].i64[i];
	}
	wire_sum_wide(w->c->comm, sum, (uint64_t)w->s->nyears);
}

/* Bisection over the values, all years at once: exact, 63 rounds of a few numbers each, whatever the number of rows. */
static int find_medians(struct sizes *s, const struct weights *w, int rc, struct err *e)
{
	size_t n = (size_t)s->nyears;
	int64_t *lo = calloc(n, sizeof *lo), *hi = calloc(n, sizeof *hi), *mid = calloc(n, sizeof *mid);
	wide *sum = calloc(n, sizeof *sum);

	if (!rc && (!lo || !hi || !mid || !sum))
		rc = err_set(e, E_NOMEM, "out of memory for parameter counts");
	if ((rc = err_agree(w->c->comm, rc, e)))
		goto out;
	for (size_t y = 0; y < n; y++)
		hi[y] = INT64_MAX;
	for (int bit = 0; bit < 63; bit++) {
		for (size_t y = 0; y < n; y++)
			mid[y] = lo[y] + (hi[y] - lo[y]) / 2;
		weigh(w, mid, sum);
		for (size_t y = 0; y < n; y++) {
			if (2 * sum[y] >= s->year[y].weight)
				hi[y] = mid[y];
			else
				lo[y] = mid[y] + 1;
		}
	}
	for (size_t y = 0; y < n; y++)
		s->year[y].median = hi[y];
out:
	free(lo);
	free(hi);
	free(mid);
	free(sum);
	return rc;
}

static void sum_years(struct sizes *s, const struct weights *w)
{
	const struct table *t = &w->c->kind[KIND_MODELS].t;

	for (uint64_t i = 0; i < t->n; i++) {
		int64_t n = t->col[F_DOWNLOADS].i64[i];
		int year = year_of(w, i);

		for (int k = 0; k < 2 && year; k++) {
			struct size_year *y = &s->year[k ? year : 0];

			y->sum += (wide)w->count[i] * n;
			y->weight += n;
			y->repositories++;
		}
	}
	for (int y = 0; y < s->nyears; y++) {
		wire_sum_wide(w->c->comm, &s->year[y].sum, 1);
		wire_sum_wide(w->c->comm, &s->year[y].weight, 1);
		wire_sum(w->c->comm, &s->year[y].repositories, 1);
	}
}

int sizes_prepare(struct facts *f, int rc, struct err *e)
{
	const struct census *c = f->c;
	struct sizes *s = f->sizes = calloc(1, sizeof *s);
	struct weights w = { s, c, NULL };
	int64_t *count = NULL;
	uint8_t *source = NULL;

	if (s) {
		s->nyears = period_year(c->snap.t0 > 0 ? c->snap.t0 : 0) - FIRST_YEAR + 1;
		s->year = calloc((size_t)s->nyears, sizeof *s->year);
	}
	if (!rc && (!s || !s->year))
		rc = err_set(e, E_NOMEM, "out of memory for parameter counts");
	if ((rc = err_agree(c->comm, rc, e)) || !census_has(c, KIND_MODELS))
		return rc;
	if ((rc = lineage_need_nodes(f, rc, e)))
		return rc;
	if (!(rc = sizes_of_models(f->nodes, c, rc, &count, &source, e))) {
		count_buckets(s, &c->kind[KIND_MODELS].t, count, source);
		w.count = count;
		rc = merge_buckets(s, c->comm, rc, e);
	}
	if (!rc) {
		sum_years(s, &w);
		rc = find_medians(s, &w, rc, e);
	}
	free(count);
	free(source);
	return rc;
}

/* Why a figure of sizes is not there, or not whole. */
static int is_there(const struct facts *f, struct figure_table *t)
{
	const uint32_t fields = f->c->snap.fields;
	int64_t served = 0;

	if (!census_has(f->c, KIND_MODELS)) {
		figure_status(t, FIGURE_NOT_AVAILABLE, "this census does not take models");
		return 0;
	}
	t->rows = (int64_t)f->c->kind[KIND_MODELS].total;
	for (int b = 0; b < SIZE_BUCKETS; b++)
		served += f->sizes->bucket[b].served;
	if (!served)
		figure_status(t, FIGURE_PARTIAL, "the Hub served no downloads for models");
	if (!(fields >> F_PARAMETERS & 1))
		figure_status(t, FIGURE_PARTIAL, "safetensors was not asked for");
	return 1;
}

static void put_bucket(struct figure_table *t, const char *name, const struct size_bucket *b)
{
	if (!b->repositories)
		return;
	figure_row(t);
	figure_name(t, 0, name);
	if (b->served) {
		figure_i64(t, 1, b->downloads);
		figure_f64(t, 2, (double)b->downloads / (double)b->repositories);
		figure_i64(t, 3, b->top[b->ntop - (b->ntop + 1) / 2]);
	}
	figure_i64(t, 4, b->repositories);
	for (int s = 0; s < NSIZE_SOURCES; s++) {
		if (b->source[s])
			figure_i64(t, source_col[s], b->source[s]);
		else
			figure_omit(t, source_col[s]);
	}
}

void sizes_buckets(const struct facts *f, struct figure_table *t)
{
	for (int b = 0; is_there(f, t) && b < SIZE_BUCKETS; b++)
		put_bucket(t, bucket_name[b], &f->sizes->bucket[b]);
}

void sizes_mean(const struct facts *f, struct figure_table *t)
{
	const struct sizes *s = f->sizes;

	for (int y = 0; is_there(f, t) && y < s->nyears; y++) {
		const struct size_year *x = &s->year[y];
		char year[32];

		if (!x->repositories)
			continue;
		figure_row(t);
		figure_name(t, 0, y ? period_format(PERIOD_YEAR, y + FIRST_YEAR, year) : "all");
		figure_f64(t, 1, (double)x->sum / (double)x->weight);
		figure_i64(t, 2, x->median);
		figure_i64(t, 3, x->repositories);
	}
}
