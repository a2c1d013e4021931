/* SPDX-License-Identifier: Apache-2.0 */
/* GET /api/users/{name}/overview and /api/organizations/{name}/overview (hub-api 5). */
#include <string.h>
#include <strings.h>

#include "account.h"
#include "hub.h"
#include "mix.h"

/* Rows up to which an owner's repositories are counted; beyond that the counts are left out, as the Hub does now and
 * then. */
enum { COUNT_MAX = 1000000 };

struct owned {
	uint64_t n[NKIND];
	bool counted, any;
	char name[OWNER_TEXT]; /* as the repositories spell it */
};

static void count_owned(const struct hub *h, const char *name, struct owned *o)
{
	char owner[OWNER_TEXT];
	memset(o, 0, sizeof *o);
	if (h->pop.n[0] + h->pop.n[1] + h->pop.n[2] > COUNT_MAX)
		return;
	o->counted = true;
	for (enum kind k = MODELS; k < NKIND; k++)
		for (uint64_t i = 0; i < h->pop.n[k]; i++) {
			population_owner(&h->pop, k, i, owner);
			if (strcasecmp(owner, name) != 0)
				continue;
			if (!o->any)
				str_put(o->name, OWNER_TEXT, owner);
			o->any = true;
			o->n[k]++;
		}
}

/* The account's spelling; false: there is none of that kind. Owners in a recorded population that are no known
 * organisation count as users. */
static bool account(const struct hub *h, const char *name, bool org, const struct owned *o, char out[OWNER_TEXT])
{
	int k = org_find(name);
	uint64_t u;
	if (k >= 0) {
		str_put(out, OWNER_TEXT, orgs[k].name);
		return org && (!h->pop.recorded || o->any);
	}
	if (org)
		return false;
	if (o->any) {
		str_put(out, OWNER_TEXT, o->name);
		return true;
	}
	if (h->pop.recorded || !user_find(name, h->users, &u))
		return false;
	user_name(out, u);
	return true;
}

void overview_answer(const struct hub *h, const char *name, bool org, struct reply *r)
{
	struct owned o;
	char own[OWNER_TEXT], oid[OID_TEXT];
	struct buf *b = &r->body;
	uint64_t hash = 0;
	count_owned(h, name, &o);
	if (!account(h, name, org, &o, own)) {
		reply_error(r, 404, org ? "This organization does not exist" : "This user does not exist");
		return;
	}
	for (const char *s = own; *s; s++)
		hash = mix_nth(hash, (unsigned char)*s);
	uint32_t created = (uint32_t)(0x60000000u + hash % 0x8000000u);
	oid_format(oid, created, hash);
	buf_fmt(b, "{\"_id\":\"%s\",\"avatarUrl\":\"/avatars/%s00000000.svg\",\"fullname\":", oid, oid);
	buf_json(b, own);
	buf_str(b, org ? ",\"name\":" : ",\"isPro\":false,\"user\":");
	buf_json(b, own);
	buf_str(b, org ? ",\"isVerified\":false,\"isFollowing\":false"
		       : ",\"type\":\"user\",\"isFollowing\":false,\"orgs\":[],\"createdAt\":");
	if (!org)
		buf_json_time(b, created);
	if (org)
		buf_fmt(b, ",\"numUsers\":%d", (int)(1 + hash % 50));
	if (o.counted)
		buf_fmt(b, ",\"numModels\":%llu,\"numDatasets\":%llu,\"numSpaces\":%llu",
			(unsigned long long)o.n[MODELS], (unsigned long long)o.n[DATASETS],
			(unsigned long long)o.n[SPACES]);
	buf_fmt(b, ",\"numPapers\":0,\"numFollowers\":%d}", (int)(hash >> 8 & 1023));
}
