// SPDX-License-Identifier: Apache-2.0
#include "reduce/makers.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/base.h"
#include "reduce/order.h"
#include "reduce/wire.h"

#define NAME_MAX_BYTES 1024 /* the schema's cap for a tag is 256 */

/* Questions to the ranks: _ids, and where the answers go. */
struct asked {
	struct oid *first;  /* per rank: its first row; one without rows has that of the next */
	struct parcel oids; /* for the ranks that may have them */
	uint32_t *label;    /* of each, in the same order */
};

void makers_release(struct makers *m)
{
	free(m->of_id);
	free(m->of_tag);
	memset(m, 0, sizeof *m);
}

/* Collective. */
static void share_ranges(struct oid *first, const struct census *c)
{
	const struct table *t = &c->kind[KIND_MODELS].t;
	struct oid mine = t->n ? t->col[F_OID].oid[0] : OID_MAX;

	MPI_Allgather(&mine, sizeof mine, MPI_BYTE, first, sizeof mine, MPI_BYTE, c->comm);
	for (int r = c->nranks - 1; r > 0; r--)
		if (oid_cmp(first[r - 1], first[r]) > 0)
			first[r - 1] = first[r];
}

/* The last rank that begins at or below o. */
static int rank_of(const struct oid *first, int nranks, struct oid o)
{
	int lo = 0, hi = nranks;

	while (hi - lo > 1) {
		int mid = lo + (hi - lo) / 2;

		if (oid_cmp(first[mid], o) <= 0)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

static int parse_label(const struct texts *label, uint64_t i, struct oid *o)
{
	size_t len;
	const char *s = texts_get(label, i, &len);

	return oid_parse(o, s, len);
}

/* Group the labels by the rank to ask; what is no _id is not asked. */
static int write_questions(struct asked *a, const struct census *c, const struct texts *label, struct err *e)
{
	uint64_t *at = calloc((size_t)c->nranks + 1, sizeof *at);
	struct oid o, *out;

	for (uint64_t i = 0; i < label->n; i++)
		if (!parse_label(label, i, &o))
			a->oids.n[rank_of(a->first, c->nranks, o)]++;
	a->label = malloc((size_t)(label->n + 1) * sizeof *a->label);
	if (!at || !a->label || parcel_alloc(&a->oids, c->comm, e)) {
		free(at);
		return err_set(e, E_NOMEM, "out of memory for base models");
	}
	for (int r = 0; r + 1 < c->nranks; r++)
		at[r + 1] = at[r] + a->oids.n[r];
	out = a->oids.data;
	for (uint64_t i = 0; i < label->n; i++)
		if (!parse_label(label, i, &o)) {
			uint64_t k = at[rank_of(a->first, c->nranks, o)]++;

			out[k] = o;
			a->label[k] = (uint32_t)i;
		}
	free(at);
	return E_OK;
}

/* The owner of one of our rows, as all ranks number them. */
static int32_t owner_of(const struct census *c, struct oid o)
{
	const struct rows *r = &c->kind[KIND_MODELS];
	uint64_t lo = 0, hi = r->t.n;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		int cmp = oid_cmp(r->t.col[F_OID].oid[mid], o);

		if (cmp == 0)
			return r->owner[mid] < 0 ? MAKER_FOREIGN : c->owners.all.global[r->owner[mid]];
		if (cmp < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return MAKER_NONE;
}

/* Our own index of an owner; codes ascend with ours. */
static int32_t own_index(const struct labels *all, int32_t code)
{
	uint64_t lo = 0, hi = all->nlocal;

	if (code < 0)
		return code;
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (all->global[mid] < code)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < all->nlocal && all->global[lo] == code ? (int32_t)lo : MAKER_FOREIGN;
}

static int answer(const struct parcel *questions, const struct census *c, struct parcel *answers, struct err *e)
{
	const struct oid *o = questions->data;
	int32_t *code;

	memcpy(answers->n, questions->n, (size_t)c->nranks * sizeof *answers->n);
	if (parcel_alloc(answers, c->comm, e))
		return E_NOMEM;
	code = answers->data;
	for (uint64_t i = 0; i < questions->total; i++)
		code[i] = owner_of(c, o[i]);
	return E_OK;
}

static int find_ids(struct makers *m, const struct census *c, int rc, struct asked *a, struct err *e)
{
	const struct texts *label = &c->kind[KIND_MODELS].t.col[F_BASES].labels.text;
	struct parcel came = { 0 }, answers, back = { 0 };
	int rc2 = parcel_init(&answers, c->comm, sizeof(int32_t), e);

	m->of_id = malloc((size_t)(label->n + 1) * sizeof *m->of_id);
	if (!rc && (rc2 || !m->of_id))
		rc = err_set(e, E_NOMEM, "out of memory for base models");
	for (uint64_t i = 0; i < label->n && !rc; i++)
		m->of_id[i] = MAKER_NONE;
	rc = rc ? rc : write_questions(a, c, label, e);
	rc = wire_exchange(c->comm, rc, &a->oids, &came, e);
	rc = rc ? rc : answer(&came, c, &answers, e);
	rc = wire_exchange(c->comm, rc, &answers, &back, e);
	for (uint64_t i = 0; i < back.total && !rc; i++)
		m->of_id[a->label[i]] = own_index(&c->owners.all, ((int32_t *)back.data)[i]);
	parcel_release(&came);
	parcel_release(&answers);
	parcel_release(&back);
	return rc;
}

/* Our index of the owner in "owner/name". */
static int32_t owner_in(const struct texts *owner, const char *name, size_t len)
{
	char lower[NAME_MAX_BYTES];
	size_t n = base_namespace(name, len);
	uint64_t lo = 0, hi = owner->n;

	if (n == 0 || n > sizeof lower)
		return MAKER_FOREIGN;
	base_lower(lower, name, n);
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		size_t nx;
		const char *x = texts_get(owner, mid, &nx);
		int cmp = order_text_cmp(x, nx, lower, n);

		if (cmp == 0)
			return (int32_t)mid;
		if (cmp < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return MAKER_FOREIGN;
}

static int find_tags(struct makers *m, const struct census *c)
{
	const struct texts *label = &c->kind[KIND_MODELS].t.col[F_TAGS].labels.text;

	m->of_tag = malloc((size_t)(label->n + 1) * sizeof *m->of_tag);
	for (uint64_t i = 0; i < label->n && m->of_tag; i++) {
		enum relation relation;
		size_t len, nname;
		const char *s = texts_get(label, i, &len), *name = base_of_tag(s, len, &relation, &nname);

		m->of_tag[i] = name ? owner_in(&c->owners.name, name, nname) : MAKER_NONE;
	}
	return m->of_tag ? 0 : -1;
}

int makers_find(struct makers *m, const struct census *c, int rc, struct err *e)
{
	struct asked a = { NULL, { 0 }, NULL };
	int rc2 = parcel_init(&a.oids, c->comm, sizeof(struct oid), e);

	memset(m, 0, sizeof *m);
	rc = rc ? rc : rc2;
	a.first = malloc((size_t)c->nranks * sizeof *a.first);
	if (!rc && (!a.first || find_tags(m, c)))
		rc = err_set(e, E_NOMEM, "out of memory for base models");
	if (!(rc = err_agree(c->comm, rc, e))) {
		share_ranges(a.first, c);
		rc = find_ids(m, c, rc, &a, e);
	}
	parcel_release(&a.oids);
	free(a.first);
	free(a.label);
	return rc;
}

static void judge(int *state, int32_t base, int32_t owner)
{
	if (base != MAKER_NONE && *state != 0)
		*state = base >= 0 && base == owner ? 0 : 1;
}

int makers_by_others(const struct makers *m, const struct census *c, uint64_t row)
{
	const struct rows *r = &c->kind[KIND_MODELS];
	const struct column *id = &r->t.col[F_BASES], *tag = &r->t.col[F_TAGS];
	int state = -1;

	for (uint64_t i = id->off[row]; i < id->off[row + 1]; i++)
		judge(&state, m->of_id[id->code[i]], r->owner[row]);
	for (uint64_t i = tag->off[row]; i < tag->off[row + 1]; i++)
		judge(&state, m->of_tag[tag->code[i]], r->owner[row]);
	return state;
}
