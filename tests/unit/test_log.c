// SPDX-License-Identifier: Apache-2.0
/* Lines of the log as text and as JSON, whatever is in them; metrics, whatever is in their labels. */
#include "io/log.h"
#include "io/metrics.h"

#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/tap.h"

static char path[64];

/* What `say` writes to stderr, up to 8191 bytes. */
static size_t listen(void (*say)(const char *), const char *text, char *got)
{
	int keep = dup(STDERR_FILENO), end[2];
	ssize_t n = 0;

	if (keep < 0 || pipe(end) || dup2(end[1], STDERR_FILENO) < 0)
		return 0;
	close(end[1]);
	say(text);
	dup2(keep, STDERR_FILENO);
	close(keep);
	n = read(end[0], got, 8191);
	close(end[0]);
	got[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static void say_event(const char *text)
{
	struct log_field f[] = { { "n", 12 }, { "share", 0.25 }, { "unknown", NAN }, { "large", 8999999999999999.0 } };

	log_event("test", f, 4, "%s", text);
}

static void say_error(const char *text)
{
	struct err e = ERR_INIT;

	err_set(&e, E_IO, "%s", text);
	e.rank = 3;
	log_error(&e);
}

static void check_json(const char *name, const char *text)
{
	char got[8192];
	size_t n = listen(say_event, text, got);
	json_error_t why;
	json_t *o = json_loadb(got, n, 0, &why);

	ok(n > 0 && got[n - 1] == '\n' && memchr(got, '\n', n) == got + n - 1, "%s: one line", name);
	ok(o && json_is_string(json_object_get(o, "time")) && json_is_string(json_object_get(o, "text")) &&
		   !strcmp(json_string_value(json_object_get(o, "event")), "test"),
	   "%s: an object", name);
	ok(o && json_number_value(json_object_get(o, "n")) == 12 &&
		   json_number_value(json_object_get(o, "share")) == 0.25 &&
		   json_integer_value(json_object_get(o, "large")) == 8999999999999999 &&
		   !json_object_get(o, "unknown"),
	   "%s: numbers, and none where there is none", name);
	json_decref(o);
}

static void logs(void)
{
	struct err e = ERR_INIT;
	char got[8192], large[1024], quotes[1024];

	memset(large, 'x', sizeof large - 1);
	memset(quotes, '"', sizeof quotes - 1);
	large[sizeof large - 1] = quotes[sizeof quotes - 1] = '\0';
	log_init("test", 0);
	listen(say_event, "a \"quoted\" \\ text\n\033[31m", got);
	ok(!strcmp(got, "test: a \"quoted\" \\ text??[31m\n"), "as text: no control characters");
	listen(say_error, "broken", got);
	ok(!strcmp(got, "test: error: broken (rank 3)\n"), "an error with its rank");
	ok(log_set_format("xml", &e) == E_USAGE && !log_is_json(), "an unknown format");
	err_clear(&e);
	ok(!log_set_format("json", &e) && log_is_json() && !log_is_live(), "JSON");
	check_json("plain", "text");
	check_json("hostile", "a \"quoted\" \\ text\n\033[31m \xff \xe2\x80\xae");
	check_json("large", large);
	check_json("all quotes", quotes);
	log_init("test", 1);
	ok(listen(say_event, "text", got) == 0, "quiet: no notes");
	listen(say_error, "broken", got);
	ok(strstr(got, "\"level\":\"error\"") != NULL, "but errors");
	ok(!log_set_format(NULL, &e) && !log_is_json(), "text where nothing is asked for");
}

static int full[2];
static volatile sig_atomic_t nsignals;

/* The second one makes room. */
static void on_alarm(int sig)
{
	char page[4096];

	(void)sig;
	if (++nsignals == 2 && read(full[0], page, sizeof page) < 0)
		nsignals = -1;
}

/* As a job is told to stop while nobody reads what it says. */
static void interrupted(void)
{
	struct sigaction a = { .sa_handler = on_alarm };
	struct itimerval often = { { 0, 50000 }, { 0, 50000 } }, never = { { 0, 0 }, { 0, 0 } };
	char page[4096], got[4097];
	int keep = dup(STDERR_FILENO);
	ssize_t n;

	memset(page, '.', sizeof page);
	if (keep < 0 || pipe(full) || fcntl(full[1], F_SETPIPE_SZ, sizeof page) != sizeof page ||
	    write(full[1], page, sizeof page) != sizeof page || dup2(full[1], STDERR_FILENO) < 0) {
		skip("a signal at a full pipe", "no pipe of one page");
		return;
	}
	sigaction(SIGALRM, &a, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	log_warn("heard");
	setitimer(ITIMER_REAL, &never, NULL);
	dup2(keep, STDERR_FILENO);
	close(keep);
	close(full[1]);
	n = read(full[0], got, sizeof got - 1);
	got[n > 0 ? n : 0] = '\0';
	close(full[0]);
	ok(!strcmp(got, "test: warning: heard\n"), "a line waits for room, whatever signals come");
}

static void metrics(void)
{
	struct err e = ERR_INIT;
	struct metrics m;
	char got[1024] = "", where[96];
	FILE *f;

	metrics_begin(&m);
	metrics_family(&m, "x_total", METRICS_COUNTER, "Help.");
	metrics_sample(&m, "x_total", "kind", "a\"b\\c\nd", 3);
	metrics_value(&m, "y", METRICS_GAUGE, "More.", 0.1);
	ok(!metrics_write(&m, path, &e), "metrics are written");
	f = fopen(path, "r");
	if (f) {
		got[fread(got, 1, sizeof got - 1, f)] = '\0';
		fclose(f);
	}
	ok(!strcmp(got, "# HELP x_total Help.\n# TYPE x_total counter\nx_total{kind=\"a\\\"b\\\\c\\nd\"} 3\n"
			"# HELP y More.\n# TYPE y gauge\ny 0.1\n"),
	   "as the format has it");
	snprintf(where, sizeof where, "%s/none", path);
	metrics_begin(&m);
	metrics_value(&m, "y", METRICS_GAUGE, "More.", 1);
	ok(metrics_write(&m, where, &e) == E_IO && strstr(e.text, where), "a place that is none");
	unlink(path);
}

int main(void)
{
	snprintf(path, sizeof path, "/tmp/hubcensus-test-log-%ld", (long)getpid());
	logs();
	interrupted();
	metrics();
	return plan_done();
}
