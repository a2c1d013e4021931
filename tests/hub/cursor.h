/* SPDX-License-Identifier: Apache-2.0 */
/* Pagination cursors: base64 of a Mongo filter (hub-api 2.2). */
#ifndef HUB_CURSOR_H
#define HUB_CURSOR_H

#include "buf.h"
#include "population.h"

/* Both alphabets, padded or not; a blank stands for '+', which is what URL decoding makes of it.
 * Returns 0, or -1: not a cursor of this sort. */
int cursor_parse(const char *text, enum sort sort, struct start *s);

/* Append the cursor that leads on behind `row`, in standard base64. */
void cursor_write(struct buf *b, enum sort sort, bool up, const struct row *row);

#endif
