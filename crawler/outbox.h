// SPDX-License-Identifier: Apache-2.0
/* Messages that wait to be sent, first in, first out. */
#ifndef CRAWLER_OUTBOX_H
#define CRAWLER_OUTBOX_H

#include "crawler/message.h"

struct outgoing;

struct outbox {
	struct outgoing *at; /* owned */
	size_t first, n, cap;
	int no_memory; /* a message was lost for want of it */
};

/* All zero is an empty one. */
void outbox_release(struct outbox *o);

void outbox_put(struct outbox *o, int rank, const struct msg *m);

/* Take the first: 1, or 0 if there is none. */
int outbox_next(struct outbox *o, int *rank, struct msg *m);

#endif
