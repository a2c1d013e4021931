// SPDX-License-Identifier: Apache-2.0
/* The shard reader on any file. The stamp is made good first, as a forger would: what it covers must be refused or
 * read, never crash our code. (The HDF5 library itself is not the target; a finding inside it on a forged stamp is
 * upstream's.) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io/h5shard.h"
#include "io/stamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void read_it(const char *path)
{
	struct err e = ERR_INIT;
	struct shard s;
	uint64_t nrows;

	if (shard_read(&s, path, NULL, 1, &nrows, &e) && e.code != E_FORMAT && e.code != E_DAMAGED &&
	    e.code != E_NOMEM && e.code != E_IO)
		abort();
	shard_release(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct err e = ERR_INIT;
	char path[64];
	int fd = memfd_create("shard", MFD_CLOEXEC);

	if (fd < 0)
		return 0;
	if (write(fd, data, n) != (ssize_t)n) {
		close(fd);
		return 0;
	}
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	read_it(path);
	if (n >= STAMP_SIZE && !stamp_write(path, "shard", SHARD_VERSION, &e))
		read_it(path);
	close(fd);
	return 0;
}
