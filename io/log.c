// SPDX-License-Identifier: Apache-2.0
#include "io/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *log_program = "hubcensus";
static int log_quiet;
static int log_live_shown;

void log_init(const char *program, int quiet)
{
	log_program = program;
	log_quiet = quiet;
}

int log_is_terminal(void)
{
	return isatty(STDERR_FILENO);
}

/* A log that cannot be written is no reason to stop a crawl. */
static void put(const char *s, size_t n)
{
	while (n > 0) {
		ssize_t w = write(STDERR_FILENO, s, n);

		if (w <= 0)
			return;
		s += w;
		n -= (size_t)w;
	}
}

static void line(const char *mark, const char *text)
{
	char out[1024];
	int n = snprintf(out, sizeof out, "%s%s: %s%s\n", log_live_shown ? "\r\033[K" : "", log_program, mark, text);

	log_live_shown = 0;
	if (n >= (int)sizeof out) {
		n = (int)sizeof out - 1;
		out[n - 1] = '\n';
	}
	put(out, (size_t)n);
}

__attribute__((format(printf, 2, 0))) static void vline(const char *mark, const char *fmt, va_list ap)
{
	char raw[768], text[768];

	vsnprintf(raw, sizeof raw, fmt, ap);
	line(mark, err_printable(text, sizeof text, raw, strlen(raw)));
}

void log_note(const char *fmt, ...)
{
	va_list ap;

	if (log_quiet)
		return;
	va_start(ap, fmt);
	vline("", fmt, ap);
	va_end(ap);
}

void log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vline("warning: ", fmt, ap);
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
	line("error: ", text);
}

void log_live(const char *text)
{
	char clean[256], out[300];
	int n;

	if (log_quiet || !log_is_terminal() || (!*text && !log_live_shown))
		return;
	err_printable(clean, sizeof clean, text, strlen(text));
	n = snprintf(out, sizeof out, "\r\033[K%s", clean);
	log_live_shown = *text != '\0';
	put(out, (size_t)n);
}
