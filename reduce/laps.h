// SPDX-License-Identifier: Apache-2.0
/* Where the time goes: wall seconds by part of the reduce. Local; every part ends with an agreement of all ranks, so
 * that the clock of one stands for all. */
#ifndef REDUCE_LAPS_H
#define REDUCE_LAPS_H

#define LAPS_MAX 48

struct lap {
	char name[32]; /* "read", "figures.growth", "write.rows" */
	double wall_s;
};

struct laps {
	double mark_s; /* MPI_Wtime() at the end of the last part */
	int n;
	struct lap at[LAPS_MAX]; /* in the order in which the parts were met first */
};

/* The first part begins. */
void laps_begin(struct laps *l, double now_s);

/* A part ends here: the time since the last one goes to prefix + name, up to its first point. l may be NULL. */
void laps_end(struct laps *l, const char *prefix, const char *name);

#endif
