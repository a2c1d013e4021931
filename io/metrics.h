// SPDX-License-Identifier: Apache-2.0
/* Numbers for a monitoring system, in the Prometheus text format 0.0.4
 * (prometheus.io/docs/instrumenting/exposition_formats), as the textfile collector of a node exporter reads it. Local;
 * one rank writes. */
#ifndef IO_METRICS_H
#define IO_METRICS_H

#include <stdio.h>

#include "io/err.h"

struct metrics {
	FILE *to; /* NULL: no memory, found out by metrics_write() */
	char *text;
	size_t n;
};

void metrics_begin(struct metrics *m);

enum metrics_type { METRICS_GAUGE, METRICS_COUNTER };

/* A family; its samples follow. Names end in their unit (seconds, bytes), counters in _total. */
void metrics_family(struct metrics *m, const char *name, enum metrics_type type, const char *help);

/* A sample of the family. label: NULL none, else its value is escaped. */
void metrics_sample(struct metrics *m, const char *name, const char *label, const char *value, double x);

/* A family of one sample without a label. */
void metrics_value(struct metrics *m, const char *name, enum metrics_type type, const char *help, double x);

/* Write the file as PATH.PID.tmp and rename it, so that no reader sees half of it; m is released in any case. The file
 * is not synced: after a crash of the machine it is written anew. Errors: E_IO, E_NOMEM. */
int metrics_write(struct metrics *m, const char *path, struct err *e);

#endif
