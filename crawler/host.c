// SPDX-License-Identifier: Apache-2.0
#include "crawler/host.h"

#include <stdlib.h>
#include <string.h>

#include "crawler/retry.h"

int hosts_init(struct hosts *h, int nranks, int nslots, int nhosts, const int *of, struct budget *budget)
{
	int at = 0;

	*h = (struct hosts){ .n = of ? nhosts : 1 };
	h->at = calloc((size_t)h->n, sizeof *h->at);
	h->of = calloc((size_t)nranks, sizeof *h->of);
	h->ring = calloc((size_t)nranks, 2 * sizeof *h->ring);
	if (!h->at || !h->of || !h->ring)
		return -1;
	for (int r = 0; r < nranks; r++) {
		h->of[r] = of ? of[r] : 0;
		h->at[h->of[r]].nranks++;
	}
	for (int i = 0; i < h->n; i++) {
		struct host *x = h->at + i;

		x->budget = budget + i;
		x->rank = h->ring + at;
		x->hungry = h->ring + nranks + at;
		x->nfree = x->nranks * nslots;
		at += x->nranks;
		x->nranks = 0;
	}
	for (int r = 0; r < nranks; r++) {
		struct host *x = host_of(h, r);

		h->ring[(x->rank - h->ring) + x->nranks++] = r;
	}
	return 0;
}

void hosts_release(struct hosts *h)
{
	free(h->at);
	free(h->of);
	free(h->ring);
	memset(h, 0, sizeof *h);
}

struct host *host_of(const struct hosts *h, int rank)
{
	return h->at + h->of[rank];
}

void host_push(struct host *h, int rank)
{
	h->hungry[(h->first_hungry + h->nhungry++) % h->nranks] = rank;
}

int host_pop(struct host *h)
{
	int rank = h->hungry[h->first_hungry];

	h->first_hungry = (h->first_hungry + 1) % h->nranks;
	h->nhungry--;
	return rank;
}

double host_work(const struct hosts *h, const struct host *x, double work)
{
	double all = 0;

	if (h->n == 1)
		return work;
	for (int i = 0; i < h->n; i++)
		all += (double)h->at[i].budget->quota;
	return work * (double)x->budget->quota / all;
}

void host_excuse(struct host *h, int64_t good_ms, int64_t sent_ms, int64_t now)
{
	h->excused_until = retry_excused(h->excused_until, good_ms, sent_ms, now + budget_closed(h->budget, now));
}

int64_t hosts_excused(const struct hosts *h)
{
	int64_t until = h->at->excused_until;

	for (int i = 1; i < h->n; i++)
		until = h->at[i].excused_until < until ? h->at[i].excused_until : until;
	return until;
}

int64_t hosts_pending(const struct hosts *h)
{
	int64_t n = 0;

	for (int i = 0; i < h->n; i++)
		n += h->at[i].budget->pending;
	return n;
}
