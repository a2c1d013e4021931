/* SPDX-License-Identifier: Apache-2.0 */
/* What HTTP makes of a body: its ETag, its gzip. */
#ifndef HUB_BODY_H
#define HUB_BODY_H

#include <stdbool.h>

#include "buf.h"

/* Express's shape: length and a hash. */
enum { ETAG_TEXT = 64 };
void body_etag(const struct buf *b, char out[ETAG_TEXT]);

/* The body becomes its gzip (RFC 1952). false: it is too short for that, or there is no memory; it stays. */
bool body_gzip(struct buf *b);

#endif
