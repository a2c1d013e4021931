/* SPDX-License-Identifier: Apache-2.0 */
/* Rows as JSON (hub-api 4). */
#ifndef HUB_RENDER_H
#define HUB_RENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "fields.h"
#include "row.h"

/* One element. Recorded ones keep their members' order and bytes.
 *   poison  members that no figure needs get values of the wrong type */
void render_row(struct buf *b, const struct row *row, const struct fields *f, bool poison);

/* A row of /models-json and its siblings: no _id, but the owner's data. */
struct page_owner {
	bool org;
	const char *oid;
	uint64_t followers;
};
void render_page_row(struct buf *b, const struct row *row, const struct page_owner *o);

/* A list element that is no repository, chosen by h. */
void render_junk(struct buf *b, uint64_t h);
/* One that makes a parser refuse the whole page, and need more memory for it than it keeps. */
void render_nan(struct buf *b);

#endif
