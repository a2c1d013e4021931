/* SPDX-License-Identifier: Apache-2.0 */
#include "profile.h"

#include <string.h>
#include <strings.h>

#include "mix.h"

/* Owners in a recorded population that are no known organisation count as users; their _ids are invented. */
static void recorded(const char *name, struct profile *p)
{
	memset(p, 0, sizeof *p);
	p->account = ACCOUNT_NONE;
	p->org = org_find(name) >= 0;
	str_put(p->name, OWNER_TEXT, name);
	for (const char *s = p->name; *s; s++)
		p->hash = mix_nth(p->hash, (unsigned char)*s);
	p->created = (int64_t)(0x60000000u + p->hash % 0x8000000u);
	oid_format(p->oid, (uint32_t)p->created, p->hash);
}

static bool recorded_find(const struct hub *h, const char *name, struct profile *p)
{
	char owner[OWNER_TEXT];
	uint64_t n[NKIND] = { 0 }, all = 0;
	for (enum kind k = MODELS; k < NKIND; k++)
		for (uint64_t i = 0; i < h->pop.n[k]; i++) {
			population_owner(&h->pop, k, i, owner);
			if (strcasecmp(owner, name) != 0)
				continue;
			if (all++ == 0)
				recorded(owner, p);
			n[k]++;
		}
	if (all == 0)
		return false;
	p->counted = true;
	memcpy(p->owned, n, sizeof n);
	return true;
}

void profile_of(const struct hub *h, uint64_t account, struct profile *p)
{
	const struct roster *r = &h->pop.graph.roster;
	memset(p, 0, sizeof *p);
	p->org = roster_is_org(r, account);
	p->account = account;
	roster_name(r, account, p->name);
	roster_oid(r, account, p->oid);
	p->created = roster_created(r, account);
	p->hash = roster_hash(r, account);
	p->counted = roster_owned(r, account, p->owned);
}

bool profile_find(const struct hub *h, const char *name, struct profile *p)
{
	if (h->pop.recorded)
		return recorded_find(h, name, p);
	uint64_t a = roster_find(&h->pop.graph.roster, name);
	if (a == ACCOUNT_NONE)
		return false;
	profile_of(h, a, p);
	return true;
}

void profile_owner(const struct hub *h, enum kind kind, uint64_t row, struct profile *p)
{
	char owner[OWNER_TEXT];
	if (!h->pop.recorded) {
		profile_of(h, roster_owner(&h->pop.graph.roster, kind, row), p);
		return;
	}
	population_owner(&h->pop, kind, row, owner);
	recorded(owner, p);
}

uint64_t profile_count(const struct hub *h, const struct profile *p, enum sheet_kind kind)
{
	struct sheet t;
	if (h->pop.recorded)
		return 0;
	sheet_open(&t, &h->pop.graph, kind, p->account);
	return t.n;
}

bool account_vanished(const struct social_graph *g, const struct fault_plan *f, uint64_t account, bool later)
{
	enum { KIND_ACCOUNT = 20 };
	return fault_row(f, FAULT_VANISH, KIND_ACCOUNT, account) && (later || roster_hash(&g->roster, account) & 1) &&
	       graph_leaf(g, account);
}

bool profile_vanished(const struct hub *h, const struct profile *p, bool later)
{
	return p->account != ACCOUNT_NONE && account_vanished(&h->pop.graph, &h->faults, p->account, later);
}
