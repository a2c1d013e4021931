// SPDX-License-Identifier: Apache-2.0
/* The names of a discovery with hashes, once it has ended. They are out of the way by one rename before the first is
 * removed: what is asked later never begins with a part of them. */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crawler/users.h"

/* Folders open at a time: there are two, one in the other. */
#define NFOLDERS 4

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

/* Whatever is in it, shards that were set aside, too. Of a link the link is removed. */
static int remove_ended(const char *dir, struct err *e)
{
	char path[4200];

	snprintf(path, sizeof path, "%s/users.ended", dir);
	if (nftw(path, remove_one, NFOLDERS, FTW_DEPTH | FTW_PHYS) == 0)
		return snapshot_sync_dir(dir, e);
	return errno == ENOENT ? E_OK : err_sys(e, errno, "cannot remove all of '%s', which holds names", path);
}

int users_remove_names(const char *dir, struct err *e)
{
	char from[4200], to[4200];
	struct stat st;

	snprintf(from, sizeof from, "%s/users.private", dir);
	snprintf(to, sizeof to, "%s/users.ended", dir);
	if (remove_ended(dir, e))
		return e->code;
	if (lstat(from, &st))
		return errno == ENOENT ? E_OK : err_sys(e, errno, "cannot read '%s'", from);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, E_IO,
			       "'%s' is no folder: remove it, and where it is a link, the names that it leads to",
			       from);
	if (rename(from, to))
		return err_sys(e, errno, "cannot rename '%s'", from);
	return snapshot_sync_dir(dir, e) ? e->code : remove_ended(dir, e);
}

int users_mend_names(const struct options *o, int64_t rows, struct err *e)
{
	int complete;

	if (remove_ended(o->dir, e) || users_is_complete(o, rows, &complete, NULL, e))
		return e->code;
	return complete ? users_remove_names(o->dir, e) : E_OK;
}
