// SPDX-License-Identifier: Apache-2.0
/* Records of fixed width, each with a text, on their way to the ranks that own them. */
#ifndef REDUCE_MAIL_H
#define REDUCE_MAIL_H

#include <mpi.h>
#include <stdint.h>

#include "io/err.h"
#include "io/table.h"
#include "reduce/wire.h"

/* What has come, in the order of the ranks that sent it. */
struct mail {
	struct parcel record, len, text;
	uint64_t at, byte; /* of mail_next() */
};

/* What is sent: n records of `size` bytes, record i with text first + i to rank to[i]. */
struct mail_out {
	const int *to;
	const void *record;
	size_t size;
	const struct texts *text;
	uint64_t first, n;
};

/* Collective over comm. `in` is overwritten and must be released, also on error. Errors: rc of any rank, E_NOMEM. */
int mail_swap(MPI_Comm comm, int rc, const struct mail_out *out, struct mail *in, struct err *e);
void mail_release(struct mail *m);

/* The next record and its text, not terminated; 0 behind the last one. Both live as long as the mail. Local. */
int mail_next(struct mail *m, const void **record, const char **s, size_t *len);

#endif
