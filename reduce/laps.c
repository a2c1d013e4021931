// SPDX-License-Identifier: Apache-2.0
#include "reduce/laps.h"

#include <mpi.h>
#include <stdio.h>
#include <string.h>

void laps_begin(struct laps *l, double now_s)
{
	memset(l, 0, sizeof *l);
	l->mark_s = now_s;
}

void laps_end(struct laps *l, const char *prefix, const char *name)
{
	double now_s;
	char full[sizeof l->at->name];
	int i = 0;

	if (!l)
		return;
	now_s = MPI_Wtime();
	snprintf(full, sizeof full, "%s%.*s", prefix, (int)strcspn(name, "."), name);
	while (i < l->n && strcmp(l->at[i].name, full) != 0)
		i++;
	if (i < LAPS_MAX) {
		if (i == l->n)
			snprintf(l->at[l->n++].name, sizeof full, "%s", full);
		l->at[i].wall_s += now_s - l->mark_s;
	}
	l->mark_s = now_s;
}
