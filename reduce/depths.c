// SPDX-License-Identifier: Apache-2.0
#include "reduce/depths.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/ask.h"
#include "reduce/cycles.h"
#include "reduce/wire.h"

static int no_memory(struct err *e)
{
	return err_set(e, E_NOMEM, "out of memory for lineage");
}

void depths_release(struct depths *d)
{
	free(d->count);
	memset(d, 0, sizeof *d);
}

/* The edges of nodes from which a way up goes on and on: every cycle is among them, and all that is rootless. */
static struct link *list_links(const struct graph *g, const struct reach *r, uint32_t first, uint64_t *n)
{
	struct link *x;

	*n = 0;
	for (uint64_t i = 0; i < g->n; i++)
		*n += sets_size(&r->jump, i) ? sets_size(&g->base, i) : 0;
	x = malloc((size_t)(*n + 1) * sizeof *x);
	*n = 0;
	for (uint64_t i = 0; i < g->n && x; i++) {
		uint64_t m;
		const uint32_t *up = sets_get(&g->base, i, &m);

		for (uint64_t j = 0; j < m && sets_size(&r->jump, i); j++)
			x[(*n)++] = (struct link){ first + (uint32_t)i, up[j], r->depth[i] == REACH_NONE };
	}
	return x;
}

/* A rootless node and how far it is from a cut. */
struct told {
	uint32_t node, depth;
};

/* From rank 0 to the owners. */
static int send_depths(const struct graph *g, int rc, const struct cycles *c, uint32_t *depth, uint32_t first,
		       struct err *e)
{
	struct parcel out, in = { 0 };
	int nranks, rc2 = parcel_init(&out, g->comm, sizeof(struct told), e);
	struct told *x = malloc((size_t)(c->nrootless + 1) * sizeof *x);

	MPI_Comm_size(g->comm, &nranks);
	if (!rc && (rc2 || !x))
		rc = no_memory(e);
	for (uint64_t i = 0; i < c->nrootless && !rc; i++) {
		x[i] = (struct told){ c->node[i], c->depth[i] };
		out.n[ask_owner(g->first, nranks, c->node[i])]++;
	}
	out.data = x;
	out.total = c->nrootless;
	rc = wire_exchange(g->comm, rc, &out, &in, e);
	for (uint64_t i = 0; i < in.total && !rc; i++) {
		const struct told *t = (const struct told *)in.data + i;

		depth[t->node - first] = t->depth;
	}
	parcel_release(&out);
	parcel_release(&in);
	return rc;
}

/* Rank 0 finds the cycles: what is left on the Hub is a few hundred edges, and never more than there are. */
static int cut_cycles(struct depths *d, const struct graph *g, int rc, struct reach *r, struct err *e)
{
	struct cycles c = { 0 };
	struct parcel all = { 0 };
	struct link *x = NULL;
	uint64_t n = 0;
	int64_t count[2] = { 0 };
	int me;

	MPI_Comm_rank(g->comm, &me);
	if (!rc && !(x = list_links(g, r, (uint32_t)g->first[me], &n)))
		rc = no_memory(e);
	rc = wire_gather(g->comm, rc, x, n, sizeof *x, &all, e);
	free(x);
	if (!rc && cycles_find(&c, all.data, all.total))
		rc = no_memory(e);
	parcel_release(&all);
	rc = send_depths(g, rc, &c, r->depth, (uint32_t)g->first[me], e);
	if (!rc) {
		count[0] = (int64_t)c.ncycle;
		count[1] = (int64_t)c.nnode;
		wire_sum(g->comm, count, 2);
		d->ncycle = count[0];
		d->nnode = count[1];
	}
	cycles_release(&c);
	return rc;
}

static int count_depths(struct depths *d, const struct nodes *x, const uint32_t *depth, struct err *e)
{
	uint64_t most = 0;

	for (uint64_t i = 0; i < x->n; i++)
		if (x->row[i] && depth[i] + 1 > most)
			most = (uint64_t)depth[i] + 1;
	d->n = wire_max(x->comm, most);
	d->count = calloc((size_t)d->n + 1, sizeof *d->count);
	for (uint64_t i = 0; i < x->n && d->count; i++)
		if (x->row[i])
			d->count[depth[i]]++;
	return d->count ? E_OK : no_memory(e);
}

int depths_build(struct depths *d, const struct kin *k, const struct nodes *x, int rc, uint64_t limit, struct err *e)
{
	struct reach r;
	int full;

	memset(d, 0, sizeof *d);
	rc = reach_find(&r, &k->g, rc, NULL, 0, 0, limit, &full, e);
	d->rounds = r.rounds;
	rc = cut_cycles(d, &k->g, rc, &r, e);
	if (!rc)
		rc = count_depths(d, x, r.depth, e);
	reach_release(&r);
	if (!(rc = err_agree(x->comm, rc, e)))
		wire_sum(x->comm, d->count, d->n);
	return rc;
}
