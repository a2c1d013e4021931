// SPDX-License-Identifier: Apache-2.0
#include "crawler/outbox.h"

#include <stdlib.h>
#include <string.h>

struct outgoing {
	int rank;
	struct msg m;
};

void outbox_release(struct outbox *o)
{
	free(o->at);
	memset(o, 0, sizeof *o);
}

/* Room behind the last: what has been sent makes room first. */
static int make_room(struct outbox *o)
{
	size_t cap = o->cap ? 2 * o->cap : 64;
	struct outgoing *at = malloc(cap * sizeof *at);

	if (!at)
		return -1;
	if (o->n)
		memcpy(at, o->at + o->first, o->n * sizeof *at);
	free(o->at);
	o->at = at;
	o->cap = cap;
	o->first = 0;
	return 0;
}

void outbox_put(struct outbox *o, int rank, const struct msg *m)
{
	struct outgoing *to;

	if (o->first + o->n == o->cap && make_room(o)) {
		o->no_memory = 1;
		return;
	}
	to = o->at + o->first + o->n++;
	to->rank = rank;
	memcpy(&to->m, m, msg_size(m));
}

int outbox_next(struct outbox *o, int *rank, struct msg *m)
{
	const struct outgoing *from = o->at + o->first;

	if (o->n == 0) {
		o->first = 0;
		return 0;
	}
	*rank = from->rank;
	memcpy(m, &from->m, msg_size(&from->m));
	o->first++;
	o->n--;
	return 1;
}
