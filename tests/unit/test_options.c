// SPDX-License-Identifier: Apache-2.0
/* What follows from the number of ranks; filters that no request has room for. */
#include "crawler/options.h"

#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"

static void share(void)
{
	static const struct {
		int nranks;
		int64_t given, rows;
	} t[] = { { 1, 0, 50000 },  { 2, 0, 50000 },    { 3, 0, 33333 }, { 8, 0, 12500 },       { 10, 0, 10000 },
		  { 11, 0, 10000 }, { 1024, 0, 10000 }, { 1, 7, 7 },     { 1024, 90000, 90000 } };

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct options o = { .seal_rows = t[i].given };

		options_share(&o, t[i].nranks);
		ok(o.seal_rows == t[i].rows, "%d ranks, %lld given: shards of %lld rows", t[i].nranks,
		   (long long)t[i].given, (long long)t[i].rows);
	}
}

/* n tags of `length` bytes, each of which is written as three. */
static int take_tags(int n, size_t length, struct err *e)
{
	static char text[32][300];
	struct options o = { .hub = "https://hub.example" };
	struct snapshot now;
	struct plan p;

	for (int i = 0; i < n; i++) {
		memset(text[i], 0, sizeof text[i]);
		memcpy(text[i], "tag=", 4);
		memset(text[i] + 4, '/', length);
		o.filter.at[o.filter.n++] = text[i];
	}
	err_clear(e);
	return options_plan(&p, &o, e) ? e->code : options_snapshot(&now, &p, NULL, e);
}

static void tags(void)
{
	struct err e = ERR_INIT;

	ok(take_tags(32, 30, &e) == E_OK, "32 tags of 30 bytes");
	ok(take_tags(4, 256, &e) == E_OK, "4 of 256");
	ok(take_tags(32, 256, &e) == E_USAGE && strstr(e.text, "--filter"), "32 of 256: %s", e.text);
	ok(take_tags(7, 256, &e) == E_USAGE, "7 of 256: no room for the longest cursor");
	ok(take_tags(1, 257, &e) == E_USAGE, "1 of 257: %s", e.text);
}

/* What has no effect beside --from-archive is refused, all of which is about asking the Hub. */
static void from_archive(void)
{
	static char *const out[] = { "--max-requests=3",    "--max-time=3s",    "--max-outage=3s", "--budget=9/9",
				     "--budget-scope=host", "--reserve=0.1",    "--burst",         "--in-flight=2",
				     "--timeout=3s",        "--retries=1",      "--contact=x",     "--ca-file=x",
				     "--token-file=x",      "--metrics-file=x", "--audit=3",       "--archive",
				     "--dry-run",           "--save-probe=x" };
	static char *const in[] = { "--hub=x",        "--kinds=models", "--until=2026-01-01", "--filter=tag=x",
				    "--fields=-tags", "--known=x",      "--user-requests=3",  "--no-user-names",
				    "--seal-rows=3",  "--seal-time=3s", "--log-format=text",  "--quiet" };
	const size_t n = sizeof out / sizeof *out;

	for (size_t i = 0; i < n + sizeof in / sizeof *in; i++) {
		char *argv[] = { "hubcrawl", "--from-archive=A", i < n ? out[i] : in[i - n], "D", NULL };
		struct err e = ERR_INIT;
		struct options o;
		int done, rc = options_parse(&o, 4, argv, 0, &done, &e);
		char *name = strndup(argv[2], strcspn(argv[2], "="));

		ok(i < n ? rc == E_USAGE && strstr(e.text, name) : rc == E_OK, "beside --from-archive: %s: %s", argv[2],
		   e.text);
		free(name);
	}
}

int main(void)
{
	from_archive();
	share();
	tags();
	return plan_done();
}
