// SPDX-License-Identifier: Apache-2.0
#include "reduce/quantization.h"

#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/facet.h"
#include "reduce/makers.h"
#include "reduce/served.h"

const struct figure_col quantization_cols[3] = {
	{ "label", CELL_TEXT, FIGURE_KEY, NULL, "topic of the group quantization in the table of topics" },
	{ "by_others_share", CELL_F64, 0, "share",
	  "of those with a known base, the share whose owner owns none of their bases" },
	{ "repositories", CELL_I64, 0, "repositories", "models with a tag of the topic" },
};

enum { REPOSITORIES, WITH_BASE, BY_OTHERS, WIDTH };

static const struct facet_prefix no_prefix[] = { { NULL, NULL } };
static const enum topic_group group[] = { TOPIC_QUANTIZATION, NTOPIC_GROUP };

static int count_models(struct tally *x, const struct census *c, const struct makers *m)
{
	const struct table *t = &c->kind[KIND_MODELS].t;
	const struct column *tags = &t->col[F_TAGS];
	struct facets facets;
	int rc = facets_find(&facets, x, &tags->labels.text, no_prefix, c->topics, group);

	for (uint64_t i = 0; i < t->n && !rc; i++)
		for (uint64_t j = tags->off[i]; j < tags->off[i + 1]; j++)
			for (uint32_t k = facets.off[tags->code[j]]; k < facets.off[tags->code[j] + 1]; k++) {
				int64_t *n = x->x + (int64_t)facets.key[k] * WIDTH;
				int others;

				if (!facets_once(&facets, facets.key[k], i))
					continue;
				others = makers_by_others(m, c, i);
				n[REPOSITORIES]++;
				n[WITH_BASE] += others >= 0;
				n[BY_OTHERS] += others > 0;
			}
	facets_release(&facets);
	return rc;
}

int quantization_prepare(struct facts *f, int rc, struct err *e)
{
	struct makers m;

	tally_init(&f->quantization, WIDTH);
	rc = makers_find(&m, f->c, rc, e);
	if (!rc && census_has(f->c, KIND_MODELS) && count_models(&f->quantization, f->c, &m))
		rc = err_set(e, E_NOMEM, "out of memory for quantization");
	makers_release(&m);
	return tally_reduce(&f->quantization, f->c->comm, rc, e);
}

void quantization_make(const struct facts *f, struct figure_table *t)
{
	const struct tally *x = &f->quantization;

	if (!served_field(f->c, KIND_MODELS, F_TAGS, t))
		return;
	t->rows = (int64_t)f->c->kind[KIND_MODELS].total;
	if (!(f->c->snap.fields >> F_BASES & 1))
		figure_status(t, FIGURE_PARTIAL, "baseModels was not asked for: bases are those that tags name");
	for (uint64_t i = 0; i < x->key.text.n; i++) {
		const int64_t *n = x->x + i * WIDTH;
		size_t len;
		const char *s = texts_get(&x->key.text, i, &len);
		size_t facet = strlen(s) + 1;

		if (n[REPOSITORIES] == 0)
			continue;
		figure_row(t);
		figure_text(t, 0, s + facet, len - facet);
		figure_share(t, 1, (double)n[BY_OTHERS], (double)n[WITH_BASE]);
		figure_i64(t, 2, n[REPOSITORIES]);
	}
}
