/* SPDX-License-Identifier: Apache-2.0 */
/* Who is seen by somebody who asks everything: from the owners of repositories and the likers on, every list of every
 * account that is known, until nobody new turns up. */
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "profile.h"
#include "truth_in.h"
#include "when.h"

enum { SEEN_OWNER = NSHEET, SEEN_LIKER, NSEEN };
enum { FIRST_PAGE = 500 }; /* of a list whose host vanishes behind it */

static const char *const seen_name[NSEEN] = {
	[SHEET_MEMBERS] = "members",     [SHEET_ORG_FOLLOWERS] = "organization_followers",
	[SHEET_FOLLOWERS] = "followers", [SHEET_FOLLOWING] = "following",
	[SHEET_OVERVIEW] = "overview",   [SEEN_OWNER] = "owners",
	[SEEN_LIKER] = "likers",
};

struct walkers {
	const struct social_graph *g;
	const struct fault_plan *faults;
	uint8_t *seen;   /* per account: bits of what it was seen in */
	uint32_t *queue; /* accounts in the order in which they were seen first */
	uint64_t n;
	uint64_t rows[NSEEN], lists[NSEEN], vanished;
};

static void see(struct walkers *w, uint64_t account, int source)
{
	w->rows[source]++;
	if (!w->seen[account])
		w->queue[w->n++] = (uint32_t)account;
	w->seen[account] |= (uint8_t)(1 << source);
}

static void see_repositories(struct walkers *w, const struct truth *t)
{
	struct liked d;
	for (enum kind k = MODELS; k < NKIND; k++)
		for (uint64_t i = 0; i < t->n[k]; i++) {
			see(w, roster_owner(&w->g->roster, k, i), SEEN_OWNER);
			likes_open(&w->g->likes[k], i, &d);
			w->lists[SEEN_LIKER] += d.n > 0;
			for (uint64_t j = 0; j < d.n; j++)
				see(w, graph_liker(w->g, &d, j), SEEN_LIKER);
		}
}

static void see_list(struct walkers *w, uint64_t account, enum sheet_kind kind, uint64_t most)
{
	struct sheet s;
	sheet_open(&s, w->g, kind, account);
	w->lists[kind] += s.n > 0;
	for (uint64_t k = 0; k < s.n && k < most; k++)
		see(w, sheet_at(&s, k), (int)kind);
}

static void ask(struct walkers *w, uint64_t account)
{
	const struct roster *r = &w->g->roster;
	bool later = account_vanished(w->g, w->faults, account, true);
	uint64_t most = later ? FIRST_PAGE : UINT64_MAX;
	w->vanished += later;
	if (account_vanished(w->g, w->faults, account, false))
		return;
	if (!roster_is_org(r, account)) {
		see_list(w, account, SHEET_FOLLOWERS, most);
		see_list(w, account, SHEET_FOLLOWING, most);
		if (!later)
			see_list(w, account, SHEET_OVERVIEW, most);
		return;
	}
	see_list(w, account, SHEET_ORG_FOLLOWERS, most);
	if (!graph_private(w->g, account - r->nuser))
		see_list(w, account, SHEET_MEMBERS, most);
}

static json_t *count(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *by_type(uint64_t users, uint64_t organizations)
{
	json_t *o = json_object();
	json_object_set_new(o, "all", count(users + organizations));
	json_object_set_new(o, "user", count(users));
	json_object_set_new(o, "organization", count(organizations));
	return o;
}

static json_t *by_year(const struct walkers *w)
{
	enum { FIRST = 1970, YEARS = 200 };
	uint64_t n[YEARS][2] = { { 0 } };
	json_t *o = json_object();
	for (uint64_t k = 0; k < w->n; k++) {
		int year, month, dom;
		when_civil(roster_created(&w->g->roster, w->queue[k]) / 86400, &year, &month, &dom);
		n[year - FIRST][roster_is_org(&w->g->roster, w->queue[k])]++;
	}
	for (int y = 0; y < YEARS; y++) {
		char name[16];
		snprintf(name, sizeof name, "%d", FIRST + y);
		if (n[y][0] + n[y][1])
			json_object_set_new(o, name, by_type(n[y][0], n[y][1]));
	}
	return o;
}

/* How many users were seen in exactly k sources. */
static json_t *captures(const struct walkers *w)
{
	uint64_t n[NSEEN + 1] = { 0 };
	json_t *o = json_object();
	for (uint64_t k = 0; k < w->n; k++)
		if (!roster_is_org(&w->g->roster, w->queue[k]))
			n[__builtin_popcount(w->seen[w->queue[k]])]++;
	for (int k = 1; k <= NSEEN; k++) {
		char name[16];
		snprintf(name, sizeof name, "%d", k);
		json_object_set_new(o, name, count(n[k]));
	}
	return o;
}

static json_t *by_source(const struct walkers *w)
{
	json_t *o = json_object();
	for (int s = 0; s < NSEEN; s++) {
		uint64_t n = 0;
		for (uint64_t k = 0; k < w->n; k++)
			n += w->seen[w->queue[k]] >> s & 1;
		json_t *v = truth_at(o, seen_name[s]);
		json_object_set_new(v, "accounts", count(n));
		json_object_set_new(v, "rows", count(w->rows[s]));
		if (s != SEEN_OWNER)
			json_object_set_new(v, "lists", count(w->lists[s]));
	}
	return o;
}

static json_t *results(const struct walkers *w, uint64_t owners)
{
	const struct roster *r = &w->g->roster;
	uint64_t organizations = 0;
	json_t *o = json_object();
	for (uint64_t k = 0; k < w->n; k++)
		organizations += roster_is_org(r, w->queue[k]);
	json_object_set_new(o, "population", by_type(r->nuser, r->norg));
	json_object_set_new(o, "owners", count(owners));
	json_object_set_new(o, "observable", by_type(w->n - organizations, organizations));
	json_object_set_new(o, "by_year", by_year(w));
	json_object_set_new(o, "by_source", by_source(w));
	json_object_set_new(o, "captures", captures(w));
	json_object_set_new(o, "vanished", count(w->vanished));
	return o;
}

json_t *truth_accounts(const struct truth *t, const struct fault_plan *faults)
{
	struct walkers w = { .g = &t->pop->graph, .faults = faults };
	uint64_t n = w.g->roster.n, owners = 0;
	w.seen = mem_new(n);
	w.queue = mem_new(n * sizeof *w.queue);
	see_repositories(&w, t);
	for (uint64_t k = 0; k < w.n; k++)
		owners += w.seen[w.queue[k]] >> SEEN_OWNER & 1;
	for (uint64_t k = 0; k < w.n; k++)
		ask(&w, w.queue[k]);
	json_t *o = results(&w, owners);
	free(w.queue);
	free(w.seen);
	return o;
}
