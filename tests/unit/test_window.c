// SPDX-License-Identifier: Apache-2.0
#include "crawler/window.h"

#include <stdlib.h>
#include <string.h>

#include "crawler/curve.h"
#include "crawler/retry.h"
#include "tests/tap.h"

static struct oid id(const char *hex)
{
	struct oid o = OID_MIN;

	oid_parse(&o, hex, strlen(hex));
	return o;
}

static void test_curve(void)
{
	static const char *const places[] = { "621ffdc00000000000000000", "621ffdc036468d709f17434d",
					      "621ffdc136468d709f180294", "63b0cd000000000000000000",
					      "67748580fedcba9876543210", "6a0e3141f27e4e44e999a28a" };
	double last = -1;
	int rising = 1, inverse = 1;

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		struct oid o = id(places[i]), back;
		double rows = curve_rows(KIND_MODELS, o);

		rising &= rows > last;
		last = rows;
		back = curve_place(KIND_MODELS, rows);
		inverse &= curve_rows(KIND_MODELS, back) > rows * 0.999 - 1 &&
			   curve_rows(KIND_MODELS, back) < rows * 1.001 + 1;
	}
	ok(rising, "the growth curve rises");
	ok(inverse, "a place and its rows agree both ways");
	ok(!oid_cmp(curve_place(KIND_MODELS, 0), OID_MIN) && !oid_cmp(curve_place(KIND_MODELS, 1e12), OID_MAX),
	   "beyond the ends");
	ok(!oid_cmp(curve_beyond(id("000000000000000000000001"), id("000000000000000000000003")),
		    id("000000000000000000000005")) &&
		   !oid_cmp(curve_beyond(id("0000000000000000000000ff"), id("000000000000000000000080")),
			    id("000000000000000000000001")) &&
		   !oid_cmp(curve_beyond(OID_MIN, id("800000000000000000000000")), OID_MAX) &&
		   !oid_cmp(curve_beyond(id("800000000000000000000000"), id("000000000000000000000001")), OID_MIN),
	   "as far again, either way");
}

static void test_cut(void)
{
	struct window w = { KIND_MODELS, HUB_ASC, { id("621ffdc036468d709f170000"), id("621ffdc036468d709f180000") } },
		      far;
	struct oid at = window_place(&w, 0.5);

	ok(window_has(&w, at) && oid_seconds(at) == 0x621ffdc0, "the lump is cut inside the second");
	ok(window_cut(&w, at, &far) && !oid_cmp(w.left.hi, far.left.lo), "the parts touch");
	ok(!window_cut(&w, w.left.hi, &far) && !window_cut(&w, w.left.lo, &far), "no empty part");
	w.order = HUB_DESC;
	window_shrink(&w, OID_MAX);
	ok(window_is_done(&w), "a bound behind what is done leaves nothing");
}

/* --- histories --- */

#define NWINDOWS 64

struct history {
	struct window w[NWINDOWS];
	int n;
	struct cover done;
	uint64_t done_length; /* sum of the finished stretches: equal to the cover's only if none came twice */
	uint64_t random;
};

static double draw(struct history *h)
{
	return (double)(retry_random(&h->random) >> 11) / 9007199254740992.0;
}

static void finish(struct history *h, struct span s)
{
	cover_add(&h->done, s);
	h->done_length += span_length(s);
}

static void drop(struct history *h, int i)
{
	h->w[i] = h->w[--h->n];
}

/* A page: the walk gets to some place, or to the end. */
static void page(struct history *h, int i)
{
	struct oid at = window_place(h->w + i, draw(h) * 1.3);

	if (window_has(h->w + i, at) && draw(h) < 0.8)
		finish(h, window_advance(h->w + i, at));
	else
		finish(h, window_finish(h->w + i));
	if (window_is_done(h->w + i))
		drop(h, i);
}

/* A holder is told to shrink while its page is under way: it answers with what it really gives. */
static void steal(struct history *h, int i)
{
	struct window *w = h->w + i, far = *w;
	struct oid bound = window_place(w, draw(h)), old = w->order == HUB_ASC ? w->left.hi : w->left.lo, got;

	if (h->n == NWINDOWS)
		return;
	finish(h, window_advance(w, window_place(w, draw(h) * 0.7)));
	window_shrink(w, bound);
	got = w->order == HUB_ASC ? w->left.hi : w->left.lo;
	far.left = w->order == HUB_ASC ? (struct span){ got, old } : (struct span){ old, got };
	if (!window_is_done(&far))
		h->w[h->n++] = far;
	if (window_is_done(h->w + i))
		drop(h, i);
}

/* Killed: what is left is computed from what is done. */
static int resume(struct history *h, struct span whole)
{
	struct cover gaps = COVER_INIT;

	cover_gaps(&h->done, whole, &gaps);
	for (h->n = 0; h->n < (int)gaps.n && h->n < NWINDOWS; h->n++)
		h->w[h->n] = (struct window){ KIND_MODELS, draw(h) < 0.5 ? HUB_ASC : HUB_DESC, gaps.at[h->n] };
	cover_release(&gaps);
	return h->n;
}

static int run_history(uint64_t seed)
{
	struct span whole = { OID_MIN, id("6a0e3141f27e4e44e999a28a") };
	struct history h = { .random = seed };
	struct window far;
	int good;

	while (resume(&h, whole) > 0) {
		for (int life = 0; life < 200 && h.n > 0; life++) {
			int i = (int)(draw(&h) * h.n);
			double what = draw(&h);

			if (what < 0.2 && h.n < NWINDOWS && window_cut(h.w + i, window_place(h.w + i, draw(&h)), &far))
				h.w[h.n++] = far;
			else if (what < 0.4)
				steal(&h, i);
			else if (what < 0.99)
				page(&h, i);
			else
				break;
		}
	}
	good = h.done.n == 1 && cover_has(&h.done, whole) && h.done_length == span_length(whole);
	cover_release(&h.done);
	return good;
}

/* `first`: of the seeds, to repeat a history that failed. */
int main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	int bad = 0;

	test_curve();
	test_cut();
	for (uint64_t seed = first; seed < first + 3000; seed++)
		if (!run_history(seed) && bad++ < 5)
			diag("seed %llu", (unsigned long long)seed);
	ok(!bad, "3000 histories of split, steal, finish, die and resume cover the axis exactly once, seeds from %llu",
	   (unsigned long long)first);
	return plan_done();
}
