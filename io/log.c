// SPDX-License-Identifier: Apache-2.0
#include "io/log.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *log_program = "hubcensus";
static int log_quiet;
static int log_live_shown;
static int log_json;

void log_init(const char *program, int quiet)
{
	log_program = program;
	log_quiet = quiet;
}

int log_set_format(const char *name, struct err *e)
{
	log_json = name && !strcmp(name, "json");
	if (name && !log_json && strcmp(name, "text"))
		return err_set(e, E_USAGE, "--log-format takes text or json, not '%s'", name);
	return E_OK;
}

int log_is_json(void)
{
	return log_json;
}

/* What mpirun passes on to a terminal comes out of several ranks: each of them clears what is there. */
enum terminal { UNKNOWN, NONE, OURS, MPIRUNS };

static enum terminal terminal(void)
{
	static enum terminal known;

	if (known == UNKNOWN)
		known = isatty(STDERR_FILENO) ? OURS : getenv("HUBCENSUS_LIVE") ? MPIRUNS : NONE;
	return known;
}

int log_is_live(void)
{
	return !log_json && terminal() != NONE;
}

/* A log that cannot be written is no reason to stop a crawl. A signal that asks for its end interrupts a write that
 * waits for room, and the line that says so is wanted most. */
static void put(const char *s, size_t n)
{
	while (n > 0) {
		ssize_t w = write(STDERR_FILENO, s, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return;
		s += w;
		n -= (size_t)w;
	}
}

/* A line being put together; what does not fit is cut off, its end never. */
struct text {
	char at[3072];
	size_t n;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *fmt, ...)
{
	const size_t cap = sizeof t->at - 4; /* "}\n" */
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->at + t->n, cap - t->n, fmt, ap);
	va_end(ap);
	t->n += n < 0 ? 0 : (size_t)n < cap - t->n ? (size_t)n : cap - t->n - 1;
}

/* A JSON string of what err_printable() has made. */
static void add_string(struct text *t, const char *s)
{
	add(t, "\"");
	for (; *s && t->n < sizeof t->at - 512; s++)
		add(t, *s == '"' || *s == '\\' ? "\\%c" : "%c", *s);
	add(t, "\"");
}

enum level { INFO, WARNING, ERROR };

static void json_line(enum level level, const char *event, const struct log_field *field, int nfields, const char *text)
{
	static const char *const name[] = { "info", "warning", "error" };
	char now[32] = "";
	time_t s = time(NULL);
	struct tm tm;
	struct text t = { .n = 0 };

	if (gmtime_r(&s, &tm))
		strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", &tm);
	add(&t, "{\"time\":\"%s\",\"program\":\"%s\",\"level\":\"%s\"", now, log_program, name[level]);
	if (event)
		add(&t, ",\"event\":\"%s\"", event);
	add(&t, ",\"text\":");
	add_string(&t, text);
	for (int i = 0; i < nfields && t.n < sizeof t.at - 128; i++) {
		double x = field[i].value;

		if (isfinite(x)) /* whole numbers whole, up to where doubles hold them */
			add(&t, x == floor(x) && fabs(x) < 9e15 ? ",\"%s\":%.0f" : ",\"%s\":%.15g", field[i].name, x);
	}
	memcpy(t.at + t.n, "}\n", 2);
	put(t.at, t.n + 2);
}

static void line(enum level level, const char *text)
{
	static const char *const mark[] = { "", "warning: ", "error: " };
	struct text t = { .n = 0 };

	if (log_json) {
		json_line(level, NULL, NULL, 0, text);
		return;
	}
	add(&t, "%s%s: %s%s", log_live_shown || terminal() == MPIRUNS ? "\r\033[K" : "", log_program, mark[level],
	    text);
	log_live_shown = 0;
	t.at[t.n] = '\n';
	put(t.at, t.n + 1);
}

__attribute__((format(printf, 2, 0))) static void vline(enum level level, const char *fmt, va_list ap)
{
	char raw[768], text[768];

	vsnprintf(raw, sizeof raw, fmt, ap);
	line(level, err_printable(text, sizeof text, raw, strlen(raw)));
}

void log_note(const char *fmt, ...)
{
	va_list ap;

	if (log_quiet)
		return;
	va_start(ap, fmt);
	vline(INFO, fmt, ap);
	va_end(ap);
}

void log_event(const char *event, const struct log_field *field, int nfields, const char *fmt, ...)
{
	char raw[768], text[768];
	va_list ap;

	if (log_quiet)
		return;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof raw, fmt, ap);
	va_end(ap);
	err_printable(text, sizeof text, raw, strlen(raw));
	if (log_json)
		json_line(INFO, event, field, nfields, text);
	else
		line(INFO, text);
}

void log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vline(WARNING, fmt, ap);
	va_end(ap);
}

void log_error(const struct err *e)
{
	char text[640];

	/* Which rank it was matters where its machine may be to blame, not for an option or the Hub. */
	if (e->rank >= 0 && e->code >= E_IO)
		snprintf(text, sizeof text, "%s (rank %d)", e->text, e->rank);
	else
		snprintf(text, sizeof text, "%s", e->text);
	line(ERROR, text);
}

void log_live(const char *text)
{
	char clean[256], out[300];
	int n;

	if (log_quiet || !log_is_live() || (!*text && !log_live_shown))
		return;
	err_printable(clean, sizeof clean, text, strlen(text));
	n = snprintf(out, sizeof out, "\r\033[K%s", clean);
	log_live_shown = *text != '\0';
	put(out, (size_t)n);
}

int log_check_output(struct err *e)
{
	if (fflush(stdout) || ferror(stdout))
		return err_set(e, E_IO,
			       "cannot write to standard output: what was to be printed is lost, and nothing else");
	return E_OK;
}
