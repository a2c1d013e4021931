// SPDX-License-Identifier: Apache-2.0
#include "reduce/load.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/files.h"
#include "reduce/wire.h"

/* What is allocated apart from the heap. Of a shard each column, so that it goes back to the system when it has been
 * exchanged: between others in the heap it would stay, and a rank would hold a quarter more. Later only what is large:
 * buffers of less come and go by the thousand. */
#define COLUMN_BYTES (128 * 1024)
#define HEAP_BYTES   (32 * 1024 * 1024)

/* When the Hub's totals were noted, -1 never. */
struct noted {
	int64_t at[NKINDS];
};

static void note_total(struct load *l, struct noted *t, const struct shard *s)
{
	if (s->hub_total < 0 || s->sealed_at < t->at[s->kind])
		return;
	/* Two sealed in the same millisecond: the larger, whichever is read first. */
	if (s->sealed_at > t->at[s->kind] || s->hub_total > l->hub_total[s->kind])
		l->hub_total[s->kind] = s->hub_total;
	t->at[s->kind] = s->sealed_at;
}

static int take_shard(struct load *l, struct noted *t, struct crawls *c, const char *path, const struct snapshot *snap,
		      struct err *e)
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
	if (!rc && (quarantine_add(&l->quarantine, &s, snap->t0) ||
		    crawls_note(c, (struct seal){ s.session, s.rank, s.sealed_at }, s.counter)))
		rc = err_set(e, E_NOMEM, "out of memory for shard '%s'", path);
	if (!rc) {
		note_total(l, t, &s);
		if (s.rows.n) {
			l->chunk[s.kind][l->nchunk[s.kind]++] = s.rows;
			table_init(&s.rows, s.kind);
		}
	}
	shard_release(&s);
	return rc;
}

static int read_shards(struct load *l, struct noted *t, struct crawls *c, int me, const struct files *f,
		       const struct snapshot *snap, struct err *e)
{
	uint64_t mine = files_count(f, me);
	struct files_walk w = { 0 };
	const char *path;
	int rc = E_OK;

	for (int k = 0; k < NKINDS; k++) {
		t->at[k] = l->hub_total[k] = -1;
		l->chunk[k] = calloc((size_t)mine + 1, sizeof *l->chunk[k]);
		if (!l->chunk[k])
			return err_set(e, E_NOMEM, "out of memory for %llu shards", (unsigned long long)mine);
	}
	while (!rc && (path = files_next(f, me, &w)))
		rc = take_shard(l, t, c, path, snap, e);
	return rc;
}

/* The total noted last, on all ranks. */
static void merge_totals(struct load *l, const struct noted *t, MPI_Comm comm)
{
	int64_t latest[NKINDS];

	MPI_Allreduce(t->at, latest, NKINDS, MPI_INT64_T, MPI_MAX, comm);
	for (int k = 0; k < NKINDS; k++)
		if (t->at[k] < latest[k])
			l->hub_total[k] = -1;
	MPI_Allreduce(MPI_IN_PLACE, l->hub_total, NKINDS, MPI_INT64_T, MPI_MAX, comm);
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

int load_shards(struct load *l, MPI_Comm comm, const char *dir, const struct snapshot *snap, struct crawls *c,
		struct err *e)
{
	struct noted t;
	struct files f;
	int me, rc;

	memset(l, 0, sizeof *l);
	MPI_Comm_rank(comm, &me);
	rc = files_deal(&f, comm, dir, shard_list, e);
	mallopt(M_MMAP_THRESHOLD, COLUMN_BYTES);
	if (!rc)
		rc = read_shards(l, &t, c, me, &f, snap, e);
	mallopt(M_MMAP_THRESHOLD, HEAP_BYTES);
	mallopt(M_TRIM_THRESHOLD, 2 * HEAP_BYTES);
	files_release(&f);
	for (int k = 0; k < NKINDS; k++)
		rc = coverage_merge(&l->cover[k], comm, rc, snap->t0, e);
	rc = quarantine_gather(&l->quarantine, comm, rc, e);
	if (!(rc = err_agree(comm, rc, e))) {
		merge_totals(l, &t, comm);
		count_refused(l, comm);
	}
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
