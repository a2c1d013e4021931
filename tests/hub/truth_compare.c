/* SPDX-License-Identifier: Apache-2.0 */
/* Two moments of a Hub side by side: every repository of each is looked up in the other. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "truth_in.h"
#include "when.h"

enum { WEEK = 604800, AGES = 105 };
static const char *const counters[] = { "downloads", "downloads_all_time", "likes" };
enum { NCOUNT = 3, LIFE = 1, LIKES = 2 };

/* One comparison under way. */
struct both {
	struct truth *t;
	const struct population *then, *now;
	int64_t then_t0, now_t0;
	json_t *repositories, *counter, *orgs, *country, *sector; /* of this earlier moment */
	bool told[NKIND][NCOUNT];                                 /* the counter, by both */
};

static int64_t value(const struct row *r, int c)
{
	return c == 0 ? r->downloads : c == LIFE ? r->all_time : r->likes;
}

/* The row with that _id up to t0, or NULL. */
static const struct row *look_up(const struct population *p, enum kind k, const char *oid, int64_t t0)
{
	bool exact;
	uint64_t i = population_seek(p, k, oid, &exact);
	return exact && p->replay[k].rows[i].created <= t0 ? &p->replay[k].rows[i] : NULL;
}

static void plus(json_t *o, const char *key, int64_t x)
{
	json_t *was = json_object_get(o, key);
	json_object_set_new(o, key, json_integer(x + (was ? json_integer_value(was) : 0)));
}

/* The row of the orgs table for the owner that the id names, -1. */
static int org_of(const struct truth *t, const struct row *r)
{
	const char *slash = strchr(r->id, '/');
	char owner[512];
	if (!slash)
		return -1;
	snprintf(owner, sizeof owner, "%.*s", (int)(slash - r->id), r->id);
	for (size_t k = 0; k < t->tables.norg; k++)
		if (!strcasecmp(t->tables.org[k].name, owner) && r->created >= t->tables.org[k].from &&
		    r->created < t->tables.org[k].to)
			return (int)k;
	return -1;
}

static const char *parent(const struct truth *t, const struct row *r)
{
	int k = org_of(t, r);
	return k < 0 ? NULL : t->tables.org[k].parent;
}

static void plus_org(struct both *b, const char *org, enum kind k, const char *key, int64_t x)
{
	if (org)
		plus(truth_at(truth_at(b->orgs, org), kind_name[k]), key, x);
}

static void plus_made(struct both *b, const struct row *now, enum kind k, int c, int64_t x)
{
	const char *org = parent(b->t, now);
	int at = org_of(b->t, now);
	if (c == LIKES)
		plus_org(b, org, k, "likes", x);
	if (c != LIFE)
		return;
	plus_org(b, org, k, "downloads", x);
	if (k == MODELS && x != 0) {
		const char *country = at < 0 ? "" : b->t->tables.org[at].country,
			   *sector = at < 0 ? "unclassified" : b->t->tables.org[at].sector;
		plus(b->country, *country ? country : "unclassified", x);
		plus(b->sector, sector, x);
	}
}

static bool same_owner(const char *a, const char *b)
{
	size_t n = strcspn(a, "/");
	return n == strcspn(b, "/") && !strncasecmp(a, b, n);
}

static void kept(struct both *b, enum kind k, const struct row *was, const struct row *is)
{
	json_t *r = truth_at(b->repositories, kind_name[k]);
	const char *from = parent(b->t, was), *to = parent(b->t, is);
	plus(r, "kept", 1);
	plus(r, "renamed", strcmp(was->id, is->id) != 0);
	plus(r, "transferred", !same_owner(was->id, is->id));
	if (from != to && (!from || !to || strcmp(from, to) != 0)) {
		plus_org(b, from, k, "left", 1);
		plus_org(b, to, k, "joined", 1);
	}
	for (int c = 0; c < NCOUNT; c++) {
		int64_t x = value(was, c), y = value(is, c);
		if (x < 0 || y < 0)
			continue;
		json_t *leaf = truth_at(truth_at(b->counter, kind_name[k]), counters[c]);
		plus(leaf, "repositories", 1);
		plus(leaf, "before", x);
		plus(leaf, "now", y);
		plus(leaf, "difference", y - x);
		plus(leaf, y > x ? "increase" : "decrease", y - x);
		plus(leaf, "rising", y > x);
		plus(leaf, "falling", y < x);
		if (c)
			plus(leaf, "made", y - x);
		plus_made(b, is, k, c, y - x);
	}
}

static void appeared(struct both *b, enum kind k, const struct row *is)
{
	json_t *r = truth_at(b->repositories, kind_name[k]);
	bool young = is->created > b->then_t0;
	plus(r, "new", 1);
	plus(r, "published", !young);
	plus_org(b, parent(b->t, is), k, "new", 1);
	for (int c = 0; c < NCOUNT; c++) {
		if (value(is, c) < 0)
			continue;
		json_t *leaf = truth_at(truth_at(b->counter, kind_name[k]), counters[c]);
		plus(leaf, "of_new", value(is, c));
		if (!young)
			continue;
		plus(leaf, "of_created", value(is, c));
		if (c)
			plus(leaf, "made", value(is, c));
		plus_made(b, is, k, c, value(is, c));
	}
}

static void vanished(struct both *b, enum kind k, const struct row *was)
{
	plus(truth_at(b->repositories, kind_name[k]), "gone", 1);
	plus_org(b, parent(b->t, was), k, "gone", 1);
	for (int c = 0; c < NCOUNT; c++)
		if (value(was, c) >= 0)
			plus(truth_at(truth_at(b->counter, kind_name[k]), counters[c]), "of_gone", value(was, c));
}

/* Members that are 0 unless something was added. */
static void zeros(json_t *o, const char *const *key, int n)
{
	for (int i = 0; i < n; i++)
		plus(o, key[i], 0);
}

/* Has any repository up to t0 the counter, if there is any? */
static bool tells(const struct population *p, enum kind k, int c, int64_t t0)
{
	bool any = false;
	for (uint64_t i = 0; i < p->n[k]; i++) {
		const struct row *r = &p->replay[k].rows[i];
		if (r->created <= t0 && value(r, c) >= 0)
			return true;
		any |= r->created <= t0;
	}
	return !any;
}

/* What is not known where one of the two does not tell the counter. */
static void hide(json_t *leaf, const char *const *key, int n, bool is_told)
{
	for (int i = 0; i < n && !is_told; i++)
		if (json_object_get(leaf, key[i]))
			json_object_set_new(leaf, key[i], json_null());
}

static void hide_counters(struct both *b, enum kind k)
{
	static const char *const pair[] = { "before",   "decrease", "difference", "falling",
					    "increase", "now",      "rising",     "made" };
	static const char *const now_alone[] = { "of_created", "of_new" }, *const then_alone[] = { "of_gone" };
	for (int c = 0; c < NCOUNT; c++) {
		bool then = tells(b->then, k, c, b->then_t0), now = tells(b->now, k, c, b->now_t0);
		json_t *leaf = json_object_get(json_object_get(b->counter, kind_name[k]), counters[c]);
		b->told[k][c] = then && now;
		hide(leaf, pair, 8, then && now);
		hide(leaf, now_alone, 2, now);
		hide(leaf, then_alone, 1, then);
	}
}

static void compare_kind(struct both *b, enum kind k)
{
	static const char *const fates[] = { "before",    "gone",    "kept",        "new",          "now",
					     "published", "renamed", "transferred", "unknown_gone", "unknown_new" };
	static const char *const sums[] = { "before",  "decrease",   "difference", "falling", "increase",     "now",
					    "of_gone", "of_created", "of_new",     "rising",  "repositories", "made" };
	json_t *r = truth_at(b->repositories, kind_name[k]);
	zeros(r, fates, 10);
	for (int c = 0; c < NCOUNT; c++)
		if (k != SPACES || c == LIKES)
			zeros(truth_at(truth_at(b->counter, kind_name[k]), counters[c]), sums, c ? 12 : 11);
	for (uint64_t i = 0; i < b->then->n[k]; i++) {
		const struct row *was = &b->then->replay[k].rows[i];
		if (was->created > b->then_t0)
			continue;
		plus(r, "before", 1);
		plus_org(b, parent(b->t, was), k, "before", 1);
		const struct row *is = look_up(b->now, k, was->oid, b->now_t0);
		if (is)
			kept(b, k, was, is);
		else
			vanished(b, k, was);
	}
	for (uint64_t i = 0; i < b->now->n[k]; i++) {
		const struct row *is = &b->now->replay[k].rows[i];
		if (is->created > b->now_t0)
			continue;
		plus(r, "now", 1);
		plus_org(b, parent(b->t, is), k, "now", 1);
		plus_org(b, parent(b->t, is), k, "created", is->created > b->then_t0);
		if (!look_up(b->then, k, is->oid, b->then_t0))
			appeared(b, k, is);
	}
	hide_counters(b, k);
}

static void finish_orgs(const struct both *b)
{
	static const char *const downloads[] = { "downloads" }, *const likes[] = { "likes" };
	static const char *const members[] = { "before", "created",      "gone",        "joined", "left",     "likes",
					       "new",    "unknown_gone", "unknown_new", "now",    "downloads" };
	const char *org, *kind;
	json_t *kinds, *leaf;
	json_object_foreach(b->orgs, org, kinds)
	{
		json_object_foreach(kinds, kind, leaf)
		{
			enum kind k = !strcmp(kind, "models") ? MODELS : !strcmp(kind, "datasets") ? DATASETS : SPACES;
			zeros(leaf, members, k != SPACES ? 11 : 10);
			hide(leaf, downloads, 1, b->told[k][LIFE]);
			hide(leaf, likes, 1, b->told[k][LIKES]);
		}
	}
}

/* {class: n} to {class: {downloads: n, share: n / all}} */
static json_t *shares(json_t *made)
{
	json_t *v = json_object(), *x;
	const char *key;
	__int128 whole = 0;
	json_object_foreach(made, key, x) whole += json_integer_value(x);
	json_object_foreach(made, key, x)
	{
		json_t *leaf = truth_at(v, key);
		json_object_set(leaf, "downloads", x);
		json_object_set_new(leaf, "share", whole > 0 ? truth_share(json_integer_value(x), whole) : json_null());
	}
	return v;
}

static void compare_with(struct truth *t, const struct truth_since *s, int i, json_t *out[5])
{
	static const char *const sectors[] = { "industry",  "academia",   "non-profit",  "government",
					       "community", "individual", "unclassified" };
	char number[8];
	snprintf(number, sizeof number, "%d", i + 1);
	struct both b = { t,    s->pop[i], t->pop,        s->t0[i],      t->t0,        NULL,
			  NULL, NULL,      json_object(), json_object(), { { false } } };
	b.repositories = truth_at(out[0], number);
	b.counter = truth_at(out[1], number);
	b.orgs = truth_at(out[2], number);
	plus(b.country, "unclassified", 0);
	zeros(b.sector, sectors, 7);
	for (enum kind k = MODELS; k < NKIND; k++)
		compare_kind(&b, k);
	finish_orgs(&b);
	if (b.told[MODELS][LIFE]) {
		json_object_set_new(out[3], number, shares(b.country));
		json_object_set_new(out[4], number, shares(b.sector));
	}
	json_decref(b.country);
	json_decref(b.sector);
}

/* ---- ages ---- */

struct age {
	int64_t n, made, seconds;
};

/* From one moment to the next, of the models that there are now. */
static void ages(const struct truth *t, const struct population *from, int64_t from_t0, const struct population *to,
		 int64_t to_t0, struct age age[AGES])
{
	for (uint64_t i = 0; i < t->pop->n[MODELS]; i++) {
		const struct row *r = &t->pop->replay[MODELS].rows[i], *b = look_up(to, MODELS, r->oid, to_t0),
				 *a = look_up(from, MODELS, r->oid, from_t0);
		if (r->created < when_date(2022, 3, 3) || r->created > t->t0 || !b || b->all_time < 0)
			continue;
		int64_t begin = from_t0, before = a ? a->all_time : -1;
		if (r->created > from_t0) {
			begin = r->created;
			before = 0;
		}
		int64_t middle = (begin - r->created + to_t0 - r->created) / 2 / WEEK;
		if (before < 0 || middle >= AGES)
			continue;
		age[middle].n++;
		age[middle].made += b->all_time - before;
		age[middle].seconds += to_t0 - begin;
	}
}

static void put_ages(struct truth *t, const struct age age[AGES])
{
	json_t *v = json_object(), *d = truth_at(v, "differences"), *h = json_object(),
	       *half = truth_at(h, "differences");
	int peak = -1, at = -1;
	for (int w = 0; w < AGES; w++) {
		char week[8];
		const struct age *a = &age[w];
		if (!a->n || !a->seconds)
			continue;
		snprintf(week, sizeof week, "%d", w);
		json_t *leaf = truth_at(d, week);
		json_object_set_new(leaf, "made", json_integer(a->made));
		json_object_set_new(leaf, "repositories", json_integer(a->n));
		json_object_set_new(leaf, "repository_weeks", truth_share(a->seconds, WEEK));
		json_object_set_new(leaf, "weekly", truth_share((__int128)a->made * WEEK, a->seconds));
		if (peak < 0 || (__int128)a->made * age[peak].seconds > (__int128)age[peak].made * a->seconds)
			peak = w;
	}
	for (int w = peak + 1; w < AGES && peak >= 0 && at < 0; w++)
		if (age[w].seconds &&
		    2 * (__int128)age[w].made * age[peak].seconds < (__int128)age[peak].made * age[w].seconds)
			at = w;
	json_object_set_new(half, "peak_week", peak < 0 ? json_null() : json_integer(peak));
	json_object_set_new(half, "peak_repositories", peak < 0 ? json_null() : json_integer(age[peak].n));
	json_object_set_new(half, "week", at < 0 ? json_null() : json_integer(at));
	json_object_set_new(half, "repositories", at < 0 ? json_null() : json_integer(age[at].n));
	truth_figure(t, "engagement.weeks", v);
	truth_figure(t, "engagement.half_peak", h);
}

void truth_compare(struct truth *t, const struct truth_since *since)
{
	static const char *const key[5] = { "compare.repositories", "compare.counters", "compare.orgs",
					    "compare.geography", "compare.sectors" };
	struct age age[AGES] = { { 0, 0, 0 } };
	json_t *out[5];
	if (since->n == 0)
		return;
	for (int i = 0; i < 5; i++)
		out[i] = json_object();
	for (int i = 0; i < since->n; i++) {
		compare_with(t, since, i, out);
		ages(t, since->pop[i], since->t0[i], i ? since->pop[i - 1] : t->pop, i ? since->t0[i - 1] : t->t0, age);
	}
	for (int i = 0; i < 5; i++) {
		if (json_object_size(out[i]) == 0) {
			json_decref(out[i]);
			out[i] = json_null();
		}
		truth_figure(t, key[i], out[i]);
	}
	put_ages(t, age);
}
