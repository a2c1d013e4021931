// SPDX-License-Identifier: Apache-2.0
#include "reduce/locate.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/wire.h"

/* An _id to look for, and which text reads so. */
struct wanted {
	struct oid oid;
	uint32_t at;
};

/* What a rank has of the axis; empty ranks have nothing. */
struct share {
	struct oid first;
	uint32_t any;
};

static int by_oid(const void *a, const void *b)
{
	return oid_cmp(((const struct wanted *)a)->oid, ((const struct wanted *)b)->oid);
}

/* Those texts that read as an _id, in its order. */
static uint64_t parse(const struct texts *id, struct wanted *w)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < id->n; i++) {
		size_t len;
		const char *s = texts_get(id, i, &len);

		w[n].at = (uint32_t)i;
		if (oid_parse(&w[n].oid, s, len) == 0)
			n++;
	}
	qsort(w, (size_t)n, sizeof *w, by_oid);
	return n;
}

/* The owner of each, in their order: the last rank that has rows and begins at or before it. */
static void deal(const struct share *share, int nranks, const struct wanted *w, uint64_t n, uint64_t *nsend)
{
	uint64_t at = 0;

	for (int r = 0; r < nranks; r++) {
		int next = r + 1;
		uint64_t from = at;

		if (!share[r].any)
			continue;
		while (next < nranks && !share[next].any)
			next++;
		while (at < n && (next == nranks || oid_cmp(w[at].oid, share[next].first) < 0))
			at++;
		nsend[r] = at - from;
	}
}

static uint32_t find(const struct rows *r, struct oid o)
{
	const struct oid *x = r->t.col[F_OID].oid;
	uint64_t lo = 0, hi = r->t.n;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (oid_cmp(x[mid], o) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < r->t.n && oid_cmp(x[lo], o) == 0 ? (uint32_t)(r->first + lo + 1) : 0;
}

static int ask(MPI_Comm comm, int rc, const struct rows *r, const struct wanted *w, uint64_t n, struct parcel *out,
	       uint32_t *row, struct err *e)
{
	struct parcel in = { 0 }, answer = { 0 }, back = { 0 };
	struct oid *oid = malloc((size_t)(n + 1) * sizeof *oid);
	uint32_t *found = NULL;

	if (!rc && !oid)
		rc = err_set(e, E_NOMEM, "out of memory for base models");
	for (uint64_t i = 0; i < n && !rc; i++)
		oid[i] = w[i].oid;
	out->data = oid;
	rc = wire_exchange(comm, rc, out, &in, e);
	if (!rc && !(found = malloc((size_t)(in.total + 1) * sizeof *found)))
		rc = err_set(e, E_NOMEM, "out of memory for base models");
	for (uint64_t i = 0; i < in.total && !rc; i++)
		found[i] = find(r, ((const struct oid *)in.data)[i]);
	answer = (struct parcel){ found, in.n, sizeof *found, in.total };
	rc = wire_exchange(comm, rc, &answer, &back, e);
	for (uint64_t i = 0; i < n && !rc; i++)
		row[w[i].at] = ((const uint32_t *)back.data)[i];
	free(found);
	parcel_release(&in);
	parcel_release(&back);
	return rc;
}

int(locate_rows)(MPI_Comm comm, int rc, const struct rows *r, const struct texts *id, uint32_t **row, struct err *e)
{
	struct share mine = { .any = r->t.n > 0 }, *all;
	struct wanted *w = malloc((size_t)(id->n + 1) * sizeof *w);
	struct parcel out;
	uint64_t n = 0;
	int nranks, rc2 = parcel_init(&out, comm, sizeof(struct oid), e);

	MPI_Comm_size(comm, &nranks);
	all = malloc((size_t)nranks * sizeof *all);
	*row = calloc((size_t)id->n + 1, sizeof **row);
	if (!rc && (rc2 || !all || !w || !*row))
		rc = err_set(e, E_NOMEM, "out of memory for base models");
	if (!(rc = err_agree(comm, rc, e))) {
		if (mine.any)
			mine.first = r->t.col[F_OID].oid[0];
		MPI_Allgather(&mine, sizeof mine, MPI_BYTE, all, sizeof mine, MPI_BYTE, comm);
		n = parse(id, w);
		deal(all, nranks, w, n, out.n);
		for (int i = 0; i < nranks; i++)
			out.total += out.n[i];
		/* With no row anywhere nobody is asked, and nothing is found. */
		rc = ask(comm, rc, r, w, out.total, &out, *row, e);
	}
	parcel_release(&out);
	free(all);
	free(w);
	return rc;
}
