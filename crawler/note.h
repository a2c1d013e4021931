// SPDX-License-Identifier: Apache-2.0
/* What a reply was asked for and how it was read, as a line of text beside it in the archive: from the reply and this
 * line --from-archive makes the same rows and the same coverage again. Pure.
 *
 *     page KIND asc|desc LO HI LIMIT FLAGS CHAIN    a page of the walk through what was left then of a window, (LO, HI]
 *     total KIND                                    the page of the web site that tells how many there are
 *     audit KIND PLACE                              a page of the second pass, number PLACE of its sample
 *     list LIST WHOSE SESSION RANK SEQ PAGES ROWS TYPE BUSY MARK_PAGES MARK FLAGS
 *                                                   a page of a list of accounts, or its refusal: struct note_list
 *
 * Replies that were not read (errors, probes that were dropped) have none.
 */
#ifndef CRAWLER_NOTE_H
#define CRAWLER_NOTE_H

#include <stddef.h>
#include <stdint.h>

#include "crawler/window.h"
#include "io/account.h"

enum note_what { NOTE_NOTHING, NOTE_PAGE, NOTE_TOTAL, NOTE_AUDIT, NOTE_LIST };

/* How a list of accounts stood before the reply, and the shard that was to take it: only what was sealed counts
 * (crawler/users_sealed.h). */
struct note_list {
	enum account_list list;
	char whose[ACCOUNT_NAME_MAX + 1]; /* name; of a repository the 24 digits of its _id */
	int64_t session, seq;
	int rank;
	int64_t pages, rows;
	unsigned type;      /* enum account_type, of what was known of the account */
	unsigned busy;      /* its lists that were asked, refused or begun, as bits */
	int64_t mark_pages; /* as in struct ask */
	uint64_t mark;
	unsigned flags; /* enum roll_flag, enum listing_flag: how the reply was read */
};

struct note {
	enum note_what what;
	struct window window; /* NOTE_PAGE; of the others only its kind counts */
	int limit;            /* NOTE_PAGE: rows asked for, 1 … HUB_PAGE_ROWS */
	unsigned flags;       /* NOTE_PAGE: enum page_flag */
	int chain;            /* NOTE_PAGE: the Hub takes no cursors but its own */
	int64_t place;        /* NOTE_AUDIT */
	struct note_list list;
};

#define NOTE_MAX 320

/* Returns dst; "" for NOTE_NOTHING. */
char *note_format(const struct note *n, char dst[NOTE_MAX]);

/* Read one, from any len bytes. Returns 0, or -1 and NOTE_NOTHING where they are not what note_format() writes. */
int note_parse(struct note *n, const char *s, size_t len);

#endif
