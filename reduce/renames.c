// SPDX-License-Identifier: Apache-2.0
#include "reduce/renames.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/ask.h"
#include "reduce/wire.h"

#define FEW 64 /* bases of one row that are looked at: a row with more tells nothing about names */

static void add(uint32_t *set, int *n, uint32_t x)
{
	for (int i = 0; i < *n; i++)
		if (set[i] == x)
			return;
	if (*n < FEW)
		set[(*n)++] = x;
}

/* The distinct names of a row's tags. */
static int names_of(const struct nodes *x, const struct table *t, uint64_t row, uint32_t name[FEW])
{
	const struct column *tags = &t->col[F_TAGS];
	int n = 0;

	for (uint64_t i = tags->off[row]; i < tags->off[row + 1]; i++)
		if (x->names.of_tag[tags->code[i]] >= 0)
			add(name, &n, (uint32_t)x->names.of_tag[tags->code[i]]);
	return n;
}

/* The distinct labels of a row's bases that are in the census. */
static int bases_of(const struct nodes *x, const struct table *t, uint64_t row, uint32_t base[FEW])
{
	const struct column *bases = &t->col[F_BASES];
	int n = 0;

	for (uint64_t i = bases->off[row]; i < bases->off[row + 1]; i++)
		if (!x->is_dead[bases->code[i]])
			add(base, &n, (uint32_t)bases->code[i]);
	return n;
}

int renames_has_name(const struct nodes *x, const struct table *t, uint64_t row)
{
	uint32_t name[FEW], base[FEW];

	return names_of(x, t, row, name) > bases_of(x, t, row, base);
}

/* `name` is what `now` was called. */
struct renamed {
	uint32_t name, now;
};

static int by_name(const void *a, const void *b)
{
	const struct renamed *x = a, *y = b;

	if (x->name != y->name)
		return x->name < y->name ? -1 : 1;
	return x->now < y->now ? -1 : x->now > y->now;
}

/* Take out what both ways tell; if one name without a model and one base are left, they are the same. */
static int match(const struct nodes *x, const uint8_t *has_row, uint32_t *name, int nname, uint32_t *base, int nbase,
		 struct renamed *out)
{
	int names = 0, bases = 0;

	for (int i = 0; i < nbase; i++) {
		uint32_t node = x->of_base[base[i]];
		int j = 0;

		while (j < nname && x->of_name[name[j]] != node)
			j++;
		if (j == nname) {
			out->now = node;
			bases++;
		} else
			name[j] = name[--nname];
	}
	for (int j = 0; j < nname; j++) {
		out->name = x->of_name[name[j]];
		names++;
		if (has_row[name[j]])
			return 0;
	}
	return names == 1 && bases == 1;
}

/* The former names that our rows tell, each pair once. */
static int64_t collect(const struct nodes *x, const struct table *t, const uint8_t *has_row, struct renamed **out)
{
	uint64_t n = 0, cap = 0, kept = 0;

	*out = NULL;
	for (uint64_t row = 0; row < t->n; row++) {
		uint32_t name[FEW], base[FEW];
		int nbase = bases_of(x, t, row, base), nname = nbase ? names_of(x, t, row, name) : 0;
		struct renamed r;

		if (nname != nbase || nname == 0 || nname == FEW || !match(x, has_row, name, nname, base, nbase, &r))
			continue;
		if (n == cap) {
			struct renamed *more = realloc(*out, (size_t)(cap = cap ? 2 * cap : 64) * sizeof *more);

			if (!more)
				return -1;
			*out = more;
		}
		(*out)[n++] = r;
	}
	if (n)
		qsort(*out, (size_t)n, sizeof **out, by_name);
	for (uint64_t i = 0; i < n; i++)
		if (kept == 0 || by_name(&(*out)[kept - 1], &(*out)[i]) != 0)
			(*out)[kept++] = (*out)[i];
	return (int64_t)kept;
}

/* Nodes of the local names, ascending and each once. */
static uint32_t *nodes_of_names(const struct nodes *x, uint64_t *n)
{
	uint64_t all = x->names.name.text.n;
	uint32_t *want = malloc((size_t)(all + 1) * sizeof *want);

	*n = 0;
	if (want && all) {
		memcpy(want, x->of_name, (size_t)all * sizeof *want);
		*n = sets_sort(want, all);
	}
	return want;
}

/* value[i]: what the owner of local name i's node has for it in `own`, as numbers. */
static int ask_names(const struct nodes *x, int rc, const uint32_t *own, uint32_t **value, struct err *e)
{
	uint64_t all = x->names.name.text.n, n = 0;
	uint32_t *want = rc ? NULL : nodes_of_names(x, &n);
	struct ask a;
	void *got = NULL;

	*value = malloc((size_t)(all + 1) * sizeof **value);
	if (!rc && (!want || !*value))
		rc = err_set(e, E_NOMEM, "out of memory for names of models");
	rc = ask_begin(&a, x->comm, rc, x->first, want, n, e);
	rc = ask_values(&a, rc, own, sizeof *own, &got, e);
	for (uint64_t i = 0; i < all && !rc; i++)
		(*value)[i] = ((const uint32_t *)got)[sets_find(want, n, x->of_name[i])];
	ask_release(&a);
	free(got);
	free(want);
	return rc;
}

/* Tell the owners of the names; now[i] becomes the node that own node i leads to. */
static int tell(const struct nodes *x, int rc, struct renamed *r, uint64_t n, uint32_t *now, struct err *e)
{
	struct parcel out, in = { 0 };
	int me, nranks, rc2 = parcel_init(&out, x->comm, sizeof *r, e);
	uint32_t first;

	MPI_Comm_rank(x->comm, &me);
	MPI_Comm_size(x->comm, &nranks);
	first = (uint32_t)x->first[me];
	if (!rc)
		rc = rc2;
	for (uint64_t i = 0; i < n && !rc; i++)
		out.n[ask_owner(x->first, nranks, r[i].name)]++;
	out.total = n;
	out.data = r;
	rc = wire_exchange(x->comm, rc, &out, &in, e);
	out.data = NULL;
	parcel_release(&out);
	for (uint64_t i = 0; i < x->n && !rc; i++)
		now[i] = first + (uint32_t)i;
	for (uint64_t i = 0; i < in.total && !rc; i++) {
		struct renamed *came = (struct renamed *)in.data + i;
		uint32_t *to = &now[came->name - first];

		if (*to == came->name || came->now < *to)
			*to = came->now;
	}
	parcel_release(&in);
	return rc;
}

int renames_follow(struct nodes *x, const struct table *t, int rc, struct err *e)
{
	uint64_t nname = x->names.name.text.n;
	uint32_t *row = NULL, *now = NULL, *of_name = NULL;
	uint8_t *has_row = NULL;
	struct renamed *r = NULL;
	int64_t n = 0;
	uint32_t first;
	int me;

	MPI_Comm_rank(x->comm, &me);
	first = rc ? 0 : (uint32_t)x->first[me];
	rc = ask_names(x, rc, x->row, &row, e);
	has_row = calloc((size_t)nname + 1, 1);
	now = calloc((size_t)x->n + 1, sizeof *now);
	for (uint64_t i = 0; i < nname && !rc && has_row; i++)
		has_row[i] = row[i] != 0;
	if (!rc && (!has_row || !now || (n = collect(x, t, has_row, &r)) < 0))
		rc = err_set(e, E_NOMEM, "out of memory for names of models");
	if (!(rc = err_agree(x->comm, rc, e)) && wire_max(x->comm, (uint64_t)n)) {
		int64_t renamed = 0;

		rc = tell(x, rc, r, (uint64_t)n, now, e);
		rc = ask_names(x, rc, now, &of_name, e);
		for (uint64_t i = 0; i < x->n && !rc; i++)
			renamed += now[i] != first + (uint32_t)i;
		if (!rc) {
			memcpy(x->of_name, of_name, (size_t)nname * sizeof *of_name);
			wire_sum(x->comm, &renamed, 1);
			x->nrenamed = (uint64_t)renamed;
		}
	}
	free(row);
	free(has_row);
	free(now);
	free(of_name);
	free(r);
	return rc;
}
