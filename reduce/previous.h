// SPDX-License-Identifier: Apache-2.0
/* Earlier censuses of the same Hub, for a comparison: which ones they are, and their rows on the ranks that own the
 * same part of the axis now. Functions are collective over comm unless they say otherwise. */
#ifndef REDUCE_PREVIOUS_H
#define REDUCE_PREVIOUS_H

#include "io/h5in.h"
#include "io/opts.h"
#include "reduce/census.h"

/* One of them; the same on all ranks. */
struct previous {
	char path[4096]; /* of its census.h5 */
	struct h5in_head head;
	/* Where a repository that it lacks may have been all the same: spans, and single ones, ascending. */
	struct cover hole[NKINDS];
	struct oid *lost[NKINDS];
	uint64_t nlost[NKINDS];
};

struct previous_list {
	struct previous *at; /* n of them, the oldest first */
	int n;
};

/* Find out about the censuses that `paths` names, files or folders. `l` is overwritten, to be released, also on error.
 * Errors: E_USAGE: not there; of another hub, or with other filters; not older than c->snap.t0; two of the same t0.
 * E_FORMAT: no census.h5, damaged, hostile. */
int previous_open(struct previous_list *l, const struct census *c, const struct opt_texts *paths, struct err *e);
void previous_release(struct previous_list *l);

/* Rows of one kind of an earlier census. */
enum then_counter { THEN_DOWNLOADS, THEN_ALL_TIME, THEN_LIKES, NTHEN };
extern const enum field then_field[NTHEN];

struct then {
	uint64_t n;
	struct oid *oid; /* strictly ascending */
	int64_t *counter[NTHEN];
	struct texts id;
};

/* Read this rank's slice and bring the rows to the rank that has their neighbours in `now`; ranks' parts ascend. in:
 * the file, opened by this rank. `out` is overwritten, to be released, also on error. A kind that the file does not
 * have has no rows. Errors: rc of any rank, those of io/h5in.h, E_NOMEM. */
int previous_rows(const struct previous *p, struct h5in *in, MPI_Comm comm, int rc, enum kind k, const struct rows *now,
		  struct then *out, struct err *e);
void then_release(struct then *t);

/* May the repository be in that part of an axis which a census lacks? Local. */
int hole_has(const struct cover *hole, const struct oid *lost, uint64_t nlost, struct oid o);

#endif
