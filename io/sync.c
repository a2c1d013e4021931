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
