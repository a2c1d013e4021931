// SPDX-License-Identifier: Apache-2.0
#include "reduce/verify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/agree.h"
#include "io/h5accounts.h"
#include "io/h5in.h"
#include "io/h5shard.h"
#include "io/log.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/wire.h"

/* A shard that does not hold. */
struct finding {
	uint64_t at;   /* in the list */
	int is_mended; /* by the next hubcrawl */
	char text[sizeof((struct err *)0)->text];
};

struct findings {
	struct finding *x;
	uint64_t n, cap;
};

static int add(struct findings *f, uint64_t at, const struct err *own, struct err *e)
{
	if (f->n == f->cap) {
		uint64_t cap = f->cap ? 2 * f->cap : 16;
		struct finding *x = realloc(f->x, (size_t)cap * sizeof *x);

		if (!x)
			return err_set(e, E_NOMEM, "out of memory for the damaged shards");
		f->x = x;
		f->cap = cap;
	}
	f->x[f->n] = (struct finding){ .at = at, .is_mended = own->code == E_DAMAGED };
	snprintf(f->x[f->n++].text, sizeof f->x->text, "%s", own->text);
	return E_OK;
}

static void check_rows(const char *path, const struct snapshot *snap, struct err *e)
{
	struct shard s;
	uint64_t nrows;

	shard_read(&s, path, snap->id, 1, &nrows, e);
	shard_release(&s);
}

static void check_accounts(const char *path, const struct snapshot *snap, struct err *e)
{
	struct account_shard s;

	account_shard_read(&s, path, snap->id, e);
	account_shard_release(&s);
}

/* Where shards lie, and what reads them. */
static const struct sort {
	const char *folder;
	int (*list)(struct shard_list *l, const char *dir, struct err *e);
	void (*check)(const char *path, const struct snapshot *snap, struct err *e);
	int is_private; /* who crawls may read it, and maybe nobody else */
} sort[] = {
	{ "shards", shard_list, check_rows, 0 },
	{ "shards", account_shard_list, check_accounts, 0 },
	{ "audit", shard_list, check_rows, 0 },
	{ "users.private", account_shard_list, check_accounts, 1 },
};

/* Nothing of a census rests on what is private: it is left out, with a word, where it may not be read. */
static int is_closed(const struct sort *s, const char *dir, int rank)
{
	if (!s->is_private || !access(dir, R_OK | X_OK) || errno != EACCES)
		return 0;
	if (rank == 0)
		log_note("'%s' is private, and was not read", dir);
	return 1;
}

/* This rank's share of a folder's shards; the first of them is number `first`. Local. */
static int check_folder(struct findings *f, const struct sort *s, const char *dir, const struct snapshot *snap,
			int rank, int nranks, uint64_t *first, struct err *e)
{
	struct shard_list l;
	int rc = s->list(&l, dir, e);

	for (size_t i = 0; i < l.n && !rc; i++) {
		struct err own = ERR_INIT;

		if ((*first + i) % (uint64_t)nranks != (uint64_t)rank)
			continue;
		s->check(l.path[i], snap, &own);
		/* What cannot be read is no finding about the file, unless the disk itself says so. */
		if (own.code == E_NOMEM || (own.code == E_IO && access(l.path[i], R_OK) && errno == EACCES))
			rc = err_set(e, own.code, "%s", own.text);
		else if (own.code)
			rc = add(f, *first + i, &own, e);
	}
	*first += l.n;
	shard_list_release(&l);
	return rc;
}

static int by_place(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

/* Rank 0's part. */
static int tell(const struct parcel *all, uint64_t nshards, const char *dir, struct err *e)
{
	struct finding *x = all->data;
	uint64_t nmended = 0;

	if (all->total)
		qsort(x, (size_t)all->total, sizeof *x, by_place);
	for (uint64_t i = 0; i < all->total; i++) {
		printf("%s\n", x[i].text);
		nmended += (uint64_t)x[i].is_mended;
	}
	printf("%llu shards, %llu as they were sealed\n", (unsigned long long)nshards,
	       (unsigned long long)(nshards - all->total));
	if (log_check_output(e) || all->total == 0)
		return e->code;
	return err_set(e, E_DAMAGED, "%llu of %llu shards of '%s' do not hold; %s", (unsigned long long)all->total,
		       (unsigned long long)nshards, dir,
		       nmended == all->total ? "run hubcrawl on it to mend that" : "do what is said of each");
}

/* Rank 0: census.h5, if there is one, is made anew from the shards, so theirs is the first word. */
static int check_census(const char *dir, struct err *e)
{
	struct err own = ERR_INIT;
	char path[4200];

	snprintf(path, sizeof path, "%s/census.h5", dir);
	if ((access(path, F_OK) && errno == ENOENT) || !h5in_check(path, "run hubreduce to make it anew", &own))
		return E_OK;
	if (own.code == E_FORMAT)
		own.code = E_DAMAGED;
	return err_set(e, own.code, "%s", own.text);
}

int verify_run(MPI_Comm comm, const char *dir, const struct snapshot *snap, struct err *e)
{
	struct findings f = { NULL, 0, 0 };
	struct parcel all = { 0 };
	uint64_t nshards = 0;
	char path[4096];
	int rank, nranks, rc = E_OK;

	MPI_Comm_rank(comm, &rank);
	MPI_Comm_size(comm, &nranks);
	for (size_t i = 0; i < sizeof sort / sizeof *sort && !rc; i++) {
		if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, sort[i].folder) >= sizeof path)
			rc = err_set(e, E_USAGE, "the folder's name is too long");
		else if (!is_closed(&sort[i], path, rank))
			rc = check_folder(&f, &sort[i], path, snap, rank, nranks, &nshards, e);
	}
	rc = wire_gather(comm, rc, f.x, f.n, sizeof *f.x, &all, e);
	if (!rc && rank == 0)
		rc = tell(&all, nshards, dir, e);
	if (!rc && rank == 0)
		rc = check_census(dir, e);
	parcel_release(&all);
	free(f.x);
	rc = err_agree(comm, rc, e);
	if (rc)
		e->rank = -1;
	return rc;
}
