// SPDX-License-Identifier: Apache-2.0
/* What earlier crawls have left in the folder: coverage, counts, and where to go on. */
#ifndef CRAWLER_RESUME_H
#define CRAWLER_RESUME_H

#include "io/cover.h"
#include "io/h5shard.h"
#include "io/snapshot.h"

struct resume {
	struct cover cover[NKINDS];        /* crawled */
	struct shard_piece *chain[NKINDS]; /* pieces that know the Hub's own cursor for what follows; owned */
	uint32_t nchain[NKINDS];
	int64_t rows[NKINDS];
	int64_t suspect;          /* pieces that are */
	int64_t next_seq[NKINDS]; /* above those of all shards of the kind, whichever rank wrote them, damaged or not */
	int64_t session;          /* of the shards, the latest; 0 none */
	int64_t hub_total[NKINDS];  /* the latest told, -1 none */
	int64_t counter[NCOUNTERS]; /* sums over all shards */
	size_t nshards;
	struct shard_list damaged; /* what is named like a shard, but is not what was sealed: not counted above */
};

void resume_init(struct resume *r);
void resume_release(struct resume *r);

/* The whole axis of a snapshot: everything up to its t0. */
struct span resume_axis(const struct snapshot *s);

/* Remove what a killed crawl has left half written (*.tmp in the folder `shards`). Local. Errors: E_IO. */
int resume_clean(const char *shards, struct err *e);

/* Read all shards of the folder but for their rows: their stamps over the whole file, then what they say. Local. A
 * foreign or hostile file: E_FORMAT and one line that names it. `is_stopped`, or NULL, is asked before each: E_STOPPED.
 */
int resume_read(struct resume *r, const char *shards, const struct snapshot *s, int (*is_stopped)(void), struct err *e);

/* Move the damaged shards out of the way (shard_set_aside()), a line for each. Local. Errors: E_IO. */
int resume_set_aside(struct resume *r, struct err *e);

/* What of a kind is missing. Returns 0, or -1 when memory is short. `gaps` must be initialised. */
int resume_gaps(const struct resume *r, const struct snapshot *s, enum kind k, struct cover *gaps);

/* The Hub's own cursor behind an end of what has been crawled, going in `order`, or NULL. */
const char *resume_cursor(const struct resume *r, enum kind k, int descending, struct oid end);

#endif
