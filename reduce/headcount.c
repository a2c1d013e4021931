// SPDX-License-Identifier: Apache-2.0
#include "reduce/headcount.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "io/h5accounts.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/files.h"
#include "reduce/mail.h"
#include "reduce/period.h"
#include "reduce/wire.h"

/* What the loading needs beside the accounts. */
struct loading {
	MPI_Comm comm;
	int me, nranks;
	struct files files;
	struct files_walk walk;
	struct listing listing;
	uint64_t nread;
	const char *snapshot;
	struct crawls *crawls;
};

/* The owner of each of n texts, by its key; *to is allocated. */
static int find_owners(const struct texts *t, uint64_t n, int nranks, int **to, struct err *e)
{
	*to = malloc((size_t)(n + 1) * sizeof **to);
	if (!*to)
		return err_set(e, E_NOMEM, "out of memory for %llu accounts", (unsigned long long)n);
	for (uint64_t i = 0; i < n; i++) {
		size_t len;
		const char *s = texts_get(t, i, &len);

		(*to)[i] = account_rank(account_hash_of(s, len), nranks);
	}
	return E_OK;
}

static int take_accounts(struct headcount *a, struct mail *in, struct err *e)
{
	const void *record;
	const char *s;
	size_t len;

	while (mail_next(in, &record, &s, &len))
		if (roster_add(&a->roster, s, len, record))
			return a->roster.n >= ROSTER_MAX
				     ? err_set(e, E_FORMAT, "%llu accounts on one rank are too many: use more ranks",
					       (unsigned long long)a->roster.n)
				     : err_set(e, E_NOMEM, "out of memory for %llu accounts; use more ranks",
					       (unsigned long long)a->roster.n);
	return E_OK;
}

static int take_lists(struct listing *l, struct mail *in, struct err *e)
{
	const void *record;
	const char *s;
	size_t len;

	while (mail_next(in, &record, &s, &len))
		if (listing_add(l, record, s, len))
			return err_set(e, E_NOMEM, "out of memory for %llu lists", (unsigned long long)l->key.text.n);
	return E_OK;
}

/* Collective: the accounts and lists of every rank's shard to their owners. */
static int route(struct headcount *a, struct loading *l, int rc, const struct account_shard *s, struct err *e)
{
	struct mail in = { .at = 0 };
	int *to = NULL;

	rc = rc ? rc : find_owners(&s->name, s->n, l->nranks, &to, e);
	rc = mail_swap(l->comm, rc, &(struct mail_out){ to, s->row, sizeof *s->row, &s->name, 0, s->n }, &in, e);
	rc = rc ? rc : take_accounts(a, &in, e);
	mail_release(&in);
	free(to);
	to = NULL;
	rc = rc ? rc : find_owners(&s->whose, s->nlist, l->nranks, &to, e);
	rc = mail_swap(l->comm, rc, &(struct mail_out){ to, s->list, sizeof *s->list, &s->whose, 0, s->nlist }, &in, e);
	rc = rc ? rc : take_lists(&l->listing, &in, e);
	mail_release(&in);
	free(to);
	return rc;
}

/* Names and hashes, or hashes of two keys, cannot be told apart, nor merged. */
static int mixed(const char *path, struct err *e)
{
	return err_set(
		e, E_FORMAT,
		"'%s' holds names and others hashes of names, or hashes by another key; move one sort out of the "
		"folder",
		path);
}

/* This rank's next shard, an empty one behind the last. Local. */
static int read_next(struct headcount *a, struct loading *l, struct account_shard *s, struct err *e)
{
	const char *path = files_next(&l->files, l->me, &l->walk);
	int rc;

	account_shard_init(s, l->snapshot, l->me, 0, "");
	if (!path)
		return E_OK;
	if ((rc = account_shard_read(s, path, l->snapshot, e)))
		return rc;
	if (l->nread++ && strcmp(s->key_id, a->key_id) != 0)
		return mixed(path, e);
	memcpy(a->key_id, s->key_id, sizeof a->key_id);
	sketch_merge(&a->sketch, &s->sketch);
	a->nrefused += (int64_t)s->why.n;
	if (crawls_note(l->crawls, (struct seal){ s->session, s->rank, s->sealed_at }, s->counter))
		return err_set(e, E_NOMEM, "out of memory for shard '%s'", path);
	return E_OK;
}

/* Collective: a shard of every rank at a time, so that no more than one is in memory. */
static int load_all(struct headcount *a, struct loading *l, struct err *e)
{
	uint64_t rounds = wire_max(l->comm, files_count(&l->files, l->me));
	int rc = E_OK;

	for (uint64_t i = 0; i < rounds && !rc; i++) {
		struct account_shard s;

		rc = read_next(a, l, &s, e);
		rc = route(a, l, rc, &s, e);
		account_shard_release(&s);
		rc = err_agree(l->comm, rc, e);
	}
	return rc;
}

/* Collective: the same key_id on all ranks, also those that read nothing. */
static int agree_key(struct headcount *a, const struct loading *l, struct err *e)
{
	unsigned char lo[sizeof a->key_id], hi[sizeof a->key_id];
	int rc = E_OK;

	memset(lo, 0xff, sizeof lo);
	if (l->nread)
		memcpy(lo, a->key_id, sizeof lo);
	MPI_Allreduce(MPI_IN_PLACE, lo, sizeof lo, MPI_UNSIGNED_CHAR, MPI_MIN, l->comm);
	MPI_Allreduce(a->key_id, hi, sizeof hi, MPI_UNSIGNED_CHAR, MPI_MAX, l->comm);
	if (l->files.n && memcmp(lo, hi, sizeof lo) != 0)
		rc = mixed(l->files.names, e);
	memcpy(a->key_id, hi, sizeof a->key_id);
	return err_agree(l->comm, rc, e);
}

static int year_index(struct oid o)
{
	return oid_cmp(o, OID_MIN) == 0 ? HEADCOUNT_YEARS : period_year(oid_seconds(o)) - HEADCOUNT_YEAR;
}

/* Collective. */
static void count_all(struct headcount *a, struct loading *l)
{
	const struct roster *r = &a->roster;

	listing_count(&l->listing, r, a->list);
	for (uint64_t i = 0; i < r->n; i++) {
		size_t len;
		const char *s = texts_get(&r->name, i, &len);

		a->pattern[r->sources[i] % HEADCOUNT_PATTERNS][r->type[i]]++;
		a->year[year_index(r->oid[i])][r->type[i]]++;
		/* The names behind hashes were entered when they were hashed. */
		if (!a->key_id[0])
			sketch_add(&a->sketch, s, len);
	}
	wire_sum(l->comm, a->pattern[0], sizeof a->pattern / sizeof a->pattern[0][0]);
	wire_sum(l->comm, a->year[0], sizeof a->year / sizeof a->year[0][0]);
	for (int i = 0; i < NACCOUNT_LISTS; i++)
		wire_sum(l->comm, &a->list[i].known, sizeof a->list[i] / sizeof(int64_t));
	wire_sum(l->comm, &a->nrefused, 1);
	MPI_Allreduce(MPI_IN_PLACE, a->sketch.reg, SKETCH_NREG, MPI_UINT8_T, MPI_MAX, l->comm);
}

int headcount_load(struct headcount *a, MPI_Comm comm, int rc, const char *dir, const char *snapshot, struct crawls *c,
		   struct err *e)
{
	struct loading l = { .comm = comm, .snapshot = snapshot, .crawls = c };

	memset(a, 0, sizeof *a);
	MPI_Comm_rank(comm, &l.me);
	MPI_Comm_size(comm, &l.nranks);
	if ((rc = err_agree(comm, rc, e)))
		return rc;
	rc = files_deal(&l.files, comm, dir, account_shard_list, e);
	rc = rc ? rc : load_all(a, &l, e);
	rc = rc ? rc : agree_key(a, &l, e);
	if (!rc)
		count_all(a, &l);
	listing_release(&l.listing);
	files_release(&l.files);
	return headcount_order(a, comm, rc, e);
}

void headcount_release(struct headcount *a)
{
	roster_release(&a->roster);
}

int64_t headcount_count(const struct headcount *a, int type)
{
	int64_t n = 0;

	for (int p = 0; p < HEADCOUNT_PATTERNS; p++)
		for (int t = 0; t < NACCOUNT_TYPES; t++)
			n += type == NACCOUNT_TYPES || type == t ? a->pattern[p][t] : 0;
	return n;
}
