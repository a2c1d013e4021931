// SPDX-License-Identifier: Apache-2.0
/* A shard of accounts: what one rank saw of accounts since it sealed last, and how far the lists are that it asked, in
 * one file shards/users-r<rank>-<seq>.h5 that is either whole or not there (as io/h5shard.h: tmp, close, stamp, sync,
 * rename, sync of the folder).
 *
 * Rows are observations, not accounts: the same account may stand in many rows of many shards, and they are merged by
 * the law of io/account.h, in any order. A page's accounts and the state of the list that it came from are sealed by
 * the rename of one file, so a list that counts as asked has all its accounts in the same shard or in earlier ones of
 * that rank.
 *
 * Owners of repositories are rows, too (SOURCE_OWNER): the shards of accounts need no other file to be understood.
 *
 * Layout: a stamp "account-shard" (io/stamp.h), then
 *     /             attributes: format, version, snapshot, rank, seq, session, sealed_at, key_id
 *     /accounts/    name_off uint64[n+1], name_bytes; oid uint8[n][12] (zeros: absent); type, done, refused uint8[n];
 *                   sources uint16[n]; followers (-1 absent), observed int64[n]
 *     /lists/       list, state uint8[m]; whose_off, whose_bytes; next_off, next_bytes; pages, rows, observed int64[m]
 *     /refusals/    why_off, why_bytes, raw_off, raw_bytes: records that were no accounts
 *     /counters     int64, as in io/h5shard.h: requests of this phase are counted here and nowhere else
 *     /asked        int64[NACCOUNT_LISTS][4]: enum asked, since the last shard of that rank
 *     /sketch       uint8[SKETCH_NREG] with hashed names, else uint8[0]: the registers of the names of these rows
 */
#ifndef IO_H5ACCOUNTS_H
#define IO_H5ACCOUNTS_H

#include <stdint.h>

#include "io/account.h"
#include "io/err.h"
#include "io/h5shard.h"
#include "io/sketch.h"
#include "io/table.h"

#define ACCOUNT_SHARD_VERSION 1

/* Bytes of a list's cursor: with a longer one, which no crawl keeps, it could not be asked. */
#define ACCOUNT_CURSOR_MAX 1023

/* Of each kind of list. */
enum asked {
	ASKED_PAGES,   /* pages taken */
	ASKED_ROWS,    /* elements in them that are accounts; of overviews the organisations named */
	ASKED_DONE,    /* lists finished */
	ASKED_REFUSED, /* lists private, or whose account or repository is gone */
	NASKED
};

enum list_state {
	LIST_MORE,    /* to be gone on with at `next` */
	LIST_DONE,    /* finished */
	LIST_REFUSED, /* private, or its account or repository is gone; what it showed before is kept */
};

/* How far a list is. An account's lists stand here only while there is more to ask; once they are finished or refused
 * they are bits of its row (account.done, .refused), which win over any state here. A repository's list of likers
 * always stands here. Of several states of one list the one with most pages counts, and the larger state of those. */
struct account_list_row {
	uint8_t list;     /* enum account_list */
	uint8_t state;    /* enum list_state */
	int64_t pages;    /* so far */
	int64_t rows;     /* accounts in them */
	int64_t observed; /* s since 1970, of the last page */
};

struct account_shard {
	char snapshot[33];
	int32_t rank;
	int64_t seq;       /* 0 …, per rank, never reused within a snapshot */
	int64_t session;   /* start of the crawl that wrote it, ms since 1970 */
	int64_t sealed_at; /* ms since 1970; set by account_shard_seal() */
	char key_id[33];   /* "" : names as spelled; else what names the key of the hashes that stand for them */
	uint64_t n, cap;   /* accounts */
	struct account *row;
	struct texts name; /* n of them, as spelled */
	uint64_t nlist, list_cap;
	struct account_list_row *list;
	struct texts whose;    /* nlist of them: name of the account; of a repository the 24 digits of its _id */
	struct texts next;     /* nlist of them: the Hub's cursor, "" unless LIST_MORE */
	struct texts why, raw; /* refusals */
	int64_t counter[NCOUNTERS];
	int64_t asked[NACCOUNT_LISTS][NASKED];
	struct sketch sketch; /* all 0 unless key_id */
};

void account_shard_init(struct account_shard *s, const char *snapshot, int rank, int64_t session, const char *key_id);
void account_shard_release(struct account_shard *s);

/* No rows, lists, refusals, counters, registers; memory and the head are kept. */
void account_shard_clear(struct account_shard *s);

/* Append. 0, or -1 when memory is short: then nothing was appended. */
int account_shard_add(struct account_shard *s, const struct account *a, const char *name, size_t n);
int account_shard_add_list(struct account_shard *s, const struct account_list_row *l, const char *whose, size_t nwhose,
			   const char *next, size_t nnext);
/* raw is cut at REFUSAL_RAW_MAX bytes. */
int account_shard_add_refusal(struct account_shard *s, const char *why, const char *raw, size_t nraw);

/* Is there anything worth sealing? */
int account_shard_is_empty(const struct account_shard *s);

/* Write it under its final name into folder `dir` (".../shards") and increment s->seq. Local. The content stays. On
 * error no file with the final name was made, unless the sync of the folder failed, and none that was there is
 * replaced. Errors: E_IO, E_H5, E_NOMEM. */
int account_shard_seal(struct account_shard *s, const char *dir, struct err *e);

/* The same in place of the one that has the name: written anew with less in it. */
int account_shard_replace(struct account_shard *s, const char *dir, struct err *e);

/* Read one. Local. *s is overwritten and must be released, also on error.
 *   snapshot  id that it must belong to, under the name that it was sealed as; NULL: any, under any name
 * A file that belongs to another snapshot or version, has another's name, or whose sizes, names and codes do not hold
 * is refused with one line (E_FORMAT); one whose stamp does not hold is E_DAMAGED, and not read at all. Every name that
 * comes back is a valid one. */
int account_shard_read(struct account_shard *s, const char *path, const char *snapshot, struct err *e);

/* The account shards of a snapshot folder, sorted by name (shard_list() leaves these out). Release with
 * shard_list_release(). Errors: E_IO, E_NOMEM. */
int account_shard_list(struct shard_list *l, const char *dir, struct err *e);

/* Raise *next to the number behind all that the shards of the folder have, and behind those of DIR/damaged: none is
 * given twice, for an archive tells shards apart by it. Errors: E_IO, E_NOMEM, E_USAGE. */
int account_shard_number(const char *dir, int64_t *next, struct err *e);

/* Rank and number from a shard's file name; 0 if it is none. */
int account_shard_name_parse(const char *path, int *rank, int64_t *seq);

#endif
