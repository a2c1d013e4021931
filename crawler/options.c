// SPDX-License-Identifier: Apache-2.0
#include "crawler/options.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crawler/retry.h"
#include "io/log.h"
#include "io/utc.h"

#define AT(member) offsetof(struct options, member)

static const struct opt table[] = {
	{ NULL, OPT_GROUP, 0, 0, 0, NULL, NULL, "What to take", 0 },
	{ "hub", OPT_TEXT, AT(hub), 0, 0, "URL", NULL, "The Hub; by default $HF_ENDPOINT, then https://huggingface.co.",
	  0 },
	{ "kinds", OPT_TEXT, AT(kinds), 0, 0, "LIST", NULL,
	  "Of models,datasets,spaces,users; by default all but users. Accounts (users) are discovered when the "
	  "repositories are crawled; also on a census that is complete.",
	  0 },
	{ "until", OPT_TEXT, AT(until), 0, 0, "TIME", NULL,
	  "Repositories created up to then, as 2026-11-22 or 2026-11-22T12:00:00Z; by default now.", 0 },
	{ "filter", OPT_TEXTS, AT(filter), 0, 0, "author=NAME|tag=TAG", NULL,
	  "Only these; several tags must all be there. The census is then marked partial.", 0 },
	{ "fields", OPT_TEXT, AT(fields), 0, 0, "LIST", NULL, "Columns to add or to leave out, as +gguf_total,-tags.",
	  0 },
	{ NULL, OPT_GROUP, 0, 0, 0, NULL, NULL, "Accounts", 0 },
	{ "user-requests", OPT_COUNT, AT(user_requests), 1, 0, "N", NULL,
	  "Requests for the discovery of accounts, in all sessions together. The census keeps it; a larger one goes "
	  "on, "
	  "1G to the end. Without it every list is asked, which takes weeks of a Hub of millions.",
	  0 },
	{ "known", OPT_TEXT, AT(known), 0, 0, "CENSUS", NULL,
	  "Begin with the accounts of an earlier census, its folder or its census.h5, too.", 0 },
	{ "no-user-names", OPT_FLAG, AT(no_user_names), 0, 0, NULL, NULL,
	  "Keep keyed hashes instead of the names of accounts.", 0 },
	{ "forget", OPT_TEXT, AT(forget), 0, 0, "FILE", NULL,
	  "Take the accounts named in FILE (at most 64 MB), one per line, out of DIR for good, and crawl nothing; with "
	  "--dry-run only count them.",
	  0 },
	{ NULL, OPT_GROUP, 0, 0, 0, NULL, NULL, "To see first", 0 },
	{ "dry-run", OPT_FLAG, AT(dry_run), 0, 0, NULL, NULL,
	  "Ask at most 6 requests, print what the Hub is like and how long the crawl will take, write nothing. DIR may "
	  "be "
	  "left out; with it, what is left of that census.",
	  0 },
	{ "save-probe", OPT_TEXT, AT(save_probe), 0, 0, "FILE", NULL,
	  "Keep the first replies, of --dry-run or of the crawl, as a WARC file, as probe.warc.gz; the token is left "
	  "out.",
	  0 },
	{ "audit", OPT_COUNT, AT(audit), 1, 100000, "N", NULL,
	  "When all is crawled, ask N pages per kind of another order, from places drawn at random, for hubreduce to "
	  "estimate what the crawl was not shown; also on a census that is complete.",
	  0 },
	{ NULL, OPT_GROUP, 0, 0, 0, NULL, NULL, "How much to ask", 0 },
	{ "budget", OPT_TEXT, AT(budget), 0, 0, "Q/W", NULL,
	  "Q requests per W seconds, whatever the Hub says; by default what its rate-limit headers say, 500/300 before "
	  "the first.",
	  0 },
	{ "budget-scope", OPT_TEXT, AT(budget_scope), 0, 0, "SCOPE", "job",
	  "Who shares the budget: job, all ranks together; host, the ranks of one machine, where each leaves through "
	  "an "
	  "address of its own.",
	  0 },
	{ "reserve", OPT_SHARE, AT(reserve), 0, 0, "SHARE", "0", "Part of the budget to leave to others.", 0 },
	{ "burst", OPT_FLAG, AT(burst), 0, 0, NULL, NULL,
	  "Spend the budget as fast as the connections allow instead of evenly.", 0 },
	{ "in-flight", OPT_COUNT, AT(in_flight), 1, 256, "N", "8", "Requests at a time of each rank.", 0 },
	{ "max-requests", OPT_COUNT, AT(max_requests), 1, 0, "N", NULL, "Stop after so many requests of all ranks.",
	  0 },
	{ "max-time", OPT_DURATION, AT(max_time), 1, 0, "TIME", NULL, "Stop after that time.", 0 },
	{ "max-outage", OPT_DURATION, AT(max_outage), 1, 0, "TIME", "2h",
	  "Stop when the Hub has given no page for so long.", 0 },
	{ NULL, OPT_GROUP, 0, 0, 0, NULL, NULL, "Network", 0 },
	{ "token-file", OPT_TEXT, AT(token_file), 0, 0, "FILE", NULL,
	  "File with a token; by default $HF_TOKEN, $HF_TOKEN_PATH, $HF_HOME/token as the Hub's own client has it. "
	  "Rank 0 alone needs it.",
	  0 },
	{ "timeout", OPT_DURATION, AT(timeout), 100, 3600000, "TIME", "60s", "For one request.", 0 },
	{ "retries", OPT_COUNT, AT(retries), 0, 1000, "N", "6",
	  "Attempts after a failed one before a window is put back.", 0 },
	{ "contact", OPT_TEXT, AT(contact), 0, 0, "TEXT", NULL, "Address or URL to name in the User-Agent.", 0 },
	{ "ca-file", OPT_TEXT, AT(ca_file), 0, 0, "FILE", NULL,
	  "Certificates to trust instead of the system's, of at most 64 MB.", 0 },
	{ NULL, OPT_GROUP, 0, 0, 0, NULL, NULL, "Files", 0 },
	{ "archive", OPT_FLAG, AT(archive), 0, 0, NULL, NULL,
	  "Keep every reply as WARC 1.1 in DIR/archive, the token left out; a folder that has one goes on with it.",
	  0 },
	{ "from-archive", OPT_TEXT, AT(from_archive), 0, 0, "FOLDER", NULL,
	  "Take the census DIR from the archive of the census FOLDER, or from its archive folder alone, without a "
	  "network.",
	  0 },
	{ "seal-rows", OPT_COUNT, AT(seal_rows), 1, 10000000, "N", NULL,
	  "Rows of a rank's shard; by default 50000, or of more than 2 ranks each its part of 100000, but 10000 at "
	  "least. A shard that takes 32 MB of memory is full before.",
	  0 },
	{ "seal-time", OPT_DURATION, AT(seal_time), 1, 0, "TIME", "60s", "Seal what there is after that time.", 0 },
	{ NULL, OPT_GROUP, 0, 0, 0, NULL, NULL, "What it tells", 0 },
	{ "log-format", OPT_TEXT, AT(log_format), 0, 0, "FORMAT", "text",
	  "Of the lines on stderr, and of the summary: text, or json, an object a line.", 0 },
	{ "metrics-file", OPT_TEXT, AT(metrics_file), 0, 0, "FILE", NULL,
	  "Keep the progress in FILE in the Prometheus text format, replaced every 10 s.", 0 },
	{ "quiet", OPT_FLAG, AT(quiet), 0, 0, NULL, NULL, "No progress and no notes.", 0 },
	{ NULL, OPT_FLAG, 0, 0, 0, NULL, NULL, NULL, 0 },
};

const struct opts crawl_opts = {
	.program = "hubcrawl",
	.purpose =
		"Take a census of a Hugging Face Hub: crawl the metadata of all its repositories into the folder DIR.",
	.synopsis = "[OPTION…] DIR",
	.opt = table,
	.epilogue = "Run under mpirun with any number of ranks. Started again on the same folder it goes on where it "
		    "stopped, with any "
		    "number of ranks; on a complete one it says so. Afterwards run hubreduce DIR.\n"
		    "\n"
		    "Exit status:\n"
		    "0  complete\n"
		    "2  usage, or the folder belongs to another census\n"
		    "3  stopped, run again to go on\n"
		    "4  failed\n"
		    "5  complete but for parts that the Hub would not give, or gave out of order\n"
		    "\n"
		    "Environment:\n"
		    "HF_ENDPOINT, HF_TOKEN, HUGGING_FACE_HUB_TOKEN, HF_TOKEN_PATH, HF_HOME, XDG_CACHE_HOME and "
		    "HF_HUB_DISABLE_IMPLICIT_TOKEN, as in the Hub's own client. Those of rank 0 count; "
		    "the others get the token from it, encrypted. mpirun -x and a batch system carry a variable as it "
		    "is, and may keep it: there give the token as a file.\n"
		    "\n"
		    "Signals:\n"
		    "SIGTERM, SIGUSR1 and SIGINT seal what there is and stop within 10 s.\n",
	.nargs_min = 0,
	.nargs_max = 1,
	.given = AT(given),
};

/* What is left out is done nowhere: whoever names it means something else. */
static int check_forget(const struct options *o, struct err *e)
{
	static const char *const fits[] = { "forget", "dry-run", "log-format", "quiet", NULL };
	const char *other = opts_beside(&crawl_opts, o, fits);

	return o->forget && other ? err_set(e, E_USAGE, "--forget crawls nothing: leave out --%s", other) : E_OK;
}

static int check_archive(const struct options *o, struct err *e)
{
	static const char *const fits[] = { "from-archive",  "hub",       "kinds",     "until",
					    "filter",        "fields",    "known",     "user-requests",
					    "no-user-names", "seal-rows", "seal-time", "log-format",
					    "quiet",         NULL };
	const char *other = opts_beside(&crawl_opts, o, fits);

	return o->from_archive && other
		     ? err_set(e, E_USAGE, "--from-archive asks the Hub for nothing: leave out --%s", other)
		     : E_OK;
}

int options_parse(struct options *o, int argc, char **argv, int print, int *done, struct err *e)
{
	char **args;
	int n, rc;

	memset(o, 0, sizeof *o);
	rc = opts_parse(&crawl_opts, argc, argv, o, print, &args, &n, done, e);
	if (rc || *done)
		return rc;
	if (n == 0 && (!o->dry_run || o->forget))
		return err_set(e, E_USAGE, "an argument is missing: %s %s", crawl_opts.program, crawl_opts.synopsis);
	o->dir = n > 0 ? args[0] : NULL;
	if (check_forget(o, e) || check_archive(o, e))
		return e->code;
	return log_set_format(o->log_format, e);
}

/* All ranks together hold so many rows, and may lose them, whatever their number; a rank's first rows are the expensive
 * ones, for the kernel clears the memory that they touch: eight ranks on two cores took 1.4 times the CPU of two with
 * shards of 50,000 rows and 1.2 times with 10,000. Where there are fewer than 10,000 in a shard, what every shard costs
 * is seen, and where a rank has a core's caches to itself, the labels that each shard begins anew: 50,000 at most. */
#define SEAL_ROWS_JOB 100000
#define SEAL_ROWS_MIN 10000
#define SEAL_ROWS_MAX 50000

void options_share(struct options *o, int nranks)
{
	int64_t share = SEAL_ROWS_JOB / nranks;

	if (!o->seal_rows)
		o->seal_rows = share < SEAL_ROWS_MIN ? SEAL_ROWS_MIN : share > SEAL_ROWS_MAX ? SEAL_ROWS_MAX : share;
}

/* Call `take` for each name of a comma-separated list. */
static int each_name(const char *list, int (*take)(struct plan *, const char *, struct err *), struct plan *p,
		     struct err *e)
{
	char name[64];

	while (*list) {
		size_t n = strcspn(list, ",");

		if (n >= sizeof name)
			return err_set(e, E_USAGE, "'%.*s' is too long for a name", (int)n, list);
		memcpy(name, list, n);
		name[n] = '\0';
		if (n > 0 && take(p, name, e))
			return e->code;
		list += n + (list[n] == ',');
	}
	return E_OK;
}

static int take_kind(struct plan *p, const char *name, struct err *e)
{
	int k = kind_find(name);

	if (!strcmp(name, "users")) {
		p->users = 1;
		return E_OK;
	}
	if (k < 0)
		return err_set(e, E_USAGE, "--kinds: '%s' is none of models, datasets, spaces, users", name);
	p->kinds |= 1u << k;
	return E_OK;
}

static int take_field(struct plan *p, const char *name, struct err *e)
{
	int drop = *name == '-';
	int f = schema_find(name + (*name == '-' || *name == '+'));

	if (f < 0 || !schema[f].expand)
		return err_set(e, E_USAGE, "--fields: '%s' is no column of the census", name);
	if (drop && schema[f].flags & (COL_REQUIRED | COL_IMPLICIT))
		return err_set(e, E_USAGE, "--fields: '%s' cannot be left out", name + 1);
	p->fields = drop ? p->fields & ~(1u << f) : p->fields | 1u << f;
	return E_OK;
}

static int take_filter(struct plan *p, const char *text, struct err *e)
{
	const char *value = strchr(text, '=');
	char printable[512];

	/* It goes into a document. What does not fit is refused below. */
	if (strlen(text) < sizeof printable &&
	    strcmp(text, err_printable(printable, sizeof printable, text, strlen(text))) != 0)
		return err_set(e, E_USAGE, "--filter: '%s' is not UTF-8, or has control characters", text);
	if (value && value[1] && !strncmp(text, "author=", 7)) {
		if (*p->author)
			return err_set(e, E_USAGE, "--filter: one author only");
		if (strlen(value + 1) >= sizeof p->author)
			return err_set(e, E_USAGE, "--filter: no author has a name as long as '%s'", value + 1);
		snprintf(p->author, sizeof p->author, "%s", value + 1);
		return E_OK;
	}
	if (value && value[1] && !strncmp(text, "tag=", 4)) {
		if (p->ntag == SNAPSHOT_TAGS_MAX || strlen(value + 1) > 256)
			return err_set(e, E_USAGE, "--filter: at most %d tags of at most 256 bytes", SNAPSHOT_TAGS_MAX);
		p->tag[p->ntag++] = value + 1;
		return E_OK;
	}
	return err_set(e, E_USAGE, "--filter: '%s' is neither author=NAME nor tag=TAG", text);
}

static int take_budget(struct plan *p, const struct options *o, struct err *e)
{
	char *end;

	p->budget.reserve = o->reserve;
	p->budget.burst = o->burst;
	if (o->reserve >= 1)
		return err_set(e, E_USAGE, "--reserve: something must be left to crawl with");
	if (o->budget_scope && !options_host_scope(o) && strcmp(o->budget_scope, "job"))
		return err_set(e, E_USAGE, "--budget-scope: '%s' is neither job nor host", o->budget_scope);
	if (!o->budget)
		return E_OK;
	p->budget.quota = strtoll(o->budget, &end, 10);
	if (*end == '/')
		p->budget.window_s = strtoll(end + 1, &end, 10);
	if (*end || p->budget.quota < 1 || p->budget.window_s < 1 || p->budget.window_s > 86400 ||
	    p->budget.quota > 1000000000)
		return err_set(e, E_USAGE, "--budget: '%s' is not REQUESTS/SECONDS, as 500/300", o->budget);
	return E_OK;
}

int options_host_scope(const struct options *o)
{
	return o->budget_scope && !strcmp(o->budget_scope, "host");
}

int options_plan(struct plan *p, const struct options *o, struct err *e)
{
	const char *endpoint = getenv("HF_ENDPOINT"), *hub = o->hub;

	memset(p, 0, sizeof *p);
	p->until = -1;
	p->hub_given = hub != NULL || (endpoint && *endpoint);
	if (!hub)
		hub = p->hub_given ? endpoint : "https://huggingface.co";
	p->kinds_given = o->kinds != NULL;
	p->fields_given = o->fields != NULL;
	p->filter_given = o->filter.n > 0;
	p->of_users = o->known         ? "known"
		    : o->user_requests ? "user-requests"
		    : o->no_user_names ? "no-user-names"
				       : NULL;
	for (int f = 0; f < NFIELDS; f++)
		if (!(schema[f].flags & COL_OPTIONAL))
			p->fields |= 1u << f;
	if (hub_parse(&p->hub, hub, e) || take_budget(p, o, e) ||
	    (o->fields && each_name(o->fields, take_field, p, e)) ||
	    each_name(o->kinds ? o->kinds : "models,datasets,spaces", take_kind, p, e))
		return e->code;
	p->hashed = o->no_user_names;
	if (!p->kinds && !p->users)
		return err_set(e, E_USAGE, "--kinds: name at least one of models, datasets, spaces");
	for (int i = 0; i < o->filter.n; i++)
		if (take_filter(p, o->filter.at[i], e))
			return e->code;
	if (o->until && (utc_parse(o->until, strlen(o->until), &p->until) || p->until < 0))
		return err_set(e, E_USAGE, "--until: '%s' is not a time such as 2026-11-22 or 2026-11-22T12:00:00Z",
			       o->until);
	return E_OK;
}

/* A request that does not fit is never sent, so there must be room for one with the longest cursor that is followed,
 * each byte of it written as three. */
static int check_length(const struct snapshot *s, struct err *e)
{
	struct hub_list l = {
		.order = HUB_DESC, .fields = s->fields, .limit = HUB_PAGE_ROWS, .author = s->author, .ntag = s->ntag
	};
	char cursor[HUB_CURSOR_MAX], url[HUB_URL_MAX];
	struct hub hub;

	if (hub_parse(&hub, s->hub, e))
		return e->code;
	memset(cursor, '+', sizeof cursor - 1);
	cursor[sizeof cursor - 1] = '\0';
	l.cursor = cursor;
	for (int i = 0; i < s->ntag; i++)
		l.tag[i] = s->tag[i];
	for (int k = 0; k < NKINDS; k++) {
		l.kind = (enum kind)k;
		if (hub_list_url(&hub, &l, url, sizeof url) < 0)
			return err_set(e, E_USAGE, "--filter: too much text for one request: leave out tags");
	}
	return E_OK;
}

int options_snapshot(struct snapshot *now, const struct plan *p, const struct snapshot *old, struct err *e)
{
	char until[32];

	if (old)
		*now = *old;
	else
		memset(now, 0, sizeof *now);
	if (!old || p->hub_given)
		snprintf(now->hub, sizeof now->hub, "%s", p->hub.base);
	if (!old || (p->kinds_given && p->kinds))
		now->kinds = p->kinds;
	if (!now->kinds)
		return err_set(
			e, E_USAGE,
			"--kinds: accounts are found through repositories, so name models, datasets or spaces, too");
	if (p->hashed && old && old->users && !old->hashed)
		return err_set(e, E_USAGE, "--no-user-names: this census holds names already; choose another folder");
	if (p->users && !now->users) {
		now->users = 1;
		now->hashed = p->hashed;
	}
	if (p->of_users && !now->users)
		return err_set(e, E_USAGE,
			       "--%s is about accounts, which this census does not take: add users to --kinds",
			       p->of_users);
	if (!old || p->fields_given)
		now->fields = p->fields;
	/* Of a census that was begun this is known, whatever the clock says now. */
	if (!old && p->until > time(NULL))
		return err_set(e, E_USAGE, "--until: '%s' lies in the future", utc_format(p->until, until));
	if (!old || p->until >= 0)
		now->t0 = p->until >= 0 ? p->until : (int64_t)time(NULL);
	if (old && !p->filter_given)
		return check_length(now, e);
	if (strlen(p->author) >= sizeof now->author)
		return err_set(e, E_USAGE, "--filter: the author's name is too long");
	snprintf(now->author, sizeof now->author, "%s", p->author);
	memset(now->tag, 0, sizeof now->tag);
	now->ntag = p->ntag;
	for (int i = 0; i < p->ntag; i++)
		snprintf(now->tag[i], sizeof now->tag[i], "%s", p->tag[i]);
	return check_length(now, e);
}
