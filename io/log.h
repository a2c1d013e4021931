// SPDX-License-Identifier: Apache-2.0
/* Lines on stderr for people. Every line is one write(2), so lines of several ranks do not mix. And whether what was
 * printed on stdout is there. */
#ifndef IO_LOG_H
#define IO_LOG_H

#include "io/err.h"

/* Program name for the lines; -q of a program sets quiet: warnings and errors remain. */
void log_init(const char *program, int quiet);

/* "text", the lines below, or "json": one object a line,
 * {"time":"2026-11-22T12:00:00Z","program":"hubcrawl","level":"info|warning|error","text":"…"}, with "event" and
 * numbers of its own in lines of log_event(). NULL: text. Errors: E_USAGE. */
int log_set_format(const char *name, struct err *e);
int log_is_json(void);

/* "hubcrawl: text" */
void log_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "hubcrawl: warning: text" */
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "hubcrawl: error: text (rank 3)" - the rank where e names one and its machine may be to blame: E_IO and worse */
void log_error(const struct err *e);

/* What a program may want to read: a note, as JSON with the event's name and its numbers. */
struct log_field {
	const char *name;
	double value;
};
void log_event(const char *event, const struct log_field *field, int nfields, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The live line of a terminal: it replaces the one before. Only if log_is_live(): stderr is a terminal, or
 * $HUBCENSUS_LIVE says that mpirun's is. An empty text clears it. */
void log_live(const char *text);
int log_is_live(void);

/* Has standard output taken all that was printed? A summary or a list that is not there must not look like success.
 * Local. Errors: E_IO. */
int log_check_output(struct err *e);

#endif
