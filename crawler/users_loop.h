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
#include "crawler/budget.h"
#include "crawler/coordinator.h"
#include "crawler/monitor.h"
#include "crawler/transport.h"

struct users_loop {
	int rank, nranks;
	struct fetch *fetch;
	struct asker *asker;
	struct post *post;
	struct transport *transport;
	struct coordinator *coordinator; /* rank 0 only, else NULL */
	struct budget *budget;           /* likewise, nbudgets of them */
	int nbudgets;
	struct monitor *monitor;       /* likewise */
	int64_t limit;                 /* requests of this session; -1 any number */
	int64_t start_ms, max_time_ms; /* of the job; max_time_ms 0: none */
	int (*is_stopped)(void);
};

/* Collective: returns on every rank once all have stopped. Errors of this rank: those of asker_turn(); the others
 * are told to stop. No message of the transport is under way afterwards. */
int users_loop_run(struct users_loop *l, struct err *e);

#endif
