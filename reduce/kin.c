// SPDX-License-Identifier: Apache-2.0
#include "reduce/kin.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/ask.h"
#include "reduce/renames.h"
#include "reduce/wire.h"

static int no_memory(struct err *e)
{
	return err_set(e, E_NOMEM, "out of memory for lineage");
}

void kin_release(struct kin *k)
{
	sets_release(&k->g.base);
	free(k->relations);
	free(k->loop);
	free(k->base);
	free(k->is_base);
	memset(k, 0, sizeof *k);
}

/* A base of a row, once. */
struct base {
	uint32_t node;
	uint8_t relations; /* a bit per enum relation; UNKNOWN only if there is no other */
	uint8_t sources;   /* BY_TAG, BY_ID */
};

enum { BY_TAG = 1, BY_ID = 2 };

static int add_base(struct base **out, uint64_t *cap, int64_t n, struct base b)
{
	for (int64_t i = 0; i < n; i++)
		if ((*out)[i].node == b.node) {
			(*out)[i].relations |= b.relations;
			(*out)[i].sources |= b.sources;
			return 0;
		}
	if ((uint64_t)n == *cap) {
		uint64_t more = *cap ? 2 * *cap : 16;
		struct base *x = realloc(*out, (size_t)more * sizeof *x);

		if (!x)
			return -1;
		*out = x;
		*cap = more;
	}
	(*out)[n] = b;
	return 1;
}

/* The bases of local row `row`, itself included where it names itself. Grows *out as need be (free() it). Returns how
 * many, or -1 when memory is short. */
static int64_t bases_of(const struct nodes *x, const struct table *t, uint64_t row, struct base **out, uint64_t *cap)
{
	const struct column *tags = &t->col[F_TAGS], *bases = &t->col[F_BASES];
	const uint8_t unknown = 1u << UNKNOWN;
	int64_t n = 0;

	for (uint64_t i = tags->off[row]; i < tags->off[row + 1]; i++) {
		int32_t tag = tags->code[i], name = x->names.of_tag[tag], more;

		if (name < 0)
			continue;
		more = add_base(out, cap, n,
				(struct base){ x->of_name[name], (uint8_t)(1u << x->names.relation[tag]), BY_TAG });
		if (more < 0)
			return -1;
		n += more;
	}
	for (uint64_t i = bases->off[row]; i < bases->off[row + 1]; i++) {
		int32_t base = bases->code[i], more;

		if (x->of_base[base] == NODE_NONE || (x->is_dead[base] && renames_has_name(x, t, row)))
			continue;
		more = add_base(out, cap, n, (struct base){ x->of_base[base], unknown, BY_ID });
		if (more < 0)
			return -1;
		n += more;
	}
	for (int64_t i = 0; i < n; i++)
		if ((*out)[i].relations != unknown)
			(*out)[i].relations &= (uint8_t)~unknown;
	return n;
}

struct edge {
	uint32_t child, base;
	uint8_t relations, sources, unused[2];
};

/* The edges of our rows, as one list. Returns how many, or -1. */
static int64_t list_edges(const struct nodes *x, const struct table *t, struct edge **out)
{
	struct base *base = NULL;
	uint64_t room = 0, n = 0, cap = 0;
	int64_t m = 0;

	*out = NULL;
	for (uint64_t row = 0; row < t->n && m >= 0; row++) {
		m = bases_of(x, t, row, &base, &room);
		if (m > 0 && n + (uint64_t)m > cap) {
			struct edge *more;

			cap = n + (uint64_t)m + cap / 2 + 1024;
			if (!(more = realloc(*out, (size_t)cap * sizeof *more)))
				m = -1;
			else
				*out = more;
		}
		for (int64_t i = 0; i < m; i++)
			(*out)[n++] = (struct edge){
				x->of_row[row], base[i].node, base[i].relations, base[i].sources, { 0 }
			};
	}
	free(base);
	return m < 0 ? -1 : (int64_t)n;
}

static int by_child(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	if (x->child != y->child)
		return x->child < y->child ? -1 : 1;
	return x->base < y->base ? -1 : x->base > y->base;
}

/* To the owners of the children. */
static int send_edges(const struct nodes *x, const struct table *t, int rc, struct parcel *in, struct err *e)
{
	struct parcel out;
	struct edge *edge = NULL;
	int nranks, rc2 = parcel_init(&out, x->comm, sizeof *edge, e);
	int64_t n = 0;

	MPI_Comm_size(x->comm, &nranks);
	if (!rc && (rc2 || (n = list_edges(x, t, &edge)) < 0))
		rc = no_memory(e);
	if (!rc && n)
		qsort(edge, (size_t)n, sizeof *edge, by_child);
	for (int64_t i = 0; i < n && !rc; i++)
		out.n[ask_owner(x->first, nranks, edge[i].child)]++;
	out.data = edge;
	out.total = (uint64_t)(n > 0 ? n : 0);
	rc = wire_exchange(x->comm, rc, &out, in, e);
	parcel_release(&out);
	return rc;
}

/* Of equal ones, which two rows of one node may tell, one is left, with what all say. */
static uint64_t unite(struct edge *x, uint64_t n)
{
	const uint8_t unknown = 1u << UNKNOWN;
	uint64_t kept = 0;

	if (n)
		qsort(x, (size_t)n, sizeof *x, by_child);
	for (uint64_t i = 0; i < n; i++) {
		if (kept && by_child(&x[kept - 1], &x[i]) == 0) {
			x[kept - 1].relations |= x[i].relations;
			x[kept - 1].sources |= x[i].sources;
		} else
			x[kept++] = x[i];
	}
	for (uint64_t i = 0; i < kept; i++)
		if (x[i].relations != unknown)
			x[i].relations &= (uint8_t)~unknown;
	return kept;
}

static int enter(struct kin *k, const struct edge *x, uint64_t n, uint32_t first)
{
	uint64_t at = 0;

	k->relations = malloc((size_t)n + 1);
	k->loop = calloc((size_t)k->g.n + 1, 1);
	k->is_base = calloc((size_t)k->g.n + 1, 1);
	k->base = malloc((size_t)(n + 1) * sizeof *k->base);
	if (!k->relations || !k->loop || !k->is_base || !k->base || sets_init(&k->g.base, k->g.n))
		return -1;
	for (uint64_t i = 0; i < k->g.n; i++) {
		for (; at < n && x[at].child == first + i; at++) {
			k->base[k->nbase++] = x[at].base;
			k->nedge[x[at].sources == BY_TAG  ? KIN_BY_TAG
				 : x[at].sources == BY_ID ? KIN_BY_ID
							  : KIN_BY_BOTH]++;
			if (x[at].base == x[at].child) {
				k->loop[i] = x[at].relations;
				k->nedge[KIN_LOOPS]++;
				continue;
			}
			k->relations[sets_total(&k->g.base) + k->g.base.pending] = x[at].relations;
			if (sets_put(&k->g.base, &x[at].base, 1))
				return -1;
		}
		sets_end(&k->g.base);
	}
	k->nbase = sets_sort(k->base, k->nbase);
	return 0;
}

/* Whoever is asked about is a base. */
static int mark_bases(struct kin *k, const struct nodes *x, int rc, struct err *e)
{
	struct ask a;

	rc = ask_begin(&a, x->comm, rc, x->first, k->base, k->nbase, e);
	for (uint64_t i = 0; i < a.query.total && !rc; i++)
		k->is_base[((const uint32_t *)a.query.data)[i] - a.base] = 1;
	ask_release(&a);
	for (uint64_t i = 0; i < x->n && !rc; i++)
		k->norphan += k->is_base[i] && !x->row[i];
	return rc;
}

int kin_build(struct kin *k, const struct nodes *x, const struct census *c, int rc, struct err *e)
{
	struct parcel in = { 0 };
	int me;

	memset(k, 0, sizeof *k);
	MPI_Comm_rank(x->comm, &me);
	k->g = (struct graph){ .comm = x->comm, .first = x->first, .n = x->n };
	rc = send_edges(x, &c->kind[KIND_MODELS].t, rc, &in, e);
	if (!rc && enter(k, in.data, unite(in.data, in.total), (uint32_t)x->first[me]))
		rc = no_memory(e);
	parcel_release(&in);
	rc = mark_bases(k, x, rc, e);
	if (!rc) {
		wire_sum(x->comm, k->nedge, KIN_COUNTS);
		wire_sum(x->comm, &k->norphan, 1);
	}
	return rc;
}
