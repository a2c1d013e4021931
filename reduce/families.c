// SPDX-License-Identifier: Apache-2.0
#include "reduce/families.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/ask.h"
#include "reduce/wire.h"

static int no_memory(struct err *e)
{
	return err_set(e, E_NOMEM, "out of memory for families");
}

void families_release(struct families *f)
{
	free(f->of_space);
	free(f->space);
	free(f->count);
	texts_release(&f->name);
	memset(f, 0, sizeof *f);
}

/* Number the namespaces that have bases: used[code] tells which. */
static int number_families(struct families *f, const uint8_t *used, uint64_t nspace)
{
	for (uint64_t i = 0; i < nspace; i++)
		f->n += used[i];
	f->of_space = malloc((size_t)(nspace + 1) * sizeof *f->of_space);
	f->space = malloc(((size_t)f->n + 1) * sizeof *f->space);
	f->count = calloc(((size_t)f->n + 1) * FAM_COUNTS, sizeof *f->count);
	if (!f->of_space || !f->space || !f->count)
		return -1;
	f->n = 0;
	for (uint64_t i = 0; i < nspace; i++) {
		f->of_space[i] = used[i] ? f->n : FAMILY_NONE;
		if (used[i])
			f->space[f->n++] = (int32_t)i;
	}
	return 0;
}

static int find_families(struct families *f, const struct kin *k, const struct nodes *x, int rc, struct err *e)
{
	uint8_t *used = calloc((size_t)x->spaces.total + 1, 1);

	if (!rc && !used)
		rc = no_memory(e);
	for (uint64_t i = 0; i < x->n && !rc; i++)
		if (k->is_base[i] && x->space[i] >= 0)
			used[x->space[i]] = 1;
	if (!(rc = err_agree(x->comm, rc, e))) {
		MPI_Allreduce(MPI_IN_PLACE, used, (int)x->spaces.total, MPI_UINT8_T, MPI_MAX, x->comm);
		if (number_families(f, used, x->spaces.total))
			rc = no_memory(e);
	}
	free(used);
	return err_agree(x->comm, rc, e);
}

/* One edge of a node, by the base's family. */
struct tie {
	uint32_t family;
	uint8_t relations;
};

static int by_family(const void *a, const void *b)
{
	uint32_t x = ((const struct tie *)a)->family, y = ((const struct tie *)b)->family;

	return x < y ? -1 : x > y;
}

/* A node counts once per family, and once per relation that it has to it. */
static void count_ties(struct families *f, struct tie *t, uint64_t n)
{
	if (n > 1)
		qsort(t, (size_t)n, sizeof *t, by_family);
	for (uint64_t i = 0, j; i < n && t[i].family != FAMILY_NONE; i = j) {
		int64_t *count = f->count + (uint64_t)t[i].family * FAM_COUNTS;
		unsigned relations = 0;

		for (j = i; j < n && t[j].family == t[i].family; j++)
			relations |= t[j].relations;
		count[FAM_DIRECT]++;
		for (int r = 0; r < NRELATIONS; r++)
			count[FAM_RELATION + r] += relations >> r & 1;
	}
}

/* family[i]: that of kin.base[i]. */
static int count_direct(struct families *f, const struct kin *k, const struct nodes *x, const uint32_t *family)
{
	struct tie *tie = NULL;
	uint64_t room = 0;

	for (uint64_t i = 0; i < x->n; i++) {
		uint64_t n, m = 0;
		const uint32_t *up = sets_get(&k->g.base, i, &n);

		if (n + 1 > room) {
			free(tie);
			room = 2 * n + 16;
			if (!(tie = malloc((size_t)room * sizeof *tie)))
				return -1;
		}
		for (uint64_t j = 0; j < n; j++)
			tie[m++] = (struct tie){ family[sets_find(k->base, k->nbase, up[j])],
						 k->relations[k->g.base.off[i] + j] };
		if (k->loop[i])
			tie[m++] = (struct tie){ families_of(f, x, i), k->loop[i] };
		count_ties(f, tie, m);
	}
	free(tie);
	return 0;
}

static int direct(struct families *f, const struct kin *k, const struct nodes *x, int rc, const uint32_t *own,
		  struct err *e)
{
	struct ask a;
	void *family = NULL;

	rc = ask_begin(&a, x->comm, rc, x->first, k->base, k->nbase, e);
	rc = ask_values(&a, rc, own, sizeof *own, &family, e);
	ask_release(&a);
	if (!rc && count_direct(f, k, x, family))
		rc = no_memory(e);
	free(family);
	return err_agree(x->comm, rc, e);
}

/* What the passes of the closure work on. */
struct closure {
	struct families *f;
	const struct kin *k;
	const struct nodes *x;
};

static void count_member(const struct closure *c, uint64_t i, uint32_t family)
{
	int64_t *count = c->f->count + (uint64_t)family * FAM_COUNTS;

	count[FAM_ALL]++;
	count[FAM_OTHERS] += families_of_owner(c->f, c->x, i) != family;
}

static int take_all(void *arg, const struct sets *label, uint32_t lo, uint32_t hi)
{
	const struct closure *c = arg;

	for (uint64_t i = 0; i < c->x->n; i++) {
		uint64_t n;
		const uint32_t *family = sets_get(label, i, &n);
		uint32_t own = c->k->loop[i] ? families_of(c->f, c->x, i) : FAMILY_NONE;

		for (uint64_t j = 0; j < n; j++)
			count_member(c, i, family[j]);
		if (own != FAMILY_NONE && own >= lo && own < hi && !sets_has(label, i, own))
			count_member(c, i, own);
	}
	return 0;
}

/* The largest ones, by insertion: they are few. */
static void choose_top(struct families *f)
{
	for (uint32_t i = 0; i < f->n; i++) {
		int64_t all = f->count[(uint64_t)i * FAM_COUNTS + FAM_ALL];
		uint32_t at = f->ntop;

		while (at > 0 && f->count[(uint64_t)f->top[at - 1] * FAM_COUNTS + FAM_ALL] < all)
			at--;
		if (at == FAMILIES_TOP)
			continue;
		if (f->ntop < FAMILIES_TOP)
			f->ntop++;
		memmove(f->top + at + 1, f->top + at, (f->ntop - at - 1) * sizeof *f->top);
		f->top[at] = i;
	}
}

/* Names of the largest, to all ranks: each rank fills in those that it owns in the dictionary. */
static int name_top(struct families *f, const struct nodes *x, int rc, struct err *e)
{
	uint64_t width = x->spaces.width + 1;
	char *name = calloc(FAMILIES_TOP, (size_t)width);

	if (!(rc = err_agree(x->comm, name ? rc : no_memory(e), e))) {
		for (uint32_t i = 0; i < f->ntop; i++) {
			uint64_t code = (uint64_t)f->space[f->top[i]];
			size_t len;
			const char *s;

			if (code < x->spaces.first || code >= x->spaces.first + x->spaces.own.n)
				continue;
			s = texts_get(&x->spaces.own, code - x->spaces.first, &len);
			memcpy(name + i * width, s, len);
		}
		MPI_Allreduce(MPI_IN_PLACE, name, (int)(FAMILIES_TOP * width), MPI_BYTE, MPI_BOR, x->comm);
		for (uint32_t i = 0; i < f->ntop && !rc; i++)
			if (texts_add(&f->name, name + i * width, strlen(name + i * width)))
				rc = no_memory(e);
	}
	free(name);
	return err_agree(x->comm, rc, e);
}

int families_build(struct families *f, const struct kin *k, const struct nodes *x, int rc, uint64_t limit,
		   struct err *e)
{
	struct closure c = { f, k, x };
	uint32_t *own = malloc((size_t)(x->n + 1) * sizeof *own);

	memset(f, 0, sizeof *f);
	if (!rc && !own)
		rc = no_memory(e);
	/* From here on all ranks have the same code: the number of families, which it depends on what follows, may be
	 * unknown to one that failed. */
	if ((rc = find_families(f, k, x, rc, e)))
		goto out;
	for (uint64_t i = 0; i < x->n; i++)
		own[i] = families_of(f, x, i);
	if (!(rc = direct(f, k, x, rc, own, e)))
		rc = reach_passes(&k->g, rc, own, 0, f->n, limit, take_all, &c, &f->rounds, e);
out:
	free(own);
	if (rc)
		return rc;
	wire_sum(x->comm, f->count, (uint64_t)f->n * FAM_COUNTS);
	choose_top(f);
	return name_top(f, x, rc, e);
}
