// SPDX-License-Identifier: Apache-2.0
#include "crawler/pool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "crawler/curve.h"

/* By which factor cuts are taken to cost more than expected. */
#define CUT_CARE 2
/* In pages. */
#define LEAST_MARGIN 0.05
/* So many pages away from what was seen, a page is predicted half as well. */
#define AWAY_PAGES 4
/* A far part of fewer predicted rows than this is not worth a cut. */
#define LEAST_ROWS 50
/* For how many pages the density of the last ones is believed: the better it has predicted the next, the more. */
#define NEAR_MIN     1.0
#define NEAR_MAX     30.0
#define NEAR_BY_MISS 0.5
/* Pages are forgotten at this rate; until there is one, all of the window's count for so many rows. */
#define FORGET     0.6
#define NEAR_PRIOR 100.0
/* Rows so many times as dense as predicted are a lump. */
#define ABRUPT 4
/* What is left to one within a lump, so often doubled, is cut again by its density. */
#define LUMP_DOUBLINGS 3
/* How wrong a page's prediction is before any was seen, and how fast that is learned. */
#define FIRST_MISS 0.5
#define MISS_SHARE 0.1
/* Deviations, as shares of all and of the predicted rest, of a kind's total and of the windows' own predictions. */
#define TOTAL_OFF 0.01
#define LEFT_OFF  0.1
/* Rows of evidence that the first guess of a density counts for. */
#define PRIOR_ROWS 1000.0

void pool_init(struct pool *p, const double scale[NKINDS], const int scale_known[NKINDS])
{
	memset(p, 0, sizeof *p);
	memcpy(p->scale, scale, sizeof p->scale);
	memcpy(p->scale_known, scale_known, sizeof p->scale_known);
	p->miss = FIRST_MISS;
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

/* How many rows by the curve lie in a window's three parts, and how densely: as on the last pages; as on all of its
 * pages, for as far ahead as they reached back; and as expected. */
struct profile {
	double by_curve[3], density[3];
};

static struct profile profile(const struct pool *p, const struct pool_item *it)
{
	double all = window_rows(&it->window, scale_of(p, it->window.kind)), near, far, reach, prior;
	struct profile f;

	far = (it->seen + PRIOR_ROWS) / (it->predicted + PRIOR_ROWS);
	prior = NEAR_PRIOR * fmax(0, 1 - it->lately / HUB_PAGE_ROWS);
	near = (it->lately + prior * far) / fmax(it->guessed + prior, 1e-9);
	reach = HUB_PAGE_ROWS * fmax(NEAR_MIN, fmin(NEAR_MAX, NEAR_BY_MISS / p->miss));

	f.density[0] = near;
	f.density[1] = far;
	f.density[2] = 1;
	f.by_curve[0] = fmin(all, reach / near);
	f.by_curve[1] = fmin(all - f.by_curve[0], it->predicted);
	f.by_curve[2] = all - f.by_curve[0] - f.by_curve[1];
	return f;
}

static int is_dense(const struct pool_item *it)
{
	return it->lately > ABRUPT * it->guessed;
}

/* Does it end soon, by the density of the lump that it lies in? */
static int is_bounded(const struct pool_item *it)
{
	return it->per_length * curve_length(it->window.left) <= NEAR_MAX * HUB_PAGE_ROWS;
}

static void count(struct pool *p, const struct pool_item *it, int sign)
{
	p->left[it->window.kind] += sign * it->left;
	p->need += sign * it->need;
}

/* Predict anew what is left of a window. */
static void predict(struct pool *p, struct pool_item *it)
{
	struct profile f = profile(p, it);

	count(p, it, -1);
	it->left = 0;
	for (int i = 0; i < 3; i++)
		it->left += f.by_curve[i] * f.density[i];
	/* A lump may be anywhere and end any time, so the curve says nothing about its rows; ids do, but not far. */
	if (it->per_length > 0)
		it->left = is_bounded(it) ? it->per_length * curve_length(it->window.left)
					  : fmax(it->left, NEAR_MAX * HUB_PAGE_ROWS);
	it->need = fmax(1, it->left / HUB_PAGE_ROWS + it->waste);
	count(p, it, 1);
}

/* The share of what the curve expects of a window in which its first `rows` rows lie. */
static double share_of(const struct pool *p, const struct pool_item *it, double rows)
{
	struct profile f = profile(p, it);
	double at = 0, all = f.by_curve[0] + f.by_curve[1] + f.by_curve[2];

	for (int i = 0; i < 3 && rows > 0; i++) {
		double here = fmin(f.by_curve[i], rows / f.density[i]);

		at += here;
		rows -= here * f.density[i];
	}
	return all > 0 ? at / all : 1;
}

/* Where the total of a kind is known, the windows' predictions have to add up to what is missing of it; the better
 * they can know it, the less. */
double pool_work(const struct pool *p)
{
	double work = p->need;

	for (int k = 0; k < NKINDS; k++) {
		double missing = p->whole[k] - p->seen[k], off = LEFT_OFF * p->left[k],
		       total_off = TOTAL_OFF * p->whole[k];

		if (p->scale_known[k] && off > 0)
			work += (missing - p->left[k]) / HUB_PAGE_ROWS * off * off /
				(off * off + total_off * total_off);
	}
	return work < p->nwindows ? p->nwindows : work;
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

/* A part of `like`, so many pages behind its near end: what was seen of that holds for this one too. But not of a lump,
 * if it would reach far. */
static void inherit(struct pool_item *it, const struct pool_item *like, double pages)
{
	it->waste = like->waste;
	it->per_length = like->per_length;
	if (is_dense(like) && (it->per_length <= 0 || !is_bounded(it))) {
		it->per_length = 0;
		return;
	}
	it->seen = like->seen;
	it->predicted = like->predicted;
	it->lately = like->lately;
	it->guessed = like->guessed;
	it->away = like->away + pages;
}

static struct pool_item *add(struct pool *p, const struct window *w, const struct pool_item *like, double pages)
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
	*it = (struct pool_item){ .id = (uint64_t)++p->serial << 32 | i, .window = *w, .rank = -1, .waste = 0.5 };
	if (like)
		inherit(it, like, pages);
	p->nwindows++;
	p->nwaiting++;
	predict(p, it);
	return it;
}

struct pool_item *pool_add(struct pool *p, const struct window *w)
{
	struct pool_item *it = add(p, w, NULL, 0);

	if (it)
		p->whole[w->kind] += it->left;
	return it;
}

void pool_remove(struct pool *p, struct pool_item *it)
{
	count(p, it, -1);
	p->nwindows--;
	p->nwaiting -= it->rank < 0;
	p->ncut -= it->is_cut;
	free(it->next);
	*it = (struct pool_item){ .id = 0 };
}

struct pool_item *pool_next(struct pool *p)
{
	struct pool_item *best = NULL;

	for (uint32_t i = 0; i < p->nitem; i++)
		if (p->item[i].id && p->item[i].rank < 0 && (!best || p->item[i].left > best->left))
			best = p->item + i;
	return best;
}

int pool_set_next(struct pool *p, uint64_t id, const char *next)
{
	struct pool_item *it = pool_find(p, id);
	char *copy = it ? strdup(next) : NULL;

	if (!copy)
		return it ? -1 : 0;
	free(it->next);
	it->next = copy;
	return 0;
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

struct cut {
	struct oid at;
	double waste; /* what the near part is expected to lose by its end, in pages */
};

/* Pages that the near part of a cut keeps: half of them, rounded up, less a margin. If errors are distributed like
 * exp(-x / miss), that margin is best for which exp(-x / miss) / 2, the risk of one page more, is `miss`. 0: cutting is
 * not worth it. */
static double near_pages(const struct pool *p, const struct pool_item *it, struct cut *c)
{
	double rows = it->left, half = ceil(ceil(rows / HUB_PAGE_ROWS) / 2);
	double miss = fmax(p->miss, 0.05) * sqrt(half) * (1 + it->away / AWAY_PAGES), margin;

	if (rows < (1 + p->miss) * HUB_PAGE_ROWS + LEAST_ROWS)
		return 0;
	miss = fmin(miss, 0.5);
	margin = fmax(LEAST_MARGIN, miss * log(0.5 / miss));
	c->waste = margin + miss;
	return half - margin;
}

/* Rows of a window that will be done about when the others are. At the very end only one that is done in time. */
static double spared(double rounds)
{
	return (rounds + (rounds > 2 ? 1 : 0.3)) * HUB_PAGE_ROWS;
}

/* Where the rows lie far more densely than the curve knows (a lump, a Hub that was filled in one go): by ids, but not
 * farther than a few times the stretch that its holder has done. */
static struct oid place_in_lump(const struct pool_item *it, double rows)
{
	const struct window *w = &it->window;
	struct oid near = near_end(w), end = far_end(w), known = near;
	double length;

	for (int i = 0; i < LUMP_DOUBLINGS && it->rows > it->first; i++)
		known = curve_beyond(it->began, known);
	if (window_has(w, known) && oid_cmp(known, near))
		end = known;
	length = curve_length(w->order == HUB_ASC ? (struct span){ near, end } : (struct span){ end, near });
	return rows >= it->per_length * length ? end : curve_along(near, end, rows / (it->per_length * length));
}

/* Where to cut. Returns 0 if it is not worth it. */
static int place_cut(const struct pool *p, const struct pool_item *it, const struct pool_terms *t, struct cut *c)
{
	double rows = near_pages(p, it, c) * HUB_PAGE_ROWS;

	if (rows <= 0 || c->waste > t->afford || it->left <= spared(t->rounds))
		return 0;
	c->at = it->per_length > 0 ? place_in_lump(it, rows) : window_place(&it->window, share_of(p, it, rows));
	return 1;
}

int pool_cut_waiting(struct pool *p, struct pool_terms *t)
{
	struct pool_item *it = most_left(p, 1), parent;
	struct window far;
	struct cut c = { .waste = 0 };

	if (!it || !place_cut(p, it, t, &c) || !window_cut(&it->window, c.at, &far))
		return 0;
	t->afford -= CUT_CARE * c.waste;
	parent = *it;
	it->waste = c.waste;
	predict(p, it);
	return add(p, &far, &parent, it->left / HUB_PAGE_ROWS) ? 1 : -1;
}

struct pool_item *pool_cut_held(struct pool *p, struct pool_terms *t, struct oid *bound)
{
	struct pool_item *it = most_left(p, 0);
	struct window near, far;
	struct cut c = { .waste = 0 };

	if (!it || !place_cut(p, it, t, &c))
		return NULL;
	near = it->window;
	if (!window_cut(&near, c.at, &far))
		return NULL;
	t->afford -= CUT_CARE * c.waste;
	*bound = c.at;
	it->is_cut = 1;
	it->cut_waste = c.waste;
	it->shrinks++;
	it->far = far_end(&it->window);
	p->ncut++;
	return it;
}

/* A page has come: how well was it predicted? Not a window's first, of which only the curve knew. */
static void judge(struct pool *p, const struct pool_item *it, double rows, double guess)
{
	double miss = fabs(rows - guess * profile(p, it).density[0]) / rows;

	if (it->rows == 0 || rows < HUB_PAGE_ROWS / 2.0)
		return;
	/* One that jumps a step of the growth says little about the others. */
	miss = fmin(miss, p->njudged < 5 ? 1 : 2 * p->miss + 0.01);
	p->miss += fmax(MISS_SHARE, 1.0 / ++p->njudged) * (miss - p->miss);
}

static void find_lump(struct pool_item *it)
{
	struct oid at = near_end(&it->window);
	struct span done =
		it->window.order == HUB_ASC ? (struct span){ it->began, at } : (struct span){ at, it->began };
	double length = curve_length(done);

	if (it->rows == it->first)
		return;
	it->per_length = is_dense(it) && length > 0 ? (double)(it->rows - it->first) / length : 0;
}

void pool_progress(struct pool *p, struct pool_item *it, struct span left, int64_t rows)
{
	enum kind k = it->window.kind;
	double more = (double)(rows - it->rows), stretch, guess, keep;

	/* A chain that had to begin anew. */
	if (oid_cmp(left.lo, it->window.left.lo) < 0)
		it->window.left.lo = OID_MIN;
	/* What was predicted for the stretch that is done now. */
	stretch = it->window.order == HUB_ASC ? curve_span(k, (struct span){ it->window.left.lo, left.lo })
					      : curve_span(k, (struct span){ left.hi, it->window.left.hi });
	guess = stretch * scale_of(p, k);
	judge(p, it, more, guess);
	/* After a change as abrupt as a lump's edge, what was before says nothing. */
	keep = more > ABRUPT * guess * profile(p, it).density[0] ? 0 : 1 / (1 + FORGET * more / HUB_PAGE_ROWS);
	it->away = more > 0 ? 0 : it->away;
	it->lately = it->lately * keep + more;
	it->guessed = it->guessed * keep + guess;
	it->predicted += guess;
	it->seen += more;
	p->predicted[k] += stretch;
	p->seen[k] += more;
	it->window.left = left;
	if (it->rows == 0 && rows > 0) {
		it->began = near_end(&it->window);
		it->first = rows;
	}
	it->rows = rows;
	find_lump(it);
	predict(p, it);
}

int pool_settle(struct pool *p, uint64_t id, int answered)
{
	struct pool_item *it = pool_find(p, id);
	struct pool_item parent = *it;
	struct window far = it->window;

	it->is_cut = 0;
	p->ncut--;
	if (!answered)
		return 0;
	it->waste = it->cut_waste;
	predict(p, it);
	far.left = it->window.order == HUB_ASC ? (struct span){ it->window.left.hi, it->far }
					       : (struct span){ it->far, it->window.left.lo };
	return window_is_done(&far) || add(p, &far, &parent, it->left / HUB_PAGE_ROWS) ? 0 : -1;
}
