// SPDX-License-Identifier: Apache-2.0
/* What a page of a list of accounts leaves in a rank's shard, wherever the page comes from: the Hub (asker_reply.c) or
 * an archive (relist.c). Local, no I/O. */
#ifndef CRAWLER_LISTING_H
#define CRAWLER_LISTING_H

#include <stdint.h>

#include "crawler/roll.h"
#include "io/h5accounts.h"

/* Keep the elements that are no accounts, and count the page. 0, or -1 when memory is short. */
int listing_count(struct account_shard *s, enum account_list list, const struct roll_page *p);

/* The row that ends a list of an account of this type: asked to its end, or refused. */
struct account listing_end(enum account_list list, int refused, enum account_type type, int64_t observed);

/* Is the cursor that page number `pages` names one that the list has named before? The mark moves to pages 1, 2, 4, 8
 * …, so a circle is found after at most three times its length (R. Brent, "An improved Monte Carlo factorization
 * algorithm", BIT 20, 1980). */
int listing_is_circle(int64_t pages, const char *cursor, uint64_t *mark, int64_t *mark_pages);

#endif
