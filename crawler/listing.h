// SPDX-License-Identifier: Apache-2.0
/* What a page of a list of accounts leaves in a rank's shard, wherever the page comes from: the Hub (asker_reply.c) or
 * an archive (relist.c). Local, no I/O. */
#ifndef CRAWLER_LISTING_H
#define CRAWLER_LISTING_H

#include <stdint.h>

#include "crawler/hub.h"
#include "crawler/roll.h"
#include "io/h5accounts.h"

/* Keep the elements that are no accounts, and count the page. 0, or -1 when memory is short. */
int listing_count(struct account_shard *s, enum account_list list, const struct roll_page *p);

/* The row that ends a list of an account of this type: asked to its end, or refused. */
struct account listing_end(enum account_list list, int refused, enum account_type type, int64_t observed);

/* So many pages in a row may be without an account, as WALK_EMPTY_MAX of a walk. */
#define LISTING_EMPTY_MAX 5

/* Beside enum roll_flag in a note: the list has shown so many, and one more leads nowhere. */
enum listing_flag { LISTING_DRY = 4 };

enum listing_step {
	LISTING_MORE,  /* the list goes on at the cursor */
	LISTING_END,   /* this was its last page */
	LISTING_STUCK, /* its next link leads elsewhere, in circles, or from one empty page to another: a failure of the
			* page, of which only the accounts are kept */
};

/* What follows page number `pages` of a list: nrow accounts, flags of its note, and what its Link header said. The mark
 * moves only when the list goes on. */
enum listing_step listing_step(int64_t pages, size_t nrow, unsigned flags, enum hub_next next, const char *cursor,
			       uint64_t *mark, int64_t *mark_pages);

/* Is the cursor that page number `pages` names one that the list has named before? The mark moves to pages 1, 2, 4, 8
 * …, so a circle is found after at most three times its length (R. Brent, "An improved Monte Carlo factorization
 * algorithm", BIT 20, 1980). */
int listing_is_circle(int64_t pages, const char *cursor, uint64_t *mark, int64_t *mark_pages);

#endif
