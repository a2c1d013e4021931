// SPDX-License-Identifier: Apache-2.0
#include "io/sync.h"

#include <errno.h>
#include <unistd.h>

int sync_fd(int fd)
{
	while (fsync(fd))
		if (errno != EINTR)
			return errno;
	return 0;
}

/* What a call took of *from; 0 or an errno. */
static int advance(ssize_t taken, const char **from, size_t *n)
{
	if (taken < 0)
		return errno == EINTR ? 0 : errno;
	if (taken == 0)
		return ENOSPC;
	*from += taken;
	*n -= (size_t)taken;
	return 0;
}

int sync_write(int fd, const void *data, size_t n)
{
	const char *from = data;
	int bad = 0;

	while (!bad && n > 0)
		bad = advance(write(fd, from, n), &from, &n);
	return bad;
}

int sync_pwrite(int fd, const void *data, size_t n, off_t at)
{
	const char *from = data;
	int bad = 0;

	while (!bad && n > 0)
		bad = advance(pwrite(fd, from, n, at + (from - (const char *)data)), &from, &n);
	return bad;
}
