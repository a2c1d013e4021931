/* SPDX-License-Identifier: Apache-2.0 */
/* Who owns the synthetic repositories. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "flagship.h"
#include "synth.h"

/* Published shares of downloads by country of the publisher over the past year: China 41 %, US 36.5 %; a little more is
 * aimed at, because the orgs table does not know everybody. The rest is for others. */
static const double region_goal[NREGION] = { 0.412, 0.367, 0.065 };

/* How the countries' weight changes with the year of creation; the goal above holds over all years. */
static const double region_tilt[ACCOUNT_YEARS][NREGION] = {
	{ 0.10, 0.70, 0.20 }, { 0.22, 0.60, 0.18 }, { 0.38, 0.50, 0.12 }, { 0.58, 0.32, 0.10 }, { 0.62, 0.28, 0.10 }
};

/* Individuals: independent developers went from 17 to 39 % while this happened; here the regions' goals come first. */
static const double user_tilt[ACCOUNT_YEARS] = { 0.10, 0.13, 0.16, 0.20, 0.20 };

static bool org_active(const struct org *o, enum kind kind, int year)
{
	/* The special parents' models of 2024 and 2025 come from their slots alone. */
	bool set = kind == MODELS && (year == 2 || year == 3);
	return o->special == SPECIAL_NO ? o->weight[year] > 0 : o->weight[year] > 0 && !set;
}

static void draws_init(struct org_draws *d, enum kind kind, int year, enum region region)
{
	d->n = 0;
	for (int o = 0; o < norg; o++)
		for (int w = 0; w < orgs[o].weight[year]; w++)
			if (orgs[o].region == region && org_active(&orgs[o], kind, year) && d->n < ORG_DRAWS)
				d->org[d->n++] = (uint8_t)o;
}

void synth_owners_init(struct synth *s)
{
	for (int y = 0; y < ACCOUNT_YEARS; y++)
		for (enum region c = REGION_CN; c < NREGION; c++) {
			draws_init(&s->draws[0][y][c], MODELS, y, c);
			draws_init(&s->draws[1][y][c], DATASETS, y, c);
		}
}

static int org_draw(const struct synth *s, enum kind kind, int year, enum region region, uint64_t h)
{
	const struct org_draws *d = &s->draws[kind != MODELS][year][region];
	return d->n ? d->org[mix_below(h, d->n)] : -1;
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

static int flagship_org(const struct kin *k)
{
	char name[ACCOUNT_TEXT] = "";
	const char *id = flagships[k->s->flag_of[k->flag]].id;
	memcpy(name, id, (size_t)(strchr(id, '/') - id));
	return org_find(name);
}

/* Index in orgs[], or -1: a user. */
static int owner_org(const struct kin *k)
{
	const struct synth_kind *all = &k->s->kind[k->kind];
	if (k->flag >= 0)
		return flagship_org(k);
	if (k->slotted)
		return special_draw(k->publisher, mix_nth(k->h, 3));
	if (k->rank < all->nhead)
		return all->head[k->rank];
	if (mix_unit(mix_nth(k->h, 4)) >= org_chance(k->kind, (double)k->rank / (double)all->n))
		return -1;
	return org_draw(k->s, k->kind, k->year, region_draw(all, k->year, mix_nth(k->h, 5)), mix_nth(k->h, 6));
}

struct owner synth_owner_kin(const struct kin *k)
{
	struct owner w = { .org = owner_org(k), .packer = -1 };
	uint64_t h = mix_nth(k->h, 7);
	if (w.org >= 0)
		return w;
	if (k->relation == REL_QUANTIZED && mix_unit(mix_nth(h, 1)) < 0.3) {
		w.packer = (int)mix_below(mix_nth(h, 2), (uint64_t)npacker);
		return w;
	}
	/* A few people publish most: the index falls towards 0. */
	double u = mix_unit(h);
	w.user = (uint64_t)(pow(u, 2.5) * (double)k->s->opts.users);
	return w;
}

struct owner synth_owner_of(const struct synth *s, enum kind kind, uint64_t i)
{
	struct kin k;
	synth_kin(s, kind, i, synth_pos(s, kind, SORT_DOWNLOADS, i), &k);
	return synth_owner_kin(&k);
}

void synth_owner_name(const struct owner *w, char name[ACCOUNT_TEXT])
{
	if (w->org >= 0)
		str_put(name, ACCOUNT_TEXT, orgs[w->org].name);
	else if (w->packer >= 0)
		str_put(name, ACCOUNT_TEXT, packers[w->packer]);
	else
		user_name(name, w->user);
}

void synth_owner(const struct synth *s, enum kind kind, uint64_t i, char name[ACCOUNT_TEXT])
{
	struct owner w = synth_owner_of(s, kind, i);
	synth_owner_name(&w, name);
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
		struct kin row;
		synth_kin(s, kind, synth_at(s, kind, SORT_DOWNLOADS, r), r, &row);
		p->value[r] = floor(ladder_at(&k->recent, (double)r));
		p->year[r] = row.year;
		p->fixed[r] = row.flag >= 0 || row.slotted;
		total += p->value[r];
		if (!p->fixed[r])
			continue;
		int o = owner_org(&row);
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
void synth_head_init(struct synth *s, enum kind kind)
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
			k->head[r] = (int16_t)org_draw(s, kind, p->year[r], (enum region)best, h);
	}
	free(p);
}
