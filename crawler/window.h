// SPDX-License-Identifier: Apache-2.0
/* A window: an interval of a kind's axis that one walk crawls, and the algebra on it. Pure.
 *
 * Only what is left is kept. A walk takes from one end, the near one: the low end when it ascends, the high end when it
 * descends. Cutting takes from the far end. The sum of what is done, left and cut off is always the interval that the
 * window began with.
 */
#ifndef CRAWLER_WINDOW_H
#define CRAWLER_WINDOW_H

#include "crawler/hub.h"
#include "io/cover.h"

struct window {
	enum kind kind;
	enum hub_order order;
	struct span left; /* (lo, hi] */
};

int window_is_done(const struct window *w);

/* The id behind which (ascending) or below which (descending) its next page begins. */
struct oid window_cursor(const struct window *w);

/* Is x inside what is left? */
int window_has(const struct window *w, struct oid x);

/* Does x lie beyond the far end? */
int window_is_beyond(const struct window *w, struct oid x);

/* Everything up to and with row `last` of the window has been taken; the finished part is returned. */
struct span window_advance(struct window *w, struct oid last);

/* All of it has been taken. */
struct span window_finish(struct window *w);

/* Cut behind `at`, which belongs to the lower part: w keeps the near part, `*far` gets the rest. Returns 0, and changes
 * nothing, when one of the two would be empty. */
int window_cut(struct window *w, struct oid at, struct window *far);

/* Move the far end to `bound`, but not behind what has been done; nothing happens if it lies farther away. */
void window_shrink(struct window *w, struct oid bound);

/* Expected rows of what is left, on a Hub where a window has `scale` times the rows of the growth curve. */
double window_rows(const struct window *w, double scale);

/* The place that leaves the near part `share` (0 … 1) of the expected rows. */
struct oid window_place(const struct window *w, double share);

#endif
