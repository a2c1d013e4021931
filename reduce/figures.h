// SPDX-License-Identifier: Apache-2.0
/* The table of figures: one row here is one figure in census.json, in /figures of census.h5 and in --list-figures. */
#ifndef REDUCE_FIGURES_H
#define REDUCE_FIGURES_H

#include "reduce/census.h"
#include "reduce/figure.h"
#include "reduce/tally.h"

struct periods;       /* totals.h */
struct concentration; /* concentration.h */
struct growth;        /* growth.h */
struct categories;    /* category.h */
struct nodes;         /* nodes.h */
struct lineage;       /* lineage.h */
struct sizes;         /* sizes.h */
struct publishers;    /* publishers.h */
struct topical;       /* science.h */
struct engagement;    /* engagement.h */
struct users;         /* users.h */

/* What the figures are made from; filled by the prepare functions, of which each serves several figures. */
struct facts {
	const struct census *c;
	struct periods *periods;
	struct concentration *concentration;
	struct growth *growth;
	struct categories *categories;
	struct tally gating;
	struct nodes *nodes;
	struct lineage *lineage;
	struct sizes *sizes;
	struct publishers *publishers;
	struct topical *topical;
	struct tally quantization;
	struct engagement *engagement;
	struct users *users;
};

struct figure {
	const char *key, *unit;
	const char *counter; /* that the figure sums, or NULL */
	const char *definition;
	const struct figure_col *col;
	int ncol;

	/* Collective: compute what make() needs; NULL: nothing. Called once for all figures that share it. */
	int (*prepare)(struct facts *f, int rc, struct err *e);

	/* Rank 0: fill the table, and say why where it is not whole. */
	void (*make)(const struct facts *f, struct figure_table *t);
};

extern const struct figure figure_list[];
extern const int figure_count;

/* Index of the figure of that name, -1 if there is none. */
int figures_find(const char *key, size_t len);

/* A set of figures, one flag per figure, from a comma-separated list of keys, or of beginnings that end before a '.':
 * "totals,growth.orgs". NULL: all. Local. E_USAGE names the one that is unknown. */
int figures_select(const char *list, unsigned char *chosen, struct err *e);

/* Collective: compute the chosen figures; table[figure_count] is filled on rank 0, and initialised and to be released
 * by figure_release() everywhere. Errors: rc of any rank, E_NOMEM. */
int figures_make(const struct census *c, int rc, const unsigned char *chosen, struct figure_table *table,
		 struct err *e);

/* Write the chosen figures into census.h5: rank 0's, called by all ranks, local as h5out_local(). */
int figures_store(const unsigned char *chosen, const struct figure_table *table, struct h5out *out,
		  const struct err *e);

/* The object "figures" of census.json. Rank 0. NULL when memory is short. */
json_t *figures_json(const unsigned char *chosen, const struct figure_table *table);

/* Print keys, units and definitions. */
void figures_print_list(FILE *to);

#endif
