// SPDX-License-Identifier: Apache-2.0
#include "crawler/walk.h"

#include <stdio.h>
#include <string.h>

#include "tests/tap.h"

#define NPAGE 9

/* Row i of an axis, 0 at its low end. */
static struct oid at(int i)
{
	char hex[OID_HEX + 1];
	struct oid o;

	snprintf(hex, sizeof hex, "6500000000000000000000%02x", (unsigned)i);
	oid_parse(&o, hex, OID_HEX);
	return o;
}

static struct walk chain(enum hub_order order)
{
	struct msg_window m = {
		.kind = KIND_MODELS, .order = (uint8_t)order, .chain = 1, .lo = OID_MIN, .hi = OID_MAX
	};
	struct walk w;

	walk_begin(&w, &m);
	return w;
}

/* The page that a chain shows as its i-th, a row each, and that the Hub says leads to page `next`. */
static enum walk_step page(struct walk *w, int i, int next)
{
	struct oid row = at(w->window.order == HUB_ASC ? 1 + i : NPAGE - i);
	struct page_result r = { .nrecords = 1, .has_any = 1, .farthest = row };
	struct shard_piece piece;
	char cursor[24];

	r.has_last = window_has(&w->window, row);
	r.last = row;
	r.rows = r.has_last;
	snprintf(cursor, sizeof cursor, "page %d", next);
	return walk_take(w, &r, next < NPAGE ? HUB_NEXT_OK : HUB_NEXT_NONE, cursor, 0, &piece);
}

static void goes_through(enum hub_order order)
{
	struct walk w = chain(order);
	enum walk_step step = WALK_WENT_ON;
	int i = 0;

	for (; step == WALK_WENT_ON && i < NPAGE; i++)
		step = page(&w, i, i + 1);
	ok(step == WALK_ENDED && i == NPAGE && w.rows == NPAGE, "a chain goes through, %s",
	   order == HUB_ASC ? "oldest first" : "newest first");
}

/* From page `from` on each leads back by `back` pages and then on, for ever. */
static void circles(enum hub_order order, int back)
{
	struct walk w = chain(order);
	enum walk_step step = WALK_WENT_ON;
	int i = 0, asked = 0;

	for (; step == WALK_WENT_ON && asked < 1000; asked++) {
		int next = i == 5 ? 5 - back : i + 1;

		step = page(&w, i, next);
		i = next;
	}
	ok(step == WALK_STUCK && w.rows == 6 && asked <= 6 + WALK_EMPTY_MAX + 1,
	   "a circle of %d pages, %s first: left after %d pages", back + 1, order == HUB_ASC ? "oldest" : "newest",
	   asked);
}

/* What it did before, a chain that begins anew passes over. */
static void passes_over(void)
{
	struct walk w = chain(HUB_DESC);
	enum walk_step step = WALK_WENT_ON;

	window_advance(&w.window, at(2));
	for (int i = 0; step == WALK_WENT_ON && i < NPAGE; i++)
		step = page(&w, i, i + 1);
	ok(step == WALK_ENDED && w.rows == 1, "seven pages of rows that are there already are no circle");
}

static void rewinds(void)
{
	struct walk w = chain(HUB_DESC);
	int before;

	snprintf(w.next, sizeof w.next, "page 4");
	before = walk_rewind(&w);
	ok(before && !*w.next && page(&w, 0, 1) == WALK_WENT_ON && !walk_rewind(&w),
	   "a chain is rewound before its first page only");
}

int main(void)
{
	goes_through(HUB_ASC);
	goes_through(HUB_DESC);
	for (int back = 0; back < 6; back++) {
		circles(HUB_ASC, back);
		circles(HUB_DESC, back);
	}
	passes_over();
	rewinds();
	return plan_done();
}
