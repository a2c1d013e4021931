// SPDX-License-Identifier: Apache-2.0
#include "reduce/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/wire.h"

/* What is known of the shards before any is read, as rank 0 gives it to all: one listing, for the folder may be
 * anything but quiet. */
struct order {
	int64_t *rank; /* who reads shard i */
	char *names;   /* paths, one NUL behind each */
	uint64_t n;
};

struct sized {
	int64_t size;
	size_t at;
};

static int larger_first(const void *a, const void *b)
{
	const struct sized *x = a, *y = b;

	if (x->size != y->size)
		return x->size > y->size ? -1 : 1;
	return x->at < y->at ? -1 : 1;
}

/* The largest shard first, each to the rank that has least so far. */
static int deal(const struct shard_list *l, int nranks, int64_t *rank, struct err *e)
{
	struct sized *s = calloc(l->n + 1, sizeof *s);
	int64_t *have = calloc((size_t)nranks, sizeof *have);
	int rc = s && have ? E_OK : err_set(e, E_NOMEM, "out of memory for %zu shards", l->n);

	for (size_t i = 0; i < l->n && !rc; i++) {
		struct stat st;

		if (stat(l->path[i], &st))
			rc = err_sys(e, errno, "cannot read shard '%s'", l->path[i]);
		s[i] = (struct sized){ rc ? 0 : (int64_t)st.st_size, i };
	}
	if (!rc)
		qsort(s, l->n, sizeof *s, larger_first);
	for (size_t i = 0; i < l->n && !rc; i++) {
		int to = 0;

		for (int r = 1; r < nranks; r++)
			to = have[r] < have[to] ? r : to;
		rank[s[i].at] = to;
		have[to] += s[i].size + 1;
	}
	free(s);
	free(have);
	return rc;
}

static char *join(const struct shard_list *l, uint64_t *nbytes)
{
	char *names, *at;

	*nbytes = 0;
	for (size_t i = 0; i < l->n; i++)
		*nbytes += strlen(l->path[i]) + 1;
	names = at = malloc((size_t)*nbytes + 1);
	for (size_t i = 0; i < l->n && names; i++)
		at = stpcpy(at, l->path[i]) + 1;
	return names;
}

static int list_shards(struct order *o, MPI_Comm comm, const char *dir, struct err *e)
{
	struct shard_list l = { NULL, 0 };
	uint64_t nnames = 0, nrank = 0;
	int me, nranks, rc = E_OK;
	void *p;

	MPI_Comm_rank(comm, &me);
	MPI_Comm_size(comm, &nranks);
	memset(o, 0, sizeof *o);
	if (me == 0 && !(rc = shard_list(&l, dir, e))) {
		o->names = join(&l, &nnames);
		o->rank = calloc(l.n + 1, sizeof *o->rank);
		nrank = l.n * sizeof *o->rank;
		rc = o->names && o->rank ? deal(&l, nranks, o->rank, e)
					 : err_set(e, E_NOMEM, "out of memory for %zu shards", l.n);
	}
	shard_list_release(&l);
	p = o->names;
	rc = wire_share(comm, rc, &p, &nnames, e);
	o->names = p;
	p = o->rank;
	rc = wire_share(comm, rc, &p, &nrank, e);
	o->rank = p;
	o->n = nrank / sizeof *o->rank;
	return rc;
}

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

static int read_shards(struct load *l, struct notes *t, int me, const struct order *o, const struct snapshot *snap,
		       struct err *e)
{
	const char *path = o->names;
	uint64_t mine = 0;
	int rc = E_OK;

	for (uint64_t i = 0; i < o->n; i++)
		mine += o->rank[i] == me;
	t->crawl = calloc((size_t)mine + 1, sizeof *t->crawl);
	for (int k = 0; k < NKINDS; k++) {
		t->total_at[k] = l->hub_total[k] = -1;
		l->chunk[k] = calloc((size_t)mine + 1, sizeof *l->chunk[k]);
		if (!l->chunk[k] || !t->crawl)
			return err_set(e, E_NOMEM, "out of memory for %llu shards", (unsigned long long)mine);
	}
	for (uint64_t i = 0; i < o->n && !rc; path += strlen(path) + 1, i++)
		if (o->rank[i] == me)
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
	struct order o;
	int me, rc;

	memset(l, 0, sizeof *l);
	MPI_Comm_rank(comm, &me);
	rc = list_shards(&o, comm, dir, e);
	if (!rc)
		rc = read_shards(l, &t, me, &o, snap, e);
	free(o.names);
	free(o.rank);
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
