// SPDX-License-Identifier: Apache-2.0
#include "io/shard_name.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NAME "%s-r%04d-%06" PRId64 ".h5"

int shard_name_make(char path[SHARD_PATH], const char *dir, const char *what, int rank, int64_t seq, struct err *e)
{
	if (snprintf(path, SHARD_PATH, "%s/" NAME, dir, what, rank, seq) >= 4096)
		return err_set(e, E_USAGE, "the path '%.60s...' is too long", dir);
	return E_OK;
}

/* Not even by a second job that got in where a file system has no locks. One that cannot promise that (EINVAL: NFS) is
 * trusted. */
int shard_name_give(const char *tmp, const char *path, struct err *e)
{
	int bad = renameat2(AT_FDCWD, tmp, AT_FDCWD, path, RENAME_NOREPLACE) ? errno : 0;

	if (bad == EINVAL || bad == ENOSYS)
		bad = rename(tmp, path) ? errno : 0;
	if (bad == EEXIST)
		return err_set(e, E_IO,
			       "'%s' is there already: another job works on the folder; end one of them, then run the "
			       "same command again",
			       path);
	return bad ? err_sys(e, bad, "cannot rename '%s'", tmp) : E_OK;
}

int shard_name_check(const char *path, const char *what, int rank, int64_t seq, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char name[128];

	snprintf(name, sizeof name, NAME, what, rank, seq);
	if (!strcmp(slash ? slash + 1 : path, name))
		return E_OK;
	return err_set(
		e, E_FORMAT,
		"'%s' was sealed as '%s'; give it that name again, or move it out of the folder if that is there", path,
		name);
}
