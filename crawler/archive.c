// SPDX-License-Identifier: Apache-2.0
#include "crawler/archive.h"

int archive_reply(struct warc *w, const struct fetch_reply *r, struct err *e)
{
	struct warc_exchange x = { .uri = r->url,
				   .date_ms = clock_wall_ms() - (clock_ms() - r->received_ms),
				   .head = r->head,
				   .nhead = r->nhead,
				   .body = r->body,
				   .nbody = r->nbody };

	return w && r->status > 0 ? warc_append(w, &x, e) : E_OK;
}
