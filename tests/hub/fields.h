/* SPDX-License-Identifier: Apache-2.0 */
/* Which members of a row a request gets, in the order in which the Hub sends them (hub-api 1.2, 4). */
#ifndef HUB_FIELDS_H
#define HUB_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "row.h"
#include "value.h"

enum { FIELD_MAX = 48, FIELD_TEXT = 32 };

/* A member that rows may have. */
struct field {
	const char *name;
	char text[FIELD_TEXT]; /* ,"name": */
	uint8_t ntext;
	uint8_t when; /* it comes without being named: bits that only fields_default() reads */
	enum value value;
};

/* In the order of the Hub's replies; the last one has no name. */
extern const struct field field_table[NKIND][FIELD_MAX];

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

/* Is a member of this name among them? */
bool fields_has(const struct fields *f, const char *name);

#endif
