// SPDX-License-Identifier: Apache-2.0
/* The snapshots of a series: the folders below one folder that hold one each, in order of t0, and those that a stated
 * cadence misses. */
#ifndef REDUCE_MOMENTS_H
#define REDUCE_MOMENTS_H

#include <mpi.h>
#include <stdint.h>

#include "io/err.h"

enum moment_state {
	MOMENT_CENSUS,     /* it has a census.json */
	MOMENT_UNFINISHED, /* begun, but not reduced */
	MOMENT_MISSING,    /* the cadence expects one, and there is none */
};

/* "census", "unfinished", "missing" */
extern const char *const moment_state_name[3];

struct moment {
	int64_t t0;
	enum moment_state state;
	char folder[256]; /* below that of the series; "" where it is missing */
};

struct moments {
	struct moment *at; /* n of them, ascending t0 */
	uint64_t n;
	char hub[512], filters[512]; /* of all of them; as in io/h5in.h */
};

/* Collective over comm: find them. Links are not followed, so that `latest` counts once; folders without a
 * snapshot.json are none.
 *   every_s  cadence, 0: none is stated. Between two neighbours that are more than one and a half of it apart, the
 * times that the former and the cadence give are missing. `m` is overwritten, to be released, also on error. Errors:
 * E_USAGE: no folder, no snapshot, of several Hubs or filters, two of the same t0; E_FORMAT, E_IO, E_NOMEM. */
int moments_find(struct moments *m, MPI_Comm comm, const char *dir, int64_t every_s, struct err *e);
void moments_release(struct moments *m);

/* The times missing between a and b, at most n of them, into to[]. Returns how many there are. Pure. */
uint64_t moments_missing(int64_t a, int64_t b, int64_t every_s, int64_t *to, uint64_t n);

#endif
