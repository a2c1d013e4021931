// SPDX-License-Identifier: Apache-2.0
/* References in the order in which they came, read by several readers at their own pace: an account waits once for all
 * of its lists. Four bytes a reference, given back when all readers are past. Pure. */
#ifndef CRAWLER_QUEUE_H
#define CRAWLER_QUEUE_H

#include <stdint.h>

#define QUEUE_READERS_MAX 5

struct queue_block;

struct queue {
	struct queue_block *last;
	int nreaders;
	struct queue_reader {
		struct queue_block *block;
		uint32_t at;
	} reader[QUEUE_READERS_MAX];
};

void queue_init(struct queue *q, int nreaders);
void queue_release(struct queue *q);

/* 0, or -1 when memory is short. */
int queue_push(struct queue *q, uint32_t ref);

/* The next for this reader: 1, or 0 if there is none. */
int queue_pop(struct queue *q, int reader, uint32_t *ref);

int queue_is_empty(const struct queue *q, int reader);

#endif
