// SPDX-License-Identifier: Apache-2.0
/* Families of base models: lineage.*
 *
 * Edges lead from a model to its bases: those that its tags name (base_model:owner/name), and those of baseModels, by
 * _id. What a node is, and how former names are followed, is in nodes.h; how closures are computed, and in how many
 * rounds, in reach.h.
 *
 *   family       that of a namespace: its nodes are all models and names that begin with it and that something names as
 *                a base
 *   direct       repositories with an edge to a node of the family; all: those from which a way of edges leads to one.
 *                A repository counts once, whatever the number of ways, also where it lies on a cycle or names itself
 *   by relation  those of `direct` with such an edge; one repository may have several relations to a family. unknown:
 *                an edge without any relation, which baseModels' edges are where no tag tells it
 *   depth        edges on the shortest way up to a root, which is a node without a base
 *   orphans      bases that are not in the census
 */
#ifndef REDUCE_LINEAGE_H
#define REDUCE_LINEAGE_H

#include "reduce/depths.h"
#include "reduce/families.h"
#include "reduce/figures.h"
#include "reduce/trees.h"

struct lineage {
	struct kin kin;
	struct families families;
	struct depths depths;
	struct trees trees;
};

extern const struct figure_col lineage_family_cols[10], lineage_tree_cols[3], lineage_depth_cols[2],
	lineage_orphan_cols[1], lineage_edge_cols[5], lineage_cycle_cols[3];

int lineage_prepare(struct facts *f, int rc, struct err *e);
void lineage_release(struct lineage *l);

void lineage_derivatives(const struct facts *f, struct figure_table *t);
void lineage_trees(const struct facts *f, struct figure_table *t);
void lineage_depth(const struct facts *f, struct figure_table *t);
void lineage_orphans(const struct facts *f, struct figure_table *t);
void lineage_edges(const struct facts *f, struct figure_table *t);
void lineage_cycles(const struct facts *f, struct figure_table *t);

/* facts.nodes, computed by the first prepare function that needs it. Collective. Errors: those of nodes_build(). */
int lineage_need_nodes(struct facts *f, int rc, struct err *e);

#endif
