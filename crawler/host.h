// SPDX-License-Identifier: Apache-2.0
/* Ranks and the budget that they share: one per job, or one per host where the nodes of a cluster leave through
 * different addresses and the Hub counts each by itself. Pure; the coordinator's. */
#ifndef CRAWLER_HOST_H
#define CRAWLER_HOST_H

#include <stdint.h>

#include "crawler/budget.h"

/* The ranks of one budget. */
struct host {
	struct budget *budget; /* the caller's */
	int *rank;             /* of the job, ascending */
	int nranks;
	int *hungry; /* ranks that wait for tokens, a ring of nranks */
	int nhungry, first_hungry;
	int next_rank; /* place in rank[] that is looked at first for a free slot */
	int nfree;     /* slots without a window */
	int64_t told_wait_until;
	int64_t excused_until; /* by retry_excused() */
};

struct hosts {
	struct host *at;
	int n;
	int next;  /* whose turn it is */
	int *of;   /* per rank of the job, its place in `at` */
	int *ring; /* what rank and hungry point into */
};

/* Every rank to its host. `of` says which, 0 to nhosts - 1, each with one rank at least; NULL: all share one budget.
 *   budget  nhosts of them, or one; they live as long
 * Returns 0, or -1 when memory is short; hosts_release() is fine then too. */
int hosts_init(struct hosts *h, int nranks, int nslots, int nhosts, const int *of, struct budget *budget);
void hosts_release(struct hosts *h);

struct host *host_of(const struct hosts *h, int rank);

/* The queue of those that wait for tokens; a rank is in it once at most, which is for the caller to see to. */
void host_push(struct host *h, int rank);
int host_pop(struct host *h);

/* The part of `work` that falls to a host, by what its quota is of all. */
double host_work(const struct hosts *h, const struct host *x, double work);

/* A request of its, sent then, got a 429; the last page of all came at good_ms. */
void host_excuse(struct host *h, int64_t good_ms, int64_t sent_ms, int64_t now);

/* Until when the first of them to ask again is excused for having no page. */
int64_t hosts_excused(const struct hosts *h);

/* Tokens that were taken and are neither spent nor returned, of all. */
int64_t hosts_pending(const struct hosts *h);

#endif
