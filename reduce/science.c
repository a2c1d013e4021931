// SPDX-License-Identifier: Apache-2.0
#include "reduce/science.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/facet.h"
#include "reduce/period.h"
#include "reduce/record.h"

const struct figure_col science_cols[3] = {
	{ "topic", CELL_TEXT, FIGURE_KEY, NULL, "topic of the group science in the table of topics" },
	{ "kind", CELL_TEXT, FIGURE_KEY, NULL, "models, datasets or spaces" },
	{ "repositories", CELL_I64, 0, "repositories", "repositories with a tag of the topic" },
};

const struct figure_col science_robotics_cols[5] = {
	{ "topic", CELL_TEXT, FIGURE_KEY, NULL, "topic of the group robotics in the table of topics" },
	{ "kind", CELL_TEXT, FIGURE_KEY, NULL, "models, datasets or spaces" },
	{ "year", CELL_TEXT, FIGURE_KEY, NULL, "year of creation, UTC" },
	{ "cumulative", CELL_I64, 0, "repositories", "with a tag of the topic, created up to the year's end" },
	{ "new", CELL_I64, 0, "repositories",
	  "with a tag of the topic, created in the year; 2022 holds all older ones" },
};

static const struct facet_prefix no_prefix[] = { { NULL, NULL } };
static const enum topic_group group[] = { TOPIC_SCIENCE, TOPIC_ROBOTICS, NTOPIC_GROUP };

void science_release(struct topical *x)
{
	if (!x)
		return;
	tally_release(&x->n);
	free(x);
}

static int count_kind(struct topical *x, const struct census *c, int kind)
{
	const struct table *t = &c->kind[kind].t;
	const struct column *tags = &t->col[F_TAGS];
	struct facets facets;
	int rc = facets_find(&facets, &x->n, &tags->labels.text, no_prefix, c->topics, group);

	for (uint64_t i = 0; i < t->n && !rc; i++) {
		int64_t year = period_year(census_created(c, kind, i)) - 1970;

		for (uint64_t j = tags->off[i]; j < tags->off[i + 1]; j++)
			for (uint32_t k = facets.off[tags->code[j]]; k < facets.off[tags->code[j] + 1]; k++)
				if (facets_once(&facets, facets.key[k], i))
					x->n.x[((int64_t)facets.key[k] * NKINDS + kind) * x->nyears + year]++;
	}
	facets_release(&facets);
	return rc;
}

int science_prepare(struct facts *f, int rc, struct err *e)
{
	const struct census *c = f->c;
	struct topical *x = f->topical = calloc(1, sizeof *x);

	if ((rc = err_agree(c->comm, x ? rc : err_set(e, E_NOMEM, "out of memory for topics"), e)))
		return rc;
	x->nyears = period_year(c->snap.t0 > 0 ? c->snap.t0 : 0) - 1970 + 1;
	tally_init(&x->n, (uint32_t)(NKINDS * x->nyears));
	for (int k = 0; k < NKINDS && !rc; k++)
		if (census_has(c, k) && count_kind(x, c, k))
			rc = err_set(e, E_NOMEM, "out of memory for topics");
	return tally_reduce(&x->n, c->comm, rc, e);
}

static void put_total(const struct facts *f, struct figure_table *t, const char *topic, int kind, const int64_t *year)
{
	const struct topical *x = f->topical;
	int64_t sum = 0;

	for (int64_t y = 0; y < x->nyears; y++)
		sum += year[y];
	if (sum == 0)
		return;
	figure_row(t);
	figure_name(t, 0, topic);
	figure_name(t, 1, kind_name[kind]);
	figure_i64(t, 2, sum);
}

static void put_years(const struct facts *f, struct figure_table *t, const char *topic, int kind, const int64_t *year)
{
	const struct topical *x = f->topical;
	int64_t sum = 0;
	char text[32];

	for (int64_t y = 0; y < x->nyears; y++) {
		sum += year[y];
		if (sum == 0)
			continue;
		figure_row(t);
		figure_name(t, 0, topic);
		figure_name(t, 1, kind_name[kind]);
		figure_name(t, 2, period_format(PERIOD_YEAR, 1970 + y, text));
		figure_i64(t, 3, sum);
		if (year[y] || census_listed(f->c, kind, PERIOD_YEAR, 1970 + y, NULL) != LISTED_NOT)
			figure_i64(t, 4, year[y]);
	}
}

static void for_each(const struct facts *f, struct figure_table *t, enum topic_group g,
		     void (*put)(const struct facts *f, struct figure_table *t, const char *topic, int kind,
				 const int64_t *year))
{
	const struct topical *x = f->topical;

	if (!(f->c->snap.fields >> F_TAGS & 1)) {
		figure_status(t, FIGURE_NOT_AVAILABLE, "tags were not asked for");
		return;
	}
	for (uint64_t i = 0; i < x->n.key.text.n; i++) {
		size_t len;
		const char *s = texts_get(&x->n.key.text, i, &len);
		size_t facet = strlen(s) + 1;
		char topic[RECORD_FIELD + 1];

		if (strcmp(s, topic_group_name(g)) != 0)
			continue;
		snprintf(topic, sizeof topic, "%.*s", (int)(len - facet), s + facet);
		for (int k = 0; k < NKINDS; k++)
			if (census_has(f->c, k))
				put(f, t, topic, k, x->n.x + ((int64_t)i * NKINDS + k) * x->nyears);
	}
}

void science_make(const struct facts *f, struct figure_table *t)
{
	for_each(f, t, TOPIC_SCIENCE, put_total);
}

void science_robotics(const struct facts *f, struct figure_table *t)
{
	for_each(f, t, TOPIC_ROBOTICS, put_years);
}
