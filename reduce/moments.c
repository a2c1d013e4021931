// SPDX-License-Identifier: Apache-2.0
#include "reduce/moments.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "io/agree.h"
#include "io/snapshot.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/report.h"
#include "reduce/wire.h"

const char *const moment_state_name[3] = { "census", "unfinished", "missing" };

/* A hundred years of days: what asks for more has a wrong clock or cadence. */
#define MOMENTS_MAX 36525

void moments_release(struct moments *m)
{
	free(m->at);
	memset(m, 0, sizeof *m);
}

static int add(struct moments *m, uint64_t *cap, const struct moment *x, struct err *e)
{
	if (m->n == *cap) {
		uint64_t c = *cap ? 2 * *cap : 64;
		struct moment *at = realloc(m->at, (size_t)c * sizeof *at);

		if (!at)
			return err_set(e, E_NOMEM, "out of memory for the snapshots of a series");
		m->at = at;
		*cap = c;
	}
	m->at[m->n++] = *x;
	return E_OK;
}

/* All are of the first one's Hub, and of the same part of it. */
static int check_snapshot(struct moments *m, const struct snapshot *s, const char *path, struct err *e)
{
	char *filters = snapshot_is_partial(s) ? report_filters(s) : strdup("");

	if (!filters)
		return err_set(e, E_NOMEM, "out of memory for the filters");
	if (m->n == 0) {
		snprintf(m->hub, sizeof m->hub, "%s", s->hub);
		snprintf(m->filters, sizeof m->filters, "%s", filters);
	} else if (strcmp(m->hub, s->hub) != 0) {
		err_set(e, E_USAGE, "'%s' is a snapshot of '%s', others of the series are of '%s'; move it elsewhere",
			path, s->hub, m->hub);
	} else if (strncmp(m->filters, filters, sizeof m->filters - 1) != 0) {
		err_set(e, E_USAGE, "'%s' is a snapshot with other filters than the series; move it elsewhere", path);
	}
	free(filters);
	return e->code;
}

static int look_at(struct moments *m, uint64_t *cap, const char *dir, const char *name, struct err *e)
{
	struct moment x = { .state = MOMENT_UNFINISHED };
	struct snapshot s;
	struct stat st;
	char path[4096], census[4200];
	int found = 0;

	if (strlen(name) >= sizeof x.folder || (size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path)
		return E_OK;
	if (lstat(path, &st) || !S_ISDIR(st.st_mode))
		return E_OK;
	if (snapshot_read(&s, path, &found, e) || !found || check_snapshot(m, &s, path, e))
		return e->code;
	snprintf(census, sizeof census, "%s/census.json", path);
	if (!stat(census, &st))
		x.state = MOMENT_CENSUS;
	x.t0 = s.t0;
	snprintf(x.folder, sizeof x.folder, "%s", name);
	return add(m, cap, &x, e);
}

static int by_t0(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;

	if (x->t0 != y->t0)
		return x->t0 < y->t0 ? -1 : 1;
	return strcmp(x->folder, y->folder);
}

uint64_t moments_missing(int64_t a, int64_t b, int64_t every_s, int64_t *to, uint64_t n)
{
	int64_t missing = every_s > 0 && b > a ? (b - a + every_s / 2) / every_s - 1 : 0;

	if (every_s <= 0 || (b - a) <= every_s + every_s / 2)
		return 0;
	for (int64_t i = 0; i < missing && (uint64_t)i < n; i++)
		to[i] = a + (i + 1) * every_s;
	return (uint64_t)missing;
}

static int add_missing(struct moments *m, uint64_t *cap, int64_t every_s, struct err *e)
{
	uint64_t n = m->n;
	int64_t *t = malloc(MOMENTS_MAX * sizeof *t);
	int rc = t ? E_OK : err_set(e, E_NOMEM, "out of memory for the snapshots of a series");

	for (uint64_t i = 1; i < n && !rc; i++) {
		uint64_t k = moments_missing(m->at[i - 1].t0, m->at[i].t0, every_s, t, MOMENTS_MAX);

		if (k + m->n > MOMENTS_MAX)
			rc = err_set(e, E_USAGE, "--every: that many snapshots cannot be missing between '%s' and '%s'",
				     m->at[i - 1].folder, m->at[i].folder);
		for (uint64_t j = 0; j < k && !rc; j++)
			rc = add(m, cap, &(struct moment){ .t0 = t[j], .state = MOMENT_MISSING }, e);
	}
	free(t);
	if (!rc)
		qsort(m->at, (size_t)m->n, sizeof *m->at, by_t0);
	return rc;
}

static int list(struct moments *m, const char *dir, int64_t every_s, struct err *e)
{
	DIR *d = opendir(dir);
	struct dirent *x;
	uint64_t cap = 0;

	if (!d)
		return err_set(e, errno == ENOENT || errno == ENOTDIR ? E_USAGE : E_IO,
			       "cannot read the folder '%s': %s", dir, strerror(errno));
	while (!e->code && ((errno = 0), (x = readdir(d))))
		if (x->d_name[0] != '.')
			look_at(m, &cap, dir, x->d_name, e);
	/* Its end, or an error: NULL says both. */
	if (!e->code && errno)
		err_sys(e, errno, "cannot read the folder '%s'", dir);
	closedir(d);
	if (!e->code && m->n == 0)
		return err_set(e, E_USAGE, "'%s' holds no snapshot; take them with census --series", dir);
	if (!e->code)
		qsort(m->at, (size_t)m->n, sizeof *m->at, by_t0);
	for (uint64_t i = 1; i < m->n && !e->code; i++)
		if (m->at[i].t0 == m->at[i - 1].t0)
			err_set(e, E_USAGE, "'%s' and '%s' in '%s' are snapshots of the same time; move one elsewhere",
				m->at[i - 1].folder, m->at[i].folder, dir);
	return e->code ? e->code : add_missing(m, &cap, every_s, e);
}

int moments_find(struct moments *m, MPI_Comm comm, const char *dir, int64_t every_s, struct err *e)
{
	uint64_t nbytes;
	int me, rc = E_OK;
	void *at;

	memset(m, 0, sizeof *m);
	MPI_Comm_rank(comm, &me);
	if (me == 0)
		rc = list(m, dir, every_s, e);
	nbytes = m->n * sizeof *m->at;
	at = m->at;
	rc = wire_share(comm, rc, &at, &nbytes, e);
	m->at = at;
	m->n = rc ? 0 : nbytes / sizeof *m->at;
	if (rc) {
		e->rank = -1;
		return rc;
	}
	agree_bcast(comm, m->hub, sizeof m->hub);
	agree_bcast(comm, m->filters, sizeof m->filters);
	return E_OK;
}
