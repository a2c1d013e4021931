// SPDX-License-Identifier: Apache-2.0
/* DIR/users.json: how the discovery of accounts ended, once it has; rank 0. A session that asks on opens it again: it
 * is END_NONE then, and of the rest only the requests and their limit hold. Local. */
#ifndef IO_USERS_END_H
#define IO_USERS_END_H

#include <stdint.h>

#include "io/err.h"

enum ending { END_NONE, END_ALL, END_REQUESTS, END_GAPS, NENDINGS };
extern const char *const ending_name[NENDINGS]; /* for people, and in the file */

/* No count in it is larger, so that sums cannot overflow. */
#define USERS_END_MAX 1000000000000000

struct users_end {
	enum ending ending;
	int64_t requests; /* of all sessions */
	int64_t accounts; /* known */
	int64_t pages;    /* in the shards */
	int64_t given_up; /* lists that the Hub did not give in the latest session that asked */
	int64_t rows;     /* of repositories: more of them may name more owners */
	int64_t limit;    /* of requests of all sessions: the census's own (--user-requests), until another is given; 0:
			     none */
};

/* That of `folder`; END_NONE, and no error, where there is none. A foreign file: what this program would not have
 * written is refused. Errors: E_USAGE (a name that is too long), E_FORMAT, E_IO. */
int users_end_read(struct users_end *x, const char *folder, struct err *e);

/* Errors: E_IO, E_NOMEM. */
int users_end_write(const struct users_end *x, const char *dir, struct err *e);

/* What is to be asked may change it: END_NONE from now on, with its requests and its limit, where there is one. Errors:
 * those of both. */
int users_end_reopen(const char *dir, struct err *e);

/* Its limit from now on; how it ended stays until something is asked. Errors: those of both. */
int users_end_limit(const char *dir, int64_t limit, struct err *e);

/* As it is written, to be released; NULL when memory is short. */
struct json_t;
struct json_t *users_end_json(const struct users_end *x);

#endif
