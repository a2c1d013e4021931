// SPDX-License-Identifier: Apache-2.0
/* Inside of an asker: asker.c (life, messages, turns), asker_item.c (between ranks), asker_send.c
 * (requests), asker_reply.c (pages). */
#ifndef CRAWLER_ASKER_IN_H
#define CRAWLER_ASKER_IN_H

#include "crawler/accounts.h"
#include "crawler/asker.h"
#include "crawler/frontier.h"
#include "crawler/outage.h"
#include "crawler/roll.h"

enum slot_state { SLOT_FREE, SLOT_READY, SLOT_FLYING, SLOT_PAUSED };

/* A list being asked. */
struct slot {
	enum slot_state state;
	struct ask ask;
	int failures;
	int doubtful;  /* the last reply was: see struct roll_page */
	int64_t since; /* when it was given this to ask */
	int64_t until; /* paused */
	char path[512];
};

struct outbox {
	uint32_t n;
	unsigned char bytes[POST_MAX];
};

/* Before the start: a list that has begun. */
struct told_list {
	struct account_list_row row;
	char *whose, *next; /* owned */
	uint32_t repo;      /* of likers: its number */
};

/* What was recorded lately, by 64-bit hashes of all that was said: neither recorded nor sent again. */
#define RECENT_N (1u << 18)

struct asker {
	struct asker_setup setup;
	struct accounts accounts;
	struct accounts repos_asked; /* before the start: likers that were asked */
	struct frontier frontier;
	struct roll *roll;
	struct slot *slot; /* nslots that fly, and others that wait for a token */
	int nslot;
	struct outbox **out; /* per rank, NULL until it is used */
	int64_t packed_ms;   /* when the oldest item was packed, 0: none is */
	uint64_t *recent;
	struct told_list *told;
	size_t ntold, told_cap;
	int running; /* asker_begin() was called */
	int no_memory;
	struct msg_seen *seen;
	uint32_t nseen, seen_cap;
	struct msg_report sums;
	int64_t received_tokens, tokens_until, wait_until, starved_since;
	int dirty, stopping, why, told_stop, drained, said_bye, failed, more;
	int64_t drain_until;
	int64_t items_sent, items_received; /* parcels of them */
	int64_t lists, refused, pages, given_up;
	int is_limited;
	int held;                    /* other ranks have better to ask */
	int foreign[NACCOUNT_LISTS]; /* next links to elsewhere */
	int denied;                  /* replies in a row that refused the token */
	struct outage outage;        /* no other list is begun while it rests */
	uint64_t random;
};

/* asker_item.c */

/* Something was seen of an account: to its owner, or here. `class` gains if it is new. */
void asker_meet(struct asker *a, enum item_what what, uint16_t class, const char *name, size_t n,
		const struct account *x);

/* Keep it for the shard. */
void asker_record(struct asker *a, const char *name, size_t n, const struct account *x);

/* An own account is of this type: its lists are another set now. */
void asker_settle(struct asker *a, uint32_t ref, enum account_type type);

/* asker.c */

/* Keep for the shard how far a list is, if it has gone on since it was sealed. 0 or -1. */
int asker_keep_list(struct asker *a, struct ask *x);

/* asker_reply.c */

/* A reply for a slot. *good: it was a page. */
int asker_take(struct asker *a, struct slot *s, const struct fetch_reply *r, int64_t now, int *good, struct err *e);

/* asker_send.c */

/* The slot's request can go when there is a token; it failed. */
void asker_ready(struct asker *a, struct slot *s);
void asker_fail(struct asker *a, struct slot *s, const char *why, int64_t now);

/* A page came: the Hub is there. */
void asker_heard(struct asker *a, int64_t now);

/* Give free slots something to ask; send what tokens are there for. */
void asker_fill(struct asker *a, int64_t now);
void asker_send(struct asker *a, int64_t now);

int asker_count(const struct asker *a, enum slot_state state);
int64_t asker_tokens(const struct asker *a);
void asker_give_back(struct asker *a, int64_t n);

/* Count the time in which a request was ready, nothing was in flight and no token was there. */
void asker_measure_wait(struct asker *a, int64_t now);

#endif
