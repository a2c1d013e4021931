// SPDX-License-Identifier: Apache-2.0
#include "reduce/category.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/concentration.h"
#include "reduce/facet.h"
#include "reduce/order.h"
#include "reduce/period.h"
#include "reduce/served.h"
#include "reduce/wire.h"

const struct figure_col category_dataset_cols[6] = {
	{ "facet", CELL_TEXT, FIGURE_KEY, NULL, "prefix of the tag" },
	{ "category", CELL_TEXT, FIGURE_KEY, NULL, "rest of the tag, as served" },
	{ "year", CELL_TEXT, FIGURE_KEY, NULL, "year of creation, UTC" },
	{ "cumulative", CELL_I64, 0, "repositories", "datasets with the tag created up to the year's end" },
	{ "new", CELL_I64, 0, "repositories", "datasets with the tag created in the year; 2022 holds all older ones" },
	{ "rank", CELL_I64, 0, "1",
	  "place by cumulative number among the facet's categories at the year's end; ties by name" },
};

const struct figure_col category_model_cols[5] = {
	{ "facet", CELL_TEXT, FIGURE_KEY, NULL, "pipeline_tag, library, license, region, language or format" },
	{ "category", CELL_TEXT, FIGURE_KEY, NULL, "as served; languages and formats: topic of the topics table" },
	{ "downloads", CELL_I64, 0, "downloads in 30 days", "sum over the models" },
	{ "downloads_all_time", CELL_I64, 0, "downloads", "sum over the models" },
	{ "repositories", CELL_I64, 0, "repositories", "models; a model counts once per category" },
};

static const struct facet_prefix dataset_prefix[] = {
	{ "task_categories:", "task_categories" },
	{ "modality:", "modality" },
	{ "language:", "language" },
	{ "license:", "license" },
	{ "size_categories:", "size_categories" },
	{ "format:", "format" },
	{ "library:", "library" },
	{ "region:", "region" },
	{ NULL, NULL },
};

static const struct facet_prefix model_prefix[] = { { "license:", "license" },
						    { "region:", "region" },
						    { NULL, NULL } };

static const enum topic_group no_group[] = { NTOPIC_GROUP };
static const enum topic_group model_group[] = { TOPIC_LANGUAGE, TOPIC_FORMAT, NTOPIC_GROUP };

#define MODEL_WIDTH 3
enum { REPOSITORIES, DOWNLOADS };

void category_release(struct categories *x)
{
	if (!x)
		return;
	tally_release(&x->datasets);
	tally_release(&x->models);
	free(x);
}

static int tally_datasets(struct categories *x, const struct census *c)
{
	const struct table *t = &c->kind[KIND_DATASETS].t;
	const struct column *tags = &t->col[F_TAGS];
	struct facets facets;
	int rc = facets_find(&facets, &x->datasets, &tags->labels.text, dataset_prefix, c->topics, no_group);

	for (uint64_t i = 0; i < t->n && !rc; i++) {
		int64_t year = period_year(census_created(c, KIND_DATASETS, i)) - 1970;

		for (uint64_t j = tags->off[i]; j < tags->off[i + 1]; j++)
			for (uint32_t k = facets.off[tags->code[j]]; k < facets.off[tags->code[j] + 1]; k++)
				if (facets_once(&facets, facets.key[k], i))
					x->datasets.x[facets.key[k] * x->nyears + year]++;
	}
	facets_release(&facets);
	return rc;
}

/* One model counts for x[REPOSITORIES …]. */
static void count_model(int64_t *x, const struct table *t, uint64_t row)
{
	x[REPOSITORIES]++;
	for (int i = 0; i < NDOWNLOADS; i++) {
		int64_t n = t->col[counter_field[i]].i64[row];

		if (n >= 0)
			x[DOWNLOADS + i] = wire_add(x[DOWNLOADS + i], n);
	}
}

static int tally_tags(struct categories *x, const struct census *c)
{
	const struct table *t = &c->kind[KIND_MODELS].t;
	const struct column *tags = &t->col[F_TAGS];
	struct facets facets;
	int rc = facets_find(&facets, &x->models, &tags->labels.text, model_prefix, c->topics, model_group);

	for (uint64_t i = 0; i < t->n && !rc; i++)
		for (uint64_t j = tags->off[i]; j < tags->off[i + 1]; j++)
			for (uint32_t k = facets.off[tags->code[j]]; k < facets.off[tags->code[j] + 1]; k++)
				if (facets_once(&facets, facets.key[k], i))
					count_model(x->models.x + (int64_t)facets.key[k] * MODEL_WIDTH, t, i);
	facets_release(&facets);
	return rc;
}

/* A member of the reply: its labels, and one category for models without. One that was not asked for is no facet. */
static int tally_member(struct categories *x, const struct census *c, enum field f, const char *facet)
{
	const struct table *t = &c->kind[KIND_MODELS].t;
	const struct column *col = &t->col[f];
	uint64_t n = col->labels.text.n + 1;
	int32_t *key = malloc((size_t)n * sizeof *key);
	int64_t *sum = calloc((size_t)n * MODEL_WIDTH, sizeof *sum);
	int rc = key && sum ? 0 : -1;

	if (!(c->snap.fields >> f & 1))
		n = 0;
	/* Slot 0 is for those without. */
	for (uint64_t i = 0; i < t->n && n && !rc; i++)
		count_model(sum + (int64_t)(col->code[i] + 1) * MODEL_WIDTH, t, i);
	for (uint64_t l = 0; l < n && !rc; l++) {
		size_t len = 6;
		const char *s = l ? texts_get(&col->labels.text, l - 1, &len) : "(none)";
		int32_t to = sum[l * MODEL_WIDTH] ? facets_key(&x->models, facet, s, len) : -2;

		rc = to == -1 ? -1 : 0;
		for (int64_t j = 0; j < MODEL_WIDTH && to >= 0; j++) {
			int64_t *y = &x->models.x[to * MODEL_WIDTH + j];

			*y = wire_add(*y, sum[(int64_t)l * MODEL_WIDTH + j]);
		}
	}
	free(key);
	free(sum);
	return rc;
}

int category_prepare(struct facts *f, int rc, struct err *e)
{
	const struct census *c = f->c;
	struct categories *x = f->categories = calloc(1, sizeof *x);
	const struct table *m = &c->kind[KIND_MODELS].t;

	if ((rc = err_agree(c->comm, x ? rc : err_set(e, E_NOMEM, "out of memory for categories"), e)))
		return rc;
	x->nyears = period_year(c->snap.t0 > 0 ? c->snap.t0 : 0) - 1970 + 1;
	tally_init(&x->datasets, (uint32_t)x->nyears);
	tally_init(&x->models, MODEL_WIDTH);
	if (census_has(c, KIND_DATASETS) && tally_datasets(x, c))
		rc = err_set(e, E_NOMEM, "out of memory for categories");
	if (!rc && census_has(c, KIND_MODELS) &&
	    (tally_tags(x, c) || tally_member(x, c, F_PIPELINE, "pipeline_tag") ||
	     tally_member(x, c, F_LIBRARY, "library")))
		rc = err_set(e, E_NOMEM, "out of memory for categories");
	for (int i = 0; i < NDOWNLOADS; i++)
		for (uint64_t row = 0; row < m->n; row++)
			x->has[i] += m->col[counter_field[i]].i64[row] >= 0;
	rc = tally_reduce(&x->datasets, c->comm, rc, e);
	rc = tally_reduce(&x->models, c->comm, rc, e);
	if (!rc)
		wire_sum(c->comm, x->has, NDOWNLOADS);
	return rc;
}

/* A category of one facet, for ranking. */
struct place {
	uint64_t at; /* in the tally */
	int64_t cumulative;
	const struct texts *key;
};

static int place_order(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	size_t nx, ny;
	const char *s, *t;

	if (x->cumulative != y->cumulative)
		return x->cumulative > y->cumulative ? -1 : 1;
	s = texts_get(x->key, x->at, &nx);
	t = texts_get(y->key, y->at, &ny);
	return order_text_cmp(s, nx, t, ny); /* of one facet, so the categories decide */
}

static int64_t cumulative(const struct categories *x, uint64_t at, int64_t year)
{
	int64_t sum = 0;

	for (int64_t y = 0; y <= year; y++)
		sum = wire_add(sum, x->datasets.x[(int64_t)at * x->nyears + y]);
	return sum;
}

/* rank[at * nyears + year] for the categories [first, end) of one facet. */
static void rank_facet(const struct categories *x, uint64_t first, uint64_t end, struct place *p, int64_t *rank)
{
	for (int64_t y = 0; y < x->nyears; y++) {
		int any = 0;

		for (uint64_t i = first; i < end; i++) {
			p[i - first] = (struct place){ i, cumulative(x, i, y), &x->datasets.key.text };
			any |= p[i - first].cumulative > 0;
		}
		if (!any)
			continue;
		qsort(p, (size_t)(end - first), sizeof *p, place_order);
		for (uint64_t i = 0; i < end - first && p[i].cumulative > 0; i++)
			rank[(int64_t)p[i].at * x->nyears + y] = (int64_t)i + 1;
	}
}

static void put_dataset(const struct facts *f, struct figure_table *t, uint64_t at, const int64_t *rank)
{
	const struct categories *x = f->categories;
	size_t len;
	const char *s = texts_get(&x->datasets.key.text, at, &len);
	size_t facet = strlen(s);

	for (int64_t y = 0; y < x->nyears; y++) {
		int64_t i = (int64_t)at * x->nyears + y;
		char year[32];

		if (!rank[i])
			continue;
		figure_row(t);
		figure_name(t, 0, s);
		figure_text(t, 1, s + facet + 1, len - facet - 1);
		figure_name(t, 2, period_format(PERIOD_YEAR, y + 1970, year));
		figure_i64(t, 3, cumulative(x, at, y));
		if (x->datasets.x[i] || census_listed(f->c, KIND_DATASETS, PERIOD_YEAR, y + 1970, NULL) != LISTED_NOT)
			figure_i64(t, 4, x->datasets.x[i]);
		figure_i64(t, 5, rank[i]);
	}
}

void category_datasets(const struct facts *f, struct figure_table *t)
{
	const struct categories *x = f->categories;
	uint64_t n = x->datasets.key.text.n;
	struct place *p = calloc((size_t)n + 1, sizeof *p);
	int64_t *rank = calloc((size_t)(n + 1) * (size_t)x->nyears, sizeof *rank);

	if (!census_has(f->c, KIND_DATASETS))
		figure_status(t, FIGURE_NOT_AVAILABLE, "this census does not take datasets");
	else if (!(f->c->snap.fields >> F_TAGS & 1))
		figure_status(t, FIGURE_NOT_AVAILABLE, "tags were not asked for");
	t->rows = (int64_t)f->c->kind[KIND_DATASETS].total;
	t->no_memory |= !p || !rank;
	for (uint64_t i = 0, end; i < n && !t->no_memory; i = end) {
		size_t len;
		const char *facet = texts_get(&x->datasets.key.text, i, &len);

		for (end = i + 1; end < n && !strcmp(facet, texts_get(&x->datasets.key.text, end, &len)); end++)
			;
		rank_facet(x, i, end, p, rank);
	}
	for (uint64_t i = 0; i < n && !t->no_memory; i++)
		put_dataset(f, t, i, rank);
	free(p);
	free(rank);
}

/* Of the members that facets are made from, how many were asked for? t says which were not. */
static int count_facets(const struct census *c, struct figure_table *t)
{
	int n = served_part(c, F_PIPELINE, ": the tasks of models are not known", t) +
		served_part(c, F_LIBRARY, ": the libraries of models are not known", t) +
		served_part(c, F_TAGS, ": licenses, regions, languages and formats are not known", t);

	if (!n)
		figure_status(t, FIGURE_NOT_AVAILABLE, "neither pipeline_tag, library_name nor tags were asked for");
	return n;
}

void category_models(const struct facts *f, struct figure_table *t)
{
	const struct categories *x = f->categories;

	if (!census_has(f->c, KIND_MODELS)) {
		figure_status(t, FIGURE_NOT_AVAILABLE, "this census does not take models");
		return;
	}
	t->rows = (int64_t)f->c->kind[KIND_MODELS].total;
	if (!count_facets(f->c, t))
		return;
	for (int i = 0; i < NDOWNLOADS; i++)
		served_counter(f->c, KIND_MODELS, (enum counter_of)i, x->has[i], t);
	for (uint64_t i = 0; i < x->models.key.text.n; i++) {
		size_t len;
		const char *s = texts_get(&x->models.key.text, i, &len);
		size_t facet = strlen(s);

		figure_row(t);
		figure_name(t, 0, s);
		figure_text(t, 1, s + facet + 1, len - facet - 1);
		for (int j = 0; j < NDOWNLOADS; j++)
			if (x->has[j])
				figure_i64(t, 2 + j, x->models.x[i * MODEL_WIDTH + DOWNLOADS + (uint64_t)j]);
		figure_i64(t, 4, x->models.x[i * MODEL_WIDTH]);
	}
}
