// SPDX-License-Identifier: Apache-2.0
/* One table of options makes the parser (getopt_long does the splitting), --help, the man page and the echo into
 * snapshot.json. */
#ifndef IO_OPTS_H
#define IO_OPTS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "io/err.h"

enum opt_type {
	OPT_FLAG,     /* int: 1 when given */
	OPT_TEXT,     /* const char *: into argv */
	OPT_TEXTS,    /* struct opt_texts: may be repeated */
	OPT_COUNT,    /* int64_t, lo … hi; 12k, 3M, 1G allowed */
	OPT_DURATION, /* int64_t, in ms, lo … hi; 500ms, 30s, 10m, 2h, plain number: s */
	OPT_SHARE,    /* double 0 … 1; 0.1 or 10% */
	OPT_GROUP,    /* no option: a heading of the help, in `help` */
};

struct opt_texts {
	int n;
	const char *at[32];
};

struct opt {
	const char *name; /* without "--" */
	enum opt_type type;
	size_t offset;      /* of the member in the options struct */
	int64_t lo, hi;     /* bounds of COUNT and DURATION (ms); hi 0: none */
	const char *arg;    /* what --help calls the argument */
	const char *preset; /* default, as text; set before parsing, printed by --help; NULL: none */
	const char *help;   /* one sentence */
	int secret;         /* its value is never echoed */
};

struct opts {
	const char *program;   /* "hubcrawl" */
	const char *purpose;   /* one sentence */
	const char *synopsis;  /* "[OPTION…] DIR" */
	const struct opt *opt; /* ends with a name of NULL and type OPT_FLAG */
	const char *epilogue;  /* exit codes, environment, files: plain paragraphs for --help and the man page; a line
				  "X:" begins a section */
	int nargs_min, nargs_max;
	size_t given; /* offset in the options struct of a uint64_t, a bit for each of at most 63 rows of the table, for
			 opts_beside(); 0: there is none */
};

/* Parse. `to` is the options struct, zeroed by the caller; presets are applied first. *args points into argv
 * (reordered), *nargs of them.
 * --help, --version and --man (the man page as roff) are known to every program: *done = 1 after printing it to stdout
 * when `print`, and the caller exits 0. Errors: E_USAGE with one line that names the option and what it takes, and the
 * nearest known name for an unknown option. Local. */
int opts_parse(const struct opts *o, int argc, char **argv, void *to, int print, char ***args, int *nargs, int *done,
	       struct err *e);

/* The first option on the command line, in the order of the table, that is none of `names` (NULL ends them): what has
 * no effect beside them. NULL: there is none. `from`: as parsed by opts_parse(). */
const char *opts_beside(const struct opts *o, const void *from, const char *const *names);

/* Before MPI_Init(): print what --help, --version or --man asks for, so that they work on a login node where MPI does
 * not start. Returns 1 if one was there. Under mpirun only the first rank prints. */
int opts_general(const struct opts *o, int argc, char **argv);

/* The options in force as a JSON object (secret ones left out), allocated: free() it. '?' stands for a byte
 * that is not UTF-8. NULL when memory is short. */
char *opts_echo(const struct opts *o, const void *from);

#endif
