// SPDX-License-Identifier: Apache-2.0
#include "reduce/crawls.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/wire.h"

static int add(struct crawls *c, struct seal s)
{
	if (c->n == c->cap) {
		uint64_t cap = c->cap ? 2 * c->cap : 64;
		struct seal *x = realloc(c->seal, (size_t)cap * sizeof *x);

		if (!x)
			return -1;
		c->seal = x;
		c->cap = cap;
	}
	c->seal[c->n++] = s;
	return 0;
}

int crawls_note(struct crawls *c, struct seal s, const int64_t counter[NCOUNTERS])
{
	if (add(c, s))
		return -1;
	c->nshards++;
	for (int i = 0; i < NCOUNTERS; i++)
		c->counter[i] = wire_add(c->counter[i], counter[i] > 0 ? counter[i] : 0);
	return 0;
}

int crawls_note_sample(struct crawls *c, struct seal s, const int64_t counter[NCOUNTERS])
{
	if (add(c, s))
		return -1;
	for (int i = 0; i < NCOUNTERS; i++)
		if (counter_is_of_requests(i))
			c->counter[i] = wire_add(c->counter[i], counter[i] > 0 ? counter[i] : 0);
	return 0;
}

static int session_order(const void *a, const void *b)
{
	const struct seal *x = a, *y = b;

	if (x->session != y->session)
		return x->session < y->session ? -1 : 1;
	return (x->sealed_at > y->sealed_at) - (x->sealed_at < y->sealed_at);
}

static int rank_order(const void *a, const void *b)
{
	const struct seal *x = a, *y = b;

	return (x->rank > y->rank) - (x->rank < y->rank);
}

/* Sessions, how long they took, and distinct ranks, of all shards; on rank 0. */
static void count(struct crawls *c, struct seal *x, uint64_t n)
{
	if (n)
		qsort(x, (size_t)n, sizeof *x, session_order);
	for (uint64_t i = 0; i < n; i++) {
		if (i + 1 < n && x[i + 1].session == x[i].session)
			continue;
		c->nsessions++;
		if (x[i].sealed_at > x[i].session && x[i].session > 0)
			c->wall_ms += x[i].sealed_at - x[i].session;
	}
	if (n)
		qsort(x, (size_t)n, sizeof *x, rank_order);
	for (uint64_t i = 0; i < n; i++)
		c->nranks += i == 0 || x[i].rank != x[i - 1].rank;
}

int crawls_merge(struct crawls *c, MPI_Comm comm, int rc, struct err *e)
{
	struct parcel all = { 0 };

	rc = wire_gather(comm, rc, c->seal, c->n, sizeof *c->seal, &all, e);
	crawls_release(c);
	if (rc)
		return rc;
	count(c, all.data, all.total);
	parcel_release(&all);
	agree_bcast(comm, &c->nsessions, sizeof c->nsessions);
	agree_bcast(comm, &c->nranks, sizeof c->nranks);
	agree_bcast(comm, &c->wall_ms, sizeof c->wall_ms);
	wire_sum(comm, c->counter, NCOUNTERS);
	wire_sum(comm, &c->nshards, 1);
	return E_OK;
}

void crawls_release(struct crawls *c)
{
	free(c->seal);
	c->seal = NULL;
	c->n = c->cap = 0;
}
