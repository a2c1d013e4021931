// SPDX-License-Identifier: Apache-2.0
#include "crawler/queue.h"

#include <stdlib.h>
#include <string.h>

/* A block and the next ones: most queues are short, few are very long. */
#define BLOCK_FIRST 12u
#define BLOCK_MAX   1020u

struct queue_block {
	struct queue_block *next;
	uint16_t n, cap;
	uint16_t left; /* readers that are not past it */
	uint32_t ref[];
};

void queue_init(struct queue *q, int nreaders)
{
	memset(q, 0, sizeof *q);
	q->nreaders = nreaders;
}

/* The reader leaves its block; it is freed behind the last one. */
static void leave(struct queue_reader *r)
{
	struct queue_block *b = r->block;

	r->block = b->next;
	r->at = 0;
	if (--b->left == 0)
		free(b);
}

void queue_release(struct queue *q)
{
	for (int i = 0; i < q->nreaders; i++)
		while (q->reader[i].block)
			leave(q->reader + i);
	q->last = NULL;
}

int queue_push(struct queue *q, uint32_t ref)
{
	struct queue_block *b = q->last;

	if (!b || b->n == b->cap) {
		uint32_t cap = !b ? BLOCK_FIRST : b->cap * 4u < BLOCK_MAX ? b->cap * 4u : BLOCK_MAX;

		b = malloc(sizeof *b + cap * sizeof *b->ref);
		if (!b)
			return -1;
		*b = (struct queue_block){ .cap = (uint16_t)cap, .left = (uint16_t)q->nreaders };
		if (q->last)
			q->last->next = b;
		for (int i = 0; !q->last && i < q->nreaders; i++)
			q->reader[i].block = b;
		q->last = b;
	}
	b->ref[b->n++] = ref;
	return 0;
}

int queue_is_empty(const struct queue *q, int reader)
{
	const struct queue_reader *r = q->reader + reader;

	return !r->block || (r->at == r->block->n && !r->block->next);
}

int queue_pop(struct queue *q, int reader, uint32_t *ref)
{
	struct queue_reader *r = q->reader + reader;

	if (queue_is_empty(q, reader))
		return 0;
	if (r->at == r->block->n)
		leave(r);
	*ref = r->block->ref[r->at++];
	return 1;
}
