// SPDX-License-Identifier: Apache-2.0
/* What ranks say to each other during a crawl. Fixed layouts, the same on all ranks: one program on one kind of
 * machine. Every message is a struct msg cut behind the member of `u` that its type uses.
 *
 * Worker to coordinator:
 *   - REPORT: what it has done and wants; at most one per turn, and only when something changed
 *   - CURSOR: where a chain goes on that the next REPORT gives up
 *   - TROUBLE: it was told to stop (a signal) or has failed
 *   - BYE: nothing of it follows; sent once, after STOP, with everything sealed
 *
 * Coordinator to worker:
 *   - WINDOW: crawl this; occupies one of its slots until reported finished or failed
 *   - SHRINK: the window's far end is nearer now; answered by the window's next progress
 *   - TOKENS: requests that it may send, within a time
 *   - WAIT: send nothing for a while; tokens come back
 *   - STOP: no new request; drain, seal, BYE. Nothing follows.
 *
 * Counts are cumulative, never differences, so that no message depends on the order in which it is handled with others.
 */
#ifndef CRAWLER_MESSAGE_H
#define CRAWLER_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "crawler/hub.h"
#include "io/h5shard.h"
#include "io/oid.h"

enum msg_type {
	MSG_REPORT = 1,
	MSG_CURSOR,
	MSG_TROUBLE,
	MSG_BYE,
	MSG_WINDOW,
	MSG_SHRINK,
	MSG_TOKENS,
	MSG_WAIT,
	MSG_STOP
};

/* What one reply said about the quota. Ages are ms before the message was written: hosts' clocks differ. */
struct msg_seen {
	struct hub_quota quota;
	int64_t sent_age_ms, received_age_ms;
	int64_t retry_after_ms; /* -1: not said */
	int32_t limited;        /* it was a 429 */
	int32_t good;           /* it was a page that was taken */
};

enum msg_state { MSG_RUNNING, MSG_FINISHED, MSG_GIVEN_UP };

/* How far a window is. */
struct msg_progress {
	uint64_t window;
	struct oid lo, hi;   /* what is left of it */
	int64_t rows, pages; /* of this window on this rank so far */
	uint32_t shrinks;    /* SHRINKs that it has seen */
	uint32_t state;      /* enum msg_state */
};

#define MSG_NSEEN     8
#define MSG_NPROGRESS 8

struct msg_report {
	int64_t asked;    /* requests that were ready to be sent, ever */
	int64_t spent;    /* tokens used: requests sent, ever */
	int64_t returned; /* tokens given back unused, ever */
	int64_t soon;     /* requests in flight whose windows will want another token; a gauge */
	int64_t rows;     /* taken, ever */
	int64_t wait_ms;  /* in which a request was ready and no token there, ever */
	int64_t quiet_ms; /* no page has come for so long, and a list of accounts was put back for it; 0: one has */
	int64_t counter[NCOUNTERS], kind_rows[NKINDS]; /* for people: all that was counted, ever */
	uint32_t nseen, nprogress;
	struct msg_seen seen[MSG_NSEEN];
	struct msg_progress progress[MSG_NPROGRESS];
};

struct msg_cursor {
	uint64_t window;
	char next[HUB_CURSOR_MAX]; /* "" from the beginning */
};

struct msg_trouble {
	int32_t code; /* enum err_code */
	char text[512];
};

struct msg_window {
	uint64_t window;
	int32_t kind, order;
	struct oid lo, hi;
	int32_t chain;             /* the Hub takes no cursor but its own */
	int32_t is_known;          /* its page came before, and is asked again to see whether the Hub is there */
	char next[HUB_CURSOR_MAX]; /* chain: where to go on, "" from the beginning */
};

struct msg_shrink {
	uint64_t window;
	uint32_t shrinks; /* how many with this one */
	struct oid bound; /* new hi when ascending, new lo when descending */
};

struct msg_tokens {
	int64_t n, valid_ms;
};

struct msg_wait {
	int64_t ms;
};

enum msg_why { MSG_DONE, MSG_ASKED, MSG_FAILURE };

struct msg_stop {
	int32_t why; /* enum msg_why */
};

struct msg {
	int32_t type, pad;
	union {
		struct msg_report report;
		struct msg_cursor cursor;
		struct msg_trouble trouble;
		struct msg_window window;
		struct msg_shrink shrink;
		struct msg_tokens tokens;
		struct msg_wait wait;
		struct msg_stop stop;
	} u;
};

/* Bytes of a message that are worth sending; 0 for an unknown type. */
static inline size_t msg_size(const struct msg *m)
{
	const size_t head = offsetof(struct msg, u);

	switch (m->type) {
	case MSG_REPORT:
		return head + sizeof m->u.report;
	case MSG_CURSOR:
		return head + sizeof m->u.cursor;
	case MSG_TROUBLE:
		return head + sizeof m->u.trouble;
	case MSG_WINDOW:
		return head + sizeof m->u.window;
	case MSG_SHRINK:
		return head + sizeof m->u.shrink;
	case MSG_TOKENS:
		return head + sizeof m->u.tokens;
	case MSG_WAIT:
		return head + sizeof m->u.wait;
	case MSG_STOP:
		return head + sizeof m->u.stop;
	case MSG_BYE:
		return head;
	default:
		return 0;
	}
}

#endif
