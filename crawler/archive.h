// SPDX-License-Identifier: Apache-2.0
/* Replies of the Hub into an archive (io/warc.h). Local. */
#ifndef CRAWLER_ARCHIVE_H
#define CRAWLER_ARCHIVE_H

#include "crawler/fetch.h"
#include "io/warc.h"

/* Keep a reply; the fetch must have been told to keep heads. One that never came (status 0) is nothing to keep, and
 * neither is anything with w NULL. Errors: those of warc_append(). */
int archive_reply(struct warc *w, const struct fetch_reply *r, struct err *e);

#endif
