// SPDX-License-Identifier: Apache-2.0
/* Archives of replies: WARC 1.1 (ISO 28500:2017), every record a gzip member of its own (its annex D). Local.
 *
 *     warcinfo    who wrote it, for which snapshot, and what of the replies was changed
 *     response    one reply: status line, header lines, decoded body; one record per reply, in the order of appending
 *
 * There are no `request` records. The standard asks for none, readers (warcio, pywb, jwarc) find a reply by its
 * WARC-Target-URI, all our requests are GETs that the URI and the user agent in the warcinfo describe, and a request is
 * where a token would be: what is not there cannot be forgotten.
 *
 * A reply is stored as received but for this, which the warcinfo states:
 *   - The body is decoded: Content-Encoding, Transfer-Encoding and Content-Length are renamed to X-Crawl-…, as in the
 *     archives of Common Crawl, and a Content-Length that fits the body is added.
 *   - Authorization, Proxy-Authorization, Cookie and Set-Cookie are left out. Wherever else a reply repeated the token
 *     as it is there are as many x: crawler/fetch.h gives no reply without.
 *   - The status line says HTTP/1.1 where it was HTTP/2 or 3, which have no text form that all readers take. The
 *     record's WARC-Protocol then says h2 or h3 (https://github.com/iipc/warc-specifications/issues/42).
 *   - Folded header lines are unfolded, control characters in them become blanks, lines without a name are left out.
 * There are no digests: the CRC-32 of each member finds accidents, and SHA-1 would need another library.
 */
#ifndef IO_WARC_H
#define IO_WARC_H

#include <stddef.h>
#include <stdint.h>

#include "io/err.h"

#define WARC_BODY_MAX (64ll << 20) /* twice what a reply may have: crawler/fetch.h, FETCH_BODY_MAX */
#define WARC_HEAD_MAX 65536        /* header lines as received (FETCH_HEADERS_MAX); a record's own header */
#define WARC_HTTP_MAX (2 * WARC_HEAD_MAX + 256) /* header lines as stored: "a:\n" becomes "a: \r\n" */
#define WARC_URI_MAX  16384                     /* twice FETCH_LINK_MAX */
#define WARC_NOTE_MAX 1024                      /* the field Hubcensus-Note of a record */

/* ---- Writing */

struct warc;

struct warc_setup {
	const char *snapshot;   /* struct snapshot.id, or NULL */
	const char *user_agent; /* that requests carry, or NULL */
};

/* One reply. All pointers stay the caller's. */
struct warc_exchange {
	const char *uri;  /* asked for; no blanks or controls, no user:password@, 1 to WARC_URI_MAX bytes */
	int64_t date_ms;  /* of receiving it, ms since 1970 */
	const char *head; /* as curl's header callback gives it, lines ended by \n or \r\n: status line, header lines,
			   * blank line; of several such blocks (100, proxy) the last counts; trailers are ignored */
	size_t nhead;     /* at most WARC_HEAD_MAX */
	const char *body; /* decoded */
	size_t nbody;     /* at most WARC_BODY_MAX */
	const char *truncated; /* NULL, or why this is not the whole reply, a word of WARC-Truncated: "length", "time",
				* "disconnect" */
	const char *note;      /* NULL, or the writer's own remark: printable ASCII, at most WARC_NOTE_MAX bytes */
};

/* Begin the archive `path` as path.tmp, which is made or emptied, with the warcinfo in it. A killed program leaves
 * path.tmp, whole but for its last member, and nothing under the final name. `path` is copied. By custom it ends in
 * .warc.gz.
 * Errors: E_IO, E_NOMEM, E_USAGE (path too long). *w is then NULL, and there is no path.tmp. */
int warc_create(struct warc **w, const char *path, const struct warc_setup *s, struct err *e);

/* Append a reply. It has left the process when this returns, but is on disk only after warc_seal().
 * On error the file is as it was before (if even that fails, the next calls give E_IO): one may go on, or seal what is
 * there. Errors: E_IO (disk full), E_NOMEM, E_BUG (an argument breaks the rules above). */
int warc_append(struct warc *w, const struct warc_exchange *x, struct err *e);

/* Replies appended; bytes of the file. */
int64_t warc_count(const struct warc *w);
int64_t warc_nbytes(const struct warc *w);

/* Sync, close, rename to the final name (an older file of that name goes), sync the folder. Whoever seals shards seals
 * the archive first: then no row is in a shard whose reply is in no archive. Only warc_free() may follow, also after an
 * error; nothing then has the final name, unless only the sync of the folder failed. Errors: E_IO. */
int warc_seal(struct warc *w, struct err *e);

/* An archive that was not sealed is removed. NULL is fine. */
void warc_free(struct warc *w);

/* warc_free(), but an archive that was not sealed stays as path.tmp. NULL is fine. */
void warc_leave(struct warc *w);

/* The HTTP part of a record, status line to blank line, as warc_append() stores it: pure, for the tests. *block is
 * allocated, *n bytes and a NUL, and the caller frees it; NULL after an error.
 *   protocol  if not NULL: set to "h2" or "h3" where the status line was changed, else NULL
 * Errors: E_NOMEM, E_BUG (no status line, too long). */
int warc_http_block(const struct warc_exchange *x, char **block, size_t *n, const char **protocol, struct err *e);

/* ---- Reading: hostile input is welcome. Memory stays under the caps above and body_max, and grows with what is really
 * there, not with what a header announces. A body is never decompressed beyond its member.
 *
 *     while (!(rc = warc_next(r, &x, e)) && x)
 *             if (x->type == WARC_RESPONSE) ...
 */

struct warc_reader;

enum warc_type {
	WARC_OTHER, /* request, metadata, revisit, a response that is not HTTP …: uri, date, body only */
	WARC_INFO,
	WARC_RESPONSE,
};

/* A record. Everything in it belongs to the reader and lives until its next call. */
struct warc_record {
	enum warc_type type;
	const char *uri;  /* without control characters; "" where there is none, which a response always has */
	int64_t date_ms;  /* ms since 1970 */
	int status;       /* 100 to 999; 0 where it is no response */
	const char *head; /* of a response: status line, header lines, blank line; any bytes */
	size_t nhead;
	const char *body; /* of a response as stored, else the whole block; JS_PADDING bytes behind it are readable */
	size_t nbody;
	int is_encoded;   /* Content-Encoding or Transfer-Encoding says so (never in our own): body is not what it seems
			   */
	int is_truncated; /* the record says that it is not the whole reply */
	const char *note; /* its Hubcensus-Note, any bytes; nnote = 0: none */
	size_t nnote;
};

/* Read an archive, .warc.gz or .warc by its content; a regular file, or n bytes in memory that outlive the reader.
 *   path, name  not copied, outlive the reader
 *   body_max    cap on a body, 0: WARC_BODY_MAX
 * Errors: E_IO, E_FORMAT (no regular file), E_NOMEM. *r is then NULL. */
int warc_open(struct warc_reader **r, const char *path, int64_t body_max, struct err *e);
int warc_open_memory(struct warc_reader **r, const void *x, size_t n, const char *name, int64_t body_max,
		     struct err *e);

/* The next record, *x = NULL at the end. A record of a gzip file has been checked against its CRC-32 before it is
 * given. A last record that was cut is not given and is no error: warc_was_cut() says so at the end. Refused with one
 * line that says where: what is neither gzip nor WARC 1.0 or 1.1, damage, lengths that do not fit, headers or bodies
 * beyond their cap, several records in one member, a response without URI, date or status line. What was given before
 * is good; the reader can then only be freed. Errors: E_FORMAT, E_IO, E_NOMEM. */
int warc_next(struct warc_reader *r, const struct warc_record **x, struct err *e);

/* After the end: did the file stop inside a record, or before the first? */
int warc_was_cut(const struct warc_reader *r);

/* Find a header line of a response. *pos is 0 for the first of that name, and is moved for the next. Case of the name
 * does not matter; the value has no blanks at its ends, and is any bytes. Returns 1 and sets *value and *n, or 0. */
int warc_header(const struct warc_record *x, const char *name, size_t *pos, const char **value, size_t *n);

void warc_reader_free(struct warc_reader *r);

#endif
