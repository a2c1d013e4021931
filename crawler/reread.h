// SPDX-License-Identifier: Apache-2.0
/* Archived replies read again: from the records of an archive to the rows and the coverage that they once gave. Local,
 * no MPI. Everything in a record is hostile: what was not asked for by this very snapshot is passed over and counted.
 */
#ifndef CRAWLER_REREAD_H
#define CRAWLER_REREAD_H

#include "crawler/buffer.h"
#include "crawler/hub.h"
#include "crawler/note.h"
#include "crawler/relist.h"
#include "io/snapshot.h"
#include "io/warc.h"

struct reread {
	const struct snapshot *snapshot;
	const struct hub *hub;
	const struct cover *taken; /* NKINDS: parts that sealed shards or later sessions have; nothing is taken there */
	struct buffer *buf;
	struct page *page;
	struct shard scratch[NKINDS], sample[NKINDS];
	struct relist *lists; /* takes replies about accounts; NULL: they are left alone */
	/* Of the present session: */
	struct cover fresh[NKINDS]; /* taken */
	int64_t total[NKINDS];      /* that the Hub told, -1 none */
	int64_t place[NKINDS];      /* the least place of the second pass, INT64_MAX none */
	/* Of later sessions: */
	int64_t total_later[NKINDS], place_later[NKINDS];
	/* Of all: */
	int64_t nreplies, npages, nforeign;
};

/* What `r` points to is the caller's and lives as long. Errors: E_NOMEM; release it also then. */
int reread_init(struct reread *r, const struct snapshot *s, const struct hub *hub, const struct cover *taken,
		struct buffer *buf, int rank, int64_t session, struct err *e);
void reread_release(struct reread *r);

/* Take a record. Errors: E_NOMEM. */
int reread_record(struct reread *r, const struct warc_record *x, struct err *e);

/* A session is over, what of it counts for older ones is in *_later and `taken`: forget it. */
void reread_next_session(struct reread *r);

#endif
