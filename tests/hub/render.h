/* SPDX-License-Identifier: Apache-2.0 */
/* Rows as JSON: which members a request gets, in the order in which the Hub sends them (hub-api 4). */
#ifndef HUB_RENDER_H
#define HUB_RENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "row.h"

struct fields {
	enum kind kind;
	bool expanded; /* by name: nothing but _id, id and what was named */
	bool all;      /* a single repository without expand: whatever there is */
	uint64_t want; /* bits of the kind's table of members */
};

void fields_init(struct fields *f, enum kind kind);

/* One value of expand. Returns 0, or -1 with the text of the 400 in `why`; it differs between lists and single
 * repositories. */
int fields_expand(struct fields *f, bool single, const char *name, struct buf *why);

/* What comes without expand. */
void fields_default(struct fields *f, bool single, bool full, bool config, bool card);

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

#endif
