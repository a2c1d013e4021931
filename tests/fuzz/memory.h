// SPDX-License-Identifier: Apache-2.0
/* For readers that take a path: the input as a file in memory, as it is and with a stamp that fits. It has a name, for
 * the HDF5 library resolves the path, and does not open a memfd. */
#ifndef TESTS_FUZZ_MEMORY_H
#define TESTS_FUZZ_MEMORY_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/stamp.h"

/* How many were read to their end: replay.c looks that there were some. */
int memory_ntaken;

/* read_it: returns an error code. */
static void memory_read(const uint8_t *data, size_t n, const char *what, int version, int (*read_it)(const char *path))
{
	struct err e = ERR_INIT;
	char path[64];
	int fd;

	snprintf(path, sizeof path, "%s/hubcensus-fuzz-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	fd = mkstemp(path);
	if (fd < 0)
		abort();
	if (write(fd, data, n) == (ssize_t)n) {
		memory_ntaken += !read_it(path);
		if (n >= STAMP_SIZE && !stamp_write(path, what, version, &e))
			memory_ntaken += !read_it(path);
	}
	close(fd);
	unlink(path);
}

#endif
