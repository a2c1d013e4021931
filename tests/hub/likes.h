/* SPDX-License-Identifier: Apache-2.0 */
/* Who likes what, for one kind of repository.
 *
 * A repository has as many likers as its row says, so the likes of all repositories, most liked ones first, stand in
 * one line. The line is cut into a few bands at the edges of repositories; in a band place p belongs to the person
 * order[p mod pool], and no repository of the band has more likes than its pool: so nobody likes a repository twice.
 * The few people of a narrow pool get a like in every lap. */
#ifndef HUB_LIKES_H
#define HUB_LIKES_H

#include <stdbool.h>
#include <stdint.h>

#include "mix.h"
#include "synth.h"

enum { LIKES_BANDS = 4 };

/* Ranks that have the same number of likes. */
struct likes_run {
	uint64_t rank, place; /* of the first one */
	uint64_t value;
};

struct likes {
	const struct synth *synth;
	enum kind kind;
	struct likes_run *run; /* the last one has no likes and no end */
	uint64_t nrun, total;
	struct {
		uint64_t from, end; /* places */
		struct perm order;  /* of the pool */
	} band[LIKES_BANDS];
	int nband;
};

/* people: ranks 0 … people-1; pool 0: bands of different width, else one band of that many. */
void likes_init(struct likes *l, const struct synth *s, enum kind kind, uint64_t people, uint64_t pool);
void likes_release(struct likes *l);

/* A repository's likers: n people, the k-th one's rank. */
struct liked {
	const struct likes *likes;
	uint64_t place, n;
	int band;
};
void likes_open(const struct likes *l, uint64_t row, struct liked *d);
uint64_t liked_at(const struct liked *d, uint64_t k);

/* What a rank likes: call with *state = 0, then again until it returns false. */
bool likes_next(const struct likes *l, uint64_t rank, uint64_t *state, uint64_t *row);

#endif
