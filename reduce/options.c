// SPDX-License-Identifier: Apache-2.0
#include "reduce/options.h"

#include <stddef.h>

#include "reduce/sheet.h"
#include "reduce/unclassified.h"

#define AT(m) offsetof(struct reduce_options, m)

static const struct opt option[] = {
	{ .name = "orgs",
	  .type = OPT_TEXTS,
	  .offset = AT(orgs),
	  .arg = "FILE",
	  .help = "Add to the table of organisations, or replace what it says of a namespace (CSV: "
		  "namespace,parent,country,sector,source[,from,to])." },
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
	  .help = "Read every shard and census.h5, compare the checksum over each whole file, check that the columns "
		  "fit each other, name those that are not what was sealed, and exit; nothing is written." },
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

const struct opts reduce_opts = {
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
		    "the program. HF_TOKEN and HUGGING_FACE_HUB_TOKEN are of no use, and are blanked.\n"
		    "\n"
		    "Exit status:\n"
		    "0  complete\n"
		    "2  usage, or DIR is no census\n"
		    "4  failed; with --verify also: shards or census.h5 are damaged\n"
		    "5  complete but with gaps: parts of the Hub were not crawled, lists of accounts not given, "
		    "or records not understood (the summary and "
		    "'completeness' in census.json say which)\n"
		    "\n"
		    "Example:\n"
		    "mpirun -n 4 hubreduce --orgs my-orgs.csv 2026-11-22\n",
	.nargs_min = 0,
	.nargs_max = 1,
	.given = AT(given),
};

/* What an option that does something else than a census heeds of the others. */
static int check_beside(const struct reduce_options *o, struct err *e)
{
	static const char *const list[] = { "list-figures", "log-format", "quiet", NULL };
	static const char *const unclassified[] = { "unclassified", "orgs",  "topics", "format",
						    "log-format",   "quiet", NULL };
	static const char *const series[] = { "series", "every", "format", "log-format", "quiet", NULL };
	static const char *const verify[] = { "verify", "log-format", "quiet", NULL };
	const char *const *fits = o->list ? list : o->unclassified ? unclassified : o->series ? series : verify;
	const char *other = NULL;

	if (o->list || o->unclassified || o->series || o->verify)
		other = opts_beside(&reduce_opts, o, fits);
	if (other)
		return err_set(e, E_USAGE, "--%s has no effect beside --%s: leave one of them out", other, *fits);
	return o->every_ms && !o->series ? err_set(e, E_USAGE, "--every goes with --series") : E_OK;
}

int reduce_options_parse(struct reduce_options *o, int argc, char **argv, int print, int *done, struct err *e)
{
	char **args = argv;
	int nargs = 0;

	*o = (struct reduce_options){ .format = "text" }; /* presets of texts are for --help only */
	if (opts_parse(&reduce_opts, argc, argv, o, print, &args, &nargs, done, e) || *done)
		return e->code;
	if (sheet_format_find(o->format) < 0)
		return err_set(e, E_USAGE, "--format takes text, json, csv or markdown, not '%s'", o->format);
	if (check_beside(o, e))
		return e->code;
	if (o->series && nargs)
		return err_set(e, E_USAGE, "--series names the folder; '%s' is one too many", args[0]);
	if (!o->list && !o->series && nargs == 0)
		return err_set(e, E_USAGE, "an argument is missing: the folder of the census; see 'hubreduce --help'");
	o->dir = nargs ? args[0] : NULL;
	return E_OK;
}
