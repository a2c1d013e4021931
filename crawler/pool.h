// SPDX-License-Identifier: Apache-2.0
/* The windows of a crawl, waiting or being crawled: how much is left of each by prediction, and where to cut. Pure; the
 * coordinator's.
 *
 * What is predicted: the growth curve, scaled by the kind's total (or by what has been seen of the kind), times the
 * window's own density so far. */
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
	double density;         /* inherited: rows by predicted rows */
	double seen, predicted; /* rows seen, and predicted for the same stretch */
	struct oid began;       /* where its first rows ended */
	double left;            /* predicted rows left */
	uint32_t shrinks;       /* asked for */
	int is_cut;             /* the holder has not answered the last one */
	struct oid far;         /* far end before that */
	int64_t handed_ms;
};

struct pool {
	struct pool_item *item; /* moves when a window is added: ids last, pointers do not */
	uint32_t nitem, cap, serial;
	int nwindows, nwaiting, ncut;
	double work; /* requests still to be made, predicted */
	double scale[NKINDS];
	int scale_known[NKINDS];
	double seen[NKINDS], predicted[NKINDS]; /* rows seen, and by the curve alone */
};

/* scale: rows of a kind by rows of the curve; not known: a guess that what is seen corrects. */
void pool_init(struct pool *p, const double scale[NKINDS], const int scale_known[NKINDS]);
void pool_release(struct pool *p);

/* A window that waits. NULL when memory is short. Moves the items. */
struct pool_item *pool_add(struct pool *p, const struct window *w, double density);
struct pool_item *pool_find(struct pool *p, uint64_t id);
void pool_remove(struct pool *p, struct pool_item *it);

/* The largest of those that wait, or NULL. */
struct pool_item *pool_next(struct pool *p);

/* It waits no more, or again. */
void pool_hand(struct pool *p, struct pool_item *it, int rank, int64_t now);
void pool_take_back(struct pool *p, struct pool_item *it);

/* Cut the largest that waits in two. 1; 0 if none is worth it; -1 when memory is short. */
int pool_cut_waiting(struct pool *p);

/* The largest that is held and can be cut: its holder is to shrink it to *bound. NULL if none is worth it. */
struct pool_item *pool_cut_held(struct pool *p, struct oid *bound);

/* The holder is this far: `left`, after `rows` rows in all. Returns 0. */
void pool_progress(struct pool *p, struct pool_item *it, struct span left, int64_t rows);

/* The holder has answered (or it was over before it could): what lies between its far end and the old one waits as a
 * window of its own. 0, or -1 when memory is short. Moves the items. */
int pool_settle(struct pool *p, uint64_t id, int answered);

#endif
