// SPDX-License-Identifier: Apache-2.0
#include "reduce/reach.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/ask.h"
#include "reduce/wire.h"

static int no_memory(struct err *e)
{
	return err_set(e, E_NOMEM, "out of memory for a graph");
}

void reach_release(struct reach *r)
{
	sets_release(&r->label);
	sets_release(&r->jump);
	free(r->depth);
	memset(r, 0, sizeof *r);
}

/* The items of all sets, each once. NULL when memory is short. */
static uint32_t *distinct(const struct sets *s, uint64_t *n)
{
	uint32_t *x = malloc((size_t)(sets_total(s) + 1) * sizeof *x);

	*n = sets_total(s);
	if (!x)
		return NULL;
	if (*n)
		memcpy(x, s->item, (size_t)*n * sizeof *x);
	*n = sets_sort(x, *n);
	return x;
}

/* What is known of the nodes upstream that this rank has asked for. */
struct above {
	uint32_t *node; /* ascending */
	uint64_t n;
	struct ask ask;
	uint32_t *depth;
	struct sets label, jump;
};

static void above_release(struct above *a)
{
	free(a->node);
	free(a->depth);
	ask_release(&a->ask);
	sets_release(&a->label);
	sets_release(&a->jump);
}

/* What a child has to know of its base at the start. */
struct base {
	uint32_t label, is_root;
};

static int ask_bases(struct above *a, const struct graph *g, int rc, const uint32_t *label, struct base **base,
		     struct err *e)
{
	struct base *own = malloc((size_t)(g->n + 1) * sizeof *own);
	void *got = NULL;

	memset(a, 0, sizeof *a);
	if (!rc && (!own || !(a->node = distinct(&g->base, &a->n))))
		rc = no_memory(e);
	for (uint64_t i = 0; i < g->n && !rc; i++)
		own[i] = (struct base){ label ? label[i] : REACH_NONE, sets_size(&g->base, i) == 0 };
	rc = ask_begin(&a->ask, g->comm, rc, g->first, a->node, a->n, e);
	rc = ask_values(&a->ask, rc, own, sizeof *own, &got, e);
	free(own);
	*base = got;
	return rc;
}

/* c = s = 1. */
static int begin(struct reach *r, const struct graph *g, const struct above *a, const struct base *base, uint32_t lo,
		 uint32_t hi)
{
	r->depth = malloc((size_t)(g->n + 1) * sizeof *r->depth);
	if (!r->depth || sets_init(&r->label, g->n) || sets_init(&r->jump, g->n))
		return -1;
	for (uint64_t i = 0; i < g->n; i++) {
		uint64_t n;
		const uint32_t *up = sets_get(&g->base, i, &n);

		r->depth[i] = n == 0 ? 0 : REACH_NONE;
		for (uint64_t j = 0; j < n; j++) {
			const struct base *b = &base[sets_find(a->node, a->n, up[j])];

			if (b->label != REACH_NONE && b->label >= lo && b->label < hi &&
			    sets_put(&r->label, &b->label, 1))
				return -1;
			if (b->is_root)
				r->depth[i] = 1;
			else if (sets_put(&r->jump, &up[j], 1))
				return -1;
		}
		sets_end(&r->label);
		sets_end(&r->jump);
	}
	return 0;
}

static int ask_above(struct above *a, const struct reach *r, const struct graph *g, int rc, struct err *e)
{
	void *depth = NULL;

	memset(a, 0, sizeof *a);
	if (!rc && !(a->node = distinct(&r->jump, &a->n)))
		rc = no_memory(e);
	rc = ask_begin(&a->ask, g->comm, rc, g->first, a->node, a->n, e);
	rc = ask_values(&a->ask, rc, r->depth, sizeof *r->depth, &depth, e);
	a->depth = depth;
	rc = ask_sets(&a->ask, rc, &r->label, &a->label, e);
	if (r->doubled)
		rc = ask_sets(&a->ask, rc, &r->jump, &a->jump, e);
	return rc;
}

/* One round's result; `changed`, `wide` (J is too large) and `full` (F is) are for all ranks to know. */
struct next {
	struct sets label, jump;
	uint64_t flag[3];
};

enum { CHANGED, WIDE, FULL };

/* F and d of node i, one step of s further. */
static int widen(struct next *x, struct reach *r, const struct above *a, uint64_t i, uint32_t step)
{
	uint64_t n, nlabel;
	const uint32_t *up = sets_get(&r->jump, i, &n), *label = sets_get(&r->label, i, &nlabel);
	int rc = sets_put(&x->label, label, nlabel);

	for (uint64_t j = 0; j < n && !rc; j++) {
		uint64_t at = sets_find(a->node, a->n, up[j]), m;
		const uint32_t *more = sets_get(&a->label, at, &m);

		rc = sets_put(&x->label, more, m);
		if (a->depth[at] != REACH_NONE && a->depth[at] + step < r->depth[i]) {
			r->depth[i] = a->depth[at] + step;
			x->flag[CHANGED] = 1;
		}
	}
	sets_end(&x->label);
	if (!rc && sets_size(&x->label, i) != nlabel)
		x->flag[CHANGED] = 1;
	return rc;
}

static int jump_on(struct next *x, const struct reach *r, const struct above *a, uint64_t i)
{
	uint64_t n, m;
	const uint32_t *up = sets_get(&r->jump, i, &n);
	int rc = 0;

	for (uint64_t j = 0; j < n && !rc; j++) {
		const uint32_t *more = sets_get(&a->jump, sets_find(a->node, a->n, up[j]), &m);

		rc = sets_put(&x->jump, more, m);
	}
	sets_end(&x->jump);
	return rc;
}

static int advance(struct next *x, struct reach *r, const struct above *a, uint64_t n, uint32_t step, uint64_t limit)
{
	/* Depths are changed in place: those of others came before. */
	if (sets_init(&x->label, n) || sets_init(&x->jump, n))
		return -1;
	for (uint64_t i = 0; i < n && !x->flag[FULL]; i++) {
		if (widen(x, r, a, i, step))
			return -1;
		x->flag[FULL] = sets_total(&x->label) > limit;
	}
	x->flag[WIDE] = !r->doubled;
	for (uint64_t i = 0; i < n && !x->flag[WIDE]; i++) {
		if (jump_on(x, r, a, i))
			return -1;
		x->flag[WIDE] = sets_total(&x->jump) > limit;
	}
	return 0;
}

/* Take over what all ranks agree on. */
static void accept(struct reach *r, struct next *x)
{
	sets_release(&r->label);
	r->label = x->label;
	if (x->flag[WIDE])
		sets_release(&x->jump);
	else {
		sets_release(&r->jump);
		r->jump = x->jump;
	}
	r->doubled = !x->flag[WIDE];
}

static int one_round(struct reach *r, const struct graph *g, int rc, uint32_t *step, uint64_t limit, uint64_t flag[3],
		     struct err *e)
{
	struct above a;
	struct next x = { .flag = { 0 } };

	rc = ask_above(&a, r, g, rc, e);
	if (!rc && advance(&x, r, &a, g->n, *step, limit))
		rc = no_memory(e);
	above_release(&a);
	if ((rc = err_agree(g->comm, rc, e))) {
		sets_release(&x.label);
		sets_release(&x.jump);
		return rc;
	}
	MPI_Allreduce(MPI_IN_PLACE, x.flag, 3, MPI_UINT64_T, MPI_MAX, g->comm);
	accept(r, &x);
	*step *= r->doubled ? 2 : 1;
	r->rounds++;
	memcpy(flag, x.flag, sizeof x.flag);
	return E_OK;
}

int(reach_find)(struct reach *r, const struct graph *g, int rc, const uint32_t *label, uint32_t lo, uint32_t hi,
		uint64_t limit, int *full, struct err *e)
{
	struct above a;
	struct base *base;
	uint64_t flag[3] = { 1, 0, 0 };
	uint32_t step = 1;

	memset(r, 0, sizeof *r);
	*full = 0;
	rc = ask_bases(&a, g, rc, label, &base, e);
	if (!rc && begin(r, g, &a, base, lo, hi))
		rc = no_memory(e);
	free(base);
	above_release(&a);
	if ((rc = err_agree(g->comm, rc, e)))
		return rc;
	r->doubled = 1;
	flag[FULL] = wire_max(g->comm, sets_total(&r->label) > limit);
	while (!rc && !flag[FULL] && flag[CHANGED] && wire_max(g->comm, sets_total(&r->jump)))
		rc = one_round(r, g, rc, &step, limit, flag, e);
	if (!rc && flag[FULL]) {
		*full = 1;
		reach_release(r);
	}
	return rc;
}

int(reach_passes)(const struct graph *g, int rc, const uint32_t *label, uint32_t lo, uint32_t hi, uint64_t limit,
		  reach_take *take, void *arg, int *rounds, struct err *e)
{
	struct reach r;
	int full = 0;

	if (lo >= hi)
		return err_agree(g->comm, rc, e);
	/* The pass of a single label has at most one item per node. */
	limit = limit > g->n || hi - lo > 1 ? limit : g->n;
	rc = reach_find(&r, g, rc, label, lo, hi, limit, &full, e);
	*rounds += r.rounds;
	if (!rc && !full && take(arg, &r.label, lo, hi))
		rc = no_memory(e);
	reach_release(&r);
	rc = err_agree(g->comm, rc, e);
	if (!rc && full) {
		uint32_t mid = lo + (hi - lo) / 2;

		rc = reach_passes(g, rc, label, lo, mid, limit, take, arg, rounds, e);
		rc = reach_passes(g, rc, label, mid, hi, limit, take, arg, rounds, e);
	}
	return rc;
}
