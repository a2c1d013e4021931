// SPDX-License-Identifier: Apache-2.0
/* The accounts of an earlier census, out of any file, the stamp made good first as a forger would: what is given lies
 * within the row that the file holds, or the file is refused in one line. */
#include <stdlib.h>
#include <string.h>

#include "io/h5known.h"
#include "io/snapshot.h"
#include "tests/fuzz/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(int cond)
{
	if (!cond)
		abort();
}

static int take(void *arg, const char *name, size_t n, struct oid oid, enum account_type type)
{
	size_t *sum = arg;

	(void)oid;
	require(n <= 4096 && type >= 0 && type < NACCOUNT_TYPES);
	/* So that each byte is looked at. */
	for (size_t i = 0; i < n; i++)
		*sum += (unsigned char)name[i];
	return 0;
}

static int read_it(const char *path)
{
	struct err e = ERR_INIT;
	size_t sum = 0;

	known_check(path, &e);
	for (int part = 0; part < 2 && !e.code; part++)
		require(known_read(path, part, 2, take, &sum, &e) == e.code);
	require(!e.code || e.code == E_FORMAT || e.code == E_NOMEM || e.code == E_IO || e.code == E_USAGE);
	require(!e.code || (strstr(e.text, path) && !strchr(e.text, '\n')));
	return e.code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	memory_read(data, n, "census", SNAPSHOT_SCHEMA, read_it);
	return 0;
}
