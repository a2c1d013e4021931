// SPDX-License-Identifier: Apache-2.0
#include "reduce/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/arrival.h"
#include "reduce/content.h"
#include "reduce/deal.h"
#include "reduce/order.h"
#include "reduce/wire.h"

void rows_release(struct rows *r)
{
	table_release(&r->t);
	for (int f = 0; f < NFIELDS; f++)
		labels_release(&r->label[f]);
	free(r->owner);
	r->owner = NULL;
}

/* Sort what arrived. keep becomes one entry per row that arrived, in order; *ties tells whether there are two with the
 * same _id and second. */
static int sort_arrival(struct arrival *a, const struct oid *oid, const int64_t *observed, struct order_key **key,
			int *ties)
{
	struct order_key *k = malloc((size_t)(a->nraw + 1) * sizeof *k);

	*key = k;
	if (!k)
		return -1;
	for (uint64_t i = 0; i < a->nraw; i++)
		k[i] = order_key_of(oid[i], (uint32_t)i);
	if (order_keys(k, a->nraw))
		return -1;
	for (uint64_t i = 1; i < a->nraw; i++)
		if (order_same(&k[i - 1], &k[i]) && observed[k[i - 1].at] == observed[k[i].at])
			*ties = 1;
	return 0;
}

/* Of each group of the same _id the later observation, of equally late ones the larger hash (NULL: there are none). */
static void choose(struct arrival *a, const struct order_key *k, const int64_t *observed, const uint64_t *hash)
{
	a->nkeep = 0;
	for (uint64_t i = 0; i < a->nraw;) {
		uint32_t best = k[i].at;
		uint64_t j = i + 1;

		for (; j < a->nraw && order_same(&k[i], &k[j]); j++) {
			uint32_t at = k[j].at;

			if (observed[at] > observed[best] ||
			    (hash && observed[at] == observed[best] && hash[at] > hash[best]))
				best = at;
		}
		a->keep[a->nkeep++] = best;
		i = j;
	}
}

static int send_hashes(const struct deal *d, MPI_Comm comm, int rc, struct parcel *in, struct err *e)
{
	uint64_t *x = malloc((size_t)(d->total + 1) * sizeof *x), n = 0;
	struct parcel out = { x, d->nsend, sizeof *x, d->total };

	if (!x)
		rc = err_set(e, E_NOMEM, "out of memory for the exchange of rows");
	for (int to = 0; to < d->nranks && !rc; to++)
		for (size_t c = 0; c < d->nchunk; c++)
			for (uint64_t i = d->start[c][to]; i < d->start[c][to + 1]; i++)
				x[n++] = content_hash(&d->chunk[c], d->row[c][i]);
	rc = wire_exchange(comm, rc, &out, in, e);
	free(x);
	return rc;
}

/* Decide which of the rows that arrive stay, and set their _id. */
static int plan_arrival(struct arrival *a, const struct deal *d, MPI_Comm comm, int rc, struct table *t, struct err *e)
{
	struct parcel oid = { 0 }, observed = { 0 }, hash = { 0 };
	struct order_key *key = NULL;
	int ties = 0;

	rc = arrival_swap(d, comm, rc, F_OID, &oid, e);
	rc = arrival_swap(d, comm, rc, F_OBSERVED, &observed, e);
	a->nraw = oid.total;
	if (!rc && a->nraw >= UINT32_MAX)
		rc = err_set(e, E_FORMAT, "%llu rows on one rank are too many: use more ranks",
			     (unsigned long long)a->nraw);
	if (!rc) {
		a->keep = malloc((size_t)(a->nraw + 1) * sizeof *a->keep);
		if (!a->keep || sort_arrival(a, oid.data, observed.data, &key, &ties))
			rc = err_set(e, E_NOMEM, "out of memory for sorting %llu rows", (unsigned long long)a->nraw);
	}
	/* Ties are rare, and hashing everything is not cheap: only when some rank has one. */
	if (!(rc = err_agree(comm, rc, e)) && wire_max(comm, (uint64_t)ties))
		rc = send_hashes(d, comm, rc, &hash, e);
	if (!rc) {
		choose(a, key, observed.data, hash.data);
		rc = arrival_place(a, t, F_OID, &oid, e);
	}
	free(key);
	parcel_release(&oid);
	parcel_release(&observed);
	parcel_release(&hash);
	return rc;
}

static int exchange_column(struct rows *r, const struct arrival *a, const struct deal *d, MPI_Comm comm, int rc, int f,
			   struct err *e)
{
	struct parcel in = { 0 };
	struct column *c = &r->t.col[f];

	switch (schema[f].type) {
	case COL_STR:
		return arrival_texts(a, d, comm, rc, (enum field)f, c, e);
	case COL_CAT:
	case COL_LIST:
		rc = arrival_labels(a, d, comm, rc, (enum field)f, c, e);
		return labels_build(&r->label[f], comm, rc, &c->labels.text, e);
	default:
		rc = arrival_swap(d, comm, rc, (enum field)f, &in, e);
		if (!rc)
			rc = arrival_place(a, &r->t, (enum field)f, &in, e);
		parcel_release(&in);
		return rc;
	}
}

int exchange_rows(MPI_Comm comm, int rc, struct table *chunk, size_t nchunk, enum kind kind, int64_t t0,
		  struct rows *out, struct err *e)
{
	struct arrival a = { 0 };
	struct deal d;
	int64_t sum[2] = { 0 };

	memset(out, 0, sizeof *out);
	table_init(&out->t, kind);
	rc = deal_rows(&d, comm, rc, chunk, nchunk, t0, e);
	rc = plan_arrival(&a, &d, comm, rc, &out->t, e);
	out->t.n = out->t.cap = rc ? 0 : a.nkeep;
	for (int f = 0; f < NFIELDS; f++)
		if (schema_has(kind, (enum field)f) && f != F_OID && f != F_OBSERVED)
			rc = exchange_column(out, &a, &d, comm, rc, f, e);
	rc = err_agree(comm, rc, e);
	if (!rc) {
		sum[0] = (int64_t)(a.nraw - a.nkeep);
		sum[1] = (int64_t)d.beyond;
		wire_sum(comm, sum, 2);
		out->repeated = (uint64_t)sum[0];
		out->beyond = (uint64_t)sum[1];
		out->first = wire_before(comm, out->t.n, &out->total);
	}
	free(a.keep);
	deal_release(&d);
	return rc;
}
