// SPDX-License-Identifier: Apache-2.0
/* How far the lists are that were asked and not finished, and those of repositories: each once, by the law of
 * io/h5accounts.h. Local. */
#ifndef REDUCE_LISTING_H
#define REDUCE_LISTING_H

#include <stdint.h>

#include "io/account.h"
#include "io/table.h"
#include "reduce/roster.h"

struct account_list_row;

struct listing {
	struct dict key; /* list and what it belongs to */
	uint8_t *state;
	int64_t *pages;
	uint64_t cap;
};

/* Of each enum account_list. known: those that there are, as far as accounts are known; done, refused (private, or
 * gone) and unfinished ones are among them, all others have not been asked. */
struct list_count {
	int64_t known, done, refused, unfinished;
};

/* Add the state of one list. Returns 0, or -1 when memory is short. */
int listing_add(struct listing *l, const struct account_list_row *row, const char *whose, size_t len);

/* Add to count[NACCOUNT_LISTS] the lists of the accounts in `r` and the lists in `l`; both hold what this rank owns. */
void listing_count(const struct listing *l, const struct roster *r, struct list_count *count);

void listing_release(struct listing *l);

#endif
