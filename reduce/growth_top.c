// SPDX-License-Identifier: Apache-2.0
#include "reduce/growth_top.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/order.h"
#include "reduce/period.h"
#include "reduce/wire.h"

const struct figure_col growth_top_cols[7] = {
	{ "by", CELL_TEXT, FIGURE_KEY, NULL, "absolute: new - base; relative: new / base, where base is at least 10" },
	{ "kind", CELL_TEXT, FIGURE_KEY, NULL, "models, datasets or spaces" },
	{ "rank", CELL_TEXT, FIGURE_KEY, NULL, "place, from 001; ties by name" },
	{ "base", CELL_I64, 0, "repositories", "repositories created in the year before the last complete year" },
	{ "new", CELL_I64, 0, "repositories", "repositories created in the last complete year before t0" },
	{ "organisation", CELL_TEXT, 0, NULL, "parent of the orgs table, else the namespace in lower case" },
	{ "ratio", CELL_F64, 0, "1", "new / base" },
};

#define NTOP     100
#define MIN_BASE 10
#define WIDTH    (2 * NKINDS) /* per kind: base, new */

enum list { ABSOLUTE, RELATIVE, NLISTS };

/* A candidate: its name and numbers, WIDTH of them. */
struct candidate {
	const char *name;
	size_t len;
	const int64_t *x;
	int kind;
};

static int64_t base_of(const struct candidate *c)
{
	return c->x[2 * c->kind];
}

static int64_t new_of(const struct candidate *c)
{
	return c->x[2 * c->kind + 1];
}

static int absolute_order(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	int64_t p = new_of(x) - base_of(x), q = new_of(y) - base_of(y);

	return p != q ? (p > q ? -1 : 1) : order_text_cmp(x->name, x->len, y->name, y->len);
}

static int relative_order(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	wide p = (wide)new_of(x) * base_of(y), q = (wide)new_of(y) * base_of(x);

	return p != q ? (p > q ? -1 : 1) : order_text_cmp(x->name, x->len, y->name, y->len);
}

/* The best of n organisations for one list. out has room for all; returns how many are in the list. */
static uint64_t choose(const struct texts *name, const int64_t *x, int kind, enum list by, struct candidate *out)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < name->n; i++) {
		struct candidate c = { NULL, 0, x + i * WIDTH, kind };

		if (new_of(&c) <= base_of(&c) || (by == RELATIVE && base_of(&c) < MIN_BASE))
			continue;
		c.name = texts_get(name, i, &c.len);
		out[n++] = c;
	}
	qsort(out, (size_t)n, sizeof *out, by == ABSOLUTE ? absolute_order : relative_order);
	return n < NTOP ? n : NTOP;
}

/* Which of the two years: 0, 1, or -1. */
static int which_year(const struct growth *g, int64_t created)
{
	int year;

	if (created < PERIOD_LUMP_END)
		return -1;
	year = period_year(created);
	return year == g->base_year ? 0 : year == g->base_year + 1 ? 1 : -1;
}

/* Count this rank's rows: those of parents, and those of namespaces that belong to none. */
static void count_rows(const struct growth *g, const struct census *c, int kind, int64_t *parent, int64_t *owner)
{
	int64_t day = -1;
	int which = -1;

	for (uint64_t i = 0; i < c->kind[kind].t.n; i++) {
		int64_t created = census_created(c, kind, i);
		int32_t o = c->kind[kind].owner[i];
		const struct org *org;

		if (period_day(created) != day) {
			day = period_day(created);
			which = which_year(g, created);
		}
		if (which < 0 || o < 0)
			continue;
		org = owners_org(&c->owners, c->orgs, o, created);
		if (org && org->sector != SECTOR_INDIVIDUAL)
			parent[(int64_t)org->parent * WIDTH + 2 * kind + which]++;
		else
			owner[(int64_t)o * WIDTH + 2 * kind + which]++;
	}
}

/* Index of a name in sorted texts, or -1. */
static int64_t search(const struct texts *t, const char *s, size_t len)
{
	uint64_t lo = 0, hi = t->n;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		size_t n;
		const char *x = texts_get(t, mid, &n);
		int c = order_text_cmp(x, n, s, len);

		if (c == 0)
			return (int64_t)mid;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return -1;
}

/* A parent may be called as a namespace that is not its own: one name is one organisation, counted where the namespace
 * is owned. The others are proposed by rank 0. */
static int join_parents(struct growth *g, const struct census *c, const int64_t *parent, int64_t *own, struct err *e)
{
	int64_t *met = calloc((size_t)g->nparent + 1, sizeof *met);
	int rc = met ? E_OK : err_set(e, E_NOMEM, "out of memory for growth");

	for (int p = 0; p < g->nparent && !rc; p++) {
		const char *name = orgs_parent(c->orgs, p);
		int64_t at = search(&c->owners.all.own, name, strlen(name));

		if (at < 0)
			continue;
		met[p] = 1;
		for (int j = 0; j < WIDTH; j++)
			own[at * WIDTH + j] += parent[(int64_t)p * WIDTH + j];
	}
	if (!(rc = err_agree(c->comm, rc, e))) {
		wire_sum(c->comm, met, (uint64_t)g->nparent);
		for (int p = 0; p < g->nparent && !rc && c->rank == 0; p++) {
			const char *name = orgs_parent(c->orgs, p);
			int64_t *x = met[p] ? NULL : tally_at(&g->top, name, strlen(name));

			if (x)
				memcpy(x, parent + (int64_t)p * WIDTH, WIDTH * sizeof *x);
			else if (!met[p])
				rc = err_set(e, E_NOMEM, "out of memory for growth");
		}
	}
	free(met);
	return rc;
}

/* Propose what is in a list of our own namespaces. */
static int propose(struct growth *g, const struct texts *name, const int64_t *own)
{
	struct candidate *list = malloc((size_t)(name->n + 1) * sizeof *list);
	int rc = list ? 0 : -1;

	for (int k = 0; k < NKINDS && !rc; k++)
		for (int by = 0; by < NLISTS && !rc; by++) {
			uint64_t n = choose(name, own, k, (enum list)by, list);

			for (uint64_t i = 0; i < n && !rc; i++) {
				int64_t *x = tally_at(&g->top, list[i].name, list[i].len);

				if (x)
					memcpy(x, list[i].x, WIDTH * sizeof *x);
				rc = x ? 0 : -1;
			}
		}
	free(list);
	return rc;
}

int growth_top_find(struct growth *g, const struct census *c, int rc, struct err *e)
{
	int64_t *parent = calloc((size_t)g->nparent * WIDTH + 1, sizeof *parent);
	int64_t *owner = calloc((size_t)c->owners.name.n * WIDTH + 1, sizeof *owner);
	int64_t *own = calloc((size_t)c->owners.all.own.n * WIDTH + 1, sizeof *own);

	tally_init(&g->top, WIDTH);
	if (!rc && (!parent || !owner || !own))
		rc = err_set(e, E_NOMEM, "out of memory for growth");
	for (int k = 0; k < NKINDS && !rc; k++)
		count_rows(g, c, k, parent, owner);
	rc = labels_sum(&c->owners.all, c->comm, rc, owner, WIDTH, own, e);
	if (!rc) {
		wire_sum(c->comm, parent, (uint64_t)g->nparent * WIDTH);
		rc = join_parents(g, c, parent, own, e);
	}
	if (!rc && propose(g, &c->owners.all.own, own))
		rc = err_set(e, E_NOMEM, "out of memory for growth");
	free(parent);
	free(owner);
	free(own);
	return tally_reduce(&g->top, c->comm, rc, e);
}

/* is_whole: the base year was listed as a whole, so that who has none in it has none. */
static void put_list(struct figure_table *t, const struct candidate *list, uint64_t n, enum list by, int is_whole)
{
	for (uint64_t i = 0; i < n; i++) {
		char place[16];

		snprintf(place, sizeof place, "%03d", (int)i + 1);
		figure_row(t);
		figure_name(t, 0, by == ABSOLUTE ? "absolute" : "relative");
		figure_name(t, 1, kind_name[list[i].kind]);
		figure_name(t, 2, place);
		figure_i64(t, 3, base_of(&list[i]));
		figure_i64(t, 4, new_of(&list[i]));
		figure_text(t, 5, list[i].name, list[i].len);
		if (base_of(&list[i]))
			figure_f64(t, 6, (double)new_of(&list[i]) / (double)base_of(&list[i]));
		else if (is_whole)
			figure_f64(t, 6, INFINITY);
	}
}

/* Was anything of both years listed? */
static int is_told(const struct facts *f, int kind)
{
	int year = f->growth->base_year;

	return growth_listed(f->c, kind, year) != LISTED_NOT && growth_listed(f->c, kind, year + 1) != LISTED_NOT;
}

/* Kinds of which it was not have no lists. */
static void tell_gaps(const struct facts *f, struct figure_table *t)
{
	int year = f->growth->base_year, any = 0;

	for (int k = 0; k < NKINDS; k++) {
		if (!census_has(f->c, k))
			continue;
		if (is_told(f, k))
			any = 1;
		else
			figure_status(t, FIGURE_PARTIAL, "%s of %d, or of %d, were not crawled: see completeness",
				      kind_name[k], year, year + 1);
	}
	if (!any)
		figure_status(t, FIGURE_NOT_AVAILABLE, "nothing of %d, or of %d, was crawled: see completeness", year,
			      year + 1);
}

void growth_top(const struct facts *f, struct figure_table *t)
{
	const struct tally *top = &f->growth->top;
	struct candidate *list = malloc((size_t)(top->key.text.n + 1) * sizeof *list);

	t->no_memory |= !list;
	for (int by = 0; by < NLISTS && list; by++)
		for (int k = 0; k < NKINDS; k++)
			if (census_has(f->c, k) && is_told(f, k))
				put_list(t, list, choose(&top->key.text, top->x, k, (enum list)by, list), (enum list)by,
					 growth_listed(f->c, k, f->growth->base_year) == LISTED_WHOLE);
	free(list);
	tell_gaps(f, t);
	if (f->growth->base_year < 2022)
		figure_status(t, FIGURE_NOT_AVAILABLE, "there are no two complete years between 2022-03-02 and t0");
	else if (f->growth->base_year == 2022)
		figure_status(t, FIGURE_PARTIAL, "the base year 2022 begins with 2022-03-03");
}
