// SPDX-License-Identifier: Apache-2.0
/* Replies of the Hub into archives (io/warc.h). Local.
 *
 * --archive keeps every reply of a rank in a row of segments, DIR/archive/<session>-r<rank>-<number>.warc.gz, the
 * session being its beginning in UTC (20261122221501123). A segment is sealed like a shard and always before the shards
 * whose rows it holds: what is in a sealed shard is in a sealed segment. The reverse does not hold: a crawl that is
 * killed leaves replies whose rows are in no shard, and these are asked for again. So of two replies about the same
 * part of the axis the one of the later session counts.
 */
#ifndef CRAWLER_ARCHIVE_H
#define CRAWLER_ARCHIVE_H

#include "crawler/fetch.h"
#include "crawler/note.h"
#include "io/snapshot.h"
#include "io/warc.h"

/* Keep a reply; the fetch must have been told to keep heads. Of one that broke off what came of it is kept; one of
 * which nothing came is nothing to keep, and neither is anything with w NULL. `n` may be NULL. Errors: those of
 * warc_append(), but a reply that no archive can hold (a status line that is none) is left out with a warning. */
int archive_reply(struct warc *w, const struct fetch_reply *r, const struct note *n, struct err *e);

struct archive; /* a rank's segments */

struct archive_setup {
	const char *dir;                   /* of the census; lives as long */
	const char *snapshot, *user_agent; /* as in struct warc_setup; live as long */
	int rank;
	int64_t session; /* ms since 1970 */
};

/* NULL when memory is short. Nothing is written before the first reply. */
struct archive *archive_create(const struct archive_setup *s);

/* As archive_reply(), into the present segment. a NULL: nothing. Errors: those of warc_create() and warc_append(). */
int archive_add(struct archive *a, const struct fetch_reply *r, const struct note *n, struct err *e);

/* Seal the present segment, if there is one. a NULL: nothing. Errors: E_IO; the replies stay in its .tmp file. */
int archive_seal(struct archive *a, struct err *e);

/* What was not sealed is, if it can be. NULL is fine. */
void archive_free(struct archive *a);

/* ---- The folder DIR/archive; rank 0 */

/* Make it, put a copy of snapshot.json into it, and give the segments of a killed crawl their names: they are whole
 * but for their last member. Errors: E_IO, E_NOMEM. */
int archive_open(const char *dir, struct err *e);

/* Is there one? */
int archive_is_there(const char *dir);

/* Remove its copy of snapshot.json, after the original. */
void archive_forget(const char *dir);

/* The latest session of its segments, ms since 1970; 0 none. */
int64_t archive_last_session(const char *dir);

/* The segments of an archive, sorted by name, those of a killed crawl too. */
struct archive_list {
	char *names; /* n of them, a NUL behind each; owned */
	size_t n, nbytes;
};

/* `dir` holds the segments themselves. Errors: E_IO, E_NOMEM. */
int archive_list(struct archive_list *l, const char *dir, struct err *e);
void archive_list_release(struct archive_list *l);

/* Length of the part of a segment's name that tells its session; 0: a file of another name. Sessions sort as text. */
size_t archive_session(const char *name);

#endif
