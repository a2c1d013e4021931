// SPDX-License-Identifier: Apache-2.0
#include "reduce/census.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/compare.h"
#include "reduce/exchange.h"

enum listed census_listed(const struct census *c, int kind, enum period_type type, int64_t period, double *share)
{
	return coverage_listed(&c->load.cover[kind], c->snap.t0, period_begin(type, period) * 86400,
			       period_begin(type, period + 1) * 86400, share);
}

int64_t census_gaps(const struct census *c)
{
	int64_t n = 0;

	for (int k = 0; k < NKINDS; k++)
		n += census_has(c, k) ? (int64_t)c->load.cover[k].gap.n : 0;
	return n;
}

int64_t census_suspect(const struct census *c)
{
	int64_t n = 0;

	for (int k = 0; k < NKINDS; k++)
		n += census_has(c, k) ? (int64_t)c->load.cover[k].suspect.n : 0;
	return n;
}

int64_t census_lost(const struct census *c)
{
	int64_t n = 0;

	for (int k = 0; k < NKINDS; k++)
		n += c->load.nlost[k];
	return n;
}

static int has_all_accounts(const struct census *c)
{
	return !c->snap.users || (c->discovery.ending != END_NONE && c->discovery.given_up == 0);
}

int census_is_complete(const struct census *c)
{
	return census_gaps(c) == 0 && census_suspect(c) == 0 && census_lost(c) == 0 && has_all_accounts(c);
}

/* How the discovery of accounts ended, read by rank 0 for all; what is there of a census that takes none is not asked.
 */
static int load_end(struct census *c, const char *dir, struct err *e)
{
	int rc = E_OK;

	c->discovery = (struct users_end){ .ending = END_NONE };
	if (c->rank == 0 && c->snap.users)
		rc = users_end_read(&c->discovery, dir, e);
	if ((rc = err_agree(c->comm, rc, e))) {
		e->rank = -1;
		return rc;
	}
	agree_bcast(c->comm, &c->discovery, sizeof c->discovery);
	return E_OK;
}

int census_load(struct census *c, const char *dir, struct err *e)
{
	char path[4096];
	int rc = E_OK;

	if ((size_t)snprintf(path, sizeof path, "%s/shards", dir) >= sizeof path)
		rc = err_set(e, E_USAGE, "the folder's name is too long");
	if ((rc = err_agree(c->comm, rc, e)) || (rc = load_end(c, dir, e)))
		return rc;
	c->crawls = (struct crawls){ .n = 0 };
	rc = load_shards(&c->load, c->comm, path, &c->snap, &c->crawls, e);
	laps_end(c->laps, "", "read");
	for (int k = 0; k < NKINDS; k++) {
		struct load *l = &c->load;

		if (!census_has(c, k))
			continue;
		rc = exchange_rows(c->comm, rc, l->chunk[k], l->nchunk[k], (enum kind)k, c->snap.t0, &c->kind[k], e);
		for (size_t i = 0; i < l->nchunk[k]; i++)
			table_release(&l->chunk[k][i]);
		l->nchunk[k] = 0;
	}
	laps_end(c->laps, "", "exchange");
	rc = owners_build(&c->owners, c->comm, rc, c->kind, c->snap.kinds, c->orgs, e);
	laps_end(c->laps, "", "owners");
	rc = rc ? rc : audit_count(&c->audit, c, dir, &c->crawls, e);
	rc = headcount_load(&c->accounts, c->comm, rc, path, c->snap.id, &c->crawls, e);
	rc = crawls_merge(&c->crawls, c->comm, rc, e);
	laps_end(c->laps, "", "accounts");
	return rc;
}

void census_release(struct census *c)
{
	load_release(&c->load);
	crawls_release(&c->crawls);
	headcount_release(&c->accounts);
	for (int k = 0; k < NKINDS; k++)
		rows_release(&c->kind[k]);
	owners_release(&c->owners);
	orgs_free(c->orgs);
	topics_free(c->topics);
	compare_free(c->compare);
	c->compare = NULL;
	c->orgs = NULL;
	c->topics = NULL;
}
