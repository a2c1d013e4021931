// SPDX-License-Identifier: Apache-2.0
#include "reduce/tables.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/agree.h"
#include "reduce/record.h"
#include "reduce/wire.h"

#ifndef HUBCENSUS_DATA
#define HUBCENSUS_DATA "/usr/local/share/hubcensus"
#endif

static int try_folder(char path[PATH_MAX], const char *dir, const char *below, const char *name)
{
	return (size_t)snprintf(path, PATH_MAX, "%s%s/%s", dir, below, name) < PATH_MAX && access(path, R_OK) == 0;
}

/* Path of a shipped table. If there is none anywhere, the last place looked at: reading it says so. */
static void find_shipped(char path[PATH_MAX], const char *name)
{
	static const char *const below[] = { "/../share/hubcensus", "/../jobs", "/../../jobs", "/../../../jobs" };
	const char *env = getenv("HUBCENSUS_DATA");
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
	char *slash;

	if (env && *env) {
		try_folder(path, env, "", name);
		return;
	}
	exe[n > 0 ? n : 0] = '\0';
	if ((slash = strrchr(exe, '/'))) {
		*slash = '\0';
		for (size_t i = 0; i < sizeof below / sizeof *below; i++)
			if (try_folder(path, exe, below[i], name))
				return;
	}
	try_folder(path, HUBCENSUS_DATA, "", name);
}

typedef int parse_fn(void *table, const char *file, const char *text, size_t n, struct err *e);

static int parse_orgs(void *table, const char *file, const char *text, size_t n, struct err *e)
{
	return orgs_parse(table, file, text, n, e);
}

static int parse_topics(void *table, const char *file, const char *text, size_t n, struct err *e)
{
	return topics_parse(table, file, text, n, e);
}

/* One file, read by rank 0, parsed by all. `path` counts on rank 0. */
static int take_file(MPI_Comm comm, int rc, const char *path, void *table, parse_fn *parse, struct err *e)
{
	char *text = NULL;
	uint64_t nbytes = 0;
	size_t n = 0;
	void *at;
	int me;

	MPI_Comm_rank(comm, &me);
	if (!rc && !table)
		rc = err_set(e, E_NOMEM, "out of memory for a table");
	if (!rc && me == 0)
		rc = record_file(path, &text, &n, e);
	nbytes = n;
	at = text;
	rc = wire_share(comm, rc, &at, &nbytes, e);
	if (!rc)
		rc = parse(table, path, at, (size_t)nbytes, e);
	free(at);
	rc = err_agree(comm, rc, e);
	if (rc == E_FORMAT || rc == E_IO)
		e->rank = -1; /* the same for all: no rank's own trouble */
	return rc;
}

static int take_files(MPI_Comm comm, const char *name, const struct opt_texts *more, void *table, parse_fn *parse,
		      struct err *e)
{
	char path[PATH_MAX];
	int rc;

	find_shipped(path, name);
	rc = take_file(comm, E_OK, path, table, parse, e);
	for (int i = 0; i < more->n && !rc; i++)
		rc = take_file(comm, rc, more->at[i], table, parse, e);
	return rc;
}

int tables_read(MPI_Comm comm, const struct opt_texts *orgs_files, const struct opt_texts *topics_files,
		struct orgs **orgs, struct topics **topics, struct err *e)
{
	int rc;

	*orgs = orgs_create();
	*topics = topics_create();
	rc = take_files(comm, "orgs.csv", orgs_files, *orgs, parse_orgs, e);
	return rc ? rc : take_files(comm, "topics.csv", topics_files, *topics, parse_topics, e);
}
