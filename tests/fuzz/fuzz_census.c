// SPDX-License-Identifier: Apache-2.0
/* The reader of an earlier census.h5 on any file. The stamp is made good first, as a forger would: what it covers must
 * be refused or read, never crash our code. (As with shards, a finding inside HDF5 on a forged stamp is upstream's.) */
#include <stdlib.h>

#include "io/h5in.h"
#include "io/snapshot.h"
#include "tests/fuzz/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define ROWS 1000 /* of a slice */

static void read_kind(struct h5in *in, enum kind k, uint64_t nrows, struct err *e)
{
	static struct oid oid[ROWS];
	static int64_t x[ROWS];
	uint64_t n = nrows < ROWS ? nrows : ROWS, first = nrows - n;
	struct texts id = { 0 };

	if (!h5in_oids(in, k, first, n, oid, e) && !h5in_ids(in, k, first, n, &id, e) &&
	    !h5in_counter(in, k, F_DOWNLOADS, first, n, x, e))
		h5in_counter(in, k, F_LIKES, first, n, x, e);
	texts_release(&id);
}

static int read_it(const char *path)
{
	struct cover hole[NKINDS] = { COVER_INIT, COVER_INIT, COVER_INIT };
	struct oid *lost[NKINDS] = { NULL };
	uint64_t nlost[NKINDS];
	struct err e = ERR_INIT;
	struct h5in_head head;
	struct h5in *in;

	h5in_open(&in, path, 1, &head, &e);
	for (int k = 0; k < NKINDS && !e.code; k++)
		if (head.kinds >> k & 1)
			read_kind(in, (enum kind)k, head.nrows[k], &e);
	if (!e.code && !h5in_holes(in, hole, &e))
		h5in_lost(in, lost, nlost, &e);
	if (e.code && e.code != E_FORMAT && e.code != E_NOMEM && e.code != E_IO)
		abort();
	h5in_close(&in);
	for (int k = 0; k < NKINDS; k++) {
		cover_release(&hole[k]);
		free(lost[k]);
	}
	return e.code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	memory_read(data, n, "census", SNAPSHOT_SCHEMA, read_it);
	return 0;
}
