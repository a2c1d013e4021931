// SPDX-License-Identifier: Apache-2.0
/* A page of accounts, from bytes to rows: a list's elements, or an overview. Local, no I/O; everything in it is
 * hostile.
 */
#ifndef CRAWLER_ROLL_H
#define CRAWLER_ROLL_H

#include <stddef.h>
#include <stdint.h>

#include "io/account.h"
#include "io/err.h"
#include "io/table.h"

/* More elements than this are no page. */
#define ROLL_MAX 20000

struct roll_row {
	const char *name; /* a valid one; lives until the next roll_take() */
	uint8_t n;
	struct account a; /* _id, type and followers as told; source of the list; observed */
};

struct roll;

struct roll_page {
	const struct roll_row *row;
	size_t nrow;
	int is_page;        /* JSON of the shape that was asked for; if not: */
	const char *why;    /* for people */
	int doubtful;       /* and whether ROLL_FORCE would make a page of it */
	struct account own; /* overview: what it tells of its own account */
	int64_t nfollowing; /* overview: -1 not told */
	size_t nrefused;    /* elements that are no accounts: */
	const struct texts *refused_why, *refused_raw;
};

/* For a reply that was asked for again and came the same. A list that is no JSON is cut into its elements, for one that
 * is none (NaN, broken UTF-8, half of a surrogate pair) makes a parser refuse all; a list of which no element is an
 * account, and an overview that names none, are taken for what they are. */
enum roll_flag { ROLL_FORCE = 1 };

/* An _id may be so many seconds younger than the reply that shows it; what is younger is not told. */
#define ROLL_AHEAD_S 86400

/* NULL when memory is short. */
struct roll *roll_create(void);
void roll_free(struct roll *r);

/* Read a reply to `list`, n bytes with JS_PADDING readable behind them. flags: enum roll_flag. Errors: E_NOMEM. */
int roll_take(struct roll *r, enum account_list list, unsigned flags, const char *text, size_t n, int64_t observed,
	      struct roll_page *p, struct err *e);

/* The source that being in this list is. */
enum account_source roll_source(enum account_list list);

#endif
