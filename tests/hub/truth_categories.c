/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "truth_in.h"

/* ---- datasets ---- */

static const char *const facets[] = { "task_categories:", "modality:", "language:", "license:",
				      "size_categories:", "format:",   "library:",  "region:" };
enum { NFACET = sizeof facets / sizeof facets[0], FIRST_YEAR = 2022 };

struct category {
	uint32_t tag;
	const char *name; /* behind the prefix */
	int64_t cumulative, fresh, rank;
};

static int by_size(const void *x, const void *y)
{
	const struct category *a = x, *b = y;
	return a->cumulative > b->cumulative ? -1 : a->cumulative < b->cumulative ? 1 : strcmp(a->name, b->name);
}

static void put_year(json_t *facet, struct category *c, size_t n, int year)
{
	char key[16];
	qsort(c, n, sizeof *c, by_size);
	snprintf(key, sizeof key, "%d", year);
	for (size_t k = 0; k < n && c[k].cumulative > 0; k++) {
		json_t *leaf = truth_at(truth_at(facet, c[k].name), key);
		json_object_set_new(leaf, "cumulative", json_integer(c[k].cumulative));
		json_object_set_new(leaf, "new", json_integer(c[k].fresh));
		json_object_set_new(leaf, "rank", json_integer((json_int_t)k + 1));
	}
}

static void datasets_facet(struct truth *t, json_t *v, const char *prefix)
{
	size_t len = strlen(prefix), n = 0;
	char facet[32];
	struct category *c = NULL;
	int64_t *fresh = mem_new(t->names.n * sizeof *fresh);
	for (uint32_t tag = 0; tag < t->names.n; tag++) {
		if (strncmp(t->names.text[tag], prefix, len) != 0)
			continue;
		c = mem_grow(c, (n + 1) * sizeof *c);
		c[n++] = (struct category){ .tag = tag, .name = t->names.text[tag] + len };
	}
	memcpy(facet, prefix, len - 1);
	facet[len - 1] = 0;
	for (int year = FIRST_YEAR; year <= t->t0_year; year++) {
		memset(fresh, 0, t->names.n * sizeof *fresh);
		for (uint64_t i = 0; i < t->n[DATASETS]; i++) {
			const struct truth_row *r = &t->rows[DATASETS][i];
			for (int k = 0; r->year == year && k < r->ntags; k++)
				fresh[r->tags[k]]++;
		}
		for (size_t k = 0; k < n; k++) {
			c[k].fresh = fresh[c[k].tag];
			c[k].cumulative += c[k].fresh;
		}
		/* A category nobody has yet makes no facet. */
		bool any = false;
		for (size_t k = 0; k < n; k++)
			any |= c[k].cumulative > 0;
		if (any)
			put_year(truth_at(v, facet), c, n, year);
	}
	free(fresh);
	free(c);
}

/* ---- models ---- */

static void count(const struct truth *t, json_t *facet, const char *category, const struct truth_row *r)
{
	json_t *leaf = truth_at(facet, category), *was = json_object_get(leaf, "repositories");
	json_object_set_new(leaf, "repositories", json_integer(1 + (was ? json_integer_value(was) : 0)));
	for (int c = 0; c < NCOUNTER; c++) {
		was = json_object_get(leaf, counter_name[c]);
		int64_t sum = was ? json_integer_value(was) : 0, add = r->counter[c] > 0 ? r->counter[c] : 0;
		json_object_set_new(leaf, counter_name[c],
				    t->served[MODELS][c] ? json_integer(sum + add) : json_null());
	}
}

static void count_prefix(const struct truth *t, json_t *v, const char *facet, const char *prefix,
			 const struct truth_row *r)
{
	for (int k = 0; k < r->ntags; k++) {
		const char *tag = t->names.text[r->tags[k]];
		if (!strncmp(tag, prefix, strlen(prefix)))
			count(t, truth_at(v, facet), tag + strlen(prefix), r);
	}
}

static void models(struct truth *t)
{
	json_t *v = json_object();
	struct topic_set language, format;
	uint32_t found[TOPICS_MAX];
	topics_init(&language, t, "language");
	topics_init(&format, t, "format");
	for (uint64_t i = 0; i < t->n[MODELS]; i++) {
		const struct truth_row *r = &t->rows[MODELS][i];
		count(t, truth_at(v, "pipeline_tag"), r->pipeline ? t->names.text[r->pipeline] : "(none)", r);
		count(t, truth_at(v, "library"), r->library ? t->names.text[r->library] : "(none)", r);
		count_prefix(t, v, "license", "license:", r);
		count_prefix(t, v, "region", "region:", r);
		for (int k = 0, n = topics_of(&language, r, found); k < n; k++)
			count(t, truth_at(v, "language"), language.topic[found[k]], r);
		for (int k = 0, n = topics_of(&format, r, found); k < n; k++)
			count(t, truth_at(v, "format"), format.topic[found[k]], r);
	}
	topics_release(&language);
	topics_release(&format);
	truth_figure(t, "categories.models", v);
}

/* ---- science, quantization ---- */

static void science(struct truth *t)
{
	json_t *v = json_object();
	struct topic_set set;
	uint32_t found[TOPICS_MAX];
	topics_init(&set, t, "science");
	for (enum kind k = MODELS; k < NKIND; k++)
		for (uint64_t i = 0; i < t->n[k]; i++)
			for (int j = 0, n = topics_of(&set, &t->rows[k][i], found); j < n; j++) {
				json_t *leaf = truth_at(v, set.topic[found[j]]),
				       *was = json_object_get(leaf, kind_name[k]);
				json_object_set_new(leaf, kind_name[k],
						    json_integer(1 + (was ? json_integer_value(was) : 0)));
			}
	topics_release(&set);
	truth_figure(t, "science", v);
}

/* Is it the name, in lower or mixed case, of a repository of that owner? */
static bool is_of(const char *name, const char *owner)
{
	return *owner && !strncasecmp(name, owner, strlen(owner)) && name[strlen(owner)] == '/';
}

/* The base that a tag names, or NULL. */
static const char *tag_base(const char *tag)
{
	static const char *const relation[] = { "finetune:", "adapter:", "quantized:", "merge:" };
	if (strncmp(tag, "base_model:", 11) != 0 || !tag[11])
		return NULL;
	tag += 11;
	for (size_t k = 0; k < sizeof relation / sizeof relation[0]; k++)
		if (!strncmp(tag, relation[k], strlen(relation[k])))
			return tag[strlen(relation[k])] ? tag + strlen(relation[k]) : NULL;
	return tag;
}

/* Does anybody but the owner of its bases publish it? -1: it names no base. */
static int by_other(const struct truth *t, const struct truth_row *r)
{
	const char *owner = t->names.text[r->owner];
	int any = -1;
	for (int k = 0; k < r->nbase; k++)
		any = any == 0 || is_of(t->names.text[r->base[k].name], owner) ? 0 : 1;
	for (int k = 0; k < r->ntags; k++) {
		const char *base = tag_base(t->names.text[r->tags[k]]);
		if (base)
			any = any == 0 || is_of(base, owner) ? 0 : 1;
	}
	return any;
}

static void quantization(struct truth *t)
{
	json_t *v = json_object();
	struct topic_set set;
	uint32_t found[TOPICS_MAX];
	topics_init(&set, t, "quantization");
	int64_t(*n)[3] = mem_new((set.ntopic + 1) * sizeof *n); /* all, with a base, by others */
	for (uint64_t i = 0; i < t->n[MODELS]; i++) {
		const struct truth_row *r = &t->rows[MODELS][i];
		int other = by_other(t, r);
		for (int j = 0, m = topics_of(&set, r, found); j < m; j++) {
			n[found[j]][0]++;
			n[found[j]][1] += other >= 0;
			n[found[j]][2] += other > 0;
		}
	}
	for (uint32_t k = 0; k < set.ntopic; k++) {
		if (!n[k][0])
			continue;
		json_t *leaf = truth_at(v, set.topic[k]);
		json_object_set_new(leaf, "repositories", json_integer(n[k][0]));
		json_object_set_new(leaf, "by_others_share", truth_share(n[k][2], n[k][1]));
	}
	free(n);
	topics_release(&set);
	truth_figure(t, "quantization", v);
}

void truth_categories(struct truth *t)
{
	json_t *v = json_object();
	for (int f = 0; f < NFACET; f++)
		datasets_facet(t, v, facets[f]);
	truth_figure(t, "categories.datasets", v);
	models(t);
	science(t);
	quantization(t);
}
