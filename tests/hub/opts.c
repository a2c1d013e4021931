/* SPDX-License-Identifier: Apache-2.0 */
#include "opts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "when.h"

typedef int parse_fn(struct opts *o, const char *v);

static int number(const char *v, uint64_t max, uint64_t *out)
{
	char *end;
	errno = 0;
	unsigned long long n = strtoull(v, &end, 10);
	if (*v < '0' || *v > '9' || *end || errno || n > max)
		return -1;
	*out = n;
	return 0;
}

/* An _id has four bytes of time, an index must fit into a reply's arithmetic. */
static const uint64_t max_rows = 1000000000;

static int opt_models(struct opts *o, const char *v)
{
	return number(v, max_rows, &o->synth.n[MODELS]);
}
static int opt_datasets(struct opts *o, const char *v)
{
	return number(v, max_rows, &o->synth.n[DATASETS]);
}
static int opt_spaces(struct opts *o, const char *v)
{
	return number(v, max_rows, &o->synth.n[SPACES]);
}
static int opt_users(struct opts *o, const char *v)
{
	return number(v, max_rows, &o->synth.users) || !o->synth.users ? -1 : 0;
}

static int opt_graph(struct opts *o, const char *v)
{
	o->synth.graph.independent = !strcmp(v, "independent");
	return o->synth.graph.independent || !strcmp(v, "dependent") ? 0 : -1;
}

/* "P%" of 0 … 100. */
static int share(const char *v, double *out)
{
	char *end;
	double p = strtod(v, &end);
	if (end == v || strcmp(end, "%") != 0 || !(p >= 0 && p <= 100))
		return -1;
	*out = p / 100;
	return 0;
}

static int opt_capture(struct opts *o, const char *v)
{
	return share(v, &o->synth.graph.capture);
}

static int opt_deep(struct opts *o, const char *v)
{
	return share(v, &o->synth.graph.deep);
}

static int opt_quiet(struct opts *o, const char *v)
{
	return number(v, 100000, &o->synth.graph.quiet);
}

static int opt_list_page(struct opts *o, const char *v)
{
	return number(v, 10000, &o->list_page) || !o->list_page ? -1 : 0;
}

static int opt_seed(struct opts *o, const char *v)
{
	return number(v, UINT64_MAX, &o->synth.seed);
}

static int opt_until(struct opts *o, const char *v)
{
	return when_parse(v, &o->synth.until, NULL) && o->synth.until >= when_date(2022, 4, 1) &&
			       o->synth.until < when_date(2100, 1, 1)
		     ? 0
		     : -1;
}

static int opt_edits(struct opts *o, const char *v)
{
	return number(v, UINT64_MAX, &o->edits.seed) || !o->edits.seed ? -1 : 0;
}

static int weeks(const char *v, int64_t *out)
{
	uint64_t n;
	if (number(v, 500, &n))
		return -1;
	*out = (int64_t)n;
	return 0;
}

static int opt_ago(struct opts *o, const char *v)
{
	return weeks(v, &o->edits.ago);
}

static int opt_since(struct opts *o, const char *v)
{
	return o->nsince < SINCE_MAX ? weeks(v, &o->since[o->nsince++]) : -1;
}

static int opt_t0(struct opts *o, const char *v)
{
	return when_parse(v, &o->t0, NULL) ? 0 : -1;
}

static int opt_replay(struct opts *o, const char *v)
{
	o->replay = v;
	return 0;
}

static int opt_no_all_time(struct opts *o, const char *v)
{
	(void)v;
	o->synth.all_time = false;
	return 0;
}

static int opt_more_tags(struct opts *o, const char *v)
{
	return number(v, ROW_TAGS / 2, &o->synth.more_tags);
}

static int opt_port(struct opts *o, const char *v)
{
	uint64_t n;
	if (number(v, 65535, &n))
		return -1;
	o->server.port = (unsigned)n;
	return 0;
}

/* Loopback, or the network that tests make for themselves: nothing that anybody else could reach. */
static int opt_bind(struct opts *o, const char *v)
{
	struct in_addr a;
	if (inet_pton(AF_INET, v, &a) != 1)
		return -1;
	o->server.address = ntohl(a.s_addr);
	return o->server.address >> 24 == 127 || o->server.address >> 8 == 0x0a4d00 ? 0 : -1;
}

static int opt_cache(struct opts *o, const char *v)
{
	uint64_t n;
	if (number(v, 1 << 20, &n))
		return -1;
	o->cache_mb = (unsigned)n;
	return 0;
}

static int opt_threads(struct opts *o, const char *v)
{
	uint64_t n;
	if (number(v, 256, &n) || n == 0)
		return -1;
	o->server.threads = (unsigned)n;
	return 0;
}

static int opt_no_gzip(struct opts *o, const char *v)
{
	(void)v;
	o->server.gzip = false;
	return 0;
}

/* A whole string as a number of milliseconds; -1: it is none. */
static double milliseconds(const char *v)
{
	char *end;
	double ms = strtod(v, &end);
	return end != v && *end == 0 && ms >= 0 && ms <= 3.6e6 ? ms : -1;
}

static int opt_latency(struct opts *o, const char *v)
{
	const char *dots = strstr(v, "..");
	char low[32];
	snprintf(low, sizeof low, "%.*s", dots ? (int)(dots - v) : (int)strlen(v), v);
	double lo = milliseconds(low), hi = dots ? milliseconds(dots + 2) : lo;
	if (lo < 0 || hi < lo)
		return -1;
	o->server.latency_lo_s = lo / 1000;
	o->server.latency_hi_s = hi / 1000;
	return 0;
}

/* --quota sets both kinds; --pages-quota behind it sets the other one apart. */
static int opt_quota(struct opts *o, const char *v)
{
	if (quota_parse(&o->server.quota, v))
		return -1;
	o->server.page_quota = o->server.quota;
	return 0;
}

static int opt_pages_quota(struct opts *o, const char *v)
{
	return quota_parse(&o->server.page_quota, v);
}

static int opt_token_quota(struct opts *o, const char *v)
{
	if (quota_parse(&o->server.token_quota, v))
		return -1;
	o->server.token_page_quota = o->server.token_quota;
	return 0;
}

static int opt_token(struct opts *o, const char *v)
{
	o->server.token = v;
	return *v ? 0 : -1;
}

static int opt_log(struct opts *o, const char *v)
{
	o->server.log = v;
	return 0;
}

static int opt_truth(struct opts *o, const char *v)
{
	(void)v;
	o->truth = true;
	return 0;
}

static int opt_log_times(struct opts *o, const char *v)
{
	(void)v;
	o->server.log_times = true;
	return 0;
}

static int opt_orgs(struct opts *o, const char *v)
{
	o->orgs = v;
	return 0;
}

static int opt_topics(struct opts *o, const char *v)
{
	o->topics = v;
	return 0;
}

static int opt_help(struct opts *o, const char *v)
{
	(void)v;
	o->help = true;
	return 0;
}

static const struct option {
	const char *name, *arg; /* arg NULL: a switch */
	parse_fn *parse;
	const char *help;
} options[] = {
	{ "--replay", "DIR", opt_replay, "serve the recorded elements of DIR/{models,datasets,spaces}.jsonl[.gz]" },
	{ "--models", "N", opt_models, "synthetic models (1000)" },
	{ "--datasets", "N", opt_datasets, "synthetic datasets (300)" },
	{ "--spaces", "N", opt_spaces, "synthetic Spaces (300)" },
	{ "--users", "N", opt_users,
	  "accounts, users and organisations, beside the few known by name (a third of all repositories)" },
	{ "--graph", "KIND", opt_graph,
	  "lists of accounts that overlap as on the Hub (dependent), or that are drawn each by itself (independent)" },
	{ "--capture", "P%", opt_capture, "independent: users that each source shows (20%)" },
	{ "--deep", "P%", opt_deep, "dependent: users whom only the followers of users lead to (10%)" },
	{ "--quiet-orgs", "N", opt_quiet, "organisations that own nothing and are named by overviews only (0)" },
	{ "--list-page", "N", opt_list_page, "accounts on a page of a list at most (as many as the Hub gives)" },
	{ "--seed", "S", opt_seed, "of everything that is drawn (1)" },
	{ "--until", "TIME", opt_until, "createdAt of the newest repositories (2026-11-22T00:00:00Z)" },
	{ "--edits", "S", opt_edits,
	  "the population as one moment of a Hub in which repositories are made, published, renamed, moved and "
	  "deleted; "
	  "S: seed of that" },
	{ "--ago", "WEEKS", opt_ago, "which moment: so long before --until (0)" },
	{ "--no-all-time", NULL, opt_no_all_time, "serve no downloadsAllTime" },
	{ "--more-tags", "N", opt_more_tags, "longer rows: so many tags more of each model, 25 bytes each (0)" },
	{ "--port", "P", opt_port, "0 takes a free one (0)" },
	{ "--bind", "ADDRESS", opt_bind,
	  "to listen on: of 127.0.0.0/8, or of 10.77.0.0/24, the network between two test hosts (127.0.0.1)" },
	{ "--threads", "N", opt_threads, "that answer (2)" },
	{ "--cache", "MB", opt_cache, "rows of lists that are kept as they were sent; 0 = none (64)" },
	{ "--no-gzip", NULL, opt_no_gzip, "never compress" },
	{ "--latency", "MS[..MS]", opt_latency, "wait before each reply, uniform between the two (0)" },
	{ "--quota", "Q/W", opt_quota,
	  "anonymous requests per W seconds, 0 = no limit (500/300; for what is not /api/ 100/300)" },
	{ "--pages-quota", "Q/W", opt_pages_quota,
	  "the same for what is not /api/, if it shall differ; behind --quota" },
	{ "--token", "T", opt_token, "a valid token; any other one gets 401" },
	{ "--token-quota", "Q/W", opt_token_quota, "its requests per W seconds (1000/300)" },
	{ "--log", "FILE", opt_log,
	  "a line per request: seconds status method path?query authorized(yes|no) user-agent" },
	{ "--log-times", NULL, opt_log_times, "begin each line with the second in which the request came" },
	{ "--fault", "NAME[@P%|@every:N]", NULL,
	  "a fault, with probability P or at every N-th request; may be repeated:" },
	{ "--truth", NULL, opt_truth, "serve nothing: print every figure of this population as JSON" },
	{ "--orgs", "FILE", opt_orgs, "orgs.csv, for --truth" },
	{ "--topics", "FILE", opt_topics, "topics.csv, for --truth" },
	{ "--t0", "TIME", opt_t0, "the moment of the census, for --truth (--until, less --ago)" },
	{ "--since", "WEEKS", opt_since,
	  "for --truth with --edits: compare with the moment so long before --until; may be repeated, the latest "
	  "first" },
	{ "--help", NULL, opt_help, "print this" },
};
enum { NOPTION = sizeof options / sizeof options[0] };

static void defaults(struct opts *o)
{
	memset(o, 0, sizeof *o);
	o->synth = (struct synth_opts){ .n = { 1000, 300, 300 },
					.seed = 1,
					.until = when_date(2026, 11, 22),
					.all_time = true,
					.graph = { .capture = 0.2, .deep = 0.1 } };
	o->server = (struct server_opts){ .threads = 2,
					  .address = INADDR_LOOPBACK,
					  .gzip = true,
					  .quota = { 500, 300 },
					  .page_quota = { 100, 300 },
					  .token_quota = { 1000, 300 },
					  .token_page_quota = { 200, 300 } };
	o->cache_mb = 64;
	o->t0 = -1;
}

static const struct option *find(const char *arg, size_t n)
{
	for (int k = 0; k < NOPTION; k++)
		if (strlen(options[k].name) == n && !memcmp(options[k].name, arg, n))
			return &options[k];
	return NULL;
}

/* One option at argv[*k], its value behind '=' or as the next argument. */
static int parse_one(struct opts *o, int argc, char **argv, int *k, char *text, size_t ntext)
{
	const char *arg = argv[*k], *eq = strchr(arg, '='), *v = eq ? eq + 1 : NULL;
	const struct option *p = find(arg, eq ? (size_t)(eq - arg) : strlen(arg));
	if (!p) {
		snprintf(text, ntext, "unknown option '%.60s'; try --help", arg);
		return -1;
	}
	if (p->arg && !v)
		v = *k + 1 < argc ? argv[++*k] : NULL;
	if (!p->arg != !v) {
		snprintf(text, ntext, "%s %s", p->name, p->arg ? "needs a value" : "takes no value");
		return -1;
	}
	if (!p->parse) /* the one that has a message of its own */
		return fault_parse(&o->faults, v, text, ntext);
	if (p->parse(o, v)) {
		snprintf(text, ntext, "%s: '%.60s' is not a valid %s", p->name, v ? v : "", p->arg ? p->arg : "switch");
		return -1;
	}
	return 0;
}

int opts_parse(struct opts *o, int argc, char **argv, char *text, size_t ntext)
{
	defaults(o);
	for (int k = 1; k < argc; k++)
		if (parse_one(o, argc, argv, &k, text, ntext))
			return -1;
	if (!o->synth.users)
		o->synth.users = (o->synth.n[MODELS] + o->synth.n[DATASETS] + o->synth.n[SPACES]) / 3 + 1;
	o->edits.until = o->synth.until;
	if (o->t0 < 0)
		o->t0 = o->edits.seed ? edits_time(&o->edits) : o->synth.until;
	o->faults.seed = o->server.seed = o->synth.seed;
	if (o->truth && (!o->orgs || !o->topics)) {
		snprintf(text, ntext, "--truth needs --orgs FILE and --topics FILE");
		return -1;
	}
	return 0;
}

void opts_help(void)
{
	puts("hubsim: a stand-in for the Hugging Face Hub's metadata API, on loopback, for tests and demonstrations.\n"
	     "It prints its address, serves until SIGTERM or SIGINT, and exits 0; a bad option exits 2.\n");
	for (int k = 0; k < NOPTION; k++) {
		char left[64];
		snprintf(left, sizeof left, "%s%s%s", options[k].name, options[k].arg ? " " : "",
			 options[k].arg ? options[k].arg : "");
		printf("  %-28s%s\n", left, options[k].help);
		if (!options[k].parse)
			fault_help(stdout);
	}
	puts("\nA synthetic repository whose number (the end of its name, base 36) has a hash divisible by 97 was "
	     "renamed: owner/old-NAME\n"
	     "redirects to owner/NAME. /.hubsim/stats tells what was asked so far.");
}
