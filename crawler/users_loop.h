// SPDX-License-Identifier: Apache-2.0
/* The event loop of a rank while accounts are discovered: as crawler/loop.h, with names between all ranks.
 *
 * The end: rank 0 asks all ranks in waves how they stand. When a wave finds all idle, and as many parcels were sent by
 * its count as had arrived by the count of the wave before, then none was under way in between and nobody has anything
 * left to ask (the four-counter method: F. Mattern, "Algorithms for distributed termination detection", Distributed
 * Computing 2, 1987).
 */
#ifndef CRAWLER_USERS_LOOP_H
#define CRAWLER_USERS_LOOP_H

#include "crawler/asker.h"
#include "crawler/loop.h"
#include "crawler/post.h"

/* Sums over the ranks that have answered a wave. */
struct wave {
	int64_t number;
	int nanswers, nidle;
	int64_t sent, received, lists, refused, accounts;
	double best;
};

struct users_loop {
	struct loop loop; /* but for member and work */
	struct post *post;
	int64_t limit; /* requests of this session; -1 any number */
	/* its own, zero */
	struct wave now, before;
	int64_t began_ms, wave_ms;
	int64_t accounts_before; /* the first request */
};

/* Collective. As loop_run(); errors: those of asker_turn(). */
int users_loop_run(struct users_loop *l, struct asker *a, struct err *e);

#endif
