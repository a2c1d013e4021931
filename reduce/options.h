// SPDX-License-Identifier: Apache-2.0
/* The options of hubreduce. */
#ifndef REDUCE_OPTIONS_H
#define REDUCE_OPTIONS_H

#include <stdint.h>

#include "io/opts.h"

struct reduce_options {
	struct opt_texts orgs, topics, previous;
	const char *figures, *format, *log_format, *metrics_file, *series;
	int64_t unclassified, every_ms;
	int list, verify, quiet;
	uint64_t given;  /* which options were given, for opts_beside() */
	const char *dir; /* NULL where none is needed: --list-figures, --series */
};

extern const struct opts reduce_opts;

/* Parse. What is taken lies in argv. *done: help was printed. Local. Errors: E_USAGE. */
int reduce_options_parse(struct reduce_options *o, int argc, char **argv, int print, int *done, struct err *e);

#endif
