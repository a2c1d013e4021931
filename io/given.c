// SPDX-License-Identifier: Apache-2.0
#include "io/given.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEP 65536

static int too_large(const char *option, const char *path, size_t max, struct err *e)
{
	return err_set(e, E_USAGE, "--%s: '%s' is larger than %zu MB", option, path, max >> 20);
}

/* pipes: one will do, too. */
static int check(const char *option, const char *path, const struct stat *st, int pipes, size_t max, struct err *e)
{
	if (S_ISDIR(st->st_mode))
		return err_set(e, E_USAGE, "--%s: '%s': %s", option, path, strerror(EISDIR));
	if (!S_ISREG(st->st_mode) && !(pipes && S_ISFIFO(st->st_mode)))
		return err_set(e, E_USAGE, "--%s: '%s' is no file%s", option, path, pipes ? ", and no pipe" : "");
	return max > 0 && st->st_size > (off_t)max ? too_large(option, path, max, e) : E_OK;
}

static int read_all(const char *option, const char *path, int fd, char **text, size_t *n, struct err *e)
{
	size_t cap = 0;

	for (ssize_t got = 1; got; *n += (size_t)got) {
		if (*n + STEP >= cap) {
			char *more = realloc(*text, cap = 2 * cap + 2 * STEP);

			if (!more)
				return err_set(e, E_NOMEM, "no memory for '%s'", path);
			*text = more;
		}
		while ((got = read(fd, *text + *n, STEP)) < 0)
			if (errno != EINTR)
				return err_sys(e, errno, "cannot read '%s'", path);
		if (*n + (size_t)got > GIVEN_MAX)
			return too_large(option, path, GIVEN_MAX, e);
	}
	(*text)[*n] = '\0';
	return E_OK;
}

int given_read(const char *option, const char *path, char **text, size_t *n, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;
	struct stat st;

	*text = NULL;
	*n = 0;
	if (fd < 0)
		return err_sys(e, errno, "cannot read '%s'", path);
	rc = fstat(fd, &st) ? err_sys(e, errno, "cannot read '%s'", path) : check(option, path, &st, 1, GIVEN_MAX, e);
	rc = rc ? rc : read_all(option, path, fd, text, n, e);
	close(fd);
	if (rc) {
		free(*text);
		*text = NULL;
		*n = 0;
	}
	return rc;
}

int given_check(const char *option, const char *path, size_t max, struct err *e)
{
	struct stat st;

	if (stat(path, &st) || access(path, R_OK))
		return err_set(e, E_USAGE, "--%s: cannot read '%s': %s", option, path, strerror(errno));
	return check(option, path, &st, 0, max, e);
}
