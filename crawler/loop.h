// SPDX-License-Identifier: Apache-2.0
/* The event loop of a rank: carries messages between who works on it, the coordinator and the other ranks, and lets the
 * network move. An idle rank sleeps; nothing blocks. worker_loop.h and users_loop.h are made of it. */
#ifndef CRAWLER_LOOP_H
#define CRAWLER_LOOP_H

#include "crawler/budget.h"
#include "crawler/coordinator.h"
#include "crawler/fetch.h"
#include "crawler/monitor.h"
#include "crawler/transport.h"
#include "crawler/watch.h"

struct loop;

/* Who works: crawler/worker.h or crawler/asker.h, where these are described. `work` is l->work. */
struct loop_member {
	void (*feed)(void *work, const struct msg *m, int64_t now);
	int (*next)(void *work, int64_t now, struct msg *m);
	int (*turn)(void *work, int64_t now, struct err *e);
	int (*stop)(void *work, int64_t now, struct err *e);
	int64_t (*due)(const void *work, int64_t now);
	int (*is_over)(const void *work);
	int (*receive)(struct loop *l);             /* what else has come: how much; NULL: nothing comes */
	int (*direct)(struct loop *l, int64_t now); /* rank 0, until all stop; 0, or -1: no memory; NULL: nothing */
	void (*show)(struct loop *l, int64_t now);  /* rank 0: to the monitor */
	int64_t (*sleep_ms)(struct loop *l,
			    int any); /* the longest sleep of a turn in which something was sent or came */
};

/* The six of a loop_member that only need a type, as static functions of their names: feed() calls prefix_feed() of
 * struct prefix, and so on. */
#define LOOP_CALLS(prefix)                                                                                             \
	static void feed(void *work, const struct msg *m, int64_t now)                                                 \
	{                                                                                                              \
		prefix##_feed(work, m, now);                                                                           \
	}                                                                                                              \
	static int next(void *work, int64_t now, struct msg *m)                                                        \
	{                                                                                                              \
		return prefix##_next(work, now, m);                                                                    \
	}                                                                                                              \
	static int turn(void *work, int64_t now, struct err *e)                                                        \
	{                                                                                                              \
		return prefix##_turn(work, now, e);                                                                    \
	}                                                                                                              \
	static int stop(void *work, int64_t now, struct err *e)                                                        \
	{                                                                                                              \
		return prefix##_stop(work, now, e);                                                                    \
	}                                                                                                              \
	static int64_t due(const void *work, int64_t now)                                                              \
	{                                                                                                              \
		return prefix##_due(work, now);                                                                        \
	}                                                                                                              \
	static int is_over(const void *work)                                                                           \
	{                                                                                                              \
		return prefix##_is_over(work);                                                                         \
	}

struct loop {
	int rank, nranks;
	struct fetch *fetch;
	const struct loop_member *member;
	void *work;
	struct transport *transport;
	struct coordinator *coordinator; /* rank 0 only, else NULL */
	struct budget *budget;           /* likewise, nbudgets of them */
	int nbudgets;
	struct monitor *monitor;       /* likewise */
	int64_t start_ms, max_time_ms; /* of the job; max_time_ms 0: none */
	int (*is_stopped)(void);
	struct watch watch; /* the loop's own, zero */
};

/* A rank that does not say so is lost (its machine or the way to it is gone): rank 0 then says so and
 * aborts the job with exit code 4 (mpirun may wait longer for a lost machine: its own keep-alive decides).
 *
 * Collective: returns on every rank once all have stopped and everything that could be sealed is. Errors of this rank:
 * those of the member's turn(); the others are told to stop. No message of the transport is under way afterwards. */
int loop_run(struct loop *l, struct err *e);

/* Rank 0: tokens and quota of all its budgets. */
void loop_budgets(const struct loop *l, int64_t *tokens, int64_t *quota);

#endif
