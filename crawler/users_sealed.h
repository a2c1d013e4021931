// SPDX-License-Identifier: Apache-2.0
/* DIR/archive/users.json: how the discovery of accounts ended (io/users_end.h), and which shards of accounts were
 * sealed when the latest session began or ended; rank 0. A crawl that is killed leaves replies in the archive whose
 * rows are in no shard, and not all of these lists need be asked again, unlike windows: so a reply counts only if the
 * shard that was to take it is named there, or its session is not over by that file. Local.
 */
#ifndef CRAWLER_USERS_SEALED_H
#define CRAWLER_USERS_SEALED_H

#include <stddef.h>
#include <stdint.h>

#include "io/err.h"
#include "io/users_end.h"

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

/* The shards in DIR/FILLING were read from DIR's own archive, and are about to be DIR's in the place of those that were
 * lost: from now on the file names what those had sealed beside DIR's own, for the replies still hold it, until one of
 * the new shards is lost, too. Errors: E_FORMAT, E_IO, E_NOMEM. */
int users_sealed_keep(const char *dir, const char *filling, struct err *e);

/* Read that of the folder `archive`, a foreign file, too. Without one nothing is told of any session. Release it also
 * on error. Errors: E_FORMAT, E_IO, E_NOMEM. */
int users_sealed_read(struct users_sealed *s, const char *archive, struct err *e);
void users_sealed_release(struct users_sealed *s);

/* Does a reply count that was to go into this shard? */
int users_sealed_has(const struct users_sealed *s, int64_t session, int rank, int64_t seq);

#endif
