// SPDX-License-Identifier: Apache-2.0
#include "reduce/cycles.h"

#include <stdlib.h>
#include <string.h>

#include "reduce/sets.h"

#define NONE UINT32_MAX

/* Nodes are numbered anew, in their order; row i of `base` and `child` are the neighbours of node[i]. */
struct digraph {
	uint32_t n, *node;
	uint8_t *rootless;
	struct sets base, child;
	/* Tarjan */
	uint32_t *order, *low, *component, *stack, *call, *next, ncomponent;
	/* breadth first */
	uint32_t *depth, *queue;
};

void cycles_release(struct cycles *c)
{
	free(c->node);
	free(c->depth);
	memset(c, 0, sizeof *c);
}

static void digraph_release(struct digraph *g)
{
	uint32_t *const x[] = {
		g->node, g->order, g->low, g->component, g->stack, g->call, g->next, g->depth, g->queue
	};

	for (size_t i = 0; i < sizeof x / sizeof *x; i++)
		free(x[i]);
	free(g->rootless);
	sets_release(&g->base);
	sets_release(&g->child);
}

static int number_nodes(struct digraph *g, const struct link *x, uint64_t n)
{
	if (n >= UINT32_MAX / 2 || !(g->node = malloc((size_t)(2 * n + 1) * sizeof *g->node)))
		return -1;
	for (uint64_t i = 0; i < n; i++) {
		g->node[2 * i] = x[i].child;
		g->node[2 * i + 1] = x[i].base;
	}
	g->n = (uint32_t)sets_sort(g->node, 2 * n);
	return 0;
}

static int allocate(struct digraph *g)
{
	uint32_t **const x[] = {
		&g->order, &g->low, &g->component, &g->stack, &g->call, &g->next, &g->depth, &g->queue
	};

	for (size_t i = 0; i < sizeof x / sizeof *x; i++)
		if (!(*x[i] = malloc((size_t)(g->n + 1) * sizeof(uint32_t))))
			return -1;
	g->rootless = calloc((size_t)g->n + 1, 1);
	return g->rootless && !sets_init(&g->base, g->n) && !sets_init(&g->child, g->n) ? 0 : -1;
}

static uint32_t index_of(const struct digraph *g, uint32_t node)
{
	return (uint32_t)sets_find(g->node, g->n, node);
}

static int by_child(const void *a, const void *b)
{
	const struct link *x = a, *y = b;

	return x->child < y->child ? -1 : x->child > y->child;
}

static int by_base(const void *a, const void *b)
{
	const struct link *x = a, *y = b;

	return x->base < y->base ? -1 : x->base > y->base;
}

/* One list of neighbours per node; x is sorted by the node that they are neighbours of. */
static int put_neighbours(struct digraph *g, struct sets *s, const struct link *x, uint64_t n, int up)
{
	uint64_t at = 0;

	for (uint32_t i = 0; i < g->n; i++) {
		for (; at < n && (up ? x[at].child : x[at].base) == g->node[i]; at++) {
			uint32_t other = index_of(g, up ? x[at].base : x[at].child);

			if (up && x[at].rootless)
				g->rootless[i] = 1;
			if (sets_put(s, &other, 1))
				return -1;
		}
		sets_end(s);
	}
	return 0;
}

static int build(struct digraph *g, struct link *x, uint64_t n)
{
	memset(g, 0, sizeof *g);
	if (number_nodes(g, x, n) || allocate(g))
		return -1;
	if (n)
		qsort(x, (size_t)n, sizeof *x, by_base);
	if (put_neighbours(g, &g->child, x, n, 0))
		return -1;
	if (n)
		qsort(x, (size_t)n, sizeof *x, by_child);
	return put_neighbours(g, &g->base, x, n, 1);
}

/* The component whose root is v is on top of the stack. */
static void pop_component(struct digraph *g, uint32_t v, uint32_t *top)
{
	uint32_t w;

	do {
		w = g->stack[--*top];
		g->component[w] = g->ncomponent;
	} while (w != v);
	g->ncomponent++;
}

/* One step of the depth-first search at v: down to a new node (returned), or NONE when v is done. */
static uint32_t descend(struct digraph *g, uint32_t v)
{
	uint64_t n;
	const uint32_t *up = sets_get(&g->base, v, &n);

	while (g->next[v] < n) {
		uint32_t w = up[g->next[v]++];

		if (g->order[w] == NONE)
			return w;
		if (g->component[w] == NONE && g->order[w] < g->low[v])
			g->low[v] = g->order[w];
	}
	return NONE;
}

/* Tarjan's search from one node, without recursion: a chain may be as long as there are nodes. */
static void search(struct digraph *g, uint32_t start, uint32_t *count, uint32_t *top)
{
	uint32_t ncall = 0, v = start;

	for (;;) {
		uint32_t w;

		if (g->order[v] == NONE) {
			g->order[v] = g->low[v] = (*count)++;
			g->next[v] = 0;
			g->stack[(*top)++] = v;
			g->call[ncall++] = v;
		}
		if ((w = descend(g, v)) != NONE) {
			v = w;
			continue;
		}
		if (g->low[v] == g->order[v])
			pop_component(g, v, top);
		if (--ncall == 0)
			return;
		w = v;
		v = g->call[ncall - 1];
		if (g->low[w] < g->low[v])
			g->low[v] = g->low[w];
	}
}

static void find_components(struct digraph *g)
{
	uint32_t count = 0, top = 0;

	for (uint32_t i = 0; i < g->n; i++)
		g->order[i] = g->component[i] = NONE;
	for (uint32_t i = 0; i < g->n; i++)
		if (g->order[i] == NONE)
			search(g, i, &count, &top);
}

/* Sizes of the components, and for each the least of its nodes, NONE if something outside leads to it. Both arrays have
 * room for one per node. */
static void measure(const struct digraph *g, uint32_t *size, uint32_t *least)
{
	for (uint32_t i = 0; i < g->ncomponent; i++) {
		size[i] = 0;
		least[i] = NONE;
	}
	for (uint32_t i = g->n; i-- > 0;) {
		size[g->component[i]]++;
		least[g->component[i]] = i;
	}
	for (uint32_t i = 0; i < g->n; i++) {
		uint64_t n;
		const uint32_t *up = sets_get(&g->base, i, &n);

		for (uint64_t j = 0; j < n; j++)
			if (g->component[up[j]] != g->component[i])
				least[g->component[i]] = NONE;
	}
}

/* Breadth first, from the cuts through what is rootless. */
static void find_depths(struct digraph *g, const uint32_t *least)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->n; i++) {
		g->depth[i] = NONE;
		if (g->rootless[i] && least[g->component[i]] == i) {
			g->depth[i] = 0;
			g->queue[n++] = i;
		}
	}
	for (uint32_t at = 0; at < n; at++) {
		uint64_t m;
		const uint32_t *down = sets_get(&g->child, g->queue[at], &m);

		for (uint64_t j = 0; j < m; j++)
			if (g->rootless[down[j]] && g->depth[down[j]] == NONE) {
				g->depth[down[j]] = g->depth[g->queue[at]] + 1;
				g->queue[n++] = down[j];
			}
	}
}

static int report(struct cycles *c, const struct digraph *g)
{
	c->node = malloc((size_t)(g->n + 1) * sizeof *c->node);
	c->depth = malloc((size_t)(g->n + 1) * sizeof *c->depth);
	if (!c->node || !c->depth)
		return -1;
	for (uint32_t i = 0; i < g->n; i++)
		if (g->rootless[i]) {
			c->node[c->nrootless] = g->node[i];
			c->depth[c->nrootless++] = g->depth[i];
		}
	return 0;
}

int cycles_find(struct cycles *c, struct link *x, uint64_t n)
{
	struct digraph g;
	int rc = build(&g, x, n);

	memset(c, 0, sizeof *c);
	if (!rc) {
		find_components(&g);
		measure(&g, g.order, g.low); /* Tarjan is done with them */
		for (uint32_t i = 0; i < g.ncomponent; i++)
			if (g.order[i] > 1) {
				c->ncycle++;
				c->nnode += g.order[i];
			}
		find_depths(&g, g.low);
		rc = report(c, &g);
	}
	digraph_release(&g);
	return rc;
}
