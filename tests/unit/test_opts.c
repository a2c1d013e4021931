// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "io/opts.h"
#include "tests/tap.h"

struct o {
	int quiet;
	const char *hub;
	struct opt_texts filter;
	int64_t rows, wait, day;
	double reserve;
	const char *token;
	uint64_t given;
};

#define AT(m) offsetof(struct o, m)
static const struct opt table[] = {
	{ NULL, OPT_GROUP, 0, 0, 0, NULL, NULL, "What", 0 },
	{ "quiet", OPT_FLAG, AT(quiet), 0, 0, NULL, NULL, "say less", 0 },
	{ "hub", OPT_TEXT, AT(hub), 0, 0, "URL", NULL, "where", 0 },
	{ "filter", OPT_TEXTS, AT(filter), 0, 0, NULL, NULL, "which", 0 },
	{ "rows", OPT_COUNT, AT(rows), 1, 1000000, NULL, "50k", "how many", 0 },
	{ "wait", OPT_DURATION, AT(wait), 100, 0, NULL, "30s", "how long", 0 },
	{ "day", OPT_DURATION, AT(day), 86400000, 180000000, NULL, NULL, "how often", 0 },
	{ "reserve", OPT_SHARE, AT(reserve), 0, 0, NULL, NULL, "how much", 0 },
	{ "token", OPT_TEXT, AT(token), 0, 0, NULL, NULL, "secret", 1 },
	{ NULL, OPT_FLAG, 0, 0, 0, NULL, NULL, NULL, 0 },
};
static const struct opts opts = { "prog", "A program.", "[OPTION...] DIR", table, "Exit codes:\n  0  good\n", 1,
				  1,      AT(given) };

static int run(const char *line, struct o *o, struct err *e)
{
	static char buf[512];
	static char *argv[32];
	int argc = 0, nargs, done;
	char **args;

	memset(o, 0, sizeof *o);
	err_clear(e);
	snprintf(buf, sizeof buf, "prog %s", line);
	for (char *p = strtok(buf, " "); p; p = strtok(NULL, " "))
		argv[argc++] = p;
	argv[argc] = NULL;
	return opts_parse(&opts, argc, argv, o, 0, &args, &nargs, &done, e);
}

static void good_lines(void)
{
	struct err e = ERR_INIT;
	struct o o;
	char *echo;

	ok(!run("DIR", &o, &e) && o.rows == 50000 && o.wait == 30000 && !o.hub && !o.quiet, "presets");
	ok(!run("--quiet --hub=http://x DIR --rows 2k --wait=1500ms --reserve 10%", &o, &e) && o.quiet &&
		   !strcmp(o.hub, "http://x") && o.rows == 2000 && o.wait == 1500 && o.reserve == 0.1,
	   "values: %s", e.text);
	ok(!run("--filter a=1 --filter b=2 --wait 2h --token hf_secret D", &o, &e) && o.filter.n == 2 &&
		   o.wait == 7200000,
	   "repeated");
	echo = opts_echo(&opts, &o);
	ok(echo && strstr(echo, "\"filter\":[\"a=1\",\"b=2\"]") && strstr(echo, "\"wait_ms\":7200000") &&
		   !strstr(echo, "secret"),
	   "echo: %s", echo);
	free(echo);
	ok(!run("--hub=/a\xff/b --rows=7 D", &o, &e), "a path that is not UTF-8");
	echo = opts_echo(&opts, &o);
	ok(echo && strstr(echo, "\"hub\":\"/a?/b\"") && strstr(echo, "\"rows\":7"),
	   "its echo, and that of the others: %s", echo);
	free(echo);
}

static void beside(void)
{
	static const char *const all[] = { "rows", "quiet", NULL }, *const rows[] = { "rows", NULL };
	struct err e = ERR_INIT;
	struct o o;

	ok(!run("D", &o, &e) && !opts_beside(&opts, &o, rows), "a preset is not given");
	ok(!run("--quiet --rows=50k D", &o, &e) && !opts_beside(&opts, &o, all), "both may be given");
	ok(!run("--rows=50k D --quiet", &o, &e) && !strcmp(opts_beside(&opts, &o, rows), "quiet"), "one may not");
}

static void bad_lines(void)
{
	static const struct {
		const char *line, *says;
	} t[] = {
		{ "", "an argument is missing" },
		{ "A B", "'B' is one argument too many" },
		{ "--rwos=3 D", "did you mean '--rows'" },
		{ "--xyzzy D", "unknown option '--xyzzy'" },
		{ "-x D", "unknown option '-x'" },
		{ "--rows=0 D", "from 1 to 1000000" },
		{ "--rows=2M D", "from 1 to 1000000" },
		{ "--rows=1.5 D", "whole number" },
		{ "--rows=-1 D", "whole number" },
		{ "--rows=0x10 D", "whole number" },
		{ "--rows=nan D", "whole number" },
		{ "--rows=1e400 D", "whole number" },
		{ "--rows= D", "whole number" },
		{ "--wait=5ms D", "(500ms, 30s, 10m, 2h, 7d), at least 100ms" },
		{ "--day=1000d D", "from 1d to 50h" },
		{ "--wait=5y D", "a time" },
		{ "--reserve=2 D", "a share" },
		{ "D --hub", "takes a value" },
		{ "--quiet=1 D", "option '--quiet' takes no value; see" },
		{ "--qui=1 D", "option '--qui' takes no value; see" },
		{ "--help=1 D", "option '--help' takes no value; see" },
	};
	struct err e = ERR_INIT;
	struct o o;

	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
		ok(run(t[i].line, &o, &e) == E_USAGE && strstr(e.text, t[i].says), "'%s': %s", t[i].line, e.text);
}

int main(void)
{
	good_lines();
	beside();
	bad_lines();
	return plan_done();
}
