// SPDX-License-Identifier: Apache-2.0
/* The event loop of a rank while repositories are crawled (crawler/loop.h). */
#ifndef CRAWLER_WORKER_LOOP_H
#define CRAWLER_WORKER_LOOP_H

#include "crawler/loop.h"
#include "crawler/worker.h"

struct worker_loop {
	struct loop loop;    /* but for member and work */
	int64_t rows_before; /* for the progress line */
	int crowd;           /* transport_crowd() */
	int64_t sleep_ms;    /* its own, zero */
};

/* Collective. As loop_run(); errors: those of worker_turn(). */
int worker_loop_run(struct worker_loop *l, struct worker *w, struct err *e);

#endif
