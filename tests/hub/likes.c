/* SPDX-License-Identifier: Apache-2.0 */
#include "likes.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"

static uint64_t likes_of(const struct likes *l, uint64_t rank)
{
	uint64_t n = l->synth->opts.n[l->kind];
	return rank < n ? (uint64_t)synth_key(l->synth, l->kind, SORT_LIKES, rank) : 0;
}

/* First rank behind `rank` with another number of likes. */
static uint64_t run_end(const struct likes *l, uint64_t rank, uint64_t value)
{
	uint64_t lo = rank, hi = l->synth->opts.n[l->kind];
	while (hi - lo > 1) {
		uint64_t mid = lo + (hi - lo) / 2;
		if (likes_of(l, mid) < value)
			hi = mid;
		else
			lo = mid;
	}
	return hi;
}

static void runs_init(struct likes *l)
{
	uint64_t rank = 0, place = 0, cap = 0, value;
	do {
		if (l->nrun == cap) {
			cap = cap ? 2 * cap : 64;
			l->run = mem_grow(l->run, cap * sizeof *l->run);
		}
		value = likes_of(l, rank);
		l->run[l->nrun++] = (struct likes_run){ rank, place, value };
		if (value) {
			uint64_t end = run_end(l, rank, value);
			place += (end - rank) * value;
			rank = end;
		}
	} while (value);
	l->total = place;
}

static const struct likes_run *run_of_place(const struct likes *l, uint64_t place)
{
	uint64_t lo = 0, hi = l->nrun - 1;
	while (hi - lo > 1) {
		uint64_t mid = lo + (hi - lo) / 2;
		if (l->run[mid].place <= place)
			lo = mid;
		else
			hi = mid;
	}
	return &l->run[lo];
}

static const struct likes_run *run_of_rank(const struct likes *l, uint64_t rank)
{
	uint64_t lo = 0, hi = l->nrun;
	while (hi - lo > 1) {
		uint64_t mid = lo + (hi - lo) / 2;
		if (l->run[mid].rank <= rank)
			lo = mid;
		else
			hi = mid;
	}
	return &l->run[lo];
}

/* Where the repository at a place begins. */
static uint64_t edge(const struct likes *l, uint64_t place)
{
	if (place >= l->total)
		return l->total;
	const struct likes_run *r = run_of_place(l, place);
	return place - (place - r->place) % r->value;
}

static void band_add(struct likes *l, uint64_t end, uint64_t pool, uint64_t people)
{
	uint64_t from = l->nband ? l->band[l->nband - 1].end : 0;
	if (end <= from)
		return;
	uint64_t most = run_of_place(l, from)->value; /* the first of a band has the most */
	pool = pool > most ? pool : most;
	pool = pool < people ? pool : people;
	l->band[l->nband].from = from;
	l->band[l->nband].end = end;
	perm_init(&l->band[l->nband].order, pool,
		  mix_nth(l->synth->opts.seed, 500 + 10 * (uint64_t)l->kind + (uint64_t)l->nband));
	l->nband++;
}

void likes_init(struct likes *l, const struct synth *s, enum kind kind, uint64_t people, uint64_t pool)
{
	/* Part of the likes, and of the people who give them. */
	static const double part[LIKES_BANDS] = { 0.55, 0.78, 0.92, 1 };
	static const double share[LIKES_BANDS] = { 0.25, 0.03, 0.004, 0.0005 };
	memset(l, 0, sizeof *l);
	l->synth = s;
	l->kind = kind;
	runs_init(l);
	for (int b = 0; b < LIKES_BANDS && l->total > 0 && people > 0; b++)
		if (pool)
			band_add(l, b == 0 ? l->total : 0, pool, people);
		else
			band_add(l, b == LIKES_BANDS - 1 ? l->total : edge(l, (uint64_t)(part[b] * (double)l->total)),
				 (uint64_t)(share[b] * (double)people), people);
}

void likes_release(struct likes *l)
{
	free(l->run);
	memset(l, 0, sizeof *l);
}

void likes_open(const struct likes *l, uint64_t row, struct liked *d)
{
	uint64_t rank = synth_pos(l->synth, l->kind, SORT_LIKES, row);
	const struct likes_run *r = run_of_rank(l, rank);
	*d = (struct liked){ .likes = l };
	if (r->value == 0 || l->nband == 0)
		return;
	d->place = r->place + (rank - r->rank) * r->value;
	while (d->place >= l->band[d->band].end)
		d->band++;
	/* More likes than there are people: the others' accounts are gone. */
	uint64_t pool = l->band[d->band].order.n;
	d->n = r->value < pool ? r->value : pool;
}

uint64_t liked_at(const struct liked *d, uint64_t k)
{
	const struct perm *order = &d->likes->band[d->band].order;
	return perm_invert(order, (d->place - d->likes->band[d->band].from + k) % order->n);
}

/* The state counts bands and laps: band << 48 | lap. */
bool likes_next(const struct likes *l, uint64_t rank, uint64_t *state, uint64_t *row)
{
	for (;;) {
		uint64_t b = *state >> 48, lap = *state & 0xffffffffffffu;
		if (b >= (uint64_t)l->nband)
			return false;
		const struct perm *order = &l->band[b].order;
		uint64_t place = l->band[b].end;
		if (rank < order->n)
			place = l->band[b].from + perm_apply(order, rank) + lap * order->n;
		if (place >= l->band[b].end) {
			*state = (b + 1) << 48;
			continue;
		}
		++*state;
		const struct likes_run *r = run_of_place(l, place);
		if ((place - r->place) % r->value >= order->n)
			continue; /* a like too many, see likes_open() */
		*row = synth_at(l->synth, l->kind, SORT_LIKES, r->rank + (place - r->place) / r->value);
		return true;
	}
}
