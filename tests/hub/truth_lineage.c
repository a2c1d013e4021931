/* SPDX-License-Identifier: Apache-2.0 */
/* Families of base models.
 *
 * Nodes are names in lower case; a base that is told by _id is the node of the row that has this _id. Two rows whose
 * ids differ only in letter case share a node and count once: the Hub has no such pairs, they are one repository before
 * and after a renaming. An edge leads from a base to a row that names it, in a base_model tag or in baseModels. */
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "truth_in.h"

enum { RELATIONS = 5, TOP = 100, UNKNOWN = 4, NOBODY = -1 };
static const char *const relation_name[RELATIONS] = { "finetune", "adapter", "quantized", "merge", "unknown" };

struct edge {
	uint32_t base, child; /* node, row */
	int relation;
	int next; /* the base's next edge, or NOBODY */
};

struct graph {
	struct truth *t;
	struct edge *edge;
	size_t nedge;
	uint32_t nnode;
	int *first;      /* per node (= name): its first edge */
	uint32_t *space; /* per node: namespace, a name */
	uint32_t *stamp; /* per node: the family that reached it last */
	uint32_t *queue;
};

struct family {
	const char *name;
	int64_t direct, all, by_others, relation[RELATIONS];
};

static void add_edge(struct graph *g, uint32_t base, uint32_t child, int relation)
{
	for (size_t k = g->nedge; k > 0 && g->edge[k - 1].child == child; k--) {
		struct edge *e = &g->edge[k - 1];
		if (e->base != base)
			continue;
		/* The tag with a relation and the one without say the same. */
		if (e->relation == UNKNOWN)
			e->relation = relation;
		if (relation == UNKNOWN || e->relation == relation)
			return;
	}
	if ((g->nedge & (g->nedge + 1)) == 0)
		g->edge = mem_grow(g->edge, (2 * g->nedge + 2) * sizeof *g->edge);
	g->edge[g->nedge++] = (struct edge){ base, child, relation, NOBODY };
}

/* "base_model:finetune:a/b" or "base_model:a/b". */
static void tag_edge(struct graph *g, uint32_t tag, uint32_t child)
{
	const char *s = g->t->names.text[tag];
	if (strncmp(s, "base_model:", 11) != 0)
		return;
	s += 11;
	for (int r = 0; r < UNKNOWN; r++) {
		size_t n = strlen(relation_name[r]);
		if (!strncmp(s, relation_name[r], n) && s[n] == ':') {
			add_edge(g, names_of_lower(&g->t->names, s + n + 1), child, r);
			return;
		}
	}
	add_edge(g, names_of_lower(&g->t->names, s), child, UNKNOWN);
}

static int cmp_oid(const void *a, const void *b)
{
	return strcmp(a, ((const struct truth_row *)b)->oid);
}

static void build(struct graph *g, struct truth *t)
{
	memset(g, 0, sizeof *g);
	g->t = t;
	for (uint32_t i = 0; i < t->n[MODELS]; i++) {
		const struct truth_row *r = &t->rows[MODELS][i];
		for (int k = 0; k < r->ntags; k++)
			tag_edge(g, r->tags[k], i);
		for (int k = 0; k < r->nbase; k++) {
			const struct truth_row *base =
				bsearch(r->base[k].oid, t->rows[MODELS], t->n[MODELS], sizeof *base, cmp_oid);
			add_edge(g, base ? base->id : r->base[k].name, i, UNKNOWN);
		}
	}
	g->nnode = t->names.n;
	g->first = mem_new(g->nnode * sizeof *g->first);
	for (uint32_t k = 0; k < g->nnode; k++)
		g->first[k] = NOBODY;
	for (size_t k = g->nedge; k-- > 0;) {
		g->edge[k].next = g->first[g->edge[k].base];
		g->first[g->edge[k].base] = (int)k;
	}
	g->space = mem_new(g->nnode * sizeof *g->space);
	for (size_t k = 0; k < g->nedge; k++) {
		const char *s = t->names.text[g->edge[k].base], *slash = strchr(s, '/');
		char *ns = mem_str(s);
		if (slash)
			ns[slash - s] = 0;
		g->space[g->edge[k].base] = slash ? names_of(&t->names, ns) : 0;
		free(ns);
	}
	g->stamp = mem_new(g->nnode * sizeof *g->stamp);
	g->queue = mem_new((t->n[MODELS] + 1) * sizeof *g->queue);
}

static void drop(struct graph *g)
{
	free(g->edge);
	free(g->first);
	free(g->space);
	free(g->stamp);
	free(g->queue);
}

static bool first_visit(struct graph *g, uint32_t child, uint32_t stamp)
{
	uint32_t *last = &g->stamp[g->t->rows[MODELS][child].id];
	bool first = *last != stamp;
	*last = stamp;
	return first;
}

/* Take up the rows that hang on a node and were not reached yet. */
static size_t reach(struct graph *g, uint32_t node, uint32_t stamp, size_t n)
{
	for (int e = g->first[node]; e != NOBODY; e = g->edge[e].next)
		if (first_visit(g, g->edge[e].child, stamp))
			g->queue[n++] = g->edge[e].child;
	return n;
}

/* Does a row have an edge of this relation to a node of the namespace? Edges of a row are neighbours in edge[]. */
static bool has_relation(const struct graph *g, size_t at, uint32_t space, int relation)
{
	uint32_t child = g->edge[at].child;
	while (at > 0 && g->edge[at - 1].child == child)
		at--;
	for (; at < g->nedge && g->edge[at].child == child; at++)
		if (g->space[g->edge[at].base] == space && g->edge[at].relation == relation)
			return true;
	return false;
}

/* One family: node[0 … n-1] are the bases of the namespace that anything hangs on. */
static struct family measure(struct graph *g, uint32_t space, const uint32_t *node, size_t n, uint32_t stamp)
{
	const struct truth_row *rows = g->t->rows[MODELS];
	struct family f = { .name = g->t->names.text[space] };
	size_t end = 0;
	for (size_t k = 0; k < n; k++)
		for (int e = g->first[node[k]]; e != NOBODY; e = g->edge[e].next) {
			uint32_t child = g->edge[e].child;
			if (!first_visit(g, child, stamp))
				continue;
			g->queue[end++] = child;
			for (int r = 0; r < RELATIONS; r++)
				f.relation[r] += has_relation(g, (size_t)e, space, r);
		}
	f.direct = (int64_t)end;
	for (size_t at = 0; at < end; at++) {
		uint32_t id = rows[g->queue[at]].id;
		if (id < g->nnode)
			end = reach(g, id, stamp, end);
		f.by_others += rows[g->queue[at]].owner != space;
	}
	f.all = (int64_t)end;
	return f;
}

static int by_all(const void *x, const void *y)
{
	const struct family *a = x, *b = y;
	return a->all > b->all ? -1 : a->all < b->all ? 1 : strcmp(a->name, b->name);
}

static const uint32_t *sort_space;

static int by_space(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
	uint32_t s = sort_space[a], u = sort_space[b];
	return s < u ? -1 : s > u ? 1 : a < b ? -1 : a > b;
}

static void put_family(json_t *v, const struct family *f)
{
	json_t *leaf = truth_at(v, f->name);
	json_object_set_new(leaf, "direct", json_integer(f->direct));
	json_object_set_new(leaf, "all", json_integer(f->all));
	json_object_set_new(leaf, "all_by_others", json_integer(f->by_others));
	for (int r = 0; r < RELATIONS; r++)
		json_object_set_new(leaf, relation_name[r], json_integer(f->relation[r]));
}

static void families(struct truth *t, struct graph *g)
{
	json_t *v = json_object();
	uint32_t *node = mem_new((g->nnode + 1) * sizeof *node), stamp = 0;
	struct family *f = NULL;
	size_t n = 0, nf = 0;
	for (uint32_t k = 0; k < g->nnode; k++)
		if (g->first[k] != NOBODY && g->space[k])
			node[n++] = k;
	sort_space = g->space;
	qsort(node, n, sizeof *node, by_space);
	for (size_t i = 0, j; i < n; i = j) {
		for (j = i; j < n && g->space[node[j]] == g->space[node[i]];)
			j++;
		f = mem_grow(f, (nf + 1) * sizeof *f);
		f[nf++] = measure(g, g->space[node[i]], node + i, j - i, ++stamp);
	}
	if (nf)
		qsort(f, nf, sizeof *f, by_all);
	for (size_t k = 0; k < nf && k < TOP; k++)
		put_family(v, &f[k]);
	free(f);
	free(node);
	truth_figure(t, "lineage.derivatives", v);
}

void truth_lineage(struct truth *t)
{
	struct graph g;
	build(&g, t);
	families(t, &g);
	drop(&g);
}
