// SPDX-License-Identifier: Apache-2.0
#include "io/account.h"

#include <string.h>

/* Dispersion is all that is asked of it; one of the fastest there are. */
#define XXH_INLINE_ALL
#include <xxhash.h>

const char *const account_type_name[NACCOUNT_TYPES] = { "unknown", "user", "organisation" };

const char *const account_source_name[NACCOUNT_SOURCES] = {
	[SOURCE_OWNER] = "owner",
	[SOURCE_MEMBER] = "member",
	[SOURCE_ORG_FOLLOWER] = "organisation_follower",
	[SOURCE_FOLLOWER] = "follower",
	[SOURCE_FOLLOWING] = "following",
	[SOURCE_OVERVIEW_ORG] = "overview",
	[SOURCE_LIKER] = "liker",
	[SOURCE_EARLIER] = "earlier",
};

const char *const account_list_name[NACCOUNT_LISTS] = {
	[LIST_OVERVIEW] = "overview",
	[LIST_MEMBERS] = "members",
	[LIST_ORG_FOLLOWERS] = "organisation_followers",
	[LIST_FOLLOWERS] = "followers",
	[LIST_FOLLOWING] = "following",
	[LIST_LIKERS_MODEL] = "likers_models",
	[LIST_LIKERS_DATASET] = "likers_datasets",
	[LIST_LIKERS_SPACE] = "likers_spaces",
};

void account_merge(struct account *a, const struct account *b)
{
	a->sources |= b->sources;
	a->done |= b->done;
	a->refused |= b->refused;
	if (b->type > a->type)
		a->type = b->type;
	if (oid_cmp(b->oid, a->oid) > 0)
		a->oid = b->oid;
	if (b->followers > a->followers)
		a->followers = b->followers;
	if (b->observed < a->observed)
		a->observed = b->observed;
}

int account_spelling(const char *a, const char *b, size_t n)
{
	return memcmp(a, b, n);
}

int account_name_may_hold(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
	       c == '_';
}

/* Neither empty nor one of those that a path resolves. */
static int is_segment(const char *s, size_t n)
{
	return n > 0 && !(s[0] == '.' && (n == 1 || (n == 2 && s[1] == '.')));
}

int account_name_is_valid(const char *name, size_t n)
{
	if (!is_segment(name, n) || n > ACCOUNT_NAME_MAX)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (!account_name_may_hold(name[i]))
			return 0;
	return 1;
}

int account_repo_is_askable(const char *id, size_t n)
{
	const char *slash = n ? memchr(id, '/', n) : NULL;
	size_t first = slash ? (size_t)(slash - id) : n, rest = slash ? n - first - 1 : 0;

	if (!is_segment(id, first) || memchr(id, '\0', n))
		return 0;
	return !slash || (is_segment(slash + 1, rest) && !memchr(slash + 1, '/', rest));
}

void account_key(char *dst, const char *name, size_t n)
{
	for (size_t i = 0; i < n; i++)
		dst[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] | 0x20 : name[i]);
}

uint64_t account_hash(const char *key, size_t n)
{
	return XXH3_64bits_withSeed(key, n, ACCOUNT_SEED);
}

uint64_t account_hash_of(const char *name, size_t n)
{
	char key[ACCOUNT_NAME_MAX];

	n = n < sizeof key ? n : sizeof key;
	account_key(key, name, n);
	return account_hash(key, n);
}

unsigned account_lists(enum account_type type)
{
	switch (type) {
	case ACCOUNT_USER:
		return 1u << LIST_OVERVIEW | 1u << LIST_FOLLOWERS | 1u << LIST_FOLLOWING;
	case ACCOUNT_ORG:
		return 1u << LIST_MEMBERS | 1u << LIST_ORG_FOLLOWERS;
	default:
		return 1u << LIST_OVERVIEW | 1u << LIST_ORG_FOLLOWERS;
	}
}
