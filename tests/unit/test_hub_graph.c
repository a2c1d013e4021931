// SPDX-License-Identifier: Apache-2.0
/* The stand-in's accounts: names, both directions of every relation, that everybody is reached, and what each source
 * shows. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/hub/buf.h"
#include "tests/hub/profile.h"
#include "tests/hub/when.h"
#include "tests/tap.h"

struct setting {
	const char *name;
	uint64_t users, models, datasets, spaces, seed;
	struct graph_opts graph;
};

static struct population *make(const struct setting *s)
{
	struct synth_opts o = { .n = { s->models, s->datasets, s->spaces },
				.users = s->users,
				.seed = s->seed,
				.until = when_date(2026, 11, 22),
				.all_time = true,
				.graph = s->graph };
	struct population *p = mem_new(sizeof *p);
	char text[128];
	population_init(p, NULL, &o, text, sizeof text);
	return p;
}

static void drop(struct population *p)
{
	population_release(p);
	free(p);
}

/* ---- names ---- */

static int cmp_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

static uint64_t hash_name(const char *s)
{
	uint64_t h = 0;
	for (; *s; s++)
		h = mix_nth(h, (unsigned char)*s | (*s >= 'A' && *s <= 'Z' ? 0x20u : 0));
	return h;
}

/* 2 … 42 letters, digits and single dashes, no dash at an end, not only digits. */
static bool valid_name(const char *s)
{
	size_t n = strlen(s);
	return n >= 2 && n <= 42 && strspn(s, "0123456789") < n &&
	       strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") == n && !strstr(s, "--") &&
	       s[0] != '-' && s[n - 1] != '-';
}

static void swap_case(char *s)
{
	for (; *s; s++)
		if ((*s >= 'A' && *s <= 'Z') || (*s >= 'a' && *s <= 'z'))
			*s = (char)(*s ^ 0x20);
}

static void test_names(void)
{
	static const struct setting s = { .users = 200000, .models = 4000, .seed = 5, .graph = { .quiet = 30 } };
	struct population *p = make(&s);
	const struct roster *r = &p->graph.roster;
	uint64_t *h = mem_new(r->n * sizeof *h), bad = 0, lost = 0, twins = 0, late = 0;
	char name[ACCOUNT_TEXT], oid[OID_TEXT];
	for (uint64_t a = 0; a < r->n; a++) {
		roster_name(r, a, name);
		bad += !valid_name(name);
		h[a] = hash_name(name);
		lost += roster_find(r, name) != a;
		swap_case(name);
		lost += roster_find(r, name) != a;
		roster_oid(r, a, oid);
		oid[8] = 0;
		late += (int64_t)strtoull(oid, NULL, 16) != roster_created(r, a) ||
			roster_created(r, a) > when_date(2026, 11, 22);
	}
	qsort(h, r->n, sizeof *h, cmp_u64);
	for (uint64_t a = 1; a < r->n; a++)
		twins += h[a] == h[a - 1];
	ok(r->ntaken > r->norg - (uint64_t)norg, "some invented names coincide (%llu), so that this is a test",
	   (unsigned long long)(r->ntaken - (r->norg - (uint64_t)norg)));
	ok(bad == 0, "all names are valid ones");
	ok(twins == 0, "no two accounts have the same name in lower case");
	ok(lost == 0, "a name in either case leads to its account");
	ok(late == 0, "an _id carries the time of creation");
	ok(roster_find(r, "nobody") == ACCOUNT_NONE && roster_find(r, "") == ACCOUNT_NONE &&
		   roster_find(r, "Ada-zzzzzz") == ACCOUNT_NONE,
	   "other names lead to nobody");
	free(h);
	drop(p);
}

static void test_ids(void)
{
	static const struct setting s = { .users = 30000, .models = 1000, .seed = 6 };
	struct population *p = make(&s);
	const struct roster *r = &p->graph.roster;
	char(*oid)[OID_TEXT] = mem_new(r->n * sizeof *oid);
	uint64_t year[3] = { 0 }, twins = 0;
	for (uint64_t a = 0; a < r->n; a++) {
		roster_oid(r, a, oid[a]);
		int64_t t = roster_created(r, a);
		for (int y = 0; y < 3; y++)
			year[y] += t >= when_date(2021 + 2 * y, 1, 1) && t < when_date(2022 + 2 * y, 1, 1);
	}
	qsort(oid, r->n, sizeof *oid, (int (*)(const void *, const void *))strcmp);
	for (uint64_t a = 1; a < r->n; a++)
		twins += !strcmp(oid[a], oid[a - 1]);
	ok(twins == 0, "no two accounts have the same _id");
	ok(year[0] * 3 < year[1] && year[1] < year[2], "there are more of 2025 than of 2023 and of 2021");
	free(oid);
	drop(p);
}

static void test_owners(void)
{
	static const struct setting s = {
		.users = 50000, .models = 20000, .datasets = 5000, .spaces = 3000, .seed = 3
	};
	struct population *p = make(&s);
	const struct roster *r = &p->graph.roster;
	uint64_t wrong = 0, of_orgs = 0, n[NKIND], sum = 0;
	char owner[OWNER_TEXT], name[ACCOUNT_TEXT];
	for (enum kind k = MODELS; k < NKIND; k++)
		for (uint64_t i = 0; i < p->n[k]; i++) {
			population_owner(p, k, i, owner);
			uint64_t a = roster_owner(r, k, i);
			roster_name(r, a, name);
			wrong += roster_find(r, owner) != a || strcasecmp(name, owner) != 0;
			of_orgs += roster_is_org(r, a);
		}
	ok(wrong == 0, "every author is an account");
	ok(of_orgs > 1000, "%llu repositories are an organisation's", (unsigned long long)of_orgs);
	wrong = 0;
	for (uint64_t a = 0; a < r->n; a++) {
		wrong += !roster_owned(r, a, n);
		sum += n[0] + n[1] + n[2];
		wrong += a >= r->nuser && a < r->nuser + r->nowner && n[0] + n[1] + n[2] == 0;
	}
	ok(wrong == 0 && sum == 28000, "repositories are counted once, organisations that shall own one do");
	drop(p);
}

/* ---- both directions ---- */

struct edges {
	uint64_t n, sum; /* number, and a sum that does not depend on the order */
	uint64_t twice, self;
	uint64_t longest;
};

static void add_edge(struct edges *e, uint64_t from, uint64_t to)
{
	e->n++;
	e->sum += mix64(from * 0x9e3779b97f4a7c15u + to);
	e->self += from == to;
}

/* All lists of a kind; the account in a list points at the list's host, or the other way round. */
static void walk_lists(const struct social_graph *g, enum sheet_kind kind, bool reverse, struct edges *e)
{
	uint64_t *seen = mem_new(g->roster.n * sizeof *seen);
	struct sheet t;
	memset(e, 0, sizeof *e);
	for (uint64_t a = 0; a < g->roster.n; a++) {
		sheet_open(&t, g, kind, a);
		e->longest = t.n > e->longest ? t.n : e->longest;
		for (uint64_t k = 0; k < t.n; k++) {
			uint64_t b = sheet_at(&t, k);
			e->twice += seen[b] == a + 1;
			seen[b] = a + 1;
			if (reverse)
				add_edge(e, a, b);
			else
				add_edge(e, b, a);
		}
	}
	free(seen);
}

static void test_mirror(const struct population *p, enum sheet_kind kind, enum sheet_kind inverse)
{
	struct edges a, b;
	walk_lists(&p->graph, kind, false, &a);
	walk_lists(&p->graph, inverse, true, &b);
	ok(a.n == b.n && a.sum == b.sum, "%d and %d are the same %llu edges", (int)kind, (int)inverse,
	   (unsigned long long)a.n);
	ok(a.twice + b.twice + a.self + b.self == 0, "nobody twice in a list, nobody in his own (longest %llu, %llu)",
	   (unsigned long long)a.longest, (unsigned long long)b.longest);
}

static void test_likes(const struct population *p)
{
	const struct social_graph *g = &p->graph;
	struct row_space *space = mem_new(sizeof *space);
	uint64_t *seen = mem_new(g->roster.n * sizeof *seen), wrong = 0, twice = 0, mark = 0, state, i, most = 0;
	struct edges a = { 0 }, b = { 0 };
	struct liked d;
	struct row row;
	for (enum kind k = MODELS; k < NKIND; k++)
		for (i = 0; i < p->n[k]; i++) {
			likes_open(&g->likes[k], i, &d);
			population_row(p, k, i, &row, space);
			wrong += d.n != (uint64_t)row.likes;
			mark++;
			for (uint64_t j = 0; j < d.n; j++) {
				uint64_t u = graph_liker(g, &d, j);
				twice += seen[u] == mark;
				seen[u] = mark;
				add_edge(&a, u, i * NKIND + k);
			}
		}
	for (uint64_t u = 0; u < g->roster.nuser; u++) {
		uint64_t before = b.n;
		for (enum kind k = MODELS; k < NKIND; k++)
			for (state = 0; graph_likes_next(g, k, u, &state, &i);)
				add_edge(&b, u, i * NKIND + k);
		most = b.n - before > most ? b.n - before : most;
	}
	ok(wrong == 0 && twice == 0, "as many different likers as likes");
	ok(a.n == b.n && a.sum == b.sum && a.n > 0, "likers and likes are the same %llu edges (most: %llu)",
	   (unsigned long long)a.n, (unsigned long long)most);
	free(seen);
	free(space);
}

static void test_directions(void)
{
	static const struct setting s = { .users = 20000,
					  .models = 6000,
					  .datasets = 2000,
					  .spaces = 2000,
					  .seed = 9,
					  .graph = { .deep = 0.1, .quiet = 10 } };
	struct population *p = make(&s);
	test_mirror(p, SHEET_FOLLOWERS, SHEET_FOLLOWING);
	test_mirror(p, SHEET_MEMBERS, SHEET_OVERVIEW);
	test_likes(p);
	uint64_t orgs_followed = 0, followers = 0, hidden = 0;
	struct sheet t;
	for (uint64_t a = 0; a < p->graph.roster.n; a++) {
		sheet_open(&t, &p->graph, SHEET_ORG_FOLLOWERS, a);
		followers += t.n;
		if (a < p->graph.roster.nuser)
			orgs_followed += graph_following_orgs(&p->graph, a);
		else
			hidden += graph_private(&p->graph, a - p->graph.roster.nuser);
	}
	ok(followers == orgs_followed && followers >= 18000, "organisations have as many followers as users follow");
	ok(hidden > 0 && hidden * 4 < p->graph.roster.norg, "%llu organisations hide their members",
	   (unsigned long long)hidden);
	drop(p);
}

/* ---- reach ---- */

struct reach {
	const struct social_graph *g;
	bool *seen, without_leaves;
	uint64_t *queue, n;
};

static void arrive(struct reach *w, uint64_t a)
{
	if (w->seen[a])
		return;
	w->seen[a] = true;
	w->queue[w->n++] = a;
}

/* Only what stands in the argument of graph.h: followers, and overviews. */
static void leave(struct reach *w, uint64_t a)
{
	static const enum sheet_kind kinds[] = { SHEET_ORG_FOLLOWERS, SHEET_FOLLOWERS, SHEET_OVERVIEW };
	struct sheet t;
	if (w->without_leaves && graph_leaf(w->g, a))
		return;
	for (size_t k = 0; k < 3; k++) {
		sheet_open(&t, w->g, kinds[k], a);
		for (uint64_t j = 0; j < t.n; j++)
			arrive(w, sheet_at(&t, j));
	}
}

static uint64_t count_reached(const struct population *p, bool without_leaves)
{
	struct reach w = { .g = &p->graph, .without_leaves = without_leaves };
	w.seen = mem_new(w.g->roster.n * sizeof *w.seen);
	w.queue = mem_new(w.g->roster.n * sizeof *w.queue);
	for (enum kind k = MODELS; k < NKIND; k++)
		for (uint64_t i = 0; i < p->n[k]; i++)
			arrive(&w, roster_owner(&w.g->roster, k, i));
	for (uint64_t k = 0; k < w.n; k++)
		leave(&w, w.queue[k]);
	free(w.seen);
	free(w.queue);
	return w.n;
}

static void test_reach(void)
{
	static const struct setting settings[] = {
		{ "the default", 20000, 3000, 300, 300, 1, { .deep = 0.1 } },
		{ "a few more seeds", 20000, 3000, 0, 0, 77, { .deep = 0.1 } },
		{ "shallow", 20000, 3000, 0, 0, 2, { .deep = 0 } },
		{ "only followers of users", 20000, 3000, 0, 0, 3, { .deep = 1 } },
		{ "quiet organisations", 20000, 1000, 0, 0, 4, { .deep = 0.5, .quiet = 200 } },
		{ "few repositories", 20000, 1, 0, 0, 5, { .deep = 0.3 } },
		{ "one dataset", 3000, 0, 1, 0, 6, { .deep = 0.3 } },
		{ "one Space", 3000, 0, 0, 1, 8, { .deep = 0.3 } },
		{ "one user", 1, 10, 0, 0, 7, { .deep = 0.1 } },
		{ "two users", 2, 1, 1, 1, 7, { .deep = 0.5 } },
		{ "fifty users", 50, 100, 0, 0, 7, { .deep = 0.1 } },
		{ "a million users", 1000000, 5000, 0, 0, 1, { .deep = 0.1 } },
	};
	for (size_t k = 0; k < sizeof settings / sizeof *settings; k++) {
		struct population *p = make(&settings[k]);
		uint64_t n = p->graph.roster.n, got = count_reached(p, false);
		ok(got == n, "%s: %llu of %llu accounts are reached", settings[k].name, (unsigned long long)got,
		   (unsigned long long)n);
		ok(k + 1 == sizeof settings / sizeof *settings || count_reached(p, true) == n,
		   "%s: and when all have vanished that may", settings[k].name);
		drop(p);
	}
}

/* ---- independent ---- */

static void mark_lists(const struct social_graph *g, enum sheet_kind kind, uint8_t *seen)
{
	struct sheet t;
	for (uint64_t a = 0; a < g->roster.n; a++) {
		sheet_open(&t, g, kind, a);
		for (uint64_t k = 0; k < t.n; k++)
			seen[sheet_at(&t, k)] |= (uint8_t)(1 << kind);
	}
}

static void mark_likers(const struct population *p, uint8_t *seen)
{
	struct liked d;
	for (enum kind k = MODELS; k < NKIND; k++)
		for (uint64_t i = 0; i < p->n[k]; i++) {
			likes_open(&p->graph.likes[k], i, &d);
			for (uint64_t j = 0; j < d.n; j++)
				seen[graph_liker(&p->graph, &d, j)] |= 1 << SHEET_OVERVIEW; /* its bit is free */
		}
}

static void test_independent(void)
{
	static const struct setting s = {
		.users = 30000, .models = 20000, .seed = 2, .graph = { .independent = true, .capture = 0.2 }
	};
	struct population *p = make(&s);
	uint64_t n = p->graph.roster.nuser, far = 0, none = 0, off = 0;
	uint8_t *seen = mem_new(p->graph.roster.n);
	for (int k = 0; k < SHEET_OVERVIEW; k++)
		mark_lists(&p->graph, (enum sheet_kind)k, seen);
	mark_likers(p, seen);
	for (int a = 0; a <= SHEET_OVERVIEW; a++)
		for (int b = 0; b <= a; b++) {
			uint64_t both = 0;
			for (uint64_t u = 0; u < n; u++)
				both += (seen[u] >> a & 1) && (seen[u] >> b & 1);
			double share = a == b ? 0.2 : 0.04, mean = share * (double)n;
			if (a == b)
				off += fabs((double)both - mean) > 0.01 * mean;
			else
				far += fabs((double)both - mean) > 4 * sqrt(mean * (1 - share));
		}
	for (uint64_t u = 0; u < n; u++)
		none += seen[u] == 0;
	ok(off == 0, "each source shows a fifth of the users");
	ok(far == 0, "two sources have as many in common as chance gives");
	ok(fabs((double)none / (double)n - pow(0.8, 5)) < 0.012, "a third is in no list: %llu of %llu",
	   (unsigned long long)none, (unsigned long long)n);
	free(seen);
	drop(p);
}

static void test_spread(void)
{
	static const struct spread all[] = {
		{ 1, 1 }, { 5, 5 }, { 7, 3 }, { 1000, 1 }, { 13000000, 36462 }, { 12, 11 }
	};
	for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
		const struct spread *s = &all[k];
		uint64_t bad = spread_from(s, 0) != 0 || spread_from(s, s->t) != s->n;
		for (uint64_t t = 0; t < s->t; t++) {
			uint64_t from = spread_from(s, t), end = spread_from(s, t + 1);
			bad += end <= from || spread_of(s, from) != t || spread_of(s, end - 1) != t;
		}
		ok(bad == 0, "%llu places for %llu", (unsigned long long)s->n, (unsigned long long)s->t);
	}
}

int main(void)
{
	test_spread();
	test_names();
	test_ids();
	test_owners();
	test_directions();
	test_reach();
	test_independent();
	return plan_done();
}
