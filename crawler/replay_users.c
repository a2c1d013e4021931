// SPDX-License-Identifier: Apache-2.0
#include "crawler/replay_users.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crawler/resume.h"
#include "io/agree.h"

static const char filling[] = "users.replay", taken[] = "users.taken";

/* Call `each` for all shards of DIR/name, remove the folder. Without a folder there is nothing to do. */
static int empty(const char *dir, const char *name, int (*each)(const char *path, const char *dir, struct err *e),
		 struct err *e)
{
	char path[4200];
	struct shard_list l;
	int rc;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	rc = account_shard_list(&l, path, e);
	for (size_t i = 0; i < l.n && !rc; i++)
		rc = each(l.path[i], dir, e);
	shard_list_release(&l);
	if (!rc && rmdir(path) && errno != ENOENT)
		rc = err_sys(e, errno, "cannot remove '%s'", path);
	return rc;
}

static int move_one(const char *path, const char *dir, struct err *e)
{
	char to[4400];

	snprintf(to, sizeof to, "%s/shards%s", dir, strrchr(path, '/'));
	return rename(path, to) ? err_sys(e, errno, "cannot rename '%s'", path) : E_OK;
}

static int remove_one(const char *path, const char *dir, struct err *e)
{
	(void)dir;
	return unlink(path) ? err_sys(e, errno, "cannot remove '%s'", path) : E_OK;
}

int replay_users_mend(const char *dir, struct err *e)
{
	char path[4200];

	snprintf(path, sizeof path, "%s/%s", dir, taken);
	if (access(path, F_OK))
		return E_OK;
	if (empty(dir, taken, move_one, e))
		return e->code;
	snprintf(path, sizeof path, "%s/shards", dir);
	return snapshot_sync_dir(path, e) ? e->code : snapshot_sync_dir(dir, e);
}

int replay_users_begin(const char *dir, const struct snapshot *s, int *take, struct err *e)
{
	char path[4200];
	struct shard_list l;

	*take = 0;
	if (!s->users || s->hashed || replay_users_mend(dir, e))
		return e->code;
	snprintf(path, sizeof path, "%s/shards", dir);
	if (account_shard_list(&l, path, e))
		return e->code;
	*take = l.n == 0;
	shard_list_release(&l);
	if (!*take)
		return E_OK;
	snprintf(path, sizeof path, "%s/%s", dir, filling);
	if (resume_clean(path, e) || empty(dir, filling, remove_one, e))
		return e->code;
	return mkdir(path, 0777) ? err_sys(e, errno, "cannot make the folder '%s'", path) : E_OK;
}

int replay_users_open(struct replay_users *u, const struct options *o, const struct snapshot *s, const struct hub *hub,
		      const char *archive, int rank, int64_t session, struct err *e)
{
	memset(u, 0, sizeof *u);
	snprintf(u->folder, sizeof u->folder, "%s/%s", o->dir, filling);
	ledger_init(&u->lists.ledger, s->id, rank, session, 0, NULL, u->folder, u->folder);
	u->lists.ledger.seal_rows = o->seal_rows;
	u->lists.ledger.seal_ms = o->seal_time;
	u->is_open = 1;
	u->lists.hub = hub;
	u->lists.sealed = &u->sealed;
	u->lists.roll = roll_create();
	if (!u->lists.roll)
		return err_set(e, E_NOMEM, "no memory for a page of accounts");
	return users_end_read(&u->end, archive, e) ? e->code : users_sealed_read(&u->sealed, archive, e);
}

void replay_users_release(struct replay_users *u)
{
	if (!u->is_open)
		return;
	ledger_release(&u->lists.ledger);
	roll_free(u->lists.roll);
	users_sealed_release(&u->sealed);
	u->is_open = 0;
}

int replay_users_seal_due(struct replay_users *u, int64_t now, struct err *e)
{
	return ledger_is_due(&u->lists.ledger, now) ? ledger_seal(&u->lists.ledger, e) : E_OK;
}

int replay_users_take(struct replay_users *u, MPI_Comm comm, const char *dir, struct err *e)
{
	char to[4200];
	int rank, rc = ledger_seal(&u->lists.ledger, e);

	if (err_agree(comm, rc, e))
		return e->code;
	MPI_Comm_rank(comm, &rank);
	snprintf(to, sizeof to, "%s/%s", dir, taken);
	if (rank == 0 && rename(u->folder, to))
		rc = err_sys(e, errno, "cannot rename '%s'", u->folder);
	else if (rank == 0)
		rc = snapshot_sync_dir(dir, e) ? e->code : replay_users_mend(dir, e);
	return err_agree(comm, rc, e);
}
