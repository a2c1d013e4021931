// SPDX-License-Identifier: Apache-2.0
/* A walk: one window being crawled page by page on one rank. What to ask next, and what a reply does to it. No network,
 * no MPI. */
#ifndef CRAWLER_WALK_H
#define CRAWLER_WALK_H

#include "crawler/message.h"
#include "crawler/note.h"
#include "crawler/page.h"
#include "crawler/window.h"
#include "io/snapshot.h"

enum walk_state {
	WALK_FREE,
	WALK_READY,  /* a request is ready to be sent */
	WALK_FLYING, /* one is under way */
	WALK_PAUSED, /* after a failure, until `until` */
	WALK_OVER,   /* finished or given up; reported with the next report */
};

struct walk {
	enum walk_state state;
	uint64_t id;
	struct window window;
	int chain;                 /* follows the Hub's own cursors only */
	int is_known;              /* asked again to see whether the Hub is there: nothing of it is kept */
	char next[HUB_CURSOR_MAX]; /* use this cursor for the next page; "": make one */
	int64_t until;             /* WALK_PAUSED, ms */
	int failures;              /* of the present page, in a row */
	int broken, not_json;      /* of these: out of order or bounds; not JSON but splittable */
	int empty;                 /* pages without progress in a row */
	int has_at;
	struct oid at; /* of a chain: the farthest row seen, in the window or not */
	int limit;     /* rows that the request under way asked for */
	int given_up;
	int told_next; /* a chain that was given up: where it goes on */
	uint32_t shrinks;
	int64_t rows, pages;
	int changed; /* since the last report */
};

/* After so many pages of a chain without a row behind all before, the Hub leads in circles. */
#define WALK_EMPTY_MAX 5

void walk_begin(struct walk *w, const struct msg_window *m);
void walk_shrink(struct walk *w, const struct msg_shrink *m);
/* The Hub does not take the cursor that a chain was to go on with: from the beginning, as if it had done nothing.
 * Returns 0 if that is not why it fails: it has begun there already, or got on. */
int walk_rewind(struct walk *w);

void walk_progress(const struct walk *w, struct msg_progress *p);

/* The URL of the next page of `list` (kind, fields, filters are set; the rest is the walk's). Returns its length, or
 * -1. */
int walk_url(struct walk *w, const struct hub *h, const struct hub_list *list, char *dst, size_t n);

/* What page.h is to be asked for. */
struct page_ask walk_ask(const struct walk *w, const struct snapshot *snapshot, int64_t observed);

/* What the archive has to know of a reply to its request under way; and the walk as it was then: all that walk_ask()
 * and walk_take() need. */
struct note walk_note(const struct walk *w);
void walk_from_note(struct walk *w, const struct note *n);

enum walk_step {
	WALK_WENT_ON, /* the page was taken, more follow */
	WALK_ENDED,   /* the window is finished */
	WALK_STUCK,   /* no progress: a failure of the page */
};

/* A page has been taken: move on. `next` and `cursor` are what its Link header said. *piece gets what is complete now
 * (its span may be empty; `next` points into w). */
enum walk_step walk_take(struct walk *w, const struct page_result *r, enum hub_next next, const char *cursor,
			 int64_t observed, struct shard_piece *piece);

/* A failed attempt: pause, or give up after `retries` more. Returns 1 when given up. */
int walk_fail(struct walk *w, int retries, int64_t now, uint64_t random);

#endif
