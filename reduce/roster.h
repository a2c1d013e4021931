// SPDX-License-Identifier: Apache-2.0
/* Accounts of one rank, each key once: observations go in, merged by the law of io/account.h. Local, pure.
 *
 * Column by column, about 60 bytes per account with names of 13 bytes: 25 of columns, 8 + 13 of the name, 5 to 11 of
 * the slots that find it. */
#ifndef REDUCE_ROSTER_H
#define REDUCE_ROSTER_H

#include <stdint.h>

#include "io/account.h"
#include "io/table.h"

struct roster {
	uint64_t n, cap;
	struct texts name;  /* n of them: of several spellings of a key the one that counts */
	struct oid *oid;    /* OID_MIN: not told */
	int64_t *followers; /* -1: not told */
	uint16_t *sources;
	uint8_t *type, *done, *refused;
	uint32_t *slot; /* open addressing: row + 1, or 0 */
	uint64_t nslot; /* a power of two, or 0 */
};

/* Most accounts that one rank can have. */
#define ROSTER_MAX (UINT32_MAX - 1)

/* Add one observation; `a`->observed is not kept. Returns 0, or -1 when memory is short or there are ROSTER_MAX. */
int roster_add(struct roster *r, const char *name, size_t len, const struct account *a);

/* Append an account whose key is not there and will not be looked for. The same. */
int roster_append(struct roster *r, const char *name, size_t len, const struct account *a);

/* The row of a name, in any letter case, or -1. Not after roster_settle(). */
int64_t roster_find(const struct roster *r, const char *name, size_t len);

/* Nothing more is added or looked for: frees what that needs. */
void roster_settle(struct roster *r);

void roster_release(struct roster *r);

#endif
