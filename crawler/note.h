// SPDX-License-Identifier: Apache-2.0
/* What a reply was asked for and how it was read, as a line of text beside it in the archive: from the reply and this
 * line --from-archive makes the same rows and the same coverage again. Pure.
 *
 *     page KIND asc|desc LO HI LIMIT FLAGS CHAIN    a page of the walk through what was left then of a window, (LO, HI]
 *     total KIND                                    the page of the web site that tells how many there are
 *     audit KIND PLACE                              a page of the second pass, number PLACE of its sample
 *
 * Replies that were not read (errors, probes that were dropped) have none.
 */
#ifndef CRAWLER_NOTE_H
#define CRAWLER_NOTE_H

#include <stddef.h>
#include <stdint.h>

#include "crawler/window.h"

enum note_what { NOTE_NOTHING, NOTE_PAGE, NOTE_TOTAL, NOTE_AUDIT };

struct note {
	enum note_what what;
	struct window window; /* NOTE_PAGE; of the others only its kind counts */
	int limit;            /* NOTE_PAGE: rows asked for, 1 … HUB_PAGE_ROWS */
	unsigned flags;       /* NOTE_PAGE: enum page_flag */
	int chain;            /* NOTE_PAGE: the Hub takes no cursors but its own */
	int64_t place;        /* NOTE_AUDIT */
};

#define NOTE_MAX 160

/* Returns dst; "" for NOTE_NOTHING. */
char *note_format(const struct note *n, char dst[NOTE_MAX]);

/* Read one, from any len bytes. Returns 0, or -1 and NOTE_NOTHING where they are not what note_format() writes. */
int note_parse(struct note *n, const char *s, size_t len);

#endif
