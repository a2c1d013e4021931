// SPDX-License-Identifier: Apache-2.0
/* A rank's own crawling: slots with walks, requests, rows, shards. Talks to the coordinator by messages that the caller
 * carries; no MPI. */
#ifndef CRAWLER_WORKER_H
#define CRAWLER_WORKER_H

#include "crawler/buffer.h"
#include "crawler/fetch.h"
#include "crawler/message.h"
#include "crawler/page.h"
#include "io/h5shard.h"
#include "io/snapshot.h"

struct worker_setup {
	int rank;
	int nslots;
	const struct hub *hub;
	struct fetch *fetch;
	const struct snapshot *snapshot;
	const char *shards;      /* the folder */
	struct archive *archive; /* keeps every reply, or NULL */
	int64_t session;         /* ms since 1970 */
	int64_t seq[NKINDS];     /* number of the first shard */
	int64_t hub_total[NKINDS];
	int64_t seal_rows, seal_ms;
	int retries;
	uint64_t seed; /* of the jitter */
};

/* For a stop that was asked for: requests in flight get so long to arrive. */
#define WORKER_DRAIN_MS 3000
struct worker;

/* Everything that `s` points to must live as long. NULL when memory is short. */
struct worker *worker_create(const struct worker_setup *s);
void worker_free(struct worker *w);

/* The rank's buffer and parser, for the probe: its pages are work done. */
struct buffer *worker_buffer(struct worker *w);
struct page *worker_page(struct worker *w);

/* A message of the coordinator. */
void worker_feed(struct worker *w, const struct msg *m, int64_t now);

/* Stop as if the coordinator had said so, and seal at once: time may be short. The coordinator is told by the caller.
 * Errors as worker_turn(). */
int worker_stop(struct worker *w, int64_t now, struct err *e);

/* Take replies, send requests, seal. Errors: those of shard_seal() and page_take(), E_DENIED. After an error the worker
 * seals nothing more, and only waits for STOP. */
int worker_turn(struct worker *w, int64_t now, struct err *e);

/* The next message for the coordinator: 1, or 0. */
int worker_next(struct worker *w, int64_t now, struct msg *m);

/* ms until the next turn is worth while, should nothing arrive before. */
int64_t worker_due(const struct worker *w, int64_t now);

/* STOP came, everything is sealed, BYE was taken by worker_next(). */
int worker_is_over(const struct worker *w);

/* enum msg_why of the STOP. */
int worker_why(const struct worker *w);

/* What this rank did in this session: NKINDS times NCOUNTERS values. */
const int64_t *worker_totals(const struct worker *w);

/* Pieces of this session that are suspect. */
int64_t worker_suspect(const struct worker *w);

#endif
