// SPDX-License-Identifier: Apache-2.0
/* A rank's part in the discovery of accounts: the accounts that it owns, what it asks about them, what it seals. Talks
 * to the coordinator by messages that the caller carries (crawler/message.h: tokens, waits, the stop), and to other
 * ranks by crawler/post.h.
 *
 * Every account belongs to the rank that the hash of its key says. That rank asks all of its lists, one page after the
 * other, and seals what a page showed together with how far the list is; the names on the page go to their owners,
 * which answer how many were new, so that the asker learns which lists are worth it.
 */
#ifndef CRAWLER_ASKER_H
#define CRAWLER_ASKER_H

#include "crawler/fetch.h"
#include "crawler/item.h"
#include "crawler/ledger.h"
#include "crawler/message.h"
#include "crawler/post.h"
#include "io/schema.h"

struct asker_setup {
	int rank, nranks;
	int nslots; /* requests at a time */
	const struct hub *hub;
	struct fetch *fetch;
	struct post *post;
	struct ledger *ledger;   /* where to seal */
	struct archive *archive; /* keeps every reply, or NULL */
	int retries, rounds;     /* attempts after a failed one; how often a list is put back then */
	uint64_t seed;           /* of the jitter */
};

struct asker;

/* Everything that `s` points to must live as long. NULL when memory is short. */
struct asker *asker_create(const struct asker_setup *s);
void asker_free(struct asker *a);

/* --- before the start: what is known already --- */

/* An account from a shard (ITEM_KNOWN) or from elsewhere (ITEM_OWNER). Any rank may say it; it goes to its owner. 0 or
 * -1. */
int asker_tell(struct asker *a, enum item_what what, const char *name, size_t n, const struct account *x);

/* How far a list is. 0 or -1. */
int asker_tell_list(struct asker *a, const struct account_list_row *l, const char *whose, size_t nwhose,
		    const char *next, size_t nnext);

/* A repository with likes, of which account_repo_is_askable() holds. 0 or -1. */
int asker_tell_repo(struct asker *a, enum kind kind, struct oid oid, const char *id, size_t n, int64_t likes);

/* Send what is packed; then receive what others have sent, as long as much is under way. 0 or -1. */
int asker_flush(struct asker *a);

/* Everything has been told and received: make the frontier. 0 or -1. */
int asker_begin(struct asker *a);

/* --- the run --- */

/* A parcel from another rank; PARCEL_STATUS is not for it. Once it stops it answers none. */
void asker_parcel(struct asker *a, int rank, const void *bytes, size_t n);

void asker_feed(struct asker *a, const struct msg *m, int64_t now);

/* Stop as if the coordinator had said so, and seal at once. Errors as asker_turn(). */
int asker_stop(struct asker *a, int64_t now, struct err *e);

/* Take replies, send requests and names, seal. Errors: those of account_shard_seal(), E_DENIED (the token is refused,
 * and all is sealed), E_NOMEM. After an error nothing more is sealed. */
int asker_turn(struct asker *a, int64_t now, struct err *e);

/* The next message for the coordinator: 1, or 0. */
int asker_next(struct asker *a, int64_t now, struct msg *m);

int64_t asker_due(const struct asker *a, int64_t now);
int asker_is_over(const struct asker *a);
int asker_why(const struct asker *a);

void asker_status(struct asker *a, struct item_status *s);

/* The best that any rank has to ask brings so many accounts: a rank that has much less to offer leaves the requests to
 * the others, where not all can be made: `requests` of all ranks; -1: any number. */
void asker_hold(struct asker *a, double best);
void asker_limit(struct asker *a, int64_t requests);

/* Accounts owned, lists that came to their end, lists that were given up. */
struct asker_look {
	int64_t accounts, lists, given_up;
};
struct asker_look asker_look(const struct asker *a);

#endif
