// SPDX-License-Identifier: Apache-2.0
#include "reduce/sizes.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/lineage.h"
#include "reduce/median.h"
#include "reduce/period.h"
#include "reduce/served.h"

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

/* Models with a count and downloads, which weigh something, by year of creation. */
struct weights {
	struct weighted *x;
	uint64_t *start; /* nyears + 1: those of year y are x[start[y]] … x[start[y + 1] - 1]; year 0 is for all */
};

/* Rows are in order of creation, so those of a year lie together; the year is computed once a day. is_all: they are
 * one group. */
static void collect(const struct sizes *s, const struct census *c, const int64_t *count, struct weights *w, int is_all)
{
	const struct rows *r = &c->kind[KIND_MODELS];
	int64_t day = -1;
	int year = 0, at = 0;
	uint64_t n = 0;

	for (uint64_t i = 0; i < r->t.n; i++) {
		int64_t created = census_created(c, KIND_MODELS, i), downloads = r->t.col[F_DOWNLOADS].i64[i];

		if (period_day(created) != day) {
			day = period_day(created);
			year = period_year(created) - FIRST_YEAR;
		}
		if (count[i] <= 0 || downloads <= 0 || year >= s->nyears)
			continue;
		while (at < (is_all ? 0 : year))
			w->start[++at] = n;
		w->x[n++] = (struct weighted){ count[i], downloads };
	}
	while (at < s->nyears)
		w->start[++at] = n;
}

/* year[0] for all, the others for theirs: sums over all ranks. */
static int sum_years(struct sizes *s, const struct weights *w, MPI_Comm comm, struct err *e)
{
	wide *sum = calloc((size_t)s->nyears * 3, sizeof *sum);
	int rc = err_agree(comm, sum ? E_OK : err_set(e, E_NOMEM, "out of memory for parameter counts"), e);

	for (int y = 1; y < s->nyears && !rc; y++)
		for (uint64_t i = w->start[y]; i < w->start[y + 1]; i++) {
			sum[3 * y] += (wide)w->x[i].value * w->x[i].weight;
			sum[3 * y + 1] += w->x[i].weight;
			sum[3 * y + 2]++;
		}
	if (!rc)
		wire_sum_wide(comm, sum, (uint64_t)s->nyears * 3);
	for (int y = 1; y < s->nyears && !rc; y++) {
		s->year[y] = (struct size_year){ sum[3 * y], sum[3 * y + 1], (int64_t)sum[3 * y + 2], 0 };
		s->year[0].sum += s->year[y].sum;
		s->year[0].weight += s->year[y].weight;
		s->year[0].repositories += s->year[y].repositories;
	}
	free(sum);
	return rc;
}

static int find_medians(struct sizes *s, const struct weights *w, MPI_Comm comm, int first, int n, int rc,
			struct err *e)
{
	wide *whole = calloc((size_t)n + 1, sizeof *whole);
	int64_t *median = calloc((size_t)n + 1, sizeof *median);

	if (!rc && (!whole || !median))
		rc = err_set(e, E_NOMEM, "out of memory for parameter counts");
	for (int i = 0; i < n && !rc; i++)
		whole[i] = s->year[first + i].weight;
	rc = median_find(comm, rc, w->x, w->start + first, (uint64_t)n, whole, median, e);
	for (int i = 0; i < n && !rc && median; i++)
		s->year[first + i].median = median[i];
	free(whole);
	free(median);
	return rc;
}

static int weigh_years(struct sizes *s, const struct census *c, const int64_t *count, struct err *e)
{
	struct weights w = { malloc((size_t)(c->kind[KIND_MODELS].t.n + 1) * sizeof *w.x),
			     calloc((size_t)s->nyears + 1, sizeof *w.start) };
	int rc = w.x && w.start ? E_OK : err_set(e, E_NOMEM, "out of memory for parameter counts");

	if (!(rc = err_agree(c->comm, rc, e))) {
		collect(s, c, count, &w, 0);
		rc = sum_years(s, &w, c->comm, e);
		rc = find_medians(s, &w, c->comm, 1, s->nyears - 1, rc, e);
	}
	/* Once more for all: memory is dearer. */
	if (!rc) {
		collect(s, c, count, &w, 1);
		rc = find_medians(s, &w, c->comm, 0, 1, rc, e);
	}
	free(w.x);
	free(w.start);
	return rc;
}

int sizes_prepare(struct facts *f, int rc, struct err *e)
{
	const struct census *c = f->c;
	struct sizes *s = f->sizes = calloc(1, sizeof *s);
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
		rc = merge_buckets(s, c->comm, rc, e);
	}
	if (!rc)
		rc = weigh_years(s, c, count, e);
	free(count);
	free(source);
	return rc;
}

/* Why a figure of sizes is not there, or not whole. */
static int is_there(const struct facts *f, struct figure_table *t)
{
	int64_t served = 0;

	if (!census_has(f->c, KIND_MODELS)) {
		figure_status(t, FIGURE_NOT_AVAILABLE, "this census does not take models");
		return 0;
	}
	t->rows = (int64_t)f->c->kind[KIND_MODELS].total;
	for (int b = 0; b < SIZE_BUCKETS; b++)
		served += f->sizes->bucket[b].served;
	served_counter(f->c, KIND_MODELS, COUNTER_30_DAYS, served, t);
	served_part(f->c, F_PARAMETERS, "", t);
	served_part(f->c, F_TAGS, ": what models were quantized from is not known", t);
	served_part(f->c, F_BASES, ": what models were quantized from is known by name alone", t);
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
