// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/snapshot.h"
#include "io/utc.h"
#include "tests/tap.h"

static void times(void)
{
	static const struct {
		const char *s;
		int64_t t; /* -1: refused */
	} t[] = {
		{ "2022-03-02T23:29:04.000Z", 1646263744 },
		{ "2022-03-02T23:29:04Z", 1646263744 },
		{ "2022-03-02", 1646179200 },
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2024-02-29", 1709164800 },
		{ "2023-02-29", -1 },
		{ "2022-13-01", -1 },
		{ "2022-03-02T24:00:00Z", -1 },
		{ "2022-03-02T23:29", -1 },
		{ "2022-03-02T23:29:04+01:00", -1 },
		{ "2022-3-2", -1 },
		{ "yesterday!", -1 },
		{ "", -1 },
	};
	char s[32];
	int64_t x;

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		int rc = utc_parse(t[i].s, strlen(t[i].s), &x);

		ok(t[i].t < 0 ? rc == -1 : rc == 0 && x == t[i].t, "time '%s'", t[i].s);
	}
	ok(!strcmp(utc_format(1646263744, s), "2022-03-02T23:29:04Z"), "format");
}

/* One byte of a time changed to every other: what is taken is a time that is written so. */
static void changed_times(void)
{
	static const char time[] = "2019-12-31T23:59:58Z";
	int good = 1, ntaken = 0;

	for (size_t at = 0; at < sizeof time - 1; at++)
		for (int c = 0; c < 256; c++) {
			char s[sizeof time], back[32];
			int64_t x;

			memcpy(s, time, sizeof s);
			s[at] = (char)c;
			if (s[0] == '0')
				continue; /* is written with less digits */
			if (utc_parse(s, sizeof time - 1, &x))
				continue;
			ntaken++;
			good &= !strcmp(utc_format(x, back), s);
		}
	/* Four digits of the year less the first 0, two of the month, day, hour, minute and second, six separators. */
	ok(good && ntaken == 39 + 1 + 2 + 4 + 2 + 3 + 4 + 6 + 10 + 6 + 10 + 6, "changed times: %d", ntaken);
}

static void set(struct snapshot *s)
{
	memset(s, 0, sizeof *s);
	strcpy(s->hub, "http://127.0.0.1:1");
	s->kinds = 7;
	s->fields = 0x3FF;
	s->t0 = 1700000000;
	strcpy(s->author, "Qwen");
	strcpy(s->tag[s->ntag++], "a\"b");
}

static void checks(const struct snapshot *a, const char *dir)
{
	struct err e = ERR_INIT;
	struct snapshot b = *a;

	ok(snapshot_check(a, &b, dir, &e) == E_OK, "the same");
	strcpy(b.hub, "http://127.0.0.1:2");
	ok(snapshot_check(a, &b, dir, &e) == E_USAGE && strstr(e.text, "--hub"), "%s", e.text);
	b = *a, err_clear(&e), b.kinds = 1;
	ok(snapshot_check(a, &b, dir, &e) == E_USAGE &&
		   strstr(e.text, "--kinds 'models,datasets,spaces', not 'models'"),
	   "%s", e.text);
	b = *a, err_clear(&e), b.t0++;
	ok(snapshot_check(a, &b, dir, &e) == E_USAGE && strstr(e.text, "--until"), "%s", e.text);
	b = *a, err_clear(&e), b.ntag = 0;
	ok(snapshot_check(a, &b, dir, &e) == E_USAGE && strstr(e.text, "--filter tag="), "%s", e.text);
	b = *a, err_clear(&e), b.fields = 1;
	ok(snapshot_check(a, &b, dir, &e) == E_USAGE && strstr(e.text, "--fields"), "%s", e.text);
}

static void locking(const char *dir)
{
	struct err e = ERR_INIT;
	int fd, status;
	pid_t pid;

	ok(snapshot_lock(dir, &fd, &e) == E_OK, "lock");
	pid = fork();
	if (pid == 0) {
		int fd2;

		_exit(snapshot_lock(dir, &fd2, &e) == E_USAGE && strstr(e.text, "another job") ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a second process is refused");
	close(fd);
}

static void foreign(const char *dir)
{
	static const char *const text[] = {
		"", "{", "[]", "{\"schema\":99}", "{\"schema\":1}", "{\"schema\":1,\"id\":\"x\"}", "\xFF"
	};
	struct err e = ERR_INIT;
	struct snapshot s;
	int found;

	for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
		err_clear(&e);
		snapshot_write_file(dir, "snapshot.json", text[i], strlen(text[i]), &e);
		ok(snapshot_read(&s, dir, &found, &e) == E_FORMAT && !found && strstr(e.text, "; "), "broken %zu: %s",
		   i, e.text);
	}
}

/* It is there, and no file can be opened any more. */
static void unreadable(const char *dir)
{
	struct err e = ERR_INIT;
	struct rlimit was, none = { 0 };
	struct snapshot s;
	int found;

	getrlimit(RLIMIT_NOFILE, &was);
	none.rlim_max = was.rlim_max;
	setrlimit(RLIMIT_NOFILE, &none);
	ok(snapshot_read(&s, dir, &found, &e) == E_IO && !found && strstr(e.text, "cannot read '") == e.text &&
		   strstr(e.text, strerror(EMFILE)),
	   "unreadable: %s", e.text);
	setrlimit(RLIMIT_NOFILE, &was);
}

int main(void)
{
	char dir[] = "/tmp/hubcensus-test-XXXXXX", sub[64], cmd[128];
	struct err e = ERR_INIT;
	struct snapshot a, b;
	int found;

	if (!mkdtemp(dir))
		return 1;
	snprintf(sub, sizeof sub, "%s/x/y", dir);
	times();
	changed_times();
	ok(snapshot_read(&b, sub, &found, &e) == E_OK && !found, "nothing there yet");
	set(&a);
	ok(snapshot_create(&a, sub, "{\"in-flight\":8}", &e) == E_OK, "create: %s", e.text);
	ok(snapshot_read(&b, sub, &found, &e) == E_OK && found, "read: %s", e.text);
	ok(!strcmp(a.id, b.id) && strlen(b.id) == 32 && a.created == b.created, "id and time are kept");
	checks(&a, sub);
	ok(snapshot_check(&a, &b, sub, &e) == E_OK, "what was read is what was written: %s", e.text);
	ok(snapshot_is_partial(&b), "partial");
	locking(sub);
	foreign(sub);
	unreadable(sub);
	err_clear(&e);
	ok(snapshot_create(&a, "/proc/nowhere", NULL, &e) == E_IO, "%s", e.text);
	snprintf(cmd, sizeof cmd, "rm -rf '%s'", dir);
	return system(cmd) || plan_done();
}
