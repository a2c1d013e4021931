// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/headcount.h"
#include "reduce/mail.h"
#include "reduce/order.h"

/* Accounts that a rank sends at a time: enough that the exchange costs little beside them. */
#define BATCH            (1u << 18)
#define SAMPLES_PER_RANK 256

/* A place in the order. */
struct place {
	struct oid oid;
	uint8_t len;
	char key[ACCOUNT_NAME_MAX];
};

/* What is moved, and where it goes. */
struct move {
	const struct roster *from;
	MPI_Comm comm;
	int nranks;
	int is_hashed;       /* _id is a year */
	struct place *split; /* split[k] is the least place that goes to a rank above k; nranks - 1 of them */
};

static int is_absent(struct oid o)
{
	return oid_cmp(o, OID_MIN) == 0;
}

static int place_cmp(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int p = is_absent(x->oid), q = is_absent(y->oid), c;

	c = p || q ? p - q : oid_cmp(x->oid, y->oid);
	return c ? c : order_text_cmp(x->key, x->len, y->key, y->len);
}

/* Without its key where the _id is one, so that names of the same _id stay on one rank. */
static void place_of(const struct move *m, uint64_t i, struct place *p)
{
	size_t len;
	const char *s = texts_get(&m->from->name, i, &len);

	memset(p, 0, sizeof *p);
	p->oid = m->from->oid[i];
	if (!is_absent(p->oid) && !m->is_hashed)
		return;
	p->len = (uint8_t)len;
	account_key(p->key, s, len);
}

/* Collective: fill m->split, the same on all ranks. */
static int find_splitters(struct move *m, struct err *e)
{
	const struct roster *r = m->from;
	struct parcel all = { 0 };
	struct place *sample;
	uint64_t total, stride, n = 0;
	int rc = E_OK;

	wire_before(m->comm, r->n, &total);
	stride = total / ((uint64_t)m->nranks * SAMPLES_PER_RANK) + 1;
	if (!(sample = malloc((size_t)(r->n / stride + 2) * sizeof *sample)))
		rc = err_set(e, E_NOMEM, "out of memory for a sample of the accounts");
	/* Accounts lie in the order in which they came, so every stride-th is a sample without order. */
	for (uint64_t i = stride / 2; i < r->n && sample; i += stride)
		place_of(m, i, &sample[n++]);
	rc = wire_gather(m->comm, rc, sample, n, sizeof *sample, &all, e);
	free(sample);
	if (!rc && all.total) {
		struct place *x = all.data;

		qsort(x, (size_t)all.total, sizeof *x, place_cmp);
		for (int k = 1; k < m->nranks; k++)
			m->split[k - 1] = x[(uint64_t)k * all.total / (uint64_t)m->nranks];
	}
	if (!rc)
		agree_bcast(m->comm, m->split, (uint64_t)(m->nranks - 1) * sizeof *m->split);
	parcel_release(&all);
	return rc;
}

/* Number of splitters at or below the place. */
static int destination(const struct move *m, const struct place *p)
{
	int lo = 0, hi = m->nranks - 1;

	while (lo < hi) {
		int mid = (lo + hi) / 2;

		if (place_cmp(&m->split[mid], p) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* One batch of accounts, as records. */
struct batch {
	struct account *row;
	int *to;
};

static void fill(struct batch *b, const struct move *m, uint64_t first, uint64_t n)
{
	const struct roster *r = m->from;

	for (uint64_t i = 0; i < n; i++) {
		struct place p;

		place_of(m, first + i, &p);
		b->to[i] = destination(m, &p);
		b->row[i].oid = r->oid[first + i];
		b->row[i].followers = r->followers[first + i];
		b->row[i].sources = r->sources[first + i];
		b->row[i].type = r->type[first + i];
	}
}

static int take(struct roster *to, struct mail *in, struct err *e)
{
	const void *record;
	const char *s;
	size_t len;

	while (mail_next(in, &record, &s, &len))
		if (roster_append(to, s, len, record))
			return err_set(e, E_NOMEM, "out of memory for %llu accounts; use more ranks",
				       (unsigned long long)to->n);
	return E_OK;
}

/* Collective: the accounts of m->from, a batch at a time, to the ranks in whose range they lie. */
static int move_all(const struct move *m, struct roster *to, struct err *e)
{
	const struct roster *from = m->from;
	uint64_t most = wire_max(m->comm, from->n), size = most < BATCH ? most : BATCH;
	/* Zeroed, for what lies between the members travels too. */
	struct batch b = { calloc((size_t)size + 1, sizeof *b.row), malloc(((size_t)size + 1) * sizeof *b.to) };
	int rc = b.row && b.to ? E_OK : err_set(e, E_NOMEM, "out of memory for a batch of accounts");

	rc = err_agree(m->comm, rc, e);
	for (uint64_t at = 0; at < most && !rc; at += size) {
		uint64_t first = at < from->n ? at : from->n, n = from->n - first < size ? from->n - first : size;
		struct mail in;

		fill(&b, m, first, n);
		rc = mail_swap(m->comm, rc, &(struct mail_out){ b.to, b.row, sizeof *b.row, &from->name, first, n },
			       &in, e);
		rc = rc ? rc : take(to, &in, e);
		mail_release(&in);
		rc = err_agree(m->comm, rc, e);
	}
	free(b.row);
	free(b.to);
	return rc;
}

/* For accounts of one _id, or of none. */
static int by_key(const void *a, const void *b, void *arg)
{
	const struct order_key *x = a, *y = b;
	const struct roster *r = arg;
	struct place p = { .len = 0 }, q = { .len = 0 };
	size_t n, m;
	const char *s = texts_get(&r->name, x->at, &n), *t = texts_get(&r->name, y->at, &m);

	/* An _id of ones has the same order_key as none at all. */
	if (is_absent(r->oid[x->at]) != is_absent(r->oid[y->at]))
		return is_absent(r->oid[x->at]) ? 1 : -1;
	account_key(p.key, s, n);
	account_key(q.key, t, m);
	return order_text_cmp(p.key, n, q.key, m);
}

/* The order of a rank's accounts; *renamed counts those whose _id the one before has. */
static int sort(const struct roster *r, struct order_key *k, int64_t *renamed)
{
	*renamed = 0;
	for (uint64_t i = 0; i < r->n; i++)
		k[i] = order_key_of(is_absent(r->oid[i]) ? OID_MAX : r->oid[i], (uint32_t)i);
	if (order_keys(k, r->n))
		return -1;
	for (uint64_t i = 0, j; i < r->n; i = j) {
		for (j = i + 1; j < r->n && order_same(&k[i], &k[j]); j++)
			*renamed += !is_absent(r->oid[k[i].at]) && !is_absent(r->oid[k[j].at]);
		if (j - i > 1)
			qsort_r(k + i, (size_t)(j - i), sizeof *k, by_key, (void *)(uintptr_t)r);
	}
	return 0;
}

/* Bring a column into order. */
static int permute(void *column, uint64_t n, size_t size, const struct order_key *k)
{
	void **x = column;
	char *to = malloc((size_t)(n + 1) * size);

	for (uint64_t i = 0; i < n && to; i++)
		memcpy(to + i * size, (const char *)*x + k[i].at * size, size);
	if (!to)
		return -1;
	free(*x);
	*x = to;
	return 0;
}

static int permute_texts(struct texts *t, const struct order_key *k)
{
	struct texts to = { .n = 0 };
	int rc = 0;

	for (uint64_t i = 0; i < t->n && !rc; i++) {
		size_t len;
		const char *s = texts_get(t, k[i].at, &len);

		rc = texts_add(&to, s, len);
	}
	if (rc) {
		texts_release(&to);
		return -1;
	}
	texts_release(t);
	*t = to;
	return 0;
}

/* Local. */
static int put_in_order(struct roster *r, int64_t *renamed, struct err *e)
{
	struct order_key *k = malloc((size_t)(r->n + 1) * sizeof *k);
	int rc = !k || sort(r, k, renamed) || permute(&r->oid, r->n, sizeof *r->oid, k) ||
		 permute(&r->followers, r->n, sizeof *r->followers, k) ||
		 permute(&r->sources, r->n, sizeof *r->sources, k) || permute(&r->type, r->n, 1, k) ||
		 permute_texts(&r->name, k);

	free(k);
	return rc ? err_set(e, E_NOMEM, "out of memory for sorting %llu accounts; use more ranks",
			    (unsigned long long)r->n)
		  : E_OK;
}

int headcount_order(struct headcount *a, MPI_Comm comm, int rc, struct err *e)
{
	struct roster to = { .n = 0 };
	struct move m = { .from = &a->roster, .comm = comm, .is_hashed = a->key_id[0] != '\0' };

	MPI_Comm_size(comm, &m.nranks);
	roster_settle(&a->roster);
	m.split = calloc((size_t)m.nranks, sizeof *m.split);
	if (!rc && !m.split)
		rc = err_set(e, E_NOMEM, "out of memory for the order of accounts");
	rc = err_agree(comm, rc, e);
	rc = rc ? rc : find_splitters(&m, e);
	rc = rc ? rc : move_all(&m, &to, e);
	free(m.split);
	roster_release(&a->roster);
	a->roster = to;
	rc = rc ? rc : put_in_order(&a->roster, &a->renamed, e);
	if ((rc = err_agree(comm, rc, e)))
		return rc;
	a->renamed = m.is_hashed ? 0 : a->renamed;
	wire_sum(comm, &a->renamed, 1);
	a->first = wire_before(comm, a->roster.n, &a->total);
	return E_OK;
}
