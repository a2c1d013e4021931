// SPDX-License-Identifier: Apache-2.0
/* The windows of a crawl, waiting or being crawled: how much is left of each by prediction, and where to cut. Pure; the
 * coordinator's.
 *
 * What is predicted: the growth curve, scaled by the kind's total (or by what has been seen of the kind), times the
 * window's own density: of its last pages for the next few, of all of them beyond.
 *
 * A window's end costs the part of a page that reaches beyond it. So the near part of a cut gets whole pages, less a
 * margin that depends on how well pages have been predicted so far: then it rarely costs a request more. */
#ifndef CRAWLER_POOL_H
#define CRAWLER_POOL_H

#include "crawler/window.h"

struct pool_item {
	uint64_t id; /* serial << 32 | index; 0: unused */
	struct window window;
	int rank; /* -1: waits */
	int chain, rounds;
	char *next;             /* chain: where it goes on. Owned. */
	int64_t rows;           /* seen on its present rank */
	double seen, predicted; /* rows seen, and expected there; of the window that it was cut from, too */
	double lately, guessed; /* the same of the last pages */
	double away;            /* pages between its near end and what that was learned from */
	double per_length;      /* in a lump: rows by ids, else 0 */
	int64_t first;          /* rows of its first page */
	struct oid began;       /* where its first rows ended */
	double left, need;      /* predicted: rows left, requests for them */
	double waste;           /* part of a page that its far end will cost, expected */
	uint32_t shrinks;       /* asked for */
	int is_cut;             /* the holder has not answered the last one */
	struct oid far;         /* far end before that */
	double cut_waste;       /* its `waste` after it */
	int64_t handed_ms;
};

struct pool {
	struct pool_item *item; /* moves when a window is added: ids last, pointers do not */
	uint32_t nitem, cap, serial;
	int nwindows, nwaiting, ncut;
	double need; /* sum over the windows */
	double miss; /* by which share of it a page was predicted wrongly, lately */
	int njudged; /* pages that say so */
	double scale[NKINDS];
	int scale_known[NKINDS];
	double seen[NKINDS], predicted[NKINDS]; /* rows seen, and by the curve alone */
	double left[NKINDS];                    /* sum over the windows */
	double whole[NKINDS];                   /* rows of all that was to be crawled, by the scale */
};

/* scale: rows of a kind by rows of the curve; not known: a guess that what is seen corrects. */
void pool_init(struct pool *p, const double scale[NKINDS], const int scale_known[NKINDS]);
void pool_release(struct pool *p);

/* Something to crawl: a window that waits. NULL when memory is short. Moves the items. */
struct pool_item *pool_add(struct pool *p, const struct window *w);
struct pool_item *pool_find(struct pool *p, uint64_t id);
void pool_remove(struct pool *p, struct pool_item *it);

/* The largest of those that wait, or NULL. */
struct pool_item *pool_next(struct pool *p);

/* Where a chain goes on, "" from the beginning. 0, or -1 when memory is short. */
int pool_set_next(struct pool *p, uint64_t id, const char *next);

/* It waits no more, or again. */
void pool_hand(struct pool *p, struct pool_item *it, int rank, int64_t now);
void pool_take_back(struct pool *p, struct pool_item *it);

/* Requests still to be answered, predicted: those under way and those not sent yet. */
double pool_work(const struct pool *p);

/* On what terms windows are cut. */
struct pool_terms {
	double afford; /* requests that cuts may cost; what they do is taken off */
	double rounds; /* pages that every slot will still crawl: a window of about so many is left alone */
};

/* Cut the largest that waits in two. 1; 0 if none is worth it; -1 when
 * memory is short. */
int pool_cut_waiting(struct pool *p, struct pool_terms *t);

/* The largest that is held and can be cut: its holder is to shrink it to *bound. NULL if none is worth it. */
struct pool_item *pool_cut_held(struct pool *p, struct pool_terms *t, struct oid *bound);

/* The holder is this far: `left`, after `rows` rows in all. Returns 0. */
void pool_progress(struct pool *p, struct pool_item *it, struct span left, int64_t rows);

/* The holder has answered (or it was over before it could): what lies between its far end and the old one waits as a
 * window of its own. 0, or -1 when memory is short. Moves the items. */
int pool_settle(struct pool *p, uint64_t id, int answered);

#endif
