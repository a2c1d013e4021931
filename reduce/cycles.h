// SPDX-License-Identifier: Apache-2.0
/* Cycles of a directed graph, and distances within the part of it that no root leads to. Local, pure. */
#ifndef REDUCE_CYCLES_H
#define REDUCE_CYCLES_H

#include <stdint.h>

/* One edge. */
struct link {
	uint32_t child, base;
	uint32_t rootless; /* the child's: every way up from it ends in a cycle */
};

struct cycles {
	uint64_t ncycle; /* strongly connected components of more than one node (Tarjan, SIAM J. Comput. 1, 1972) */
	uint64_t nnode;  /* nodes in them */
	/* The rootless nodes, ascending, and how far each is from where the cycles were cut: a cycle that nothing else
	 * leads to is cut before its node of the least number, which thereby becomes a root. */
	uint32_t *node, *depth;
	uint64_t nrootless;
};

/* x: n links in any order, sorted in place; without loops. All links of a rootless node are there. Returns 0, or -1
 * when memory is short; release in any case. */
int cycles_find(struct cycles *c, struct link *x, uint64_t n);
void cycles_release(struct cycles *c);

#endif
