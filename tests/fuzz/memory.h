// SPDX-License-Identifier: Apache-2.0
/* For readers that take a path: the input as a file in memory, as it is and with a stamp that fits. */
#ifndef TESTS_FUZZ_MEMORY_H
#define TESTS_FUZZ_MEMORY_H

#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io/stamp.h"

static void memory_read(const uint8_t *data, size_t n, const char *what, int version, void (*read_it)(const char *path))
{
	struct err e = ERR_INIT;
	char path[64];
	int fd = memfd_create(what, MFD_CLOEXEC);

	if (fd < 0)
		return;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (write(fd, data, n) == (ssize_t)n) {
		read_it(path);
		if (n >= STAMP_SIZE && !stamp_write(path, what, version, &e))
			read_it(path);
	}
	close(fd);
}

#endif
