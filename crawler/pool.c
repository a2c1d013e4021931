// SPDX-License-Identifier: Apache-2.0
#include "crawler/pool.h"

#include <stdlib.h>
#include <string.h>

#include "crawler/curve.h"

/* Fewer predicted rows on either side of a cut than this are not worth the page that the cut costs. */
#define LEAST_ROWS 700
/* Rows of evidence that the first guess of a density counts for. */
#define PRIOR_ROWS 1000.0

void pool_init(struct pool *p, const double scale[NKINDS], const int scale_known[NKINDS])
{
	memset(p, 0, sizeof *p);
	memcpy(p->scale, scale, sizeof p->scale);
	memcpy(p->scale_known, scale_known, sizeof p->scale_known);
}

void pool_release(struct pool *p)
{
	for (uint32_t i = 0; i < p->nitem; i++)
		free(p->item[i].next);
	free(p->item);
	memset(p, 0, sizeof *p);
}

static double scale_of(const struct pool *p, enum kind k)
{
	if (p->scale_known[k])
		return p->scale[k];
	/* What has been seen counts against the guess, whose weight is a thousand rows. */
	return (p->seen[k] + PRIOR_ROWS) / (p->predicted[k] + PRIOR_ROWS / p->scale[k]);
}

static double density(const struct pool_item *it)
{
	return (it->seen + PRIOR_ROWS * it->density) / (it->predicted + PRIOR_ROWS);
}

/* Predict anew what is left of a window. */
static void predict(struct pool *p, struct pool_item *it)
{
	p->work -= it->left / HUB_PAGE_ROWS;
	it->left = window_rows(&it->window, scale_of(p, it->window.kind)) * density(it);
	p->work += it->left / HUB_PAGE_ROWS;
}

static struct oid near_end(const struct window *w)
{
	return w->order == HUB_ASC ? w->left.lo : w->left.hi;
}

static struct oid far_end(const struct window *w)
{
	return w->order == HUB_ASC ? w->left.hi : w->left.lo;
}

struct pool_item *pool_find(struct pool *p, uint64_t id)
{
	uint32_t i = (uint32_t)id;

	return id && i < p->nitem && p->item[i].id == id ? p->item + i : NULL;
}

struct pool_item *pool_add(struct pool *p, const struct window *w, double with_density)
{
	struct pool_item *it;
	uint32_t i = 0;

	while (i < p->nitem && p->item[i].id)
		i++;
	if (i == p->cap) {
		uint32_t cap = p->cap ? 2 * p->cap : 64;

		it = realloc(p->item, cap * sizeof *it);
		if (!it)
			return NULL;
		p->item = it;
		p->cap = cap;
	}
	if (i == p->nitem)
		p->nitem++;
	it = p->item + i;
	*it = (struct pool_item){
		.id = (uint64_t)++p->serial << 32 | i, .window = *w, .rank = -1, .density = with_density
	};
	p->nwindows++;
	p->nwaiting++;
	p->work += 0.5; /* half a page is cut off by the window's end */
	predict(p, it);
	return it;
}

void pool_remove(struct pool *p, struct pool_item *it)
{
	p->work -= it->left / HUB_PAGE_ROWS + 0.5;
	p->nwindows--;
	p->nwaiting -= it->rank < 0;
	p->ncut -= it->is_cut;
	free(it->next);
	*it = (struct pool_item){ .id = 0 };
	if (p->nwindows == 0)
		p->work = 0; /* not what rounding has left of it */
}

struct pool_item *pool_next(struct pool *p)
{
	struct pool_item *best = NULL;

	for (uint32_t i = 0; i < p->nitem; i++)
		if (p->item[i].id && p->item[i].rank < 0 && (!best || p->item[i].left > best->left))
			best = p->item + i;
	return best;
}

void pool_hand(struct pool *p, struct pool_item *it, int rank, int64_t now)
{
	it->rank = rank;
	it->rows = 0;
	it->shrinks = 0;
	it->handed_ms = now;
	p->nwaiting--;
}

void pool_take_back(struct pool *p, struct pool_item *it)
{
	it->rank = -1;
	p->nwaiting++;
	predict(p, it);
}

/* --- cutting --- */

/* The window with the most left that can be cut: of those that wait, or of those that are crawled. */
static struct pool_item *most_left(struct pool *p, int waiting)
{
	struct pool_item *best = NULL;

	for (uint32_t i = 0; i < p->nitem; i++) {
		struct pool_item *it = p->item + i;

		if (!it->id || (it->rank < 0) != waiting || it->chain || it->is_cut)
			continue;
		if (!best || it->left > best->left)
			best = it;
	}
	return best;
}

/* The place that halves what is left, or the far end if cutting is not worth it.
 *
 * Where the rows lie far more densely than the curve knows (a lump, a Hub that was filled in one go) the curve's halves
 * say nothing: there the holder keeps a stretch as long as the one that it has done. */
static struct oid place_to_cut(const struct pool_item *it, double ahead)
{
	const struct window *w = &it->window;
	double curve = window_rows(w, 1);
	struct oid at = window_halve(w, curve > 0 ? it->left / curve : 0, ahead, LEAST_ROWS), near;

	if (it->rank < 0 || it->rows < 3 * HUB_PAGE_ROWS || it->seen < 4 * it->predicted)
		return at;
	near = curve_beyond(it->began, near_end(w));
	if (window_has(w, near) && (w->order == HUB_ASC ? oid_cmp(near, at) < 0 : oid_cmp(near, at) > 0))
		return near;
	return at;
}

int pool_cut_waiting(struct pool *p)
{
	struct pool_item *it = most_left(p, 1);
	struct window far;

	if (!it || !window_cut(&it->window, place_to_cut(it, 0), &far))
		return 0;
	predict(p, it);
	return pool_add(p, &far, it->density) ? 1 : -1;
}

struct pool_item *pool_cut_held(struct pool *p, struct oid *bound)
{
	struct pool_item *it = most_left(p, 0);
	struct window near, far;

	if (!it)
		return NULL;
	near = it->window;
	*bound = place_to_cut(it, HUB_PAGE_ROWS);
	if (!window_cut(&near, *bound, &far))
		return NULL;
	it->is_cut = 1;
	it->shrinks++;
	it->far = far_end(&it->window);
	p->ncut++;
	return it;
}

void pool_progress(struct pool *p, struct pool_item *it, struct span left, int64_t rows)
{
	enum kind k = it->window.kind;
	/* What was predicted for the stretch that is done now. */
	double stretch = it->window.order == HUB_ASC ? curve_span(k, (struct span){ it->window.left.lo, left.lo })
						     : curve_span(k, (struct span){ left.hi, it->window.left.hi });

	it->predicted += stretch * scale_of(p, k);
	it->seen += (double)(rows - it->rows);
	p->predicted[k] += stretch;
	p->seen[k] += (double)(rows - it->rows);
	it->window.left = left;
	if (it->rows == 0 && rows > 0)
		it->began = near_end(&it->window);
	it->rows = rows;
	predict(p, it);
}

int pool_settle(struct pool *p, uint64_t id, int answered)
{
	struct pool_item *it = pool_find(p, id);
	struct window far = it->window;

	it->is_cut = 0;
	p->ncut--;
	if (!answered)
		return 0;
	far.left = it->window.order == HUB_ASC ? (struct span){ it->window.left.hi, it->far }
					       : (struct span){ it->far, it->window.left.lo };
	return window_is_done(&far) || pool_add(p, &far, density(it)) ? 0 : -1;
}
