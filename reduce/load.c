// SPDX-License-Identifier: Apache-2.0
#include "reduce/load.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/files.h"
#include "reduce/wire.h"

/* Who sealed a shard, and when, ms since 1970. */
struct seal {
	int64_t session, rank, sealed_at;
};

/* What a rank learns from its shards beside rows, spans and refusals. */
struct notes {
	int64_t total_at[NKINDS]; /* when the Hub's total was noted, -1 never */
	struct seal *crawl;       /* one per shard */
	uint64_t n;
};

static void note_shard(struct load *l, struct notes *t, const struct shard *s)
{
	if (s->hub_total >= 0 && s->sealed_at >= t->total_at[s->kind]) {
		/* Two sealed in the same millisecond: the larger, whichever is read first. */
		if (s->sealed_at > t->total_at[s->kind] || s->hub_total > l->hub_total[s->kind])
			l->hub_total[s->kind] = s->hub_total;
		t->total_at[s->kind] = s->sealed_at;
	}
	for (int i = 0; i < NCOUNTERS; i++)
		l->counter[i] = wire_add(l->counter[i], s->counter[i] > 0 ? s->counter[i] : 0);
	t->crawl[t->n++] = (struct seal){ s->session, s->rank, s->sealed_at };
	l->nshards++;
}

static int take_shard(struct load *l, struct notes *t, const char *path, const struct snapshot *snap, struct err *e)
{
	struct shard s;
	uint64_t nrows;
	int rc = shard_read(&s, path, snap->id, 1, &nrows, e);

	if (!rc && !(snap->kinds >> s.kind & 1))
		rc = err_set(e, E_FORMAT, "shard '%s' holds %s, which this snapshot does not take", path,
			     kind_name[s.kind]);
	for (uint32_t i = 0; i < s.npiece && !rc; i++)
		if (coverage_add(&l->cover[s.kind], s.piece[i].span, (s.piece[i].flags & PIECE_SUSPECT) != 0))
			rc = err_set(e, E_NOMEM, "out of memory for shard '%s'", path);
	if (!rc && quarantine_add(&l->quarantine, &s, snap->t0))
		rc = err_set(e, E_NOMEM, "out of memory for shard '%s'", path);
	if (!rc) {
		note_shard(l, t, &s);
		if (s.rows.n) {
			l->chunk[s.kind][l->nchunk[s.kind]++] = s.rows;
			table_init(&s.rows, s.kind);
		}
	}
	shard_release(&s);
	return rc;
}

static int read_shards(struct load *l, struct notes *t, int me, const struct files *f, const struct snapshot *snap,
		       struct err *e)
{
	uint64_t mine = files_count(f, me);
	struct files_walk w = { 0 };
	const char *path;
	int rc = E_OK;

	t->crawl = calloc((size_t)mine + 1, sizeof *t->crawl);
	for (int k = 0; k < NKINDS; k++) {
		t->total_at[k] = l->hub_total[k] = -1;
		l->chunk[k] = calloc((size_t)mine + 1, sizeof *l->chunk[k]);
		if (!l->chunk[k] || !t->crawl)
			return err_set(e, E_NOMEM, "out of memory for %llu shards", (unsigned long long)mine);
	}
	while (!rc && (path = files_next(f, me, &w)))
		rc = take_shard(l, t, path, snap, e);
	return rc;
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
static void count_crawls(struct load *l, struct seal *x, uint64_t n)
{
	if (n)
		qsort(x, (size_t)n, sizeof *x, session_order);
	for (uint64_t i = 0; i < n; i++) {
		if (i + 1 < n && x[i + 1].session == x[i].session)
			continue;
		l->nsessions++;
		if (x[i].sealed_at > x[i].session && x[i].session > 0)
			l->wall_ms += x[i].sealed_at - x[i].session;
	}
	if (n)
		qsort(x, (size_t)n, sizeof *x, rank_order);
	for (uint64_t i = 0; i < n; i++)
		l->crawl_ranks += i == 0 || x[i].rank != x[i - 1].rank;
}

static int merge_notes(struct load *l, struct notes *t, MPI_Comm comm, int rc, struct err *e)
{
	struct parcel all = { 0 };
	int64_t latest[NKINDS];

	rc = wire_gather(comm, rc, t->crawl, t->n, sizeof *t->crawl, &all, e);
	if (rc)
		return rc;
	count_crawls(l, all.data, all.total);
	parcel_release(&all);
	agree_bcast(comm, &l->nsessions, sizeof l->nsessions);
	agree_bcast(comm, &l->crawl_ranks, sizeof l->crawl_ranks);
	agree_bcast(comm, &l->wall_ms, sizeof l->wall_ms);
	wire_sum(comm, l->counter, NCOUNTERS);
	wire_sum(comm, &l->nshards, 1);
	MPI_Allreduce(t->total_at, latest, NKINDS, MPI_INT64_T, MPI_MAX, comm);
	for (int k = 0; k < NKINDS; k++)
		if (t->total_at[k] < latest[k])
			l->hub_total[k] = -1;
	MPI_Allreduce(MPI_IN_PLACE, l->hub_total, NKINDS, MPI_INT64_T, MPI_MAX, comm);
	return E_OK;
}

/* Rank 0 has the quarantine; how many lost records and members it holds is for all. */
static void count_refused(struct load *l, MPI_Comm comm)
{
	for (uint64_t i = 0; i < l->quarantine.n; i++) {
		const struct refused *r = &l->quarantine.row[i];

		if (r->field < 0)
			l->nlost[r->kind]++;
		else
			l->nfields[r->kind]++;
	}
	agree_bcast(comm, l->nlost, sizeof l->nlost);
	agree_bcast(comm, l->nfields, sizeof l->nfields);
}

int load_shards(struct load *l, MPI_Comm comm, const char *dir, const struct snapshot *snap, struct err *e)
{
	struct notes t = { .n = 0 };
	struct files f;
	int me, rc;

	memset(l, 0, sizeof *l);
	MPI_Comm_rank(comm, &me);
	rc = files_deal(&f, comm, dir, shard_list, e);
	if (!rc)
		rc = read_shards(l, &t, me, &f, snap, e);
	files_release(&f);
	for (int k = 0; k < NKINDS; k++)
		rc = coverage_merge(&l->cover[k], comm, rc, snap->t0, e);
	rc = quarantine_gather(&l->quarantine, comm, rc, e);
	rc = merge_notes(l, &t, comm, rc, e);
	if (!(rc = err_agree(comm, rc, e)))
		count_refused(l, comm);
	free(t.crawl);
	return rc;
}

void load_release(struct load *l)
{
	for (int k = 0; k < NKINDS; k++) {
		for (size_t i = 0; i < l->nchunk[k]; i++)
			table_release(&l->chunk[k][i]);
		free(l->chunk[k]);
		coverage_release(&l->cover[k]);
	}
	quarantine_release(&l->quarantine);
	memset(l, 0, sizeof *l);
}
