// SPDX-License-Identifier: Apache-2.0
/* The event loop of a rank: carries messages between worker, coordinator and the other ranks, and lets the network
 * move. An idle rank sleeps; nothing blocks. */
#ifndef CRAWLER_LOOP_H
#define CRAWLER_LOOP_H

#include "crawler/budget.h"
#include "crawler/coordinator.h"
#include "crawler/monitor.h"
#include "crawler/transport.h"
#include "crawler/worker.h"

struct loop {
	int rank, nranks;
	struct fetch *fetch;
	struct worker *worker;
	struct transport *transport;
	struct coordinator *coordinator; /* rank 0 only, else NULL */
	struct budget *budget;           /* likewise, nbudgets of them */
	int nbudgets;
	struct monitor *monitor;       /* rank 0 */
	int64_t start_ms, max_time_ms; /* max_time_ms 0: none */
	int64_t rows_before;           /* for the progress line */
	int (*is_stopped)(void);
};

/* After a stop every rank has so long to drain, seal and say so. */
#define LOOP_LINGER_MS 30000

/* A rank that does not say so is lost (its machine or the way to it is gone): rank 0 then says so and
 * aborts the job with exit code 4 (mpirun may wait longer for a lost machine: its own keep-alive decides).
 *
 * Collective: returns on every rank once all have stopped and everything that could be sealed is. Errors of this rank:
 * those of worker_turn(); the others are told to stop. No message is under way afterwards. */
int loop_run(struct loop *l, struct err *e);

#endif
