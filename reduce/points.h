// SPDX-License-Identifier: Apache-2.0
/* What a census.json says, as points of a series: one number each. Local, but for points_statuses(). */
#ifndef REDUCE_POINTS_H
#define REDUCE_POINTS_H

#include <mpi.h>
#include <stdint.h>

#include "io/err.h"
#include "io/table.h"

/* The key of a number is three texts, a NUL behind the first and the second: figure, organisation, item, where the item
 * is the rest of the way to it in the figure's value, divided by slashes. NULs within them are shown as '?'. */
enum key_part { KEY_FIGURE, KEY_ORGANISATION, KEY_ITEM, NKEY_PARTS };

/* Part p of a key. */
const char *key_part(const char *key, size_t n, enum key_part p, size_t *len);

struct point {
	int64_t count; /* an integer or a flag, INT64_MIN for others */
	double value;  /* the same or a real; NaN for null, +inf for "from none" */
	int32_t key, moment;
};

/* What is known about a figure in a census. */
enum figure_known { FIGURE_UNKNOWN, FIGURE_IS_OK, FIGURE_IS_PARTIAL, FIGURE_IS_MISSING /* not available */ };

struct points {
	struct point *at;
	uint64_t n, cap;
	struct dict key;
	uint64_t nmoments;
	uint8_t *known;   /* [figure_count][nmoments]: enum figure_known */
	uint8_t *has_key; /* [figure_count] */
	int64_t *total;   /* [nmoments][NKINDS]: repositories, -1 not known */
	uint8_t *complete;
};

/* Is the figure in a series at all? Rankings and those that tell a history of their own are not. */
int points_figure(int figure);

int points_init(struct points *x, uint64_t nmoments);
void points_release(struct points *x);

/* Add a census.json, which may hold anything. Figures that this program does not know are left out. Errors: E_FORMAT,
 * E_IO, E_NOMEM. */
int points_read(struct points *x, const char *path, uint64_t moment, struct err *e);

/* Collective: known, has_key, total and complete become those of all ranks. */
void points_statuses(struct points *x, MPI_Comm comm);

/* The key of a figure without organisation and item. Returns 0, or -1 when memory is short. */
int points_bare(struct points *x, int figure);

#endif
