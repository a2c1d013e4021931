// SPDX-License-Identifier: Apache-2.0
#include "reduce/nodes.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/ask.h"
#include "reduce/locate.h"
#include "reduce/order.h"
#include "reduce/renames.h"
#include "reduce/wire.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static int no_memory(struct err *e)
{
	return err_set(e, E_NOMEM, "out of memory for base models");
}

void nodes_release(struct nodes *x)
{
	free(x->first);
	free(x->first_row);
	free(x->row);
	free(x->space);
	free(x->owner);
	free(x->of_row);
	base_names_release(&x->names);
	free(x->of_name);
	free(x->of_base);
	free(x->is_dead);
	texts_release(&x->space_text);
	labels_release(&x->spaces);
	memset(x, 0, sizeof *x);
}

/* ---- Namespaces */

/* Code of a namespace in a dictionary in the making; -1: none. */
static int add_space(struct dict *d, const char *s, size_t len, int32_t *code)
{
	char lower[1024];

	*code = -1;
	len = len < sizeof lower ? len : sizeof lower;
	base_lower(lower, s, len);
	return len ? dict_add(d, lower, len, code) : 0;
}

/* Is s, without regard to letter case, the name, which is in lower case? */
static int is_lower_of(const char *name, size_t nname, const char *s, size_t len)
{
	if (len != nname)
		return 0;
	for (size_t i = 0; i < len; i++)
		if ((s[i] >= 'A' && s[i] <= 'Z' ? s[i] + 32 : s[i]) != name[i])
			return 0;
	return 1;
}

/* What this rank tells about a name; what belongs to the same name has the same hash and check. */
struct entry {
	uint64_t hash;
	uint32_t check, row; /* 1 + row, or 0 */
	int32_t space, owner;
};

/* Namespaces of rows, owners and names, first as codes of a local dictionary. */
static int find_spaces(struct dict *d, const struct census *c, const struct nodes *x, int32_t *space, int32_t *owner)
{
	const struct rows *r = &c->kind[KIND_MODELS];
	int32_t *of_owner = malloc((size_t)(c->owners.name.n + 1) * sizeof *of_owner);
	int rc = of_owner ? 0 : -1;

	for (uint64_t i = 0; i < c->owners.name.n && !rc; i++)
		of_owner[i] = -2;
	for (uint64_t i = 0; i < r->t.n && !rc; i++) {
		int32_t o = r->owner[i];
		size_t len;
		const char *s = texts_get(&r->t.col[F_ID].str, i, &len), *name;

		len = base_namespace(s, len);
		owner[i] = -1;
		if (o >= 0) {
			size_t n;

			name = texts_get(&c->owners.name, (uint64_t)o, &n);
			if (of_owner[o] == -2)
				rc = add_space(d, name, n, &of_owner[o]);
			owner[i] = of_owner[o];
			/* Mostly the owner's is the namespace: nothing to look for. */
			if (is_lower_of(name, n, s, len)) {
				space[i] = owner[i];
				continue;
			}
		}
		rc = rc ? rc : add_space(d, s, len, &space[i]);
	}
	for (uint64_t i = 0; i < x->names.name.text.n && !rc; i++) {
		size_t len;
		const char *s = texts_get(&x->names.name.text, i, &len);

		rc = add_space(d, s, base_namespace(s, len), &space[r->t.n + i]);
	}
	free(of_owner);
	return rc;
}

static void translate(int32_t *x, uint64_t n, const int32_t *map, const int32_t *global)
{
	for (uint64_t i = 0; i < n; i++)
		if (x[i] >= 0)
			x[i] = global[map[x[i]]];
}

/* space[rows, then names] and owner[rows] become codes in x->spaces. */
static int build_spaces(struct nodes *x, const struct census *c, int rc, int32_t *space, int32_t *owner, struct err *e)
{
	uint64_t nrow = c->kind[KIND_MODELS].t.n, n = nrow + x->names.name.text.n;
	struct dict d = { .nslot = 0 };
	int32_t *map = NULL;

	if (!rc && find_spaces(&d, c, x, space, owner))
		rc = no_memory(e);
	dict_close(&d);
	if (!rc && labels_sort(&d.text, &map))
		rc = no_memory(e);
	x->space_text = d.text;
	rc = labels_build(&x->spaces, x->comm, rc, &x->space_text, e);
	if (!(rc = err_agree(x->comm, rc, e))) {
		translate(space, n, map, x->spaces.global);
		translate(owner, nrow, map, x->spaces.global);
	}
	free(map);
	return rc;
}

/* ---- Numbers */

static void hash_name(struct entry *to, const char *s, size_t len)
{
	XXH128_hash_t h = XXH3_128bits(s, len);

	to->hash = h.high64;
	to->check = (uint32_t)h.low64;
}

/* Everything that this rank has a number to ask for: rows, then names, then labels of F_BASES that need a node. */
struct entries {
	struct entry *x;
	uint64_t n, nrow, nname;
};

static void fill_rows(struct entries *en, const struct rows *r, const int32_t *space, const int32_t *owner)
{
	char lower[1024];

	for (uint64_t i = 0; i < r->t.n; i++) {
		struct entry *to = &en->x[i];
		size_t len;
		const char *s = texts_get(&r->t.col[F_ID].str, i, &len);

		len = len < sizeof lower ? len : sizeof lower;
		base_lower(lower, s, len);
		hash_name(to, lower, len);
		to->row = (uint32_t)(r->first + i + 1);
		to->space = space[i];
		to->owner = owner[i];
	}
}

/* Names and nameless _ids. A slash at both ends keeps the latter apart: no repository is called so. */
static void fill_bases(struct entries *en, const struct nodes *x, const struct texts *base, const int32_t *space)
{
	for (uint64_t i = 0; i < en->nname; i++) {
		size_t len;
		const char *s = texts_get(&x->names.name.text, i, &len);
		struct entry *to = &en->x[en->nrow + i];

		*to = (struct entry){ .space = space[en->nrow + i], .owner = -1 };
		hash_name(to, s, len);
	}
	for (uint64_t i = 0; i < base->n; i++) {
		struct entry *to = &en->x[en->nrow + en->nname + i];
		char name[OID_HEX + 2] = "/";
		size_t len;
		const char *s = texts_get(base, i, &len);

		*to = (struct entry){ .space = -1, .owner = -1 };
		len = len < OID_HEX ? len : OID_HEX;
		base_lower(name + 1, s, len);
		name[len + 1] = '/';
		hash_name(to, name, len + 2);
	}
}

static int is_needed(const struct nodes *x, const struct entries *en, uint64_t i)
{
	return i < en->nrow + en->nname || x->of_base[i - en->nrow - en->nname] != NODE_NONE;
}

static int owner_of(uint64_t hash, int nranks)
{
	return (int)((hash >> 32) * (uint64_t)nranks >> 32);
}

/* The entries that are needed, by owner; slot[i]: where entry i went. */
static int deal(const struct nodes *x, const struct entries *en, int nranks, struct parcel *out, uint32_t *slot)
{
	uint64_t *at = calloc((size_t)nranks + 1, sizeof *at);
	struct entry *to;

	for (uint64_t i = 0; i < en->n && at; i++)
		if (is_needed(x, en, i))
			out->n[owner_of(en->x[i].hash, nranks)]++;
	for (int r = 0; r < nranks && at; r++) {
		at[r + 1] = at[r] + out->n[r];
		out->total += out->n[r];
	}
	to = malloc((size_t)(out->total + 1) * sizeof *to);
	for (uint64_t i = 0; i < en->n && at && to; i++)
		if (is_needed(x, en, i)) {
			slot[i] = (uint32_t)at[owner_of(en->x[i].hash, nranks)]++;
			to[slot[i]] = en->x[i];
		}
	out->data = to;
	free(at);
	return at && to ? 0 : -1;
}

static int entry_order(const void *a, const void *b, void *arg)
{
	const struct entry *all = arg, *x = &all[*(const uint32_t *)a], *y = &all[*(const uint32_t *)b];

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	if (x->check != y->check)
		return x->check < y->check ? -1 : 1;
	/* What has no row comes last. */
	return x->row - 1 < y->row - 1 ? -1 : x->row - 1 > y->row - 1;
}

static int same_name(const struct entry *x, const struct entry *y)
{
	return x->hash == y->hash && x->check == y->check;
}

/* Number what came: node[i] becomes the place of entry i among ours. */
static int number(struct nodes *x, const struct parcel *in, uint32_t *node)
{
	const struct entry *came = in->data;
	uint32_t *perm = malloc((size_t)(in->total + 1) * sizeof *perm);
	uint64_t n = 0;

	if (!perm || order_spread(perm, in->total, in->data, sizeof *came, entry_order)) {
		free(perm);
		return -1;
	}
	for (uint64_t i = 0; i < in->total; i++) {
		n += i == 0 || !same_name(&came[perm[i - 1]], &came[perm[i]]);
		node[perm[i]] = (uint32_t)(n - 1);
	}
	x->n = n;
	x->row = calloc((size_t)n + 1, sizeof *x->row);
	x->space = malloc((size_t)(n + 1) * sizeof *x->space);
	x->owner = malloc((size_t)(n + 1) * sizeof *x->owner);
	for (uint64_t i = in->total; i-- > 0 && x->row && x->space && x->owner;) {
		const struct entry *from = &came[perm[i]];
		uint32_t to = node[perm[i]];

		x->row[to] = from->row;
		x->space[to] = from->space;
		x->owner[to] = from->owner;
	}
	free(perm);
	return x->row && x->space && x->owner ? 0 : -1;
}

/* Exchange the entries and give each its node, in place of its slot. */
static int number_all(struct nodes *x, int rc, const struct entries *en, uint32_t *slot, struct err *e)
{
	struct parcel out, in = { 0 }, answer = { 0 }, back = { 0 };
	uint32_t *node = NULL;
	int nranks, me, rc2 = parcel_init(&out, x->comm, sizeof(struct entry), e);

	MPI_Comm_size(x->comm, &nranks);
	MPI_Comm_rank(x->comm, &me);
	if (!rc && (rc2 || deal(x, en, nranks, &out, slot)))
		rc = no_memory(e);
	rc = wire_exchange(x->comm, rc, &out, &in, e);
	parcel_release(&out);
	if (!rc && (!(node = malloc((size_t)(in.total + 1) * sizeof *node)) || number(x, &in, node)))
		rc = no_memory(e);
	free(in.data);
	in.data = NULL;
	rc = ask_first(&x->first, x->comm, rc, x->n, e);
	if (!rc && x->first[nranks] >= UINT32_MAX)
		rc = err_set(e, E_FORMAT, "more than 2^32 - 2 names of models");
	for (uint64_t i = 0; i < in.total && !rc; i++)
		node[i] += (uint32_t)x->first[me];
	answer = (struct parcel){ node, in.n, sizeof *node, in.total };
	rc = wire_exchange(x->comm, rc, &answer, &back, e);
	for (uint64_t i = 0; i < en->n && !rc; i++)
		if (is_needed(x, en, i))
			slot[i] = ((const uint32_t *)back.data)[slot[i]];
	free(node);
	parcel_release(&in);
	parcel_release(&back);
	return rc;
}

static int enter(struct nodes *x, const struct census *c, int rc, struct err *e)
{
	const struct rows *r = &c->kind[KIND_MODELS];
	const struct texts *base = &r->t.col[F_BASES].labels.text;
	struct entries en = { NULL, r->t.n + x->names.name.text.n + base->n, r->t.n, x->names.name.text.n };
	int32_t *space = malloc((size_t)(en.n + 1) * sizeof *space),
		*owner = malloc((size_t)(r->t.n + 1) * sizeof *owner);
	uint32_t *slot = NULL;

	if (!rc && (!space || !owner))
		rc = no_memory(e);
	rc = build_spaces(x, c, rc, space, owner, e);
	if (!rc && !(en.x = malloc((size_t)(en.n + 1) * sizeof *en.x)))
		rc = no_memory(e);
	if (!rc) {
		fill_rows(&en, r, space, owner);
		fill_bases(&en, x, base, space);
	}
	free(space);
	free(owner);
	if (!rc && !(slot = malloc((size_t)(en.n + 1) * sizeof *slot)))
		rc = no_memory(e);
	rc = number_all(x, rc, &en, slot, e);
	free(en.x);
	x->of_row = malloc((size_t)(en.nrow + 1) * sizeof *x->of_row);
	x->of_name = malloc((size_t)(en.nname + 1) * sizeof *x->of_name);
	if (!rc && (!x->of_row || !x->of_name))
		rc = no_memory(e);
	if (!rc && slot) {
		memcpy(x->of_row, slot, (size_t)en.nrow * sizeof *slot);
		memcpy(x->of_name, slot + en.nrow, (size_t)en.nname * sizeof *slot);
		for (uint64_t i = 0; i < base->n; i++)
			if (x->of_base[i] != NODE_NONE)
				x->of_base[i] = slot[en.nrow + en.nname + i];
	}
	free(slot);
	return err_agree(x->comm, rc, e);
}

/* ---- Bases by _id */

/* of_base becomes 0 for those that need a node of their own, NODE_NONE for the others. */
static int find_nameless(struct nodes *x, const struct table *t, const uint32_t *row, uint64_t n)
{
	const struct column *bases = &t->col[F_BASES];

	x->of_base = malloc((size_t)(n + 1) * sizeof *x->of_base);
	x->is_dead = calloc((size_t)n + 1, 1);
	if (!x->of_base || !x->is_dead)
		return -1;
	for (uint64_t i = 0; i < n; i++) {
		x->of_base[i] = NODE_NONE;
		x->is_dead[i] = row[i] == 0;
	}
	for (uint64_t i = 0; i < t->n; i++)
		for (uint64_t j = bases->off[i]; j < bases->off[i + 1]; j++)
			if (x->is_dead[bases->code[j]] && !renames_has_name(x, t, i))
				x->of_base[bases->code[j]] = 0;
	return 0;
}

/* The nodes of bases that are in the census. */
static int find_bases(struct nodes *x, int rc, const uint32_t *row, uint64_t n, struct err *e)
{
	uint32_t *want = malloc((size_t)(n + 1) * sizeof *want);
	struct ask a = { 0 };
	void *node = NULL;
	uint64_t m = 0;

	if (!rc && !want)
		rc = no_memory(e);
	for (uint64_t i = 0; i < n && !rc; i++)
		if (row[i])
			want[m++] = row[i] - 1;
	m = rc ? 0 : sets_sort(want, m);
	rc = ask_begin(&a, x->comm, rc, x->first_row, want, m, e);
	rc = ask_values(&a, rc, x->of_row, sizeof *x->of_row, &node, e);
	for (uint64_t i = 0; i < n && !rc; i++)
		if (row[i])
			x->of_base[i] = ((const uint32_t *)node)[sets_find(want, m, row[i] - 1)];
	ask_release(&a);
	free(node);
	free(want);
	return rc;
}

int nodes_build(struct nodes *x, const struct census *c, int rc, struct err *e)
{
	const struct rows *r = &c->kind[KIND_MODELS];
	const struct texts *base = &r->t.col[F_BASES].labels.text;
	uint32_t *row = NULL;

	memset(x, 0, sizeof *x);
	x->comm = c->comm;
	if (!rc && r->total >= UINT32_MAX)
		rc = err_set(e, E_FORMAT, "more than 2^32 - 2 models");
	if (!rc && base_names_find(&x->names, &r->t.col[F_TAGS].labels.text))
		rc = no_memory(e);
	if ((rc = err_agree(c->comm, rc, e)))
		return rc;
	rc = ask_first(&x->first_row, c->comm, rc, r->t.n, e);
	rc = locate_rows(c->comm, rc, r, base, &row, e);
	if (!rc && find_nameless(x, &r->t, row, base->n))
		rc = no_memory(e);
	rc = err_agree(c->comm, rc, e);
	rc = rc ? rc : enter(x, c, rc, e);
	rc = find_bases(x, rc, row, base->n, e);
	free(row);
	return renames_follow(x, &r->t, rc, e);
}
