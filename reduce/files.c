// SPDX-License-Identifier: Apache-2.0
#include "reduce/files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "reduce/analyzer.h" /* last */
#include "reduce/wire.h"

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

/* The largest file first, each to the rank that has least so far. */
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

int files_deal(struct files *f, MPI_Comm comm, const char *dir,
	       int (*list)(struct shard_list *l, const char *dir, struct err *e), struct err *e)
{
	struct shard_list l = { NULL, 0 };
	uint64_t nnames = 0, nrank = 0;
	int me, nranks, rc = E_OK;
	void *p;

	MPI_Comm_rank(comm, &me);
	MPI_Comm_size(comm, &nranks);
	memset(f, 0, sizeof *f);
	if (me == 0 && !(rc = list(&l, dir, e))) {
		f->names = join(&l, &nnames);
		f->rank = calloc(l.n + 1, sizeof *f->rank);
		nrank = l.n * sizeof *f->rank;
		rc = f->names && f->rank ? deal(&l, nranks, f->rank, e)
					 : err_set(e, E_NOMEM, "out of memory for %zu shards", l.n);
	}
	shard_list_release(&l);
	p = f->names;
	rc = wire_share(comm, rc, &p, &nnames, e);
	f->names = p;
	p = f->rank;
	rc = wire_share(comm, rc, &p, &nrank, e);
	f->rank = p;
	f->n = rc ? 0 : nrank / sizeof *f->rank;
	return rc;
}

void files_release(struct files *f)
{
	free(f->names);
	free(f->rank);
	memset(f, 0, sizeof *f);
}

uint64_t files_count(const struct files *f, int rank)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < f->n; i++)
		n += f->rank[i] == rank;
	return n;
}

const char *files_next(const struct files *f, int rank, struct files_walk *w)
{
	while (w->i < f->n) {
		const char *path = f->names + w->at;

		w->at += strlen(path) + 1;
		if (f->rank[w->i++] == rank)
			return path;
	}
	return NULL;
}
