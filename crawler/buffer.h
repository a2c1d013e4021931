// SPDX-License-Identifier: Apache-2.0
/* What a rank has crawled and not sealed yet: a shard per kind, with its counters. Local. */
#ifndef CRAWLER_BUFFER_H
#define CRAWLER_BUFFER_H

#include "crawler/archive.h"
#include "crawler/fetch.h"
#include "crawler/page.h"
#include "io/h5shard.h"

struct buffer {
	struct shard shard[NKINDS];
	int64_t oldest[NKINDS];           /* when what is in it came, ms; -1: nothing */
	int64_t total[NKINDS][NCOUNTERS]; /* of all that was sealed */
	const char *dir;                  /* of the shards */
	struct archive *archive;          /* sealed before any of them; NULL none. The caller's */
	int64_t seal_rows, seal_ms;
};

/* `seq`: number of each kind's first shard. dir is kept. */
void buffer_init(struct buffer *b, const char *dir, const char *snapshot, int rank, int64_t session,
		 const int64_t seq[NKINDS]);
void buffer_release(struct buffer *b);

void buffer_count(struct buffer *b, enum kind k, enum counter c, int64_t n);

/* All that was counted, sealed or not: sums over the kinds, and the rows of each. */
void buffer_sums(const struct buffer *b, int64_t counter[NCOUNTERS], int64_t kind_rows[NKINDS]);

/* Count a reply by its status, and its bytes. */
void buffer_add_reply(int64_t counter[NCOUNTERS], const struct fetch_reply *r);
void buffer_count_reply(struct buffer *b, enum kind k, const struct fetch_reply *r);

/* Count a page that was taken. */
void buffer_count_page(struct buffer *b, enum kind k, const struct page_result *r);

/* Seal everything, or what is old or large enough: seal_ms, seal_rows, shard_is_full(). Errors: those of shard_seal();
 * what could not be sealed stays. */
int buffer_seal_all(struct buffer *b, struct err *e);
int buffer_seal_due(struct buffer *b, int64_t now, struct err *e);

#endif
