/* SPDX-License-Identifier: Apache-2.0 */
/* Edges by arithmetic: who points at what, computable from either end without keeping an edge.
 *
 * A spread gives n places to t targets in one run each; a lane is a spread behind a bijection of the places; a band is
 * a row of lanes with the same people, each lane with targets of its own. So a person of a band points at exactly one
 * target of each of its lanes, never twice at the same, and the people that point at a target are the run of its
 * places. Wide bands with one lane make the many who point at little, narrow bands with thousands of lanes the few who
 * point at much. */
#ifndef HUB_LAYER_H
#define HUB_LAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "mix.h"

/* 1 <= t <= n. Every target has a place. The k-th has about n/sqrt(t) * (sqrt(k+1)-sqrt(k)) of them, so the share of
 * targets with more than d places falls with d^-2. */
struct spread {
	uint64_t n, t;
};

uint64_t spread_from(const struct spread *s, uint64_t k);   /* first place of target k <= t; of t: n */
uint64_t spread_of(const struct spread *s, uint64_t place); /* target of a place < n */

enum { LAYER_BANDS = 6 };

struct band_spec {
	double share;   /* of all people */
	uint64_t lanes; /* at most */
	double mean;    /* people per target */
};

/* People are ranks 0 … pool-1: lower ranks are in more bands. */
struct band {
	uint64_t pool;
	uint64_t first, count; /* targets */
	uint64_t width;        /* targets per lane; the last lane may have fewer */
	uint64_t lanes;
};

struct layer {
	struct band band[LAYER_BANDS];
	int nband;
	uint64_t seed;
};

/* Targets are first … end-1.
 *   cover  the last band takes all targets that are left; else it takes what its lanes hold */
void layer_init(struct layer *l, uint64_t seed, uint64_t people, uint64_t first, uint64_t end,
		const struct band_spec *spec, int nspec, bool cover);

struct lane {
	struct perm perm;
	struct spread spread;
	uint64_t first;
};

void lane_open(struct lane *a, const struct layer *l, int band, uint64_t number);

/* What rank points at in this lane; rank < the band's pool. */
uint64_t lane_target(const struct lane *a, uint64_t rank);

/* The band of a target, or -1: nobody points at it. */
int layer_band(const struct layer *l, uint64_t target);

/* Number of targets that rank points at. */
uint64_t layer_degree(const struct layer *l, uint64_t rank);

#endif
