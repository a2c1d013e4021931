// SPDX-License-Identifier: Apache-2.0
/* What the loop of a rank (loop.h) watches for beside its work: trouble of this rank, a Hub that is
 * silent, a rank that does not answer. Local; all zero to begin with. */
#ifndef CRAWLER_WATCH_H
#define CRAWLER_WATCH_H

#include "crawler/coordinator.h"
#include "crawler/transport.h"

/* After a stop every rank has so long to drain, seal and say so. */
#define WATCH_LINGER_MS 30000

struct watch {
	int told_trouble, told_quiet;
	int64_t stopping_since; /* rank 0, 0 not */
};

/* This rank has failed (code, e), or was told to stop (E_STOPPED): 1 and the message that tells the coordinator, which
 * stops the others; 0 if it was told before. */
int watch_trouble(struct watch *w, int code, const struct err *e, struct msg *m);

/* Rank 0: an outage is told when it begins and when it ends. quiet_ms: for how long it has lasted, 0: it does not. */
void watch_quiet(struct watch *w, int64_t quiet_ms);

/* Rank 0: when its own part is sealed (is_over) and somebody does not answer any more, say so and abort the job with
 * exit code 4 after WATCH_LINGER_MS. */
void watch_lost(struct watch *w, struct coordinator *c, struct transport *t, int is_over, int64_t now);

/* This rank has no memory to tell the others anything: they would wait for it without an end, so it says so and aborts
 * the job with exit code 4. */
void watch_mute(struct transport *t) __attribute__((noreturn));

#endif
