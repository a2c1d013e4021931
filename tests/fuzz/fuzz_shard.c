// SPDX-License-Identifier: Apache-2.0
/* The shard reader on any file. The stamp is made good first, as a forger would: what it covers must be refused or
 * read, never crash our code. (The HDF5 library itself is not the target; a finding inside it on a forged stamp is
 * upstream's.) */
#include <stdlib.h>

#include "io/h5shard.h"
#include "tests/fuzz/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int read_it(const char *path)
{
	struct err e = ERR_INIT;
	struct shard s;
	uint64_t nrows;

	if (shard_read(&s, path, NULL, 1, &nrows, &e) && e.code != E_FORMAT && e.code != E_DAMAGED &&
	    e.code != E_NOMEM && e.code != E_IO)
		abort();
	shard_release(&s);
	return e.code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	memory_read(data, n, "shard", SHARD_VERSION, read_it);
	return 0;
}
