// SPDX-License-Identifier: Apache-2.0
/* How far the discovery of accounts has come, in two small files; rank 0. Local.
 *
 *     DIR/users.json          how it ended, once it has: then nothing is asked again
 *     DIR/archive/users.json  the same, and which shards of accounts were sealed when the latest session began or
 * ended. A crawl that is killed leaves replies in the archive whose rows are in no shard, and not all of these lists
 * need be asked again, unlike windows: so a reply counts only if the shard that was to take it is named there, or its
 * session is not over by that file.
 */
#ifndef CRAWLER_USERS_END_H
#define CRAWLER_USERS_END_H

#include <stddef.h>
#include <stdint.h>

#include "io/err.h"

enum ending { END_NONE, END_ALL, END_REQUESTS, END_GAPS, NENDINGS };
extern const char *const ending_name[NENDINGS]; /* for people, and in the file */

/* No count in them is larger, so that sums cannot overflow. */
#define USERS_END_MAX 1000000000000000

struct users_end {
	enum ending ending;
	int64_t requests; /* of all sessions */
	int64_t accounts; /* known */
	int64_t pages;    /* in the shards */
	int64_t given_up; /* lists */
	int64_t rows;     /* of repositories: more of them may name more owners */
};

/* That of `folder`; END_NONE, and no error, where there is none. A foreign file: what this program would not have
 * written is refused. Errors: E_FORMAT, E_IO. */
int users_end_read(struct users_end *x, const char *folder, struct err *e);

/* DIR/users.json. Errors: E_IO, E_NOMEM. */
int users_end_write(const struct users_end *x, const char *dir, struct err *e);

/* ---- DIR/archive/users.json */

struct users_sealed {
	int64_t session; /* ms since 1970: sessions before it are told of */
	size_t n, nsession;
	struct users_sealed_shard {
		int64_t seq;
		int rank;
	} * at; /* sorted; owned */
	/* Which session a shard is of: the last whose first number is not above its own. Owned. */
	struct users_sealed_session {
		int64_t session, seq;
	} * first;
};

/* Name the shards in DIR/shards. Before a session: its number and that of its first shards. Errors: E_FORMAT (of what
 * is there), E_IO, E_NOMEM. */
int users_sealed_begin(const char *dir, int64_t session, int64_t seq, struct err *e);

/* After it, with all sealed. Errors: E_FORMAT, E_IO, E_NOMEM. */
int users_sealed_end(const char *dir, int64_t session, const struct users_end *x, struct err *e);

/* Read that of the folder `archive`, a foreign file, too. Without one nothing is told of any session. Release it also
 * on error. Errors: E_FORMAT, E_IO, E_NOMEM. */
int users_sealed_read(struct users_sealed *s, const char *archive, struct err *e);
void users_sealed_release(struct users_sealed *s);

/* Does a reply count that was to go into this shard? */
int users_sealed_has(const struct users_sealed *s, int64_t session, int rank, int64_t seq);

#endif
