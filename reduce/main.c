// SPDX-License-Identifier: Apache-2.0
/* hubreduce: from the shards of a snapshot folder to census.h5, census.json and run.json. */
#include <errno.h>
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/agree.h"
#include "io/launch.h"
#include "io/log.h"
#include "io/secret.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/census.h"
#include "reduce/compare.h"
#include "reduce/figures.h"
#include "reduce/grid.h"
#include "reduce/monitor.h"
#include "reduce/options.h"
#include "reduce/report.h"
#include "reduce/run.h"
#include "reduce/series.h"
#include "reduce/store.h"
#include "reduce/tables.h"
#include "reduce/unclassified.h"
#include "reduce/verify.h"

#define EXIT_GAPS 5

/* The folder's snapshot, read by rank 0 for all, which also keeps other jobs off the folder. */
static int open_folder(struct census *c, const char *dir, int only_look, int *lock, struct err *e)
{
	int found = 0, rc = E_OK;
	struct stat st;

	if (c->rank == 0) {
		if (stat(dir, &st))
			rc = err_set(e, errno == ENOENT ? E_USAGE : E_IO, "cannot open the folder '%s': %s", dir,
				     strerror(errno));
		else
			rc = snapshot_read(&c->snap, dir, &found, e);
		if (!rc && !found)
			rc = err_set(e, E_USAGE, "'%s' holds no census; take one with hubcrawl", dir);
		if (!rc)
			rc = snapshot_has_shards(dir, e);
		if (!rc)
			rc = only_look ? snapshot_look(dir, lock, e) : snapshot_lock(dir, lock, e);
	}
	if ((rc = err_agree(c->comm, rc, e))) {
		e->rank = -1;
		return rc;
	}
	agree_bcast(c->comm, &c->snap, sizeof c->snap);
	if (c->rank != 0 && !only_look)
		rc = snapshot_join(dir, lock, e);
	return err_agree(c->comm, rc, e);
}

static int path_of(char dst[4096], const char *dir, const char *name, struct err *e)
{
	if ((size_t)snprintf(dst, 4096, "%s/%s", dir, name) >= 4096)
		return err_set(e, E_USAGE, "the folder's name is too long");
	return E_OK;
}

/* As checked by reduce_options_parse(). */
static enum sheet_format format_of(const struct reduce_options *o)
{
	return (enum sheet_format)sheet_format_find(o->format);
}

/* Has standard output taken what was printed? printed: 0, or -1 when memory is short. */
static int check_output(int printed, struct err *e)
{
	if (printed)
		return err_set(e, E_NOMEM, "out of memory for the output");
	return log_check_output(e);
}

/* Rank 0's part of the end: the two documents, the summary. */
static int write_documents(const struct census *c, const char *dir, const unsigned char *chosen,
			   const struct figure_table *table, const struct figure_table *run,
			   const struct reduce_options *o, struct err *e)
{
	json_t *census = report_json(c, chosen, table), *how = run_json(run);
	int rc = E_OK;

	if (!census || !how)
		rc = err_set(e, E_NOMEM, "out of memory for the figures");
	rc = rc ? rc : report_write(json_incref(how), dir, "run.json", e);
	rc = rc ? rc : report_write(json_incref(census), dir, "census.json", e);
	if (!rc && !o->quiet)
		rc = check_output(report_summary(stdout, format_of(o), census, how), e);
	json_decref(census);
	json_decref(how);
	return rc;
}

/* A rank more saves its share of 6 us a row, and costs all of them some us in each of 2,000 collective calls: below so
 * many rows a rank it is no gain. Said only where it is far from one. */
#define ROWS_A_RANK 20000
#define RANKS_FEW   16

static void say_too_many(const struct census *c)
{
	uint64_t rows = c->accounts.total, few;

	for (int k = 0; k < NKINDS; k++)
		rows += c->kind[k].total;
	few = rows / ROWS_A_RANK + 1;
	if (c->rank == 0 && c->nranks > RANKS_FEW && (uint64_t)c->nranks > few)
		log_note("%d ranks for %llu rows: more than %llu make it no faster", c->nranks,
			 (unsigned long long)rows, (unsigned long long)few);
}

static int reduce(struct census *c, const char *dir, const struct reduce_options *o, const unsigned char *chosen,
		  double started_s, struct err *e)
{
	struct figure_table *table = calloc((size_t)figure_count, sizeof *table), run;
	struct monitor monitor = { .mark_s = started_s };
	struct laps laps;
	char path[4096];
	int rc = path_of(path, dir, "census.h5", e);

	laps_begin(&laps, started_s);
	c->laps = &laps;
	if (!rc && !table)
		rc = err_set(e, E_NOMEM, "out of memory for the figures");
	figure_init(&run, run_cols, 4);
	rc = err_agree(c->comm, rc, e);
	rc = rc ? rc : tables_read(c->comm, &o->orgs, &o->topics, &c->orgs, &c->topics, e);
	rc = rc ? rc : census_load(c, dir, e);
	monitor_phase_ends(&monitor, MONITOR_READ);
	if (!rc)
		say_too_many(c);
	rc = rc ? rc : compare_make(&c->compare, c, &o->previous, e);
	laps_end(&laps, "", "compare");
	rc = rc ? rc : figures_make(c, rc, chosen, table, e);
	monitor_phase_ends(&monitor, MONITOR_FIGURES);
	if (!rc) {
		run_make(c, started_s, &run);
		rc = store_census(c, path, chosen, table, &run, e);
	}
	if (!rc) {
		figure_release(&run);
		run_make(c, started_s, &run); /* now with the time that census.h5 took */
		if (c->rank == 0)
			rc = write_documents(c, dir, chosen, table, &run, o, e);
		rc = err_agree(c->comm, rc, e);
	}
	monitor_phase_ends(&monitor, MONITOR_WRITE);
	if (!rc)
		monitor_end(&monitor, c, o->metrics_file, census_is_complete(c) ? 0 : EXIT_GAPS);
	for (int i = 0; i < figure_count && table; i++)
		figure_release(&table[i]);
	figure_release(&run);
	c->laps = NULL;
	free(table);
	return rc;
}

/* What --unclassified asks for. */
static int list_unclassified(struct census *c, const char *dir, const struct reduce_options *o, struct err *e)
{
	struct sheet s;
	int rc = tables_read(c->comm, &o->orgs, &o->topics, &c->orgs, &c->topics, e);

	rc = rc ? rc : census_load(c, dir, e);
	if (rc)
		return rc;
	rc = unclassified_list(c, rc, o->unclassified, &s, e);
	if (!rc && c->rank == 0)
		rc = check_output(sheet_print(&s, stdout, format_of(o)), e);
	sheet_release(&s);
	return err_agree(c->comm, rc, e);
}

/* What --series asks for: no census of our own. */
static int make_series(MPI_Comm comm, int rank, const struct reduce_options *o, struct err *e)
{
	struct sheet s;
	int lock = -1, rc = E_OK;
	struct stat st;

	sheet_init(&s, "");
	if (rank == 0 && stat(o->series, &st))
		rc = err_set(e, E_USAGE, "cannot open the folder '%s': %s", o->series, strerror(errno));
	else if (rank == 0 && !S_ISDIR(st.st_mode))
		rc = err_set(e, E_USAGE, "'%s' is no folder, and so no series", o->series);
	else if (rank == 0)
		rc = snapshot_lock(o->series, &lock, e);
	rc = err_agree(comm, rc, e);
	rc = rc ? rc : series_make(comm, o->series, o->every_ms / 1000, &s, e);
	if (!rc && rank == 0 && !o->quiet)
		rc = check_output(sheet_print(&s, stdout, format_of(o)), e);
	sheet_release(&s);
	if (lock >= 0)
		close(lock);
	return err_agree(comm, rc, e);
}

static int start(struct census *c, int argc, char **argv, double started_s, struct err *e)
{
	struct reduce_options o = { .list = 0 };
	unsigned char *chosen = calloc((size_t)figure_count, 1);
	int done = 0, lock = -1, rc;

	if (!chosen)
		rc = err_set(e, E_NOMEM, "out of memory");
	else
		rc = reduce_options_parse(&o, argc, argv, c->rank == 0, &done, e);
	if (!rc && !done)
		rc = figures_select(o.figures, chosen, e);
	if (!rc && !done)
		rc = log_set_format(o.log_format, e);
	if (!rc && !done && o.list && c->rank == 0) {
		figures_print_list(stdout);
		rc = log_check_output(e);
	}
	rc = err_agree(c->comm, rc, e);
	if (rc || done || o.list) {
		e->rank = -1;
		free(chosen);
		return rc;
	}
	log_init("hubreduce", o.quiet);
	if (o.series) {
		free(chosen);
		return make_series(c->comm, c->rank, &o, e);
	}
	rc = open_folder(c, o.dir, o.verify, &lock, e);
	if (!rc)
		rc = o.verify       ? verify_run(c->comm, o.dir, &c->snap, e)
		   : o.unclassified ? list_unclassified(c, o.dir, &o, e)
				    : reduce(c, o.dir, &o, chosen, started_s, e);
	if (lock >= 0)
		close(lock);
	free(chosen);
	return rc;
}

int main(int argc, char **argv)
{
	struct census c = { .comm = MPI_COMM_WORLD };
	struct err e = ERR_INIT;
	double started_s;
	int code;

	/* It asks nobody: MPI gets no copy either. */
	secret_guard();
	secret_wipe();
	log_init("hubreduce", 0);
	if (opts_general(&reduce_opts, argc, argv)) {
		if (log_check_output(&e))
			log_error(&e);
		return err_exit_code(e.code);
	}
	if ((code = launch_check("hubreduce")))
		return code;
	MPI_Init(&argc, &argv);
	started_s = MPI_Wtime();
	MPI_Comm_rank(c.comm, &c.rank);
	MPI_Comm_size(c.comm, &c.nranks);
	/* A file beyond its limit is a full disk: an error to be told, not an end without a word. */
	signal(SIGXFSZ, SIG_IGN);
	code = err_exit_code(start(&c, argc, argv, started_s, &e));
	if (e.code && c.rank == 0)
		log_error(&e);
	if (!e.code && c.orgs && !census_is_complete(&c))
		code = EXIT_GAPS;
	census_release(&c);
	grid_forget(c.comm);
	MPI_Finalize();
	return code;
}
