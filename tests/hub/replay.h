/* SPDX-License-Identifier: Apache-2.0 */
/* A recorded population: list elements as the Hub served them, JSON lines, in memory, in _id order. */
#ifndef HUB_REPLAY_H
#define HUB_REPLAY_H

#include <stddef.h>
#include <stdint.h>

#include "row.h"

struct replay {
	uint64_t n;
	struct row *rows;       /* ascending _id */
	uint32_t *order[NSORT]; /* rows by descending key, ties by ascending _id */
	uint32_t *place[NSORT]; /* its inverse */
	void **owned;           /* memory of the lines */
	size_t nowned;
	void **below; /* that of the population that this one is a view of */
	size_t nbelow;
};

/* Read DIR/<kind>.jsonl.gz or DIR/<kind>.jsonl; a missing file is an empty kind.
 * Returns 0, or -1 with one line in text[ntext]. */
int replay_load(struct replay *r, const char *dir, enum kind kind, char *text, size_t ntext);
void replay_release(struct replay *r);

/* Memory to be freed with it; returns p. */
void *replay_own(struct replay *r, void *p);

/* Sort rows[n] by _id and make the orders. */
void replay_order(struct replay *r);

/* The value of a sort key; -INFINITY where the element lacks it. */
double row_key(const struct row *row, enum sort sort);

#endif
