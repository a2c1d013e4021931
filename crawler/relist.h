// SPDX-License-Identifier: Apache-2.0
/* Archived replies about accounts read again: from a page of a list, or its refusal, to the rows and the state of the
 * list that it once gave (crawler/note.h, struct note_list). Local, no MPI. Everything in a record is hostile. */
#ifndef CRAWLER_RELIST_H
#define CRAWLER_RELIST_H

#include "crawler/hub.h"
#include "crawler/ledger.h"
#include "crawler/note.h"
#include "crawler/roll.h"
#include "crawler/users_sealed.h"
#include "io/warc.h"

struct relist {
	const struct hub *hub;
	const struct users_sealed *sealed; /* what counts */
	struct roll *roll;
	struct ledger ledger; /* the caller sets it up, and seals it */
	int64_t npages;
};

/* Is it a reply to the request that the note tells of? */
int relist_is_own(const struct relist *r, const struct note_list *n, const char *uri);

/* Take it; link: its Link headers, joined by ", ". What was not in a sealed shard is passed over. Errors: E_NOMEM. */
int relist_record(struct relist *r, const struct warc_record *x, const struct note_list *n, const char *link,
		  size_t nlink, struct err *e);

#endif
