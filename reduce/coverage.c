// SPDX-License-Identifier: Apache-2.0
#include "reduce/coverage.h"

#include "reduce/period.h"
#include "reduce/wire.h"

void coverage_release(struct coverage *c)
{
	cover_release(&c->clean);
	cover_release(&c->suspect);
	cover_release(&c->gap);
}

int coverage_add(struct coverage *c, struct span s, int suspect)
{
	return cover_add(suspect ? &c->suspect : &c->clean, s);
}

static struct span axis(int64_t t0)
{
	return (struct span){ OID_MIN, oid_prev(oid_at(t0 + 1)) };
}

/* Gather one set of spans from all ranks and give the union to all. */
static int merge_spans(struct cover *c, MPI_Comm comm, int rc, struct err *e)
{
	struct parcel all = { 0 };
	uint64_t nbytes;
	void *at;
	int me;

	MPI_Comm_rank(comm, &me);
	rc = wire_gather(comm, rc, c->at, c->n, sizeof *c->at, &all, e);
	if (me == 0)
		for (uint64_t i = 0; i < all.total && !rc; i++)
			if (cover_add(c, ((struct span *)all.data)[i]))
				rc = err_set(e, E_NOMEM, "out of memory for the coverage");
	parcel_release(&all);
	nbytes = c->n * sizeof *c->at;
	at = c->at;
	rc = wire_share(comm, rc, &at, &nbytes, e);
	if (me != 0) {
		cover_release(c);
		if (!rc)
			*c = (struct cover){ at, nbytes / sizeof *c->at, nbytes / sizeof *c->at };
	}
	return rc;
}

/* from becomes what of it lies within the axis and not in `without`. */
static int cut(struct cover *from, const struct cover *without, struct span whole)
{
	struct cover rest = COVER_INIT, piece = COVER_INIT;
	int rc = 0;

	for (size_t i = 0; i < from->n && !rc; i++) {
		struct span s = from->at[i];

		if (oid_cmp(whole.hi, s.hi) < 0)
			s.hi = whole.hi;
		rc = cover_gaps(without, s, &piece);
		for (size_t j = 0; j < piece.n && !rc; j++)
			rc = cover_add(&rest, piece.at[j]);
	}
	cover_release(&piece);
	cover_release(from);
	*from = rest;
	return rc;
}

/* whole minus both, where both are disjoint. */
static int find_gaps(struct coverage *c, struct span whole)
{
	struct cover both = COVER_INIT;
	int rc = 0;

	for (size_t i = 0; i < c->clean.n && !rc; i++)
		rc = cover_add(&both, c->clean.at[i]);
	for (size_t i = 0; i < c->suspect.n && !rc; i++)
		rc = cover_add(&both, c->suspect.at[i]);
	rc = rc ? rc : cover_gaps(&both, whole, &c->gap);
	cover_release(&both);
	return rc;
}

int coverage_merge(struct coverage *c, MPI_Comm comm, int rc, int64_t t0, struct err *e)
{
	struct cover nothing = COVER_INIT;

	rc = merge_spans(&c->clean, comm, rc, e);
	rc = merge_spans(&c->suspect, comm, rc, e);
	if (!rc &&
	    (cut(&c->suspect, &c->clean, axis(t0)) || cut(&c->clean, &nothing, axis(t0)) || find_gaps(c, axis(t0))))
		rc = err_set(e, E_NOMEM, "out of memory for the coverage");
	return rc;
}

void coverage_share(const struct coverage *c, int64_t t0, uint64_t *length, uint64_t *whole)
{
	struct span s = cover_times(t0);

	*whole = span_length(s);
	*length = cover_length(&c->clean, s) + cover_length(&c->suspect, s);
}

enum listed coverage_listed(const struct coverage *c, int64_t t0, int64_t from, int64_t to, double *share)
{
	struct span s = { oid_prev(oid_at(from > PERIOD_LUMP_BEGIN ? from : PERIOD_LUMP_BEGIN)),
			  oid_prev(oid_at(to <= t0 ? to : t0 + 1)) };
	uint64_t whole = span_length(s), length = 0;

	if (whole)
		length = cover_length(&c->clean, s) + cover_length(&c->suspect, s);
	if (share)
		*share = whole ? (double)length / (double)whole : 1;
	return length == whole ? LISTED_WHOLE : length ? LISTED_PART : LISTED_NOT;
}
