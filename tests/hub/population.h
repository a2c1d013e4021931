/* SPDX-License-Identifier: Apache-2.0 */
/* The repositories that the stand-in serves, recorded or synthetic, and walks over them in any documented order.
 * Read-only once it is made, so that any number of threads may use it. */
#ifndef HUB_POPULATION_H
#define HUB_POPULATION_H

#include <stdbool.h>
#include <stdint.h>

#include "graph.h"
#include "replay.h"
#include "row.h"
#include "synth.h"

struct population {
	bool recorded;
	struct replay replay[NKIND];
	struct synth synth;
	struct social_graph graph; /* of the synthetic population's accounts */
	uint64_t n[NKIND];
};

/* dir: a folder of recorded elements, or NULL for a synthetic population of `o`. Returns 0, or -1 with one line in
 * text. */
int population_init(struct population *p, const char *dir, const struct synth_opts *o, char *text, size_t ntext);
void population_release(struct population *p);

void population_row(const struct population *p, enum kind kind, uint64_t i, struct row *row, struct row_space *space);

/* Rows i[0 … n-1], n <= ROW_RUN, one after the other: cheaper than each by itself. `i` has to stay.
 *   trending  false: the rows' trending scores are not asked for, and are wrong */
enum { ROW_RUN = SYNTH_RUN };
struct run {
	const struct population *p;
	enum kind kind;
	const uint64_t *i;
	struct ranks ranks[ROW_RUN];
};
void run_init(struct run *r, const struct population *p, enum kind kind, const uint64_t *i, size_t n, bool trending);
void run_row(const struct run *r, size_t k, struct row *row, struct row_space *space);

void population_oid(const struct population *p, enum kind kind, uint64_t i, char oid[OID_TEXT]);

/* Owner of row i (author, else what stands before the slash), cut to the room there is. */
enum { OWNER_TEXT = 128 };
void population_owner(const struct population *p, enum kind kind, uint64_t i, char owner[OWNER_TEXT]);

/* Number of rows with an _id below `oid`; *exact tells whether the next row has just that one. */
uint64_t population_seek(const struct population *p, enum kind kind, const char *oid, bool *exact);

/* The row of an id in any letter case, its own spelling first. 0 not found, 1 found, 2 found under a former name. */
int population_find(const struct population *p, enum kind kind, const char *id, uint64_t *i);

/* Where a walk starts, in the terms of a cursor. */
struct start {
	bool any;   /* false: at the beginning */
	bool above; /* createdAt: rows above the _id, else below it */
	double key; /* other sorts: the last row's value, -INFINITY for null */
	char oid[OID_TEXT];
};

/* All rows in an order, from a start on. */
struct walk {
	const struct population *p;
	enum kind kind;
	enum sort sort;
	bool up;            /* createdAt ascending */
	uint64_t next, end; /* createdAt: rows; others: positions */
	uint64_t *group;    /* rows of one value, ascending */
	uint64_t ngroup, igroup;
	bool scan; /* the group is too large to be collected: look for its rows in _id order */
	uint64_t scan_i, lo, hi;
};

void walk_init(struct walk *w, const struct population *p, enum kind kind, enum sort sort, bool up,
	       const struct start *s);
bool walk_next(struct walk *w, uint64_t *i);
void walk_release(struct walk *w);

#endif
