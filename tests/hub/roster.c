/* SPDX-License-Identifier: Apache-2.0 */
#include "roster.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "when.h"

/* Repositories up to which all owners are looked at, and about how many are where there are more. */
enum { SCAN_MAX = 1000000, SCAN_SAMPLE = 250000 };

/* One account in 200 is an organisation, if as many groups own something. */
enum { PER_ORG = 200 };

/* ---- growth ---- */

/* The shape alone is meant: few accounts before 2022, half of all since 2025; about 13 million in November 2026. */
static const struct {
	int year;
	double cumulative;
} growth[] = { { 2017, 0 },     { 2018, 0.0004 }, { 2019, 0.0015 }, { 2020, 0.006 }, { 2021, 0.019 }, { 2022, 0.045 },
	       { 2023, 0.115 }, { 2024, 0.26 },   { 2025, 0.47 },   { 2026, 0.77 },  { 2027, 1.03 } };
enum { NGROWTH = sizeof growth / sizeof growth[0] };

static double year_start(int k)
{
	return (double)when_date(growth[k].year, 1, 1);
}

/* Straight between the years' beginnings, and beyond the last one. */
static double growth_at(double t)
{
	int k = 0;
	while (k < NGROWTH - 2 && t > year_start(k + 1))
		k++;
	double a = year_start(k), b = year_start(k + 1);
	return growth[k].cumulative + (growth[k + 1].cumulative - growth[k].cumulative) * (t - a) / (b - a);
}

static double growth_inverse(double v)
{
	int k = 0;
	while (k < NGROWTH - 2 && v > growth[k + 1].cumulative)
		k++;
	double a = year_start(k), b = year_start(k + 1);
	return a + (b - a) * (v - growth[k].cumulative) / (growth[k + 1].cumulative - growth[k].cumulative);
}

/* Accounts are created in the order of their ages, which has nothing to do with their numbers. */
static int64_t created(const struct roster *r, uint64_t age)
{
	return (int64_t)growth_inverse((double)(age + 1) / (double)r->n * r->top);
}

int64_t roster_created(const struct roster *r, uint64_t a)
{
	return created(r, perm_apply(&r->age, a));
}

void roster_oid(const struct roster *r, uint64_t a, char oid[OID_TEXT])
{
	uint64_t age = perm_apply(&r->age, a), step = UINT64_MAX / (r->n + 2);
	oid_format(oid, (uint32_t)created(r, age), (age + 1) * step + roster_hash(r, a) % step);
}

uint64_t roster_hash(const struct roster *r, uint64_t a)
{
	return mix_nth(r->seed, 1000 + a);
}

/* ---- numbers ---- */

/* Number of exceptions below index i. */
static uint64_t taken_below(const struct roster *r, uint64_t i)
{
	uint64_t lo = 0, hi = r->ntaken;
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		if (r->taken[mid] < i)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The index of user u: the u-th that is no exception. */
static uint64_t index_of(const struct roster *r, uint64_t u)
{
	uint64_t lo = 0, hi = r->ntaken;
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		if (r->taken[mid] - mid <= u)
			lo = mid + 1;
		else
			hi = mid;
	}
	return u + lo;
}

static uint64_t invented_users(const struct roster *r)
{
	return r->nindex - r->ntaken;
}

static uint64_t org_of_index(const struct roster *r, uint64_t i)
{
	for (int part = 0; part < 4; part += 2) {
		uint64_t lo = r->invented[part], hi = r->invented[part + 1];
		while (lo < hi) {
			uint64_t mid = lo + (hi - lo) / 2;
			if (r->org[mid] == i)
				return mid;
			if (r->org[mid] < i)
				lo = mid + 1;
			else
				hi = mid;
		}
	}
	return ACCOUNT_NONE;
}

/* packers[] names some twice, as a weight. */
static int first_packer(int k)
{
	for (int j = 0; j < k; j++)
		if (!strcmp(packers[j], packers[k]))
			return j;
	return k;
}

static uint64_t account_of_packer(const struct roster *r, int k)
{
	uint64_t a = invented_users(r);
	k = first_packer(k);
	for (int j = 0; j < k; j++)
		a += first_packer(j) == j;
	return a;
}

static const char *packer_name(const struct roster *r, uint64_t a)
{
	for (int k = 0; k < npacker; k++)
		if (account_of_packer(r, k) == a)
			return packers[k];
	return "";
}

/* A name that two indices have belongs to the smaller one. */
static uint64_t account_of_index(const struct roster *r, uint64_t i)
{
	char name[ACCOUNT_TEXT];
	uint64_t below = taken_below(r, i), o;
	if (below == r->ntaken || r->taken[below] != i)
		return i - below;
	o = org_of_index(r, i);
	if (o != ACCOUNT_NONE)
		return r->nuser + o;
	user_name(name, i);
	return user_find(name, i, &o) ? account_of_index(r, o) : ACCOUNT_NONE;
}

uint64_t roster_find(const struct roster *r, const char *name)
{
	uint64_t i;
	int k = org_find(name);
	if (k >= 0)
		return r->nuser + r->named[k];
	for (k = 0; k < npacker; k++)
		if (!strcasecmp(packers[k], name))
			return account_of_packer(r, k);
	return user_find(name, r->nindex, &i) ? account_of_index(r, i) : ACCOUNT_NONE;
}

uint64_t roster_owner(const struct roster *r, enum kind kind, uint64_t row)
{
	struct owner w = synth_owner_of(r->synth, kind, row);
	if (w.org >= 0)
		return r->nuser + r->named[w.org];
	return w.packer >= 0 ? account_of_packer(r, w.packer) : account_of_index(r, w.user);
}

size_t roster_name(const struct roster *r, uint64_t a, char out[ACCOUNT_TEXT])
{
	uint64_t i = a >= r->nuser ? r->org[a - r->nuser] : a < invented_users(r) ? index_of(r, a) : r->nindex;
	if (i < r->nindex)
		user_name(out, i);
	else if (a >= r->nuser)
		str_put(out, ACCOUNT_TEXT, orgs[i - r->nindex].name);
	else
		str_put(out, ACCOUNT_TEXT, packer_name(r, a));
	return strlen(out);
}

/* ---- set-up ---- */

static int cmp_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

static uint64_t sort_unique(uint32_t *p, uint64_t n)
{
	uint64_t m = 0;
	if (n)
		qsort(p, n, sizeof *p, cmp_u32);
	for (uint64_t k = 0; k < n; k++)
		if (m == 0 || p[m - 1] != p[k])
			p[m++] = p[k];
	return m;
}

static uint64_t rows_of(const struct roster *r)
{
	const uint64_t *n = r->synth->opts.n;
	return n[MODELS] + n[DATASETS] + n[SPACES];
}

/* What a look at the repositories tells: which of orgs[] own any, and which invented names do. */
struct scan {
	bool *named;
	uint32_t *index; /* ascending, each once */
	uint64_t n;
};

static void scan_owners(const struct roster *r, struct scan *c)
{
	uint64_t rows = rows_of(r), step = rows > SCAN_MAX ? rows / SCAN_SAMPLE : 1;
	c->named = mem_new((size_t)norg * sizeof *c->named);
	c->index = mem_new((rows / step + 3) * sizeof *c->index);
	c->n = 0;
	for (enum kind k = MODELS; k < NKIND; k++)
		for (uint64_t i = 0; i < r->synth->opts.n[k]; i += step) {
			struct owner w = synth_owner_of(r->synth, k, i);
			if (w.org >= 0)
				c->named[w.org] = true;
			else if (w.packer < 0)
				c->index[c->n++] = (uint32_t)w.user;
		}
	c->n = sort_unique(c->index, c->n);
}

static bool is_taken(const struct roster *r, uint64_t i)
{
	uint64_t k = taken_below(r, i);
	return k < r->ntaken && r->taken[k] == i;
}

static void add_named(struct roster *r, const struct scan *c, bool own)
{
	for (int k = 0; k < norg; k++)
		if (c->named[k] == own) {
			r->named[k] = (uint32_t)r->norg;
			r->org[r->norg++] = (uint32_t)(r->nindex + (uint64_t)k);
		}
}

static void add_owners(struct roster *r, const struct scan *c)
{
	uint64_t most = r->nindex / PER_ORG + 1;
	r->invented[0] = r->norg;
	for (uint64_t k = 0; k < c->n && r->norg - r->invented[0] < most; k++)
		if (user_is_group(c->index[k]) && !is_taken(r, c->index[k]))
			r->org[r->norg++] = c->index[k];
	r->invented[1] = r->norg;
}

/* Groups from the far end of the indices, where there are few owners. */
static void add_quiet(struct roster *r, const struct scan *c)
{
	uint64_t want = r->synth->opts.graph.quiet, i = r->nindex;
	r->invented[2] = r->norg;
	while (want > 0 && i > r->nindex / 2) {
		uint32_t index = (uint32_t)--i;
		if (!user_is_group(i) || is_taken(r, i) ||
		    (c->n && bsearch(&index, c->index, c->n, sizeof index, cmp_u32)))
			continue;
		r->org[r->norg++] = index;
		want--;
	}
	r->invented[3] = r->norg;
	if (r->norg > r->invented[2])
		qsort(r->org + r->invented[2], r->norg - r->invented[2], sizeof *r->org, cmp_u32);
}

static void add_orgs(struct roster *r, const struct scan *c)
{
	uint64_t most = (uint64_t)norg + r->nindex / PER_ORG + 1 + r->synth->opts.graph.quiet;
	r->org = mem_new(most * sizeof *r->org);
	r->named = mem_new((size_t)norg * sizeof *r->named);
	add_named(r, c, true);
	add_owners(r, c);
	r->nowner = r->norg;
	add_quiet(r, c);
	add_named(r, c, false);
	r->taken = mem_grow(r->taken, (r->ntaken + r->norg) * sizeof *r->taken);
	for (uint64_t o = 0; o < r->norg; o++)
		if (r->org[o] < r->nindex)
			r->taken[r->ntaken++] = r->org[o];
	r->ntaken = sort_unique(r->taken, r->ntaken);
}

/* The owner who publishes most is a good place to begin. */
static void find_root(struct roster *r, const struct scan *c)
{
	r->root = ACCOUNT_NONE;
	for (uint64_t k = 0; k < c->n && r->root == ACCOUNT_NONE; k++) {
		uint64_t a = account_of_index(r, c->index[k]);
		r->root = roster_is_org(r, a) ? ACCOUNT_NONE : a;
	}
	for (enum kind k = MODELS; k < NKIND && r->root == ACCOUNT_NONE; k++)
		for (uint64_t i = 0; i < r->synth->opts.n[k] && i < SCAN_SAMPLE && r->root == ACCOUNT_NONE; i++) {
			uint64_t a = roster_owner(r, k, i);
			r->root = roster_is_org(r, a) ? ACCOUNT_NONE : a;
		}
}

static void count_owned(struct roster *r)
{
	uint64_t rows = rows_of(r);
	if (rows > SCAN_MAX)
		return;
	r->owned = mem_new(rows * sizeof *r->owned);
	for (enum kind k = MODELS; k < NKIND; k++)
		for (uint64_t i = 0; i < r->synth->opts.n[k]; i++)
			r->owned[r->nowned++] = (uint32_t)(roster_owner(r, k, i) * NKIND + k);
	if (rows)
		qsort(r->owned, rows, sizeof *r->owned, cmp_u32);
}

static uint64_t owned_below(const struct roster *r, uint64_t key)
{
	uint64_t lo = 0, hi = r->nowned;
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		if (r->owned[mid] < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool roster_owned(const struct roster *r, uint64_t a, uint64_t n[NKIND])
{
	for (uint64_t k = 0; k < NKIND; k++)
		n[k] = r->owned ? owned_below(r, a * NKIND + k + 1) - owned_below(r, a * NKIND + k) : 0;
	return r->owned != NULL;
}

void roster_init(struct roster *r, const struct synth *s)
{
	struct scan c;
	memset(r, 0, sizeof *r);
	r->synth = s;
	r->seed = mix_nth(s->opts.seed, 400);
	r->nindex = s->opts.users;
	r->ntaken = user_twins(r->nindex, &r->taken);
	scan_owners(r, &c);
	add_orgs(r, &c);
	r->nuser = invented_users(r);
	for (int k = 0; k < npacker; k++)
		r->nuser += first_packer(k) == k;
	r->n = r->nuser + r->norg;
	r->top = growth_at((double)s->opts.until);
	perm_init(&r->age, r->n, mix_nth(r->seed, 1));
	find_root(r, &c);
	count_owned(r);
	free(c.named);
	free(c.index);
}

void roster_release(struct roster *r)
{
	free(r->taken);
	free(r->org);
	free(r->named);
	free(r->owned);
	memset(r, 0, sizeof *r);
}
