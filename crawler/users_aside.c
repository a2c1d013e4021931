// SPDX-License-Identifier: Apache-2.0
/* Damaged shards of accounts, and what counts on them. A list may have its first pages in one shard and its end in a
 * later one of the same rank, or of any rank in a later session; and what a rank has said lately it does not say again.
 * So what a damaged shard held is only asked again if everything that was sealed later by its rank, or by anybody in a
 * later session, is set aside with it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "crawler/stop.h"
#include "crawler/users.h"
#include "io/h5accounts.h"
#include "io/log.h"
#include "io/stamp.h"

struct sealed {
	const char *path;
	int rank, is_damaged;
	int64_t seq, session;
};

static int look(struct sealed *x, const char *path)
{
	struct err own = ERR_INIT;

	*x = (struct sealed){ .path = path };
	account_shard_name_parse(path, &x->rank, &x->seq);
	x->is_damaged = stamp_check(path, "account-shard", ACCOUNT_SHARD_VERSION, &own) == E_DAMAGED;
	return x->is_damaged;
}

/* Sessions are told by the shards themselves, read only when one of them is damaged. What cannot be read for another
 * reason is an error later, for who needs it. */
static void find_session(struct sealed *x)
{
	struct err own = ERR_INIT;
	struct account_shard s;

	if (x->is_damaged)
		return;
	if (!account_shard_read(&s, x->path, NULL, &own))
		x->session = s.session;
	account_shard_release(&s);
}

/* Numbers go up from session to session, whatever the clock says: a damaged shard is of the session that was numbered
 * last before it, or the first of the next one. */
static int64_t session_of(const struct sealed *all, size_t n, const struct sealed *damaged)
{
	int64_t session = 0, seq = -1;

	for (size_t i = 0; i < n; i++)
		if (!all[i].is_damaged && all[i].seq <= damaged->seq && all[i].seq > seq) {
			seq = all[i].seq;
			session = all[i].session;
		}
	return session;
}

static int counts_on(const struct sealed *x, const struct sealed *damaged, int64_t session)
{
	return !x->is_damaged && x->seq > damaged->seq && (x->rank == damaged->rank || x->session != session);
}

static int move_damaged(const struct sealed *x, struct err *e)
{
	char to[4200];

	if (shard_set_aside(x->path, to, e))
		return e->code;
	log_warn("'%s' is damaged: set aside as '%s', its lists are asked again", x->path, to);
	return E_OK;
}

static int move_dependent(const struct sealed *all, size_t n, struct err *e)
{
	char *aside = calloc(n, 1), to[4200];
	int moved = 0;

	if (!aside)
		return err_set(e, E_NOMEM, "no memory to set shards aside");
	for (size_t i = 0; i < n; i++) {
		int64_t session = all[i].is_damaged ? session_of(all, n, all + i) : 0;

		for (size_t k = 0; k < n && all[i].is_damaged; k++)
			aside[k] |= (char)counts_on(all + k, all + i, session);
	}
	for (size_t i = 0; i < n && !e->code; i++)
		if (aside[i])
			moved += shard_set_aside(all[i].path, to, e) == E_OK;
	free(aside);
	if (moved)
		log_warn("%d shards that were sealed later and count on what is damaged are set aside, too", moved);
	return e->code;
}

/* What is set aside has not been asked: the requests that count are those of the shards that are left. */
static int begin_anew(const char *dir, struct err *e)
{
	struct err own = ERR_INIT;
	struct users_end x;
	char json[4200];

	if (!users_end_read(&x, dir, &own) && x.limit > 0) {
		x = (struct users_end){ .ending = END_NONE, .limit = x.limit };
		return users_end_write(&x, dir, e);
	}
	snprintf(json, sizeof json, "%s/users.json", dir);
	if (unlink(json))
		return errno == ENOENT ? E_OK : err_sys(e, errno, "cannot remove '%s'", json);
	return snapshot_sync_dir(dir, e);
}

/* Of the folder DIR/name. First users.json, which may say that all was asked; then what counts on damage; last what is
 * damaged: a kill or an error in between leaves it to be found again. */
static int set_aside(const char *dir, const char *name, int (*is_stopped)(void), struct err *e)
{
	char path[4200];
	struct shard_list l;
	struct sealed *all;
	int damaged = 0, rc;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	rc = account_shard_list(&l, path, e);
	all = calloc(l.n + 1, sizeof *all);
	if (!all) {
		shard_list_release(&l);
		return rc ? rc : err_set(e, E_NOMEM, "no memory for the shards of '%s'", path);
	}
	for (size_t i = 0; i < l.n && !rc && !(rc = stop_check(is_stopped, e)); i++)
		damaged += look(all + i, l.path[i]);
	for (size_t i = 0; i < l.n && !rc && damaged; i++)
		find_session(all + i);
	if (!rc && damaged)
		rc = begin_anew(dir, e) ? e->code : move_dependent(all, l.n, e);
	for (size_t i = 0; i < l.n && !rc; i++)
		if (all[i].is_damaged)
			rc = move_damaged(all + i, e);
	free(all);
	shard_list_release(&l);
	return rc;
}

int users_set_aside(const char *dir, int (*is_stopped)(void), struct err *e)
{
	return set_aside(dir, "users.private", is_stopped, e) ? e->code : set_aside(dir, "shards", is_stopped, e);
}
