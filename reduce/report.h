// SPDX-License-Identifier: Apache-2.0
/* What a reduce gives to people and programs: census.json and the summary on stdout. Everything here is local, for rank
 * 0. */
#ifndef REDUCE_REPORT_H
#define REDUCE_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "reduce/census.h"
#include "reduce/figure.h"
#include "reduce/sheet.h"

/* The whole of census.json: schema, snapshot, figures. It depends on the Hub's content alone. NULL when memory is
 * short. */
json_t *report_json(const struct census *c, const unsigned char *chosen, const struct figure_table *table);

/* The filters of a partial census as compact JSON, allocated: free() it. NULL when memory is short. */
char *report_filters(const struct snapshot *s);

/* Write a document to DIR/name: sorted keys, UTF-8, one newline at the end. Takes over the reference. Errors: E_NOMEM
 * (also for root = NULL), E_IO. */
int report_write(json_t *root, const char *dir, const char *name, struct err *e);

/* One screen that a person reads, or the same for a program: from what is in the two documents. Figures that are not
 * there are left out. Returns 0, or -1 when memory is short; errors of the stream stay in it. */
int report_summary(FILE *to, enum sheet_format format, const json_t *census, const json_t *run);

#endif
