// SPDX-License-Identifier: Apache-2.0
#include "crawler/replay_users.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "io/agree.h"
#include "io/h5accounts.h"

int replay_users_begin(const char *dir, const struct snapshot *s, int *take, int64_t *seq, struct err *e)
{
	char path[4200];
	struct shard_list l;

	*take = 0;
	if (!s->users || s->hashed || refill_mend(&refill_accounts, dir, e))
		return e->code;
	snprintf(path, sizeof path, "%s/shards", dir);
	if (account_shard_list(&l, path, e))
		return e->code;
	*take = l.n == 0;
	shard_list_release(&l);
	if (!*take)
		return E_OK;
	*seq = 0;
	return account_shard_number(path, seq, e) ? e->code : refill_begin(&refill_accounts, dir, e);
}

int replay_users_open(struct replay_users *u, const struct options *o, const struct snapshot *s, const struct hub *hub,
		      const char *archive, int rank, int64_t session, int64_t seq, struct err *e)
{
	memset(u, 0, sizeof *u);
	snprintf(u->folder, sizeof u->folder, "%s/%s", o->dir, refill_accounts.filling);
	ledger_init(&u->lists.ledger, s->id, rank, session, seq, NULL, u->folder, u->folder);
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

/* Is it the archive of the census that takes from it? */
static int is_own(const char *archive, const char *dir)
{
	struct stat from, own;
	char path[4200];

	snprintf(path, sizeof path, "%s/archive", dir);
	return !stat(archive, &from) && !stat(path, &own) && from.st_dev == own.st_dev && from.st_ino == own.st_ino;
}

static int take(const char *dir, const char *archive, struct err *e)
{
	if (is_own(archive, dir) && users_sealed_keep(dir, refill_accounts.filling, e))
		return e->code;
	return refill_take(&refill_accounts, dir, e);
}

int replay_users_take(struct replay_users *u, MPI_Comm comm, const char *dir, const char *archive, struct err *e)
{
	int rank, rc = ledger_seal(&u->lists.ledger, e);

	if (err_agree(comm, rc, e))
		return e->code;
	MPI_Comm_rank(comm, &rank);
	rc = rank == 0 ? take(dir, archive, e) : E_OK;
	return err_agree(comm, rc, e);
}
