// SPDX-License-Identifier: Apache-2.0
/* A census.h5 that somebody has made with intent (hostile.h), as an earlier one of a comparison reads it (--previous)
 * and as one that knows accounts (--known). */
#include <mpi.h>

#include "io/h5in.h"
#include "io/h5known.h"
#include "tests/mpi/accounts.h"
#include "tests/mpi/pipeline.h"
#include "tests/mpi/shards.h"
#include "tests/unit/hostile.h"

#define ROWS 200 /* more than any table has */

/* The program's own, of 50 repositories of two kinds and as many accounts; in a process of its own, for the others know
 * nothing of MPI. */
static void make_census(const char *path)
{
	const struct gen g = { .n = { 50, 50, 0 }, .per_shard = 50, .stride = 1 };
	const struct crowd crowd = { .n = 50, .nshard = 1, .repeat = 1 };
	char folder[128], *json = NULL;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct err e = ERR_INIT;

		snprintf(folder, sizeof folder, "%s/census", dir);
		pipeline_figures = "totals"; /* what nobody reads would be most of the file */
		MPI_Init(NULL, NULL);
		if (gen_snapshot(&g, folder, &e) || crowd_seal(&crowd, folder, &e) ||
		    pipeline(MPI_COMM_SELF, folder, path, &json, &e))
			diag("%s", e.text);
		free(json);
		MPI_Finalize();
		_exit(e.code);
	}
	ok(waitpid(pid, &status, 0) == pid && status == 0, "a good census.h5");
}

static void read_kind(struct h5in *in, enum kind k, uint64_t n, struct err *e)
{
	struct oid oid[ROWS];
	struct texts id = { 0 };
	int64_t x[ROWS];

	n = n < ROWS ? n : ROWS;
	if (!h5in_oids(in, k, 0, n, oid, e) && !h5in_ids(in, k, 0, n, &id, e) &&
	    !h5in_counter(in, k, F_DOWNLOADS, 0, n, x, e))
		h5in_counter(in, k, F_LIKES, 0, n, x, e);
	texts_release(&id);
}

static int read_previous(const char *path, struct err *e)
{
	struct cover hole[NKINDS] = { COVER_INIT, COVER_INIT, COVER_INIT };
	struct oid *lost[NKINDS] = { NULL };
	uint64_t nlost[NKINDS];
	struct h5in_head head;
	struct h5in *in;

	h5in_open(&in, path, 1, &head, e);
	for (int k = 0; k < NKINDS && !e->code; k++)
		if (head.kinds >> k & 1)
			read_kind(in, (enum kind)k, head.nrows[k], e);
	if (!e->code && !h5in_holes(in, hole, e))
		h5in_lost(in, lost, nlost, e);
	h5in_close(&in);
	for (int k = 0; k < NKINDS; k++) {
		cover_release(&hole[k]);
		free(lost[k]);
	}
	return e->code;
}

/* Looks at every byte, as who asks for it would. */
static int take(void *arg, const char *name, size_t n, struct oid oid, enum account_type type)
{
	unsigned *sum = arg;

	for (size_t i = 0; i < n; i++)
		*sum += (unsigned char)name[i];
	*sum += oid.b[0];
	if (type < 0 || type >= NACCOUNT_TYPES)
		abort();
	return 0;
}

static int read_known(const char *path, struct err *e)
{
	unsigned sum = 0;

	known_check(path, e);
	for (int part = 0; part < 2 && !e->code; part++)
		known_read(path, part, 2, take, &sum, e);
	return e->code;
}

int main(int argc, char **argv)
{
	static const struct target of_previous[] = { { "models/_id", 0 },
						     { "models/id", 0 },
						     { "models/likes", 1u << MISSING },
						     { "datasets/_id", 0 },
						     { "windows/kind", 0 },
						     { "windows/lo", 0 },
						     { "windows/state", 0 },
						     { "quarantine/_id", 0 },
						     { "quarantine/field", 0 },
						     { NULL, 0 } },
				   of_known[] = { { "users/name", 1u << MISSING },
						  { "users/_id", 1u << MISSING },
						  { "users/type", 1u << MISSING },
						  { NULL, 0 } };
	struct reader previous = { "--previous", "census", SNAPSHOT_SCHEMA, read_previous, 0, "" },
		      known = { "--known", "census", SNAPSHOT_SCHEMA, read_known, 1, "" };
	struct err e = ERR_INIT;
	int rounds = argc > 1 ? atoi(argv[1]) : 500;

	hostile_begin();
	snprintf(previous.good, sizeof previous.good, "%s/census.h5", dir);
	snprintf(known.good, sizeof known.good, "%s/census.h5", dir);
	make_census(previous.good);
	ok(!read_previous(previous.good, &e) && !read_known(known.good, &e), "is read %s", e.text);
	tricks(&previous, of_previous);
	bits_of_attributes(&previous, 2);
	mutated(&previous, rounds);
	tricks(&known, of_known);
	mutated(&known, rounds);
	return hostile_end();
}
