// SPDX-License-Identifier: Apache-2.0
#include "crawler/window.h"

#include "crawler/curve.h"

int window_is_done(const struct window *w)
{
	return oid_cmp(w->left.lo, w->left.hi) >= 0;
}

struct oid window_cursor(const struct window *w)
{
	return w->order == HUB_ASC ? w->left.lo : oid_next(w->left.hi);
}

int window_has(const struct window *w, struct oid x)
{
	return oid_cmp(w->left.lo, x) < 0 && oid_cmp(x, w->left.hi) <= 0;
}

int window_is_beyond(const struct window *w, struct oid x)
{
	return w->order == HUB_ASC ? oid_cmp(x, w->left.hi) > 0 : oid_cmp(x, w->left.lo) <= 0;
}

struct span window_advance(struct window *w, struct oid last)
{
	struct span done = { last, last };

	if (!window_has(w, last))
		return done;
	if (w->order == HUB_ASC) {
		done.lo = w->left.lo;
		w->left.lo = last;
	} else {
		done = (struct span){ oid_prev(last), w->left.hi };
		w->left.hi = done.lo;
	}
	return done;
}

struct span window_finish(struct window *w)
{
	struct span done = w->left;

	if (w->order == HUB_ASC)
		w->left.lo = w->left.hi;
	else
		w->left.hi = w->left.lo;
	return done;
}

int window_cut(struct window *w, struct oid at, struct window *far)
{
	if (oid_cmp(at, w->left.lo) <= 0 || oid_cmp(at, w->left.hi) >= 0)
		return 0;
	*far = *w;
	if (w->order == HUB_ASC)
		w->left.hi = far->left.lo = at;
	else
		w->left.lo = far->left.hi = at;
	return 1;
}

void window_shrink(struct window *w, struct oid bound)
{
	if (w->order == HUB_ASC && oid_cmp(bound, w->left.hi) < 0)
		w->left.hi = oid_cmp(bound, w->left.lo) > 0 ? bound : w->left.lo;
	if (w->order == HUB_DESC && oid_cmp(bound, w->left.lo) > 0)
		w->left.lo = oid_cmp(bound, w->left.hi) < 0 ? bound : w->left.hi;
}

double window_rows(const struct window *w, double scale)
{
	return scale * curve_span(w->kind, w->left);
}

struct oid window_place(const struct window *w, double share)
{
	double lo = curve_rows(w->kind, w->left.lo), hi = curve_rows(w->kind, w->left.hi);

	if (share < 0)
		share = 0;
	if (share > 1)
		share = 1;
	return curve_place(w->kind, w->order == HUB_ASC ? lo + share * (hi - lo) : hi - share * (hi - lo));
}
