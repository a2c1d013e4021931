// SPDX-License-Identifier: Apache-2.0
#include "crawler/walk.h"

#include <stdio.h>
#include <string.h>

#include "crawler/retry.h"

void walk_begin(struct walk *w, const struct msg_window *m)
{
	*w = (struct walk){
		.state = WALK_READY, .id = m->window, .chain = m->chain, .is_known = m->is_known, .changed = 0
	};
	w->window.kind = (enum kind)m->kind;
	w->window.order = (enum hub_order)m->order;
	w->window.left = (struct span){ m->lo, m->hi };
	snprintf(w->next, sizeof w->next, "%s", m->next);
}

void walk_shrink(struct walk *w, const struct msg_shrink *m)
{
	window_shrink(&w->window, m->bound);
	w->shrinks = m->shrinks;
	w->changed = 1;
}

int walk_rewind(struct walk *w)
{
	if (!w->chain || !*w->next || w->pages > 0)
		return 0;
	w->next[0] = '\0';
	/* What a descending one has done lies before its window, and is passed over. */
	if (w->window.order == HUB_ASC)
		w->window.left.lo = OID_MIN;
	w->failures = w->broken = w->not_json = 0;
	w->has_at = 0;
	w->changed = 1;
	return 1;
}

void walk_progress(const struct walk *w, struct msg_progress *p)
{
	*p = (struct msg_progress){ .window = w->id,
				    .lo = w->window.left.lo,
				    .hi = w->window.left.hi,
				    .rows = w->rows,
				    .pages = w->pages,
				    .shrinks = w->shrinks,
				    .state = MSG_RUNNING };
	if (w->state == WALK_OVER)
		p->state = w->given_up ? MSG_GIVEN_UP : MSG_FINISHED;
}

int walk_url(struct walk *w, const struct hub *h, const struct hub_list *list, char *dst, size_t n)
{
	struct hub_list l = *list;
	char cursor[HUB_CURSOR_ID];

	l.kind = w->window.kind;
	l.order = w->window.order;
	l.limit = w->limit = retry_limit(w->failures);
	if (*w->next)
		l.cursor = w->next;
	else if (!w->chain)
		l.cursor = hub_cursor_make(l.order, window_cursor(&w->window), cursor);
	return hub_list_url(h, &l, dst, n);
}

struct page_ask walk_ask(const struct walk *w, const struct snapshot *snapshot, int64_t observed)
{
	struct page_ask a = {
		.window = w->window, .fields = snapshot->fields, .t0 = snapshot->t0, .observed = observed
	};

	/* A page is asked for again before anything less than all of it is taken. */
	if (w->not_json > 0)
		a.flags |= PAGE_SPLIT;
	if (w->broken > 0)
		a.flags |= PAGE_FORCE;
	if (w->chain && w->window.order == HUB_DESC)
		a.flags |= PAGE_PRECEDES;
	return a;
}

struct note walk_note(const struct walk *w)
{
	struct note n = { .what = NOTE_PAGE, .window = w->window, .limit = w->limit, .chain = w->chain };

	n.flags = (w->not_json > 0 ? PAGE_SPLIT : 0u) | (w->broken > 0 ? PAGE_FORCE : 0u);
	return n;
}

void walk_from_note(struct walk *w, const struct note *n)
{
	*w = (struct walk){ .state = WALK_FLYING, .window = n->window, .limit = n->limit, .chain = n->chain };
	w->not_json = (n->flags & PAGE_SPLIT) != 0;
	w->broken = (n->flags & PAGE_FORCE) != 0;
}

/* Is there nothing behind this page? A full page without a next link is not believed: a proxy that drops headers would
 * end the window early, and the one request more shows. */
static int is_last(const struct walk *w, const struct page_result *r, enum hub_next next)
{
	if (r->is_beyond)
		return 1;
	if (next != HUB_NEXT_NONE)
		return 0;
	return w->chain || r->nrecords < w->limit;
}

/* Does a page of a chain lead on? Rows alone do not: those of a circle come again and again. */
static int leads_on(struct walk *w, const struct page_result *r)
{
	if (!r->has_any || (w->has_at && !hub_is_behind(w->window.order, r->farthest, w->at)))
		return 0;
	w->has_at = 1;
	w->at = r->farthest;
	return 1;
}

/* Where the next page begins. Returns 0 if that is no progress. */
static int move_on(struct walk *w, const struct page_result *r, enum hub_next next, const char *cursor)
{
	if (!w->chain && r->has_last) {
		w->next[0] = '\0';
		w->empty = 0;
		return 1;
	}
	if (next != HUB_NEXT_OK || !strcmp(cursor, w->next))
		return 0;
	if (leads_on(w, r))
		w->empty = 0;
	else if (++w->empty > WALK_EMPTY_MAX)
		return 0;
	snprintf(w->next, sizeof w->next, "%s", cursor);
	return 1;
}

enum walk_step walk_take(struct walk *w, const struct page_result *r, enum hub_next next, const char *cursor,
			 int64_t observed, struct shard_piece *piece)
{
	int last = is_last(w, r, next);

	*piece = (struct shard_piece){
		.pages = 1, .rows = r->rows, .observed_first = observed, .observed_last = observed
	};
	if (r->verdict == PAGE_BROKEN)
		piece->flags = PIECE_SUSPECT;
	w->rows += r->rows;
	w->pages++;
	w->changed = 1;
	if (last) {
		piece->span = window_finish(&w->window);
	} else {
		piece->span = r->has_last ? window_advance(&w->window, r->last) : (struct span){ OID_MIN, OID_MIN };
		if (!move_on(w, r, next, cursor))
			return WALK_STUCK;
		if (w->chain)
			piece->next = w->next;
	}
	if (window_is_done(&w->window)) {
		w->state = WALK_OVER;
		return WALK_ENDED;
	}
	w->failures = w->broken = w->not_json = 0;
	w->state = WALK_READY;
	return WALK_WENT_ON;
}

int walk_fail(struct walk *w, int retries, int64_t now, uint64_t random)
{
	w->failures++;
	if (w->failures > retries) {
		w->state = WALK_OVER;
		w->given_up = 1;
		w->changed = 1;
		return 1;
	}
	w->state = WALK_PAUSED;
	w->until = now + retry_pause(w->failures, random);
	return 0;
}
