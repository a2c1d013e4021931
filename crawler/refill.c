// SPDX-License-Identifier: Apache-2.0
#include "crawler/refill.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crawler/resume.h"
#include "io/h5accounts.h"

const struct refill refill_accounts = { "users.replay", "users.taken", "shards", account_shard_list };
const struct refill refill_audit = { "audit.replay", "audit.taken", "audit", shard_list };

/* Call `each` for all shards of DIR/name, remove the folder. Without a folder there is nothing to do. */
static int empty(const struct refill *f, const char *dir, const char *name,
		 int (*each)(const char *path, const char *into, struct err *e), struct err *e)
{
	char path[4200], into[4200];
	struct shard_list l;
	int rc;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	snprintf(into, sizeof into, "%s/%s", dir, f->into);
	rc = f->list(&l, path, e);
	for (size_t i = 0; i < l.n && !rc; i++)
		rc = each(l.path[i], into, e);
	shard_list_release(&l);
	if (!rc && rmdir(path) && errno != ENOENT)
		rc = err_sys(e, errno, "cannot remove '%s'", path);
	return rc;
}

static int move_one(const char *path, const char *into, struct err *e)
{
	char to[4400];

	snprintf(to, sizeof to, "%s%s", into, strrchr(path, '/'));
	return rename(path, to) ? err_sys(e, errno, "cannot rename '%s'", path) : E_OK;
}

static int remove_one(const char *path, const char *into, struct err *e)
{
	(void)into;
	return unlink(path) ? err_sys(e, errno, "cannot remove '%s'", path) : E_OK;
}

static int is_there(const char *dir, const char *name)
{
	char path[4200];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

int refill_is_begun(const struct refill *f, const char *dir)
{
	return is_there(dir, f->filling);
}

int refill_mend(const struct refill *f, const char *dir, struct err *e)
{
	char into[4200];

	if (!is_there(dir, f->taken))
		return E_OK;
	snprintf(into, sizeof into, "%s/%s", dir, f->into);
	if (snapshot_make_dir(into, 0777, e) || empty(f, dir, f->taken, move_one, e))
		return e->code;
	return snapshot_sync_dir(into, e) ? e->code : snapshot_sync_dir(dir, e);
}

int refill_begin(const struct refill *f, const char *dir, struct err *e)
{
	char path[4200];

	snprintf(path, sizeof path, "%s/%s", dir, f->filling);
	if (resume_clean(path, e) || empty(f, dir, f->filling, remove_one, e))
		return e->code;
	return snapshot_make_dir(path, 0777, e);
}

int refill_take(const struct refill *f, const char *dir, struct err *e)
{
	char path[4200], to[4200];

	snprintf(path, sizeof path, "%s/%s", dir, f->filling);
	snprintf(to, sizeof to, "%s/%s", dir, f->taken);
	/* Nothing was sealed. */
	if (!rmdir(path))
		return snapshot_sync_dir(dir, e);
	if (rename(path, to))
		return err_sys(e, errno, "cannot rename '%s'", path);
	return snapshot_sync_dir(dir, e) ? e->code : refill_mend(f, dir, e);
}
