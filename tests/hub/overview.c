/* SPDX-License-Identifier: Apache-2.0 */
/* GET /api/users/{name}/overview and /api/organizations/{name}/overview, and …/avatar (hub-api 5). */
#include <string.h>

#include "profile.h"

static void put_count(struct buf *b, const char *name, uint64_t n)
{
	buf_fmt(b, ",\"%s\":%llu", name, (unsigned long long)n);
}

static void put_orgs(const struct hub *h, const struct profile *p, struct buf *b)
{
	struct sheet t;
	struct profile o;
	buf_lit(b, ",\"orgs\":[");
	if (!h->pop.recorded) {
		sheet_open(&t, &h->pop.graph, SHEET_OVERVIEW, p->account);
		for (uint64_t k = 0; k < t.n; k++) {
			profile_of(h, sheet_at(&t, k), &o);
			buf_fmt(b,
				"%s{\"id\":\"%s\",\"name\":\"%s\",\"fullname\":\"%s\","
				"\"avatarUrl\":\"/avatars/%s00000000.svg\"}",
				k ? "," : "", o.oid, o.name, o.name, o.oid);
		}
	}
	buf_char(b, ']');
}

static uint64_t count_likes(const struct hub *h, const struct profile *p)
{
	uint64_t n = 0, state, row;
	for (enum kind k = MODELS; k < NKIND && !h->pop.recorded; k++)
		for (state = 0; graph_likes_next(&h->pop.graph, k, p->account, &state, &row);)
			n++;
	return n;
}

static void put_user(const struct hub *h, const struct profile *p, struct buf *b)
{
	buf_str(b, p->hash >> 8 & 31 ? ",\"isPro\":false,\"user\":" : ",\"isPro\":true,\"user\":");
	buf_json(b, p->name);
	buf_lit(b, ",\"type\":\"user\",\"isFollowing\":false");
	put_orgs(h, p, b);
	buf_lit(b, ",\"createdAt\":");
	buf_json_time(b, p->created);
	put_count(b, "numLikes", count_likes(h, p));
	put_count(b, "numFollowing", profile_count(h, p, SHEET_FOLLOWING));
	put_count(b, "numFollowingOrgs", h->pop.recorded ? 0 : graph_following_orgs(&h->pop.graph, p->account));
}

static void put_org(const struct hub *h, const struct profile *p, struct buf *b)
{
	buf_lit(b, ",\"name\":");
	buf_json(b, p->name);
	buf_lit(b, ",\"isVerified\":false,\"isFollowing\":false");
	put_count(b, "numUsers", profile_count(h, p, SHEET_MEMBERS));
}

static bool known(const struct hub *h, const char *name, bool org, struct profile *p, struct reply *r)
{
	if (profile_find(h, name, p) && p->org == org && !profile_vanished(h, p, true))
		return true;
	reply_error(r, 404, org ? "This organization does not exist" : "This user does not exist");
	return false;
}

void overview_answer(const struct hub *h, const char *name, bool org, struct reply *r)
{
	struct profile p;
	struct buf *b = &r->body;
	if (!known(h, name, org, &p, r))
		return;
	buf_fmt(b, "{\"_id\":\"%s\",\"avatarUrl\":\"/avatars/%s00000000.svg\",\"fullname\":", p.oid, p.oid);
	buf_json(b, p.name);
	if (org)
		put_org(h, &p, b);
	else
		put_user(h, &p, b);
	if (p.counted) {
		put_count(b, "numModels", p.owned[MODELS]);
		put_count(b, "numDatasets", p.owned[DATASETS]);
		put_count(b, "numSpaces", p.owned[SPACES]);
	}
	put_count(b, "numPapers", 0);
	put_count(b, "numFollowers", profile_count(h, &p, org ? SHEET_ORG_FOLLOWERS : SHEET_FOLLOWERS));
	buf_char(b, '}');
}

void avatar_answer(const struct hub *h, const char *name, bool org, struct reply *r)
{
	struct profile p;
	if (known(h, name, org, &p, r))
		buf_fmt(&r->body, "{\"avatarUrl\":\"/avatars/%s00000000.svg\"}", p.oid);
}
