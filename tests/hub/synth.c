/* SPDX-License-Identifier: Apache-2.0 */
#include "synth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "flagship.h"
#include "when.h"

/* Published shares of downloads by country of the publisher over the past year: China 41 %, US 36.5 %; a little more is
 * aimed at, because the orgs table does not know everybody. The rest is for others. */
static const double region_goal[NREGION] = { 0.412, 0.367, 0.065 };

/* How the countries' weight changes with the year of creation; the goal above holds over all years. */
static const double region_tilt[ACCOUNT_YEARS][NREGION] = {
	{ 0.10, 0.70, 0.20 }, { 0.22, 0.60, 0.18 }, { 0.38, 0.50, 0.12 }, { 0.58, 0.32, 0.10 }, { 0.62, 0.28, 0.10 }
};

/* Individuals: independent developers went from 17 to 39 % while this happened; here the regions' goals come first. */
static const double user_tilt[ACCOUNT_YEARS] = { 0.10, 0.13, 0.16, 0.20, 0.20 };

uint64_t synth_hash(const struct synth *s, enum kind kind, uint64_t i)
{
	return mix64(s->kind[kind].seed + i * 0x9e3779b97f4a7c15u);
}

int synth_year(const struct synth_kind *k, uint64_t i)
{
	int y = ACCOUNT_YEARS - 1;
	while (y > 0 && i < k->year[y])
		y--;
	return y;
}

static int cmp_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

static uint64_t moved(const struct moves *m, uint64_t x)
{
	const uint64_t *p = bsearch(&x, m->from, (size_t)m->n, sizeof x, cmp_u64);
	return p ? m->to[p - m->from] : x;
}

int synth_flag(const struct synth *s, uint64_t i)
{
	const uint64_t *p = bsearch(&i, s->flag_index, (size_t)s->nflag, sizeof i, cmp_u64);
	return p ? (int)(p - s->flag_index) : -1;
}

/* ---- set-up ---- */

static void years_init(struct synth_kind *k)
{
	k->year[0] = 0;
	for (int y = 1; y <= ACCOUNT_YEARS; y++)
		k->year[y] = curve_count(&k->curve, when_date(CURVE_FIRST_YEAR + y, 1, 1));
	k->year[ACCOUNT_YEARS] = k->n; /* later years count as the last */
}

/* Rows for the flagships: the first free one of the month of their release. A small population has only some. */
static void flagships_init(struct synth *s)
{
	const struct synth_kind *k = &s->kind[MODELS];
	s->nflag = 0;
	if (k->n < 2000)
		return;
	for (int b = 0; b < nflagship; b++) {
		const struct flagship *f = &flagships[b];
		bool old = f->year == 2022 && f->month == 3;
		uint64_t i = old ? (uint64_t)b : curve_count(&k->curve, when_date(f->year, f->month, 1 + b % 28));
		while (synth_flag(s, i) >= 0)
			i++;
		if (i >= k->n)
			continue;
		int at = s->nflag++;
		for (; at > 0 && s->flag_index[at - 1] > i; at--) {
			s->flag_index[at] = s->flag_index[at - 1];
			s->flag_of[at] = s->flag_of[at - 1];
		}
		s->flag_index[at] = i;
		s->flag_of[at] = b;
	}
}

static void moves_add(struct moves *m, uint64_t from, uint64_t to)
{
	int at = m->n++;
	for (; at > 0 && m->from[at - 1] > from; at--) {
		m->from[at] = m->from[at - 1];
		m->to[at] = m->to[at - 1];
	}
	m->from[at] = from;
	m->to[at] = to;
}

static bool has(const uint64_t *x, int n, uint64_t v)
{
	for (int i = 0; i < n; i++)
		if (x[i] == v)
			return true;
	return false;
}

/* Flagship number b gets rank 3b, the first four lead; whoever had that rank gets one that a flagship leaves. */
static void ranks_init(struct synth *s)
{
	uint64_t drawn[SYNTH_FLAGSHIPS] = { 0 }, wanted[SYNTH_FLAGSHIPS] = { 0 };
	s->up.n = s->down.n = 0;
	for (int f = 0; f < s->nflag; f++) {
		drawn[f] = perm_apply(&s->kind[MODELS].perm[SORT_DOWNLOADS], s->flag_index[f]);
		wanted[f] = (uint64_t)(s->flag_of[f] < 4 ? s->flag_of[f] : 3 * s->flag_of[f]);
		moves_add(&s->up, drawn[f], wanted[f]);
	}
	int free_at = 0;
	for (int f = 0; f < s->nflag; f++) {
		if (has(drawn, s->nflag, wanted[f]))
			continue;
		while (has(wanted, s->nflag, drawn[free_at]))
			free_at++;
		moves_add(&s->up, wanted[f], drawn[free_at++]);
	}
	for (int m = 0; m < s->up.n; m++)
		moves_add(&s->down, s->up.to[m], s->up.from[m]);
}

/* The parents whose growth was published: Baidu none in 2024 and more than a hundred in 2025, ByteDance and Tencent 8-9
 * times. */
static void slots_init(struct synth *s)
{
	uint64_t n = s->kind[MODELS].n, base = 12 + n / 100000;
	const struct quota_row all[SYNTH_SLOTS] = { { SPECIAL_BAIDU, 3, 104 + n / 100000 },
						    { SPECIAL_BYTEDANCE, 2, base },
						    { SPECIAL_BYTEDANCE, 3, base * 17 / 2 },
						    { SPECIAL_TENCENT, 2, base + 2 },
						    { SPECIAL_TENCENT, 3, (base + 2) * 33 / 4 } };
	memcpy(s->slot, all, sizeof all);
}

/* Is i one of `count` places spread over [lo, hi), each shifted by `phase` of their distance? The shift is at least one
 * row and less than the distance, so the place that could be i follows from one division. */
static bool on_slot(uint64_t i, uint64_t lo, uint64_t hi, uint64_t count, double phase)
{
	if (i < lo || i >= hi || count == 0)
		return false;
	uint64_t len = hi - lo, x = i - lo, gap = len / count, shift = (uint64_t)(phase * (double)gap);
	return x * count / len * len / count + shift == x;
}

bool synth_slotted(const struct synth *s, uint64_t i, enum special *parent)
{
	static const double phase[SYNTH_SLOTS] = { 0.11, 0.31, 0.53, 0.71, 0.87 };
	const struct synth_kind *k = &s->kind[MODELS];
	if (k->n < 20000 || i < k->year[2] || i >= k->year[4])
		return false;
	for (int q = 0; q < SYNTH_SLOTS; q++) {
		const struct quota_row *r = &s->slot[q];
		if (on_slot(i, k->year[r->year], k->year[r->year + 1], r->count, phase[q]) && synth_flag(s, i) < 0) {
			*parent = r->parent;
			return true;
		}
	}
	return false;
}

/* ---- owners ---- */

static bool org_active(const struct org *o, enum kind kind, int year)
{
	/* The special parents' models of 2024 and 2025 come from their slots alone. */
	bool set = kind == MODELS && (year == 2 || year == 3);
	return o->special == SPECIAL_NO ? o->weight[year] > 0 : o->weight[year] > 0 && !set;
}

static int org_draw(enum kind kind, int year, enum region region, uint64_t h)
{
	unsigned total = 0;
	for (int o = 0; o < norg; o++)
		if (orgs[o].region == region && org_active(&orgs[o], kind, year))
			total += orgs[o].weight[year];
	uint64_t x = mix_below(h, total ? total : 1);
	for (int o = 0; o < norg; o++) {
		if (orgs[o].region != region || !org_active(&orgs[o], kind, year))
			continue;
		if (x < orgs[o].weight[year])
			return o;
		x -= orgs[o].weight[year];
	}
	return -1;
}

static int special_draw(enum special parent, uint64_t h)
{
	int found[4], n = 0;
	for (int o = 0; o < norg && n < 4; o++)
		if (orgs[o].special == parent)
			found[n++] = o;
	return n ? found[mix_below(h, (uint64_t)n)] : -1;
}

/* How likely an organisation is behind a row at quantile u of the downloads. */
static double org_chance(enum kind kind, double u)
{
	if (kind == SPACES)
		return 0.04;
	double top = kind == MODELS ? 0.92 : 0.5;
	return u < 0.1 ? top : u < 0.3 ? 0.45 * top : 0.08 * top;
}

static enum region region_draw(const struct synth_kind *k, int year, uint64_t h)
{
	double w[NREGION], sum = 0, x = mix_unit(h);
	for (int c = 0; c < NREGION; c++)
		sum += w[c] = region_tilt[year][c] * k->lean[c];
	x *= sum;
	return x < w[0] ? REGION_CN : x < w[0] + w[1] ? REGION_US : REGION_OTHER;
}

/* Index in orgs[], or -1: a user. */
static int owner_org(const struct synth *s, enum kind kind, uint64_t i)
{
	const struct synth_kind *k = &s->kind[kind];
	uint64_t h = synth_hash(s, kind, i);
	enum special parent;
	if (kind == MODELS) {
		int f = synth_flag(s, i);
		if (f >= 0) {
			char name[ACCOUNT_TEXT] = "";
			const char *id = flagships[s->flag_of[f]].id;
			memcpy(name, id, (size_t)(strchr(id, '/') - id));
			return org_find(name);
		}
		if (synth_slotted(s, i, &parent))
			return special_draw(parent, mix_nth(h, 3));
	}
	uint64_t r = synth_pos(s, kind, SORT_DOWNLOADS, i);
	if (r < k->nhead)
		return k->head[r];
	if (mix_unit(mix_nth(h, 4)) >= org_chance(kind, (double)r / (double)k->n))
		return -1;
	int y = synth_year(k, i);
	return org_draw(kind, y, region_draw(k, y, mix_nth(h, 5)), mix_nth(h, 6));
}

struct owner synth_owner_of(const struct synth *s, enum kind kind, uint64_t i)
{
	struct owner w = { .org = owner_org(s, kind, i), .packer = -1 };
	uint64_t h = mix_nth(synth_hash(s, kind, i), 7);
	if (w.org >= 0)
		return w;
	if (kind == MODELS && !strcmp(synth_relation(s, i), "quantized") && mix_unit(mix_nth(h, 1)) < 0.3) {
		w.packer = (int)mix_below(mix_nth(h, 2), (uint64_t)npacker);
		return w;
	}
	/* A few people publish most: the index falls towards 0. */
	double u = mix_unit(h);
	w.user = (uint64_t)(pow(u, 2.5) * (double)s->opts.users);
	return w;
}

void synth_owner(const struct synth *s, enum kind kind, uint64_t i, char name[ACCOUNT_TEXT])
{
	struct owner w = synth_owner_of(s, kind, i);
	if (w.org >= 0)
		str_put(name, ACCOUNT_TEXT, orgs[w.org].name);
	else if (w.packer >= 0)
		str_put(name, ACCOUNT_TEXT, packers[w.packer]);
	else
		user_name(name, w.user);
}

/* What the tail behind the head table gives each region, and altogether. */
static double tail_regions(const struct synth_kind *k, enum kind kind, double part[NREGION])
{
	double sum = 0, share[NREGION] = { 0 };
	for (int y = 0; y < ACCOUNT_YEARS; y++) {
		double rows = (double)(k->year[y + 1] - k->year[y]) / (double)k->n, w = 0;
		for (int c = 0; c < NREGION; c++)
			w += region_tilt[y][c] * k->lean[c];
		for (int c = 0; c < NREGION; c++)
			share[c] += rows * region_tilt[y][c] * k->lean[c] / w;
	}
	for (int c = 0; c < NREGION; c++)
		part[c] = 0;
	for (double r = (double)k->nhead; r < k->recent.n;) {
		double step = fmin(floor(r / 500) + 1, k->recent.n - r), mid = r + (step - 1) / 2;
		double v = floor(ladder_at(&k->recent, mid)) * step;
		sum += v;
		for (int c = 0; c < NREGION; c++)
			part[c] += v * org_chance(kind, mid / (double)k->n) * share[c];
		r += step;
	}
	return sum;
}

/* Weights of the four classes (regions, users) for a row of a year, before the gains are applied. */
static void head_weights(int year, const double gain[NREGION + 1], double w[NREGION + 1])
{
	double sum = 0;
	for (int c = 0; c <= NREGION; c++)
		sum += w[c] = gain[c] * (c < NREGION ? region_tilt[year][c] * (1 - user_tilt[year]) : user_tilt[year]);
	for (int c = 0; c <= NREGION; c++)
		w[c] /= sum;
}

struct head_plan {
	double value[SYNTH_HEAD]; /* downloads */
	int year[SYNTH_HEAD];
	bool fixed[SYNTH_HEAD];   /* the owner is given by other rules */
	double need[NREGION + 1]; /* downloads each class still has to get from the rows that are free */
};

static void head_measure(struct synth *s, enum kind kind, struct head_plan *p)
{
	struct synth_kind *k = &s->kind[kind];
	double part[NREGION], total = tail_regions(k, kind, part), got[NREGION + 1] = { 0 };
	for (int c = 0; c < NREGION; c++)
		got[c] = part[c];
	for (uint64_t r = 0; r < k->nhead; r++) {
		enum special parent;
		uint64_t i = synth_at(s, kind, SORT_DOWNLOADS, r);
		p->value[r] = floor(ladder_at(&k->recent, (double)r));
		p->year[r] = synth_year(k, i);
		p->fixed[r] = kind == MODELS && (synth_flag(s, i) >= 0 || synth_slotted(s, i, &parent));
		total += p->value[r];
		if (!p->fixed[r])
			continue;
		int o = owner_org(s, kind, i);
		got[o < 0 ? NREGION : orgs[o].region] += p->value[r];
	}
	double users = 1;
	for (int c = 0; c < NREGION; c++) {
		users -= region_goal[c];
		p->need[c] = fmax(region_goal[c] * total - got[c], 0);
	}
	/* The tail's users are what its regions leave. */
	double tail_users = tail_regions(k, kind, part) - part[0] - part[1] - part[2];
	p->need[NREGION] = fmax(users * total - got[NREGION] - tail_users, 0);
}

/* Gains such that the free rows' expected downloads per class are in the proportion of what is needed. */
static void head_gains(const struct head_plan *p, uint64_t n, double gain[NREGION + 1])
{
	double want = p->need[0] + p->need[1] + p->need[2] + p->need[3], all = 0;
	for (int c = 0; c <= NREGION; c++)
		gain[c] = 1;
	for (uint64_t r = 0; r < n; r++)
		all += p->fixed[r] ? 0 : p->value[r];
	for (int round = 0; round < 40 && want > 0 && all > 0; round++) {
		double sum[NREGION + 1] = { 0 }, w[NREGION + 1];
		for (uint64_t r = 0; r < n; r++) {
			if (p->fixed[r])
				continue;
			head_weights(p->year[r], gain, w);
			for (int c = 0; c <= NREGION; c++)
				sum[c] += w[c] * p->value[r];
		}
		for (int c = 0; c <= NREGION; c++)
			gain[c] *= fmax(p->need[c] / want * all, all * 1e-6) / fmax(sum[c], all * 1e-9);
	}
}

/* Owners of the most downloaded rows, by error diffusion in rank order: each row goes to the class with the largest
 * deficit, so that the shares come out as published although a handful of rows hold half of everything. */
static void head_init(struct synth *s, enum kind kind)
{
	struct synth_kind *k = &s->kind[kind];
	struct head_plan *p = calloc(1, sizeof *p);
	double gain[NREGION + 1], w[NREGION + 1], debt[NREGION + 1] = { 0 };
	k->nhead = 0;
	if (!p)
		abort();
	uint64_t nhead = k->n / 8 < SYNTH_HEAD ? k->n / 8 : SYNTH_HEAD;
	k->nhead = nhead;
	head_measure(s, kind, p);
	head_gains(p, nhead, gain);
	for (uint64_t r = 0; r < nhead; r++) {
		int best = 0;
		k->head[r] = -1;
		if (p->fixed[r])
			continue;
		head_weights(p->year[r], gain, w);
		for (int c = 0; c <= NREGION; c++) {
			debt[c] += w[c] * p->value[r];
			if (debt[c] > debt[best])
				best = c;
		}
		debt[best] -= p->value[r];
		uint64_t h = mix_nth(synth_hash(s, kind, synth_at(s, kind, SORT_DOWNLOADS, r)), 6);
		if (best < NREGION)
			k->head[r] = (int16_t)org_draw(kind, p->year[r], (enum region)best, h);
	}
	free(p);
}

/* ---- counters ---- */

struct head_sum {
	const struct synth *s;
	enum kind kind;
};

static int64_t value_recent(const struct synth_kind *k, uint64_t r)
{
	return (int64_t)ladder_at(&k->recent, (double)r);
}

/* Lifetime downloads: a ladder of its own, blurred, so that the two counters do not rank alike. What is younger than
 * the 30 days of the other counter has had no other downloads. */
static int64_t value_all_time(const struct synth *s, enum kind kind, uint64_t i, uint64_t r, const struct ladder *l)
{
	const struct synth_kind *k = &s->kind[kind];
	int64_t recent = value_recent(k, r);
	if (s->opts.until - curve_time(&k->curve, i) < 30 * 86400)
		return recent;
	double blur = 0.9 + 0.2 * mix_unit(mix_nth(synth_hash(s, kind, i), 9));
	int64_t v = (int64_t)(ladder_at(l, (double)r) * blur);
	return v > recent ? v : recent;
}

static double head_all_time(const struct ladder *l, const void *arg)
{
	const struct head_sum *h = arg;
	double sum = 0;
	for (uint64_t r = 0; (double)r < l->head; r++)
		sum += (double)value_all_time(h->s, h->kind, synth_at(h->s, h->kind, SORT_DOWNLOADS, r), r, l);
	return sum;
}

static void counters_init(struct synth *s, enum kind kind)
{
	struct synth_kind *k = &s->kind[kind];
	ladder_init(&k->recent, k->n, kind == MODELS ? 40 : 25, 0.8, 0.72);
	ladder_init(&k->all_time, k->n, kind == MODELS ? 212 : 120, 0.8, 1.0);
	ladder_tune(&k->recent, 0.496, NULL, NULL);
	ladder_tune(&k->all_time, 0.489, head_all_time, &(struct head_sum){ s, kind });
}

void synth_init(struct synth *s, const struct synth_opts *o)
{
	memset(s, 0, sizeof *s);
	s->opts = *o;
	for (enum kind kind = MODELS; kind < NKIND; kind++) {
		struct synth_kind *k = &s->kind[kind];
		k->n = o->n[kind];
		k->seed = mix_nth(o->seed, 100 + kind);
		if (k->n == 0)
			continue;
		curve_init(&k->curve, kind, k->n, o->until);
		years_init(k);
		for (int q = 0; q < NSORT; q++)
			perm_init(&k->perm[q], k->n, mix_nth(k->seed, 200 + (uint64_t)q));
		k->block = k->n >= 4000 ? 1000 : k->n / 4 + 1;
		perm_init(&k->perm[SORT_MODIFIED], k->block, mix_nth(k->seed, 300));
		for (int c = 0; c < NREGION; c++)
			k->lean[c] = 1;
		if (kind == MODELS) {
			flagships_init(s);
			ranks_init(s);
			slots_init(s);
		}
		counters_init(s, kind);
		head_init(s, kind);
	}
}

/* ---- orders ---- */

/* lastModified is the creation time of another row of the next block, so it never precedes the row's own; in the last
 * block it is `until`. Position 0 is the newest, so positions count blocks from the end. */
static uint64_t modified_pos(const struct synth_kind *k, uint64_t i)
{
	uint64_t full = k->n / k->block, b = i / k->block;
	if (b >= full) /* an incomplete last block keeps its own order */
		return k->n - 1 - i;
	return k->n - 1 - (b * k->block + perm_apply(&k->perm[SORT_MODIFIED], i % k->block));
}

static uint64_t modified_at(const struct synth_kind *k, uint64_t pos)
{
	uint64_t x = k->n - 1 - pos, full = k->n / k->block, b = x / k->block;
	if (b >= full)
		return x;
	return b * k->block + perm_invert(&k->perm[SORT_MODIFIED], x % k->block);
}

static int64_t modified_time(const struct synth_kind *k, uint64_t pos)
{
	uint64_t x = k->n - 1 - pos + k->block;
	return x < k->n ? curve_time(&k->curve, x) : k->curve.until;
}

uint64_t synth_pos(const struct synth *s, enum kind kind, enum sort sort, uint64_t i)
{
	const struct synth_kind *k = &s->kind[kind];
	if (sort == SORT_MODIFIED)
		return modified_pos(k, i);
	uint64_t r = perm_apply(&k->perm[sort], i);
	return kind == MODELS && sort == SORT_DOWNLOADS ? moved(&s->up, r) : r;
}

uint64_t synth_at(const struct synth *s, enum kind kind, enum sort sort, uint64_t pos)
{
	const struct synth_kind *k = &s->kind[kind];
	if (sort == SORT_MODIFIED)
		return modified_at(k, pos);
	if (kind == MODELS && sort == SORT_DOWNLOADS)
		pos = moved(&s->down, pos);
	return perm_invert(&k->perm[sort], pos);
}

/* A quarter of the repositories has a like. */
static double value_likes(const struct synth_kind *k, uint64_t r)
{
	return floor(0.99 * pow(0.25 * (double)k->n / ((double)r + 0.5), 0.75));
}

/* One in fifty is trending; small scores are fractional. */
static double value_trending(const struct synth_kind *k, uint64_t r)
{
	double x = 0.2 * pow(0.02 * (double)k->n / ((double)r + 0.5), 0.8);
	return x >= 1 ? floor(x) : x >= 0.2 ? floor(x * 10) / 10 : 0;
}

double synth_key(const struct synth *s, enum kind kind, enum sort sort, uint64_t pos)
{
	const struct synth_kind *k = &s->kind[kind];
	switch (sort) {
	case SORT_DOWNLOADS:
		return (double)value_recent(k, pos);
	case SORT_LIKES:
		return value_likes(k, pos);
	case SORT_TRENDING:
		return value_trending(k, pos);
	case SORT_MODIFIED:
		return (double)modified_time(k, pos) * 1000;
	default:
		return 0;
	}
}

void synth_oid(const struct synth *s, enum kind kind, uint64_t i, char oid[OID_TEXT])
{
	const struct synth_kind *k = &s->kind[kind];
	/* The 8 bytes behind the time rise with the index, so that rows of one second are in order too. */
	uint64_t step = UINT64_MAX / (k->n + 2);
	uint64_t rest = (i + 1) * step + synth_hash(s, kind, i) % step;
	oid_format(oid, (uint32_t)curve_time(&k->curve, i), rest);
}

void synth_counts(const struct synth *s, enum kind kind, uint64_t i, struct row *row)
{
	const struct synth_kind *k = &s->kind[kind];
	uint64_t r = synth_pos(s, kind, SORT_DOWNLOADS, i);
	row->created = curve_time(&k->curve, i);
	row->modified = modified_time(k, modified_pos(k, i));
	row->likes = (int64_t)value_likes(k, synth_pos(s, kind, SORT_LIKES, i));
	row->trending = value_trending(k, synth_pos(s, kind, SORT_TRENDING, i));
	row->downloads = kind == SPACES ? -1 : value_recent(k, r);
	row->all_time = kind == SPACES || !s->opts.all_time ? -1 : value_all_time(s, kind, i, r, &k->all_time);
}
