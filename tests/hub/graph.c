/* SPDX-License-Identifier: Apache-2.0 */
#include "graph.h"

#include <string.h>

static const struct band_spec member_bands[] = { { 0.02, 1, 8 }, { 0.004, 4, 8 }, { 0.0004, 40, 8 } };
static const struct band_spec org_bands[] = { { 0.15, 1, 120 }, { 0.03, 4, 60 }, { 0.004, 20, 30 } };
/* A user follows 1.5 users on average by this, the busiest follow thousands. */
static const struct band_spec user_bands[] = { { 0.30, 1, 15 },   { 0.10, 4, 15 },     { 0.02, 15, 15 },
					       { 0.003, 80, 15 }, { 0.0003, 500, 15 }, { 0.00002, 4000, 15 } };

/* Users per list where they are spread anew: organisations' and users' followers in the default graph, and the lists of
 * the independent one. */
enum { TREE_MEAN = 40, LIST_MEAN = 60 };

#define COUNT(list) ((int)(sizeof(list) / sizeof((list)[0])))

/* ---- users and ranks ---- */

static uint64_t swapped(const struct social_graph *g, uint64_t rank)
{
	return rank == 0 ? g->swap : rank == g->swap ? 0 : rank;
}

/* In the default graph the rank is the user's number, which those who publish most have small. */
static uint64_t rank_of(const struct social_graph *g, const struct perm *order, uint64_t user)
{
	return g->independent ? perm_apply(order, user) : swapped(g, user);
}

static uint64_t user_of(const struct social_graph *g, const struct perm *order, uint64_t rank)
{
	return g->independent ? perm_invert(order, rank) : swapped(g, rank);
}

/* ---- set-up ---- */

static struct spread spread_over(uint64_t n, uint64_t t)
{
	t = t < n ? t : n;
	return (struct spread){ n, n && !t ? 1 : t };
}

static void init_dependent(struct social_graph *g)
{
	const struct roster *r = &g->roster;
	uint64_t n = r->nuser, top = r->nowner - r->nowner / 4;
	if (r->root != ACCOUNT_NONE)
		g->swap = r->root;
	g->ntop = n - (uint64_t)(r->synth->opts.graph.deep * (double)n);
	if (g->ntop == 0 || top == 0)
		g->ntop = 1;
	if (top)
		g->top = spread_over(g->ntop, top);
	g->tree = spread_over(n - g->ntop, (n - g->ntop) / TREE_MEAN);
	layer_init(&g->members, mix_nth(g->seed, 10), n, 0, r->norg, member_bands, COUNT(member_bands), true);
	layer_init(&g->org_followers, mix_nth(g->seed, 11), n, g->top.t, r->norg, org_bands, COUNT(org_bands), false);
	layer_init(&g->followers, mix_nth(g->seed, 12), n, g->tree.t, n, user_bands, COUNT(user_bands), false);
	for (enum kind k = MODELS; k < NKIND; k++)
		likes_init(&g->likes[k], r->synth, k, n, 0);
}

static void init_independent(struct social_graph *g)
{
	const struct roster *r = &g->roster;
	uint64_t n = r->nuser, pool;
	double c = r->synth->opts.graph.capture, shown = c * (double)n;
	pool = shown < 1 ? 1 : (uint64_t)shown;
	const struct band_spec wide = { c, 1, r->norg ? shown / (double)r->norg : 1 }, lists = { c, 1, LIST_MEAN };
	for (int k = 0; k < NSHEET; k++)
		perm_init(&g->order[k], n, mix_nth(g->seed, 20 + (uint64_t)k));
	perm_init(&g->likers, n, mix_nth(g->seed, 30));
	g->order[SHEET_OVERVIEW] = g->order[SHEET_MEMBERS];
	g->hosts = g->order[SHEET_MEMBERS]; /* members are known: nobody's list remains unasked */
	layer_init(&g->members, mix_nth(g->seed, 10), n, 0, r->norg, &wide, 1, true);
	layer_init(&g->org_followers, mix_nth(g->seed, 11), n, 0, r->norg, &wide, 1, false);
	layer_init(&g->followers, mix_nth(g->seed, 12), n, 0, n, &lists, 1, false);
	layer_init(&g->following, mix_nth(g->seed, 13), n, 0, n, &lists, 1, false);
	for (enum kind k = MODELS; k < NKIND; k++)
		likes_init(&g->likes[k], r->synth, k, n, pool);
}

void graph_init(struct social_graph *g, const struct synth *s)
{
	memset(g, 0, sizeof *g);
	roster_init(&g->roster, s);
	g->seed = mix_nth(s->opts.seed, 600);
	g->independent = s->opts.graph.independent;
	if (g->independent)
		init_independent(g);
	else
		init_dependent(g);
}

void graph_release(struct social_graph *g)
{
	roster_release(&g->roster);
	for (enum kind k = MODELS; k < NKIND; k++)
		likes_release(&g->likes[k]);
}

/* ---- who points at an account ---- */

/* The run of the ranks that a spread gives to target k. */
static void open_spread(struct sheet *t, const struct spread *s, uint64_t k, uint64_t first)
{
	t->plain = true;
	t->from = first + spread_from(s, k);
	t->n = spread_from(s, k + 1) - spread_from(s, k);
}

/* The run of a lane's places; `self`, the host's own rank, is left out: nobody follows himself. */
static void open_lane(struct sheet *t, const struct layer *l, uint64_t target, uint64_t self)
{
	int b = layer_band(l, target);
	struct lane a;
	if (b < 0)
		return;
	lane_open(&a, l, b, (target - l->band[b].first) / l->band[b].width);
	uint64_t k = target - a.first;
	t->perm = a.perm;
	t->from = spread_from(&a.spread, k);
	t->n = spread_from(&a.spread, k + 1) - t->from;
	if (self < a.perm.n) {
		uint64_t place = perm_apply(&a.perm, self);
		if (place >= t->from && place - t->from < t->n) {
			t->skip = place - t->from;
			t->n--;
		}
	}
}

static void open_org(struct sheet *t, uint64_t org)
{
	const struct social_graph *g = t->g;
	if (t->kind == SHEET_MEMBERS)
		open_lane(t, &g->members, org, ACCOUNT_NONE);
	else if (org < g->top.t)
		open_spread(t, &g->top, org, 0);
	else
		open_lane(t, &g->org_followers, org, ACCOUNT_NONE);
}

static void open_followers(struct sheet *t, uint64_t user)
{
	const struct social_graph *g = t->g;
	uint64_t host = rank_of(g, &g->hosts, user);
	if (host < g->tree.t)
		open_spread(t, &g->tree, host, g->ntop);
	else
		open_lane(t, t->kind == SHEET_FOLLOWING ? &g->following : &g->followers, host,
			  rank_of(g, &g->order[t->kind], user));
}

/* ---- whom a user points at ---- */

/* The lane of the band in which a rank would point at itself; the number of lanes if there is none. */
static uint64_t self_lane(const struct sheet *t, int band)
{
	const struct band *b = &t->layer->band[band];
	struct lane a;
	if (t->kind != SHEET_FOLLOWING || t->rank < b->first || t->rank - b->first >= b->count)
		return b->lanes;
	uint64_t number = (t->rank - b->first) / b->width;
	lane_open(&a, t->layer, band, number);
	return lane_target(&a, t->rank) == t->rank ? number : b->lanes;
}

static void open_targets(struct sheet *t, const struct layer *l, uint64_t user)
{
	const struct social_graph *g = t->g;
	t->run = false;
	t->layer = l;
	t->rank = rank_of(g, &g->order[t->kind], user);
	t->n = layer_degree(l, t->rank);
	for (int b = 0; b < l->nband; b++)
		t->n -= t->rank < l->band[b].pool && self_lane(t, b) < l->band[b].lanes;
	if (t->kind == SHEET_FOLLOWING && t->rank >= g->ntop) {
		t->parent = spread_of(&g->tree, t->rank - g->ntop);
		t->n++;
	}
}

static uint64_t target_at(const struct sheet *t, uint64_t k)
{
	struct lane a;
	if (t->parent != ACCOUNT_NONE) {
		if (k == 0)
			return t->parent;
		k--;
	}
	for (int b = 0;; b++) {
		const struct band *band = &t->layer->band[b];
		if (t->rank >= band->pool)
			continue;
		uint64_t self = self_lane(t, b), lanes = band->lanes - (self < band->lanes);
		if (k < lanes) {
			lane_open(&a, t->layer, b, k + (k >= self));
			return lane_target(&a, t->rank);
		}
		k -= lanes;
	}
}

/* ---- lists ---- */

void sheet_open(struct sheet *t, const struct social_graph *g, enum sheet_kind kind, uint64_t a)
{
	memset(t, 0, sizeof *t);
	t->g = g;
	t->kind = kind;
	t->run = true;
	t->skip = t->parent = ACCOUNT_NONE;
	bool org = roster_is_org(&g->roster, a);
	if (org != (kind == SHEET_MEMBERS || kind == SHEET_ORG_FOLLOWERS))
		return;
	if (org)
		open_org(t, a - g->roster.nuser);
	else if (kind == SHEET_OVERVIEW)
		open_targets(t, &g->members, a);
	else if (kind == SHEET_FOLLOWING && !g->independent)
		open_targets(t, &g->followers, a);
	else
		open_followers(t, a);
}

uint64_t sheet_at(const struct sheet *t, uint64_t k)
{
	const struct social_graph *g = t->g;
	if (!t->run) {
		uint64_t x = target_at(t, k);
		return t->kind == SHEET_OVERVIEW ? g->roster.nuser + x : user_of(g, &g->hosts, x);
	}
	uint64_t place = t->from + k + (k >= t->skip);
	return user_of(g, &g->order[t->kind], t->plain ? place : perm_invert(&t->perm, place));
}

uint64_t graph_following_orgs(const struct social_graph *g, uint64_t user)
{
	uint64_t rank = rank_of(g, &g->order[SHEET_ORG_FOLLOWERS], user);
	return layer_degree(&g->org_followers, rank) + (g->top.t > 0 && rank < g->ntop);
}

/* ---- likes, and the rest ---- */

uint64_t graph_liker(const struct social_graph *g, const struct liked *d, uint64_t k)
{
	return user_of(g, &g->likers, liked_at(d, k));
}

bool graph_likes_next(const struct social_graph *g, enum kind kind, uint64_t user, uint64_t *state, uint64_t *row)
{
	return likes_next(&g->likes[kind], rank_of(g, &g->likers, user), state, row);
}

bool graph_private(const struct social_graph *g, uint64_t org)
{
	return !g->independent && roster_hash(&g->roster, org) % 10 == 0;
}

bool graph_leaf(const struct social_graph *g, uint64_t a)
{
	if (roster_is_org(&g->roster, a))
		return a - g->roster.nuser >= g->top.t;
	uint64_t rank = rank_of(g, &g->hosts, a);
	return rank >= g->tree.t && (g->members.nband == 0 || rank >= g->members.band[0].pool);
}
