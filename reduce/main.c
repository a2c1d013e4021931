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
#include "io/opts.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/census.h"
#include "reduce/compare.h"
#include "reduce/figures.h"
#include "reduce/grid.h"
#include "reduce/monitor.h"
#include "reduce/report.h"
#include "reduce/run.h"
#include "reduce/series.h"
#include "reduce/store.h"
#include "reduce/tables.h"
#include "reduce/unclassified.h"
#include "reduce/verify.h"

#define EXIT_GAPS 5

struct options {
	struct opt_texts orgs, topics, previous;
	const char *figures, *format, *log_format, *metrics_file, *series;
	int64_t unclassified, every_ms;
	int list, verify, quiet;
};

#define AT(m) offsetof(struct options, m)

static const struct opt option[] = {
	{ .name = "orgs",
	  .type = OPT_TEXTS,
	  .offset = AT(orgs),
	  .arg = "FILE",
	  .help = "Add to the table of organisations, or replace what it says of a namespace (CSV: "
		  "namespace,parent,country,sector,source)." },
	{ .name = "topics",
	  .type = OPT_TEXTS,
	  .offset = AT(topics),
	  .arg = "FILE",
	  .help = "Add to the table of topics, or replace what it says of a tag (CSV: group,topic,tag,source)." },
	{ .name = "previous",
	  .type = OPT_TEXTS,
	  .offset = AT(previous),
	  .arg = "CENSUS",
	  .help = "Compare with an earlier census of the same Hub, its folder or its census.h5; may be repeated." },
	{ .name = "figures",
	  .type = OPT_TEXT,
	  .offset = AT(figures),
	  .arg = "LIST",
	  .help = "Compute these figures only: keys, or their beginnings, divided by commas (totals,growth.orgs)." },
	{ .name = "list-figures",
	  .type = OPT_FLAG,
	  .offset = AT(list),
	  .help = "Print every figure's key, unit and definition, and exit." },
	{ .name = "unclassified",
	  .type = OPT_COUNT,
	  .offset = AT(unclassified),
	  .lo = 1,
	  .hi = UNCLASSIFIED_MAX,
	  .arg = "N",
	  .help = "Print the N most downloaded namespaces that the table of organisations does not know, with their "
		  "repositories, and exit; nothing is written." },
	{ .name = "series",
	  .type = OPT_TEXT,
	  .offset = AT(series),
	  .arg = "DIR",
	  .help = "Make DIR/series.h5 from the census.json of every snapshot folder in DIR, and exit: a row per number "
		  "and snapshot, also where there is none." },
	{ .name = "every",
	  .type = OPT_DURATION,
	  .offset = AT(every_ms),
	  .lo = 3600000,
	  .arg = "TIME",
	  .help = "With --series: the cadence (7d), so that a snapshot that is missing has its rows." },
	{ .name = "verify",
	  .type = OPT_FLAG,
	  .offset = AT(verify),
	  .help = "Read every shard, compare its checksum over the whole file, check that its columns fit each other, "
		  "name those that are not what was sealed, and exit; nothing is written." },
	{ .name = "format",
	  .type = OPT_TEXT,
	  .offset = AT(format),
	  .arg = "FORMAT",
	  .preset = "text",
	  .help = "How the summary, or the list of --unclassified, is printed: text, json, csv or markdown." },
	{ .name = "log-format",
	  .type = OPT_TEXT,
	  .offset = AT(log_format),
	  .arg = "FORMAT",
	  .preset = "text",
	  .help = "Of the lines on stderr: text, or json, an object a line." },
	{ .name = "metrics-file",
	  .type = OPT_TEXT,
	  .offset = AT(metrics_file),
	  .arg = "FILE",
	  .help = "Write what was done to FILE in the Prometheus text format." },
	{ .name = "quiet", .type = OPT_FLAG, .offset = AT(quiet), .help = "No summary on standard output." },
	{ .name = NULL, .type = OPT_FLAG },
};

static const struct opts options = {
	.program = "hubreduce",
	.purpose = "Compute every figure of a census that hubcrawl has taken.",
	.synopsis = "[OPTION…] DIR",
	.opt = option,
	.epilogue = "Run under mpirun with any number of ranks: neither their number nor that of the shards changes a "
		    "byte of the "
		    "census.\n"
		    "DIR is a folder that hubcrawl has filled, completely or not; while a job works on it, hubreduce "
		    "refuses.\n"
		    "\n"
		    "Files:\n"
		    "DIR/snapshot.json, DIR/shards/*.h5  read\n"
		    "DIR/census.h5    every repository, in _id order, and every figure as a table\n"
		    "DIR/census.json  every figure, with its status, unit, definition and counter\n"
		    "DIR/run.json     how the census was taken: requests, replies, time, ranks\n"
		    "Each is written whole or not at all.\n"
		    "\n"
		    "Environment:\n"
		    "HUBCENSUS_DATA is the folder of orgs.csv and topics.csv; without it they are looked for beside "
		    "the program.\n"
		    "\n"
		    "Exit status:\n"
		    "0  complete\n"
		    "2  usage, or DIR is no census\n"
		    "4  failed; with --verify also: shards are damaged\n"
		    "5  complete but with gaps: parts of the Hub were not crawled, or records not understood (the "
		    "summary and "
		    "'completeness' in census.json say which)\n"
		    "\n"
		    "Example:\n"
		    "mpirun -n 4 hubreduce --orgs my-orgs.csv 2026-11-22\n",
	.nargs_min = 0,
	.nargs_max = 1,
};

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

/* As checked by start(). */
static enum sheet_format format_of(const struct options *o)
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
			   const struct figure_table *table, const struct figure_table *run, const struct options *o,
			   struct err *e)
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

static int reduce(struct census *c, const char *dir, const struct options *o, const unsigned char *chosen,
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
static int list_unclassified(struct census *c, const char *dir, const struct options *o, struct err *e)
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
static int make_series(MPI_Comm comm, int rank, const struct options *o, struct err *e)
{
	struct sheet s;
	int lock = -1, rc = E_OK;

	sheet_init(&s, "");
	if (rank == 0 && access(o->series, F_OK))
		rc = err_set(e, E_USAGE, "cannot open the folder '%s': %s", o->series, strerror(errno));
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
	struct options o = { .format = "text" }; /* presets of texts are for --help only */
	unsigned char *chosen = calloc((size_t)figure_count, 1);
	int nargs = 0, done = 0, lock = -1, rc;
	char **args = argv;

	if (!chosen)
		rc = err_set(e, E_NOMEM, "out of memory");
	else if (!(rc = opts_parse(&options, argc, argv, &o, c->rank == 0, &args, &nargs, &done, e)) && !done)
		rc = figures_select(o.figures, chosen, e);
	if (!rc && !done)
		rc = log_set_format(o.log_format, e);
	if (!rc && !done && sheet_format_find(o.format) < 0)
		rc = err_set(e, E_USAGE, "--format takes text, json, csv or markdown, not '%s'", o.format);
	if (!rc && !done && o.list && c->rank == 0) {
		figures_print_list(stdout);
		rc = log_check_output(e);
	}
	if (!rc && !done && o.series && nargs)
		rc = err_set(e, E_USAGE, "--series names the folder; '%s' is one too many", args[0]);
	if (!rc && !done && !o.list && !o.series && nargs == 0)
		rc = err_set(e, E_USAGE, "an argument is missing: the folder of the census; see 'hubreduce --help'");
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
	rc = open_folder(c, args[0], o.verify, &lock, e);
	if (!rc)
		rc = o.verify       ? verify_run(c->comm, args[0], &c->snap, e)
		   : o.unclassified ? list_unclassified(c, args[0], &o, e)
				    : reduce(c, args[0], &o, chosen, started_s, e);
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

	log_init("hubreduce", 0);
	if (opts_general(&options, argc, argv)) {
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
