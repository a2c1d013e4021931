// SPDX-License-Identifier: Apache-2.0
/* Lines on stderr for people. Every line is one write(2), so lines of several ranks do not mix. */
#ifndef IO_LOG_H
#define IO_LOG_H

#include "io/err.h"

/* Program name for the lines; -q of a program sets quiet: warnings and errors remain. */
void log_init(const char *program, int quiet);

/* "hubcrawl: text" */
void log_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "hubcrawl: warning: text" */
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "hubcrawl: error: text (rank 3)" - the rank where e names one and its machine may be to blame: E_IO and worse */
void log_error(const struct err *e);

/* The live line of a terminal: it replaces the one before. Only if log_is_terminal(). An empty text clears it. */
void log_live(const char *text);
int log_is_terminal(void);

#endif
