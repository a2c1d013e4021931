// SPDX-License-Identifier: Apache-2.0
/* An account of the Hub, user or organisation, as far as lists show it in public; and how observations of it are
 * merged. Pure.
 *
 * An account is named by its key: its name in ASCII lower case, for the Hub takes a name in any letter case. Whatever
 * ranks, restarts and earlier censuses saw of one key is merged by account_merge() and account_spelling(), which are
 * commutative, associative and idempotent: so the result depends on the set of observations alone.
 *
 * With --no-user-names a "name" in all that is kept is the 32 lower-case hexadecimal digits of a keyed hash of its key,
 * and everything below holds as it stands.
 */
#ifndef IO_ACCOUNT_H
#define IO_ACCOUNT_H

#include <stddef.h>
#include <stdint.h>

#include "io/oid.h"

/* Bytes of a name; the Hub's own limit for new ones is 42 (API notes, section 5). */
#define ACCOUNT_NAME_MAX 96

/* Ordered by what wins when two observations differ: a name may go from a user to an organisation (the Hub offers that)
 * and not back. */
enum account_type { ACCOUNT_UNKNOWN, ACCOUNT_USER, ACCOUNT_ORG, NACCOUNT_TYPES };
extern const char *const account_type_name[NACCOUNT_TYPES]; /* unknown, user, organisation */

/* Where an account was seen: bit numbers of account.sources. The bits but SOURCE_EARLIER are the capture history. */
enum account_source {
	SOURCE_OWNER,        /* owns a crawled repository */
	SOURCE_MEMBER,       /* in the list of members of an organisation */
	SOURCE_ORG_FOLLOWER, /* in the list of followers of an organisation */
	SOURCE_FOLLOWER,     /* in the list of followers of a user */
	SOURCE_FOLLOWING,    /* in the list of those whom a user follows */
	SOURCE_OVERVIEW_ORG, /* an organisation that a user's overview names */
	SOURCE_LIKER,        /* in the list of likers of a repository */
	SOURCE_EARLIER,      /* in an earlier census (--known) */
	NACCOUNT_SOURCES
};
extern const char *const account_source_name[NACCOUNT_SOURCES];

/* What can be asked of an account, and of a repository. The first NACCOUNT_OWN are an account's: bit numbers of
 * account.done and account.refused. */
enum account_list {
	LIST_OVERVIEW,      /* its type, number of followers, organisations */
	LIST_MEMBERS,       /* organisations */
	LIST_ORG_FOLLOWERS, /* organisations */
	LIST_FOLLOWERS,     /* users */
	LIST_FOLLOWING,     /* users */
	NACCOUNT_OWN,
	LIST_LIKERS_MODEL = NACCOUNT_OWN, /* in the order of enum kind */
	LIST_LIKERS_DATASET,
	LIST_LIKERS_SPACE,
	NACCOUNT_LISTS
};
extern const char *const account_list_name[NACCOUNT_LISTS];

/* One observation, or several merged. */
struct account {
	struct oid oid;    /* OID_MIN: not told */
	int64_t followers; /* -1: not told. Where several differ the largest counts. */
	int64_t observed;  /* s since 1970: the first time */
	uint16_t sources;  /* bits */
	uint8_t type;      /* enum account_type */
	uint8_t done;      /* lists asked to their end */
	uint8_t refused;   /* lists that were private, or whose account was gone: asked, and not to be asked again */
};

#define ACCOUNT_INIT                                                                                                   \
	{                                                                                                              \
		.followers = -1, .observed = INT64_MAX                                                                 \
	}

/* *a becomes the merge of both: sources, done and refused by OR; of type, _id (the younger account has the name now)
 * and followers the largest; of observed the smallest. */
void account_merge(struct account *a, const struct account *b);

/* Of two spellings of one key (n bytes each) the first in byte order counts, so capitals win: < 0 a, 0 same, > 0 b. */
int account_spelling(const char *a, const char *b, size_t n);

/* May a name hold this character: is it one of [A-Za-z0-9._-]? */
int account_name_may_hold(char c);

/* Is it a name: 1 … ACCOUNT_NAME_MAX of these? "." and ".." are none: in the path of a request they lead elsewhere (RFC
 * 3986, section 5.2.4). */
int account_name_is_valid(const char *name, size_t n);

/* Can the likers of the repository with this id be asked for: is it "name" or "owner/name", neither of them empty, "."
 * or "..", without a NUL? Of any other the request's path would be another one's. */
int account_repo_is_askable(const char *id, size_t n);

/* Write the key of a name, n bytes, not terminated. dst may be name. */
void account_key(char *dst, const char *name, size_t n);

/* "accounts" in ASCII: the seed of XXH3_64bits_withSeed() over the key. Not that of the sketch (io/sketch.h). */
#define ACCOUNT_SEED UINT64_C(0x6163636f756e7473)
uint64_t account_hash(const char *key, size_t n);

/* That of the key of a valid name. */
uint64_t account_hash_of(const char *name, size_t n);

/* The rank that owns the key with this hash: its high 32 bits, scaled. */
static inline int account_rank(uint64_t hash, int nranks)
{
	return (int)(((hash >> 32) * (uint64_t)nranks) >> 32);
}

/* The lists that an account of this type has, as bits; of an unknown one, those that settle what it is: the overview of
 * a user, or the followers of an organisation (for a refused bit there says that it is none, and counts as private or
 * gone only if both are). Every list was asked when (done | refused) holds these of every account, no list of a shard
 * is left unfinished, and so is every repository's with likes that can be asked for. */
unsigned account_lists(enum account_type type);

#endif
