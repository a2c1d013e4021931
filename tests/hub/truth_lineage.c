/* SPDX-License-Identifier: Apache-2.0 */
/* Families of base models.
 *
 * Nodes are names in lower case; a base that is told by _id is the node of the row that has this _id. Two rows whose
 * ids differ only in letter case share a node and count once: the Hub has no such pairs, they are one repository before
 * and after a renaming. An edge leads from a base to a row that names it, in a base_model tag or in baseModels. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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
	uint32_t space;
	size_t first, end; /* its bases are node[first … end - 1] */
	int64_t direct, all, by_others, relation[RELATIONS], named;
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
	struct family f = { .name = g->t->names.text[space], .space = space };
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
	json_object_set_new(leaf, "named_by_tags", json_integer(f->named));
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

/* Does a tag without a colon hold the namespace as a word? A word begins behind what is neither a letter nor a digit,
 * and ends before what is no letter. */
static bool names_space(const char *tag, const char *space)
{
	size_t n = strlen(space);
	if (strchr(tag, ':'))
		return false;
	for (const char *p = tag; *p; p++)
		if ((p == tag || !(is_letter(p[-1]) || (p[-1] >= '0' && p[-1] <= '9'))) && !strncasecmp(p, space, n) &&
		    !is_letter(p[n]))
			return true;
	return false;
}

/* Rows of others, outside the family as measure() has just stamped it, with a tag that names it. The rows of one name
 * count once. tag[] has room for a flag per name. */
static void count_named(struct graph *g, struct family *f, uint32_t stamp, bool *tag, uint32_t ntag)
{
	const struct truth_row *rows = g->t->rows[MODELS];
	for (uint32_t k = 0; k < ntag; k++)
		tag[k] = names_space(g->t->names.text[k], f->name);
	for (uint64_t i = 0; i < g->t->n[MODELS]; i++) {
		bool any = false;
		for (int k = 0; k < rows[i].ntags && !any; k++)
			any = rows[i].tags[k] < ntag && tag[rows[i].tags[k]];
		if (any && rows[i].owner != f->space && first_visit(g, (uint32_t)i, stamp))
			f->named++;
	}
}

static void families(struct truth *t, struct graph *g)
{
	json_t *v = json_object();
	uint32_t *node = mem_new((g->nnode + 1) * sizeof *node), stamp = 0;
	struct family *f = NULL;
	bool *tag = mem_new((t->names.n + 1) * sizeof *tag);
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
		f[nf] = measure(g, g->space[node[i]], node + i, j - i, ++stamp);
		f[nf].first = i;
		f[nf++].end = j;
	}
	if (nf)
		qsort(f, nf, sizeof *f, by_all);
	for (size_t k = 0; k < nf && k < TOP; k++) {
		measure(g, f[k].space, node + f[k].first, f[k].end - f[k].first, ++stamp);
		count_named(g, &f[k], stamp, tag, t->names.n);
		put_family(v, &f[k]);
	}
	free(tag);
	free(f);
	free(node);
	truth_figure(t, "lineage.derivatives", v);
}

/* Shortest ways to a node without bases, and names without a row. Without cycles: a synthetic population has none. */
static void depths(struct truth *t, struct graph *g)
{
	const struct truth_row *rows = t->rows[MODELS];
	json_t *v = json_object();
	uint32_t *depth = mem_new((g->nnode + 1) * sizeof *depth), *queue = mem_new((g->nnode + 1) * sizeof *queue);
	bool *has_row = mem_new(g->nnode + 1), *has_base = mem_new(g->nnode + 1);
	int64_t *count = mem_new((g->nnode + 1) * sizeof *count), orphans = 0;
	uint32_t n = 0;
	char key[16];
	for (uint64_t i = 0; i < t->n[MODELS]; i++)
		has_row[rows[i].id] = true;
	for (size_t k = 0; k < g->nedge; k++)
		if (rows[g->edge[k].child].id != g->edge[k].base)
			has_base[rows[g->edge[k].child].id] = true;
	for (uint32_t k = 0; k < g->nnode; k++) {
		depth[k] = UINT32_MAX;
		orphans += g->first[k] != NOBODY && !has_row[k];
		if ((g->first[k] != NOBODY || has_row[k]) && !has_base[k]) {
			depth[k] = 0;
			queue[n++] = k;
		}
	}
	for (uint32_t at = 0; at < n; at++) {
		count[depth[queue[at]]] += has_row[queue[at]];
		for (int e = g->first[queue[at]]; e != NOBODY; e = g->edge[e].next) {
			uint32_t down = rows[g->edge[e].child].id;
			if (depth[down] != UINT32_MAX)
				continue;
			depth[down] = depth[queue[at]] + 1;
			queue[n++] = down;
		}
	}
	for (uint32_t k = 0; k < g->nnode; k++)
		if (count[k]) {
			snprintf(key, sizeof key, "%u", k);
			json_object_set_new(v, key, json_integer(count[k]));
		}
	truth_figure(t, "lineage.depth", v);
	truth_figure(t, "lineage.orphans", json_integer(orphans));
	free(depth);
	free(queue);
	free(has_row);
	free(has_base);
	free(count);
}

void truth_lineage(struct truth *t)
{
	struct graph g;
	build(&g, t);
	families(t, &g);
	depths(t, &g);
	drop(&g);
}
