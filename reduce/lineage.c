// SPDX-License-Identifier: Apache-2.0
#include "reduce/lineage.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/period.h"

const struct figure_col lineage_family_cols[10] = {
	{ "namespace", CELL_TEXT, FIGURE_KEY, NULL, "namespace of the bases, in lower case" },
	{ "adapter", CELL_I64, 0, "repositories", "of direct: adapters" },
	{ "all", CELL_I64, 0, "repositories", "from which a way of base models leads to the family" },
	{ "all_by_others", CELL_I64, 0, "repositories", "of all: not owned by the namespace" },
	{ "direct", CELL_I64, 0, "repositories", "that name a base of the family" },
	{ "finetune", CELL_I64, 0, "repositories", "of direct: fine-tuned" },
	{ "merge", CELL_I64, 0, "repositories", "of direct: merged" },
	{ "named_by_tags", CELL_I64, 0, "repositories",
	  "outside the family, owned by others, with a tag that holds the namespace as a word" },
	{ "quantized", CELL_I64, 0, "repositories", "of direct: quantized" },
	{ "unknown", CELL_I64, 0, "repositories", "of direct: the relation is not told" },
};

const struct figure_col lineage_tree_cols[3] = {
	{ "base", CELL_TEXT, FIGURE_KEY, NULL, "model or name that has no base itself, in lower case" },
	{ "all", CELL_I64, 0, "repositories", "from which a way of base models leads to it" },
	{ "in_census", CELL_BOOL, 0, NULL, "whether the base is a model of this census" },
};

const struct figure_col lineage_depth_cols[2] = {
	{ "depth", CELL_TEXT, FIGURE_KEY, NULL, "base models on the shortest way to one that has none" },
	{ "repositories", CELL_I64, 0, "repositories", "models of this depth" },
};

const struct figure_col lineage_orphan_cols[1] = {
	{ "value", CELL_I64, 0, "names", "bases that are not in the census" },
};

const struct figure_col lineage_edge_cols[5] = {
	{ "by_both", CELL_I64, 0, "edges", "that tags and baseModels tell" },
	{ "by_id", CELL_I64, 0, "edges", "that baseModels alone tells" },
	{ "by_tag", CELL_I64, 0, "edges", "that tags alone tell" },
	{ "renamed", CELL_I64, 0, "names", "former names of models, followed" },
	{ "to_itself", CELL_I64, 0, "edges", "of those: from a model to itself" },
};

const struct figure_col lineage_cycle_cols[3] = {
	{ "cycles", CELL_I64, 0, "1", "groups of models each of which derives from all of its group" },
	{ "itself", CELL_I64, 0, "repositories", "models that name themselves" },
	{ "repositories", CELL_I64, 0, "repositories", "models in such groups" },
};

/* Items that the sets of reach.h may have: eight per node leave room for what the Hub has, about two. */
#define ITEMS_PER_NODE 8
#define ITEMS_LEAST    (1u << 20)

void lineage_release(struct lineage *l)
{
	if (!l)
		return;
	kin_release(&l->kin);
	families_release(&l->families);
	depths_release(&l->depths);
	trees_release(&l->trees);
	free(l);
}

int lineage_need_nodes(struct facts *f, int rc, struct err *e)
{
	if (f->nodes)
		return err_agree(f->c->comm, rc, e);
	f->nodes = calloc(1, sizeof *f->nodes);
	if (!f->nodes)
		rc = err_set(e, E_NOMEM, "out of memory for base models");
	rc = err_agree(f->c->comm, rc, e);
	rc = rc ? rc : nodes_build(f->nodes, f->c, rc, e);
	laps_end(f->c->laps, "figures.", "nodes");
	return rc;
}

int lineage_prepare(struct facts *f, int rc, struct err *e)
{
	const struct table *models = &f->c->kind[KIND_MODELS].t;
	struct lineage *l = f->lineage = calloc(1, sizeof *l);
	struct nodes *x;
	uint64_t limit;

	if (!census_has(f->c, KIND_MODELS))
		return err_agree(f->c->comm, l ? rc : err_set(e, E_NOMEM, "out of memory for lineage"), e);
	if ((rc = lineage_need_nodes(f, l ? rc : err_set(e, E_NOMEM, "out of memory for lineage"), e)))
		return rc;
	x = f->nodes;
	limit = ITEMS_PER_NODE * x->n + ITEMS_LEAST;
	if ((rc = kin_build(&l->kin, x, f->c, rc, e)))
		return rc;
	rc = depths_build(&l->depths, &l->kin, x, rc, limit, e);
	rc = rc ? rc : families_build(&l->families, &l->kin, x, rc, limit, e);
	rc = rc ? rc : families_named(&l->families, &l->kin, x, models, rc, limit, e);
	return rc ? rc : trees_build(&l->trees, &l->kin, x, models, rc, limit, e);
}

/* Why a figure of models is not there, or not whole. */
static int is_there(const struct facts *f, struct figure_table *t)
{
	const uint32_t fields = f->c->snap.fields;

	if (!census_has(f->c, KIND_MODELS)) {
		figure_status(t, FIGURE_NOT_AVAILABLE, "this census does not take models");
		return 0;
	}
	t->rows = (int64_t)f->c->kind[KIND_MODELS].total;
	if (!(fields >> F_TAGS & 1) && !(fields >> F_BASES & 1)) {
		figure_status(t, FIGURE_NOT_AVAILABLE, "neither tags nor baseModels were asked for");
		return 0;
	}
	if (!(fields >> F_TAGS & 1))
		figure_status(t, FIGURE_PARTIAL, "tags were not asked for: no relations, and no bases by name");
	else if (!(fields >> F_BASES & 1))
		figure_status(t, FIGURE_PARTIAL, "baseModels was not asked for: former names are not followed");
	return 1;
}

void lineage_derivatives(const struct facts *f, struct figure_table *t)
{
	const struct families *x = &f->lineage->families;

	if (!is_there(f, t))
		return;
	for (uint32_t i = 0; i < x->ntop; i++) {
		const int64_t *count = x->count + (uint64_t)x->top[i] * FAM_COUNTS;
		size_t len;
		const char *name = texts_get(&x->name, i, &len);

		figure_row(t);
		figure_text(t, 0, name, len);
		figure_i64(t, 1, count[FAM_RELATION + ADAPTER]);
		figure_i64(t, 2, count[FAM_ALL]);
		figure_i64(t, 3, count[FAM_OTHERS]);
		figure_i64(t, 4, count[FAM_DIRECT]);
		figure_i64(t, 5, count[FAM_RELATION + FINETUNE]);
		figure_i64(t, 6, count[FAM_RELATION + MERGE]);
		figure_i64(t, 7, x->named[i]);
		figure_i64(t, 8, count[FAM_RELATION + QUANTIZED]);
		figure_i64(t, 9, count[FAM_RELATION + UNKNOWN]);
	}
}

void lineage_trees(const struct facts *f, struct figure_table *t)
{
	const struct trees *x = &f->lineage->trees;

	for (int i = 0; is_there(f, t) && i < x->n; i++) {
		size_t len;
		const char *name = texts_get(&x->name, (uint64_t)i, &len);

		figure_row(t);
		figure_text(t, 0, len ? name : "(no name)", len ? len : 9);
		figure_i64(t, 1, x->top[i].all);
		figure_bool(t, 2, x->top[i].row != 0);
	}
}

void lineage_depth(const struct facts *f, struct figure_table *t)
{
	const struct depths *x = &f->lineage->depths;

	for (uint64_t i = 0; is_there(f, t) && i < x->n; i++) {
		char depth[32];

		if (!x->count[i])
			continue;
		snprintf(depth, sizeof depth, "%llu", (unsigned long long)i);
		figure_row(t);
		figure_name(t, 0, depth);
		figure_i64(t, 1, x->count[i]);
	}
}

void lineage_orphans(const struct facts *f, struct figure_table *t)
{
	if (!is_there(f, t))
		return;
	figure_row(t);
	figure_i64(t, 0, f->lineage->kin.norphan);
}

void lineage_edges(const struct facts *f, struct figure_table *t)
{
	const struct lineage *l = f->lineage;

	if (!is_there(f, t))
		return;
	figure_row(t);
	figure_i64(t, 0, l->kin.nedge[KIN_BY_BOTH]);
	figure_i64(t, 1, l->kin.nedge[KIN_BY_ID]);
	figure_i64(t, 2, l->kin.nedge[KIN_BY_TAG]);
	figure_i64(t, 3, (int64_t)f->nodes->nrenamed);
	figure_i64(t, 4, l->kin.nedge[KIN_LOOPS]);
}

void lineage_cycles(const struct facts *f, struct figure_table *t)
{
	const struct lineage *l = f->lineage;

	if (!is_there(f, t))
		return;
	figure_row(t);
	figure_i64(t, 0, l->depths.ncycle);
	figure_i64(t, 1, l->kin.nedge[KIN_LOOPS]);
	figure_i64(t, 2, l->depths.nnode);
}
