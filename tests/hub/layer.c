/* SPDX-License-Identifier: Apache-2.0 */
#include "layer.h"

#include <math.h>
#include <string.h>

/* The square root is exact to the last bit everywhere (IEEE 754), so all machines agree. */
uint64_t spread_from(const struct spread *s, uint64_t k)
{
	return k + (uint64_t)((double)(s->n - s->t) * sqrt((double)k / (double)s->t));
}

/* spread_from() without its floor is k + c*sqrt(k): solve for sqrt(k), then mend what rounding did. */
uint64_t spread_of(const struct spread *s, uint64_t place)
{
	double c = (double)(s->n - s->t) / sqrt((double)s->t), p = (double)place;
	double root = 2 * p / (c + sqrt(c * c + 4 * p) + 1e-300);
	uint64_t k = (uint64_t)(root * root);
	if (k >= s->t)
		k = s->t - 1;
	while (k > 0 && spread_from(s, k) > place)
		k--;
	while (k + 1 < s->t && spread_from(s, k + 1) <= place)
		k++;
	return k;
}

static uint64_t clamp(double x, uint64_t lo, uint64_t hi)
{
	return x < (double)lo ? lo : x > (double)hi ? hi : (uint64_t)x;
}

/* A band that stands for fewer than three people is left out; another one gets a dozen, if there are, so that different
 * targets have different people. */
enum { POOL_FEW = 3, POOL_MIN = 12 };

void layer_init(struct layer *l, uint64_t seed, uint64_t people, uint64_t first, uint64_t end,
		const struct band_spec *spec, int nspec, bool cover)
{
	memset(l, 0, sizeof *l);
	l->seed = seed;
	for (int b = 0; b < nspec && first < end && people > 0; b++) {
		bool last = cover && b == nspec - 1;
		if (!last && b > 0 && spec[b].share * (double)people < POOL_FEW)
			continue;
		struct band *a = &l->band[l->nband++];
		uint64_t left = end - first;
		a->pool = clamp(spec[b].share * (double)people, people < POOL_MIN ? people : POOL_MIN, people);
		a->width = clamp((double)a->pool / spec[b].mean, 1, left < a->pool ? left : a->pool);
		a->lanes = spec[b].lanes < left / a->width ? spec[b].lanes : left / a->width;
		a->first = first;
		a->count = a->lanes * a->width;
		if (last) {
			a->count = left;
			a->lanes = (left + a->width - 1) / a->width;
		}
		first += a->count;
	}
}

void lane_open(struct lane *a, const struct layer *l, int band, uint64_t number)
{
	const struct band *b = &l->band[band];
	uint64_t before = number * b->width, left = b->count - before;
	perm_init(&a->perm, b->pool, mix_nth(mix_nth(l->seed, (uint64_t)band), number));
	a->spread = (struct spread){ b->pool, left < b->width ? left : b->width };
	a->first = b->first + before;
}

uint64_t lane_target(const struct lane *a, uint64_t rank)
{
	return a->first + spread_of(&a->spread, perm_apply(&a->perm, rank));
}

int layer_band(const struct layer *l, uint64_t target)
{
	for (int b = 0; b < l->nband; b++)
		if (target >= l->band[b].first && target - l->band[b].first < l->band[b].count)
			return b;
	return -1;
}

uint64_t layer_degree(const struct layer *l, uint64_t rank)
{
	uint64_t n = 0;
	for (int b = 0; b < l->nband; b++)
		n += rank < l->band[b].pool ? l->band[b].lanes : 0;
	return n;
}
