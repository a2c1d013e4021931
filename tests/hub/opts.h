/* SPDX-License-Identifier: Apache-2.0 */
/* The command line. */
#ifndef HUB_OPTS_H
#define HUB_OPTS_H

#include <stdbool.h>
#include <stddef.h>

#include "edits.h"
#include "fault.h"
#include "server.h"
#include "synth.h"

enum { SINCE_MAX = 16 };

struct opts {
	struct synth_opts synth;
	struct server_opts server;
	struct fault_plan faults;
	unsigned cache_mb;
	uint64_t list_page;
	const char *replay;
	struct edit_opts edits;
	int64_t since[SINCE_MAX]; /* weeks before --until of the views that --truth compares with, the latest first */
	int nsince;
	bool truth, help;
	const char *orgs, *topics;
	int64_t t0; /* s; -1: --until */
};

/* Returns 0, or -1 with one line in text. */
int opts_parse(struct opts *o, int argc, char **argv, char *text, size_t ntext);
void opts_help(void);

#endif
