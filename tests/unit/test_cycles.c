// SPDX-License-Identifier: Apache-2.0
/* Cycles and what hangs on them, against counting by hand and against a naive closure. */
#include "reduce/cycles.h"

#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"

#define N(x) ((uint64_t)(sizeof(x) / sizeof *(x)))

static uint32_t depth_of(const struct cycles *c, uint32_t node)
{
	for (uint64_t i = 0; i < c->nrootless; i++)
		if (c->node[i] == node)
			return c->depth[i];
	return UINT32_MAX;
}

static void check_shapes(void)
{
	struct link none[1], pair[] = { { 7, 9, 1 }, { 9, 7, 1 }, { 11, 9, 1 }, { 12, 11, 1 } };
	/* A cycle below a root, a cycle below a cycle. */
	struct link below[] = { { 1, 0, 0 }, { 2, 1, 0 }, { 1, 2, 0 } };
	struct link two[] = { { 1, 2, 1 }, { 2, 1, 1 }, { 5, 6, 1 }, { 6, 5, 1 }, { 2, 6, 1 } };
	struct cycles c;

	ok(!cycles_find(&c, none, 0) && c.ncycle == 0 && c.nrootless == 0, "no links");
	cycles_release(&c);
	ok(!cycles_find(&c, pair, N(pair)) && c.ncycle == 1 && c.nnode == 2 && c.nrootless == 4, "two name each other");
	ok(depth_of(&c, 7) == 0 && depth_of(&c, 9) == 1 && depth_of(&c, 11) == 2 && depth_of(&c, 12) == 3,
	   "cut before the least, the others follow");
	cycles_release(&c);
	ok(!cycles_find(&c, below, N(below)) && c.ncycle == 1 && c.nnode == 2 && c.nrootless == 0,
	   "a cycle below a root is counted, and not cut");
	cycles_release(&c);
	ok(!cycles_find(&c, two, N(two)) && c.ncycle == 2 && c.nnode == 4, "a cycle below a cycle");
	ok(depth_of(&c, 5) == 0 && depth_of(&c, 6) == 1 && depth_of(&c, 2) == 2 && depth_of(&c, 1) == 3,
	   "only the upper one is cut");
	cycles_release(&c);
}

static void check_long(void)
{
	const uint32_t n = 300000;
	struct link *x = malloc(n * sizeof *x);
	struct cycles c;

	for (uint32_t i = 0; x && i < n; i++)
		x[i] = (struct link){ (i + 1) % n, i, 1 };
	ok(x && !cycles_find(&c, x, n) && c.ncycle == 1 && c.nnode == n, "a cycle of %u", n);
	ok(x && depth_of(&c, n - 1) == n - 1, "and its last");
	if (x)
		cycles_release(&c);
	free(x);
}

#define NODES 12

/* Which nodes are in a component of more than one, by closure. */
static int naive(const struct link *x, uint64_t n, int *nnode)
{
	int up[NODES][NODES] = { { 0 } }, ncycle = 0, seen[NODES] = { 0 };

	for (uint64_t i = 0; i < n; i++)
		up[x[i].child][x[i].base] = 1;
	for (int k = 0; k < NODES; k++)
		for (int i = 0; i < NODES; i++)
			for (int j = 0; j < NODES; j++)
				up[i][j] |= up[i][k] && up[k][j];
	*nnode = 0;
	for (int i = 0; i < NODES; i++) {
		if (!up[i][i])
			continue;
		++*nnode;
		ncycle += !seen[i];
		for (int j = 0; j < NODES; j++)
			seen[j] |= up[i][j] && up[j][i];
	}
	return ncycle;
}

static void check_random(void)
{
	const char *given = getenv("SEED");
	unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : 4711;
	int bad = 0;

	srand(seed);
	for (int round = 0; round < 3000; round++) {
		struct link x[20];
		uint64_t n = 0, m = (uint64_t)rand() % N(x);
		struct cycles c;
		int nnode, ncycle;

		while (m-- > 0) {
			x[n] = (struct link){ (uint32_t)rand() % NODES, (uint32_t)rand() % NODES, 0 };
			n += x[n].child != x[n].base;
		}
		ncycle = naive(x, n, &nnode);
		bad += cycles_find(&c, x, n) || c.ncycle != (uint64_t)ncycle || c.nnode != (uint64_t)nnode;
		cycles_release(&c);
	}
	ok(bad == 0, "3,000 random graphs, seed %u", seed);
}

int main(void)
{
	check_shapes();
	check_long();
	check_random();
	return plan_done();
}
