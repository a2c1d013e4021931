/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "truth_in.h"

enum { FIRST_YEAR = 2022, YEARS = 80, TOP = 100 };

/* Counts of one parent and kind: [0] the lump, [1 + y - FIRST_YEAR] the years. */
typedef int64_t year_counts[1 + YEARS];

static void put_years(const struct truth *t, json_t *o, const year_counts n)
{
	char key[24];
	json_object_set_new(o, "before", json_integer(n[0]));
	for (int y = FIRST_YEAR; y <= t->t0_year; y++) {
		int64_t now = n[1 + y - FIRST_YEAR], was = y > FIRST_YEAR ? n[y - FIRST_YEAR] : 0;
		snprintf(key, sizeof key, "%d", y);
		json_object_set_new(o, key, json_integer(now));
		if (y == FIRST_YEAR)
			continue;
		snprintf(key, sizeof key, "ratio_%d", y);
		json_object_set_new(o, key, was ? truth_share(now, was) : now ? json_string("from none") : json_null());
	}
}

static bool always_shown(const char *parent)
{
	return !strcmp(parent, "Baidu") || !strcmp(parent, "ByteDance") || !strcmp(parent, "Tencent");
}

static void growth_orgs(struct truth *t)
{
	json_t *v = json_object(), *monthly = json_object();
	struct names parents;
	names_init(&parents);
	names_of(&parents, "Baidu");
	names_of(&parents, "ByteDance");
	names_of(&parents, "Tencent");
	uint32_t *parent = mem_new(t->tables.norg * sizeof *parent);
	for (size_t k = 0; k < t->tables.norg; k++)
		parent[k] = names_of(&parents, t->tables.org[k].parent);
	year_counts(*n)[NKIND] = mem_new(parents.n * sizeof *n);
	for (enum kind k = MODELS; k < NKIND; k++)
		for (uint64_t i = 0; i < t->n[k]; i++) {
			const struct truth_row *r = &t->rows[k][i];
			char month[16];
			if (r->org < 0)
				continue;
			n[parent[r->org]][k][r->lump ? 0 : 1 + r->year - FIRST_YEAR]++;
			if (r->lump)
				continue;
			truth_month(month, r->month);
			json_t *leaf = truth_at(truth_at(monthly, parents.text[parent[r->org]]), kind_name[k]),
			       *was = json_object_get(leaf, month);
			json_object_set_new(leaf, month, json_integer(1 + (was ? json_integer_value(was) : 0)));
		}
	for (uint32_t p = 1; p < parents.n; p++) {
		bool any = always_shown(parents.text[p]);
		for (enum kind k = MODELS; k < NKIND; k++)
			for (int y = 0; y < 1 + YEARS; y++)
				any |= n[p][k][y] > 0;
		for (enum kind k = MODELS; any && k < NKIND; k++)
			put_years(t, truth_at(truth_at(v, parents.text[p]), kind_name[k]), n[p][k]);
	}
	free(n);
	free(parent);
	names_release(&parents);
	truth_figure(t, "growth.orgs", v);
	truth_figure(t, "growth.orgs_monthly", monthly);
}

struct grower {
	const char *name;
	int64_t base, now;
};

static int by_name(const struct grower *a, const struct grower *b)
{
	return strcmp(a->name, b->name);
}

static int absolute(const void *x, const void *y)
{
	const struct grower *a = x, *b = y;
	int64_t p = a->now - a->base, q = b->now - b->base;
	return p > q ? -1 : p < q ? 1 : by_name(a, b);
}

static int relative(const void *x, const void *y)
{
	const struct grower *a = x, *b = y;
	int64_t p = a->now * b->base, q = b->now * a->base;
	return p > q ? -1 : p < q ? 1 : by_name(a, b);
}

static void put_top(json_t *v, const char *how, enum kind kind, const struct grower *g, size_t n)
{
	char rank[8];
	for (size_t k = 0; k < n && k < TOP; k++) {
		snprintf(rank, sizeof rank, "%03d", (int)k + 1);
		json_t *leaf = truth_at(truth_at(truth_at(v, how), kind_name[kind]), rank);
		json_object_set_new(leaf, "organisation", json_string(g[k].name));
		json_object_set_new(leaf, "base", json_integer(g[k].base));
		json_object_set_new(leaf, "new", json_integer(g[k].now));
		json_object_set_new(leaf, "ratio",
				    g[k].base ? truth_share(g[k].now, g[k].base) : json_string("from none"));
	}
}

static const char *organisation(const struct truth *t, const struct truth_row *r)
{
	const char *sector = truth_sector(t, r);
	return sector && strcmp(sector, "individual") != 0 ? t->tables.org[r->org].parent : t->names.text[r->owner];
}

static void growth_top(struct truth *t)
{
	json_t *v = json_object();
	int base = t->t0_year - 2;
	for (enum kind k = MODELS; k < NKIND; k++) {
		struct names who;
		names_init(&who);
		struct grower *g = NULL;
		for (int pass = 0; pass < 2; pass++) {
			if (pass)
				g = mem_new(who.n * sizeof *g);
			for (uint64_t i = 0; i < t->n[k]; i++) {
				const struct truth_row *r = &t->rows[k][i];
				if (r->lump || (r->year != base && r->year != base + 1))
					continue;
				uint32_t o = names_of(&who, organisation(t, r));
				if (pass)
					*(r->year == base ? &g[o].base : &g[o].now) += 1;
			}
		}
		size_t n = 0, m = 0;
		for (uint32_t o = 1; o < who.n; o++)
			if (g[o].now > g[o].base)
				g[n++] = (struct grower){ who.text[o], g[o].base, g[o].now };
		qsort(g, n, sizeof *g, absolute);
		put_top(v, "absolute", k, g, n);
		for (size_t o = 0; o < n; o++)
			if (g[o].base >= 10)
				g[m++] = g[o];
		qsort(g, m, sizeof *g, relative);
		put_top(v, "relative", k, g, m);
		free(g);
		names_release(&who);
	}
	truth_figure(t, "growth.top", v);
}

void truth_growth(struct truth *t)
{
	growth_orgs(t);
	growth_top(t);
}
