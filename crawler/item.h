// SPDX-License-Identifier: Apache-2.0
/* What ranks send each other about accounts (crawler/post.h): parcels of one byte of type and then items, the same
 * layout on all ranks. Names go to the rank that owns them; what a class of lists brought comes back. */
#ifndef CRAWLER_ITEM_H
#define CRAWLER_ITEM_H

#include <stdint.h>

#include "io/account.h"
#include "io/oid.h"

enum parcel_type { PARCEL_ITEMS = 1, PARCEL_CREDITS, PARCEL_WAVE, PARCEL_STATUS };

enum item_what {
	ITEM_MET,   /* an account on a page; the sender keeps it for its shard */
	ITEM_KNOWN, /* an account from a shard */
	ITEM_OWNER, /* an account from elsewhere: its owner keeps it for its shard if it says anything new */
	ITEM_LIST,  /* how far a list is; struct item_more and the cursor follow the name */
	ITEM_REPO,  /* a repository with likes: named by kind and _id; struct item_more and the id follow */
};

/* Followed by n bytes of name; no padding anywhere, read and written by memcpy. */
struct item {
	uint8_t what, n;
	uint16_t class;   /* ITEM_MET: of the list that brought it */
	uint16_t sources; /* bits */
	uint8_t type, done, refused;
	uint8_t list;    /* ITEM_LIST */
	uint8_t state;   /* ITEM_LIST */
	uint8_t has_oid; /* ITEM_OWNER: struct item_more follows the name */
};

struct item_more {
	int64_t pages, rows; /* ITEM_REPO: likes, kind */
	struct oid oid;
	uint32_t n; /* bytes that follow */
};

struct item_credit {
	uint16_t class, spare;
	float gain; /* new accounts, and what others are worth more since they were seen there, too */
};

/* Asks all ranks how they stand. */
struct item_wave {
	int64_t number;
	double best; /* new accounts that the best request is expected to bring, of all ranks in the wave before */
};

/* How a rank stands. Sent upon PARCEL_WAVE. */
struct item_status {
	int64_t wave;
	double best;                                       /* likewise, of this rank; -1: nothing to ask */
	int64_t idle;                                      /* nothing to ask, nothing under way */
	int64_t sent, received;                            /* parcels of items, ever */
	int64_t accounts, lists, refused, pages, requests; /* lists asked to their end, and those that were refused */
};

#endif
