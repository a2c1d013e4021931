/* SPDX-License-Identifier: Apache-2.0 */
/* What HTTP makes of a body: its ETag, its gzip. */
#ifndef HUB_BODY_H
#define HUB_BODY_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "cache.h"

uint64_t body_hash(const struct buf *b);

/* Express's shape: length and a hash. */
enum { ETAG_TEXT = 64 };
void body_etag(const struct buf *b, uint64_t hash, char out[ETAG_TEXT]);

/* The body becomes its gzip (RFC 1952), which is kept in the cache, or found there by length and hash. false: it is too
 * short for that, or there is no memory; it stays. */
bool body_gzip(struct buf *b, uint64_t hash, struct cache *cache);

#endif
