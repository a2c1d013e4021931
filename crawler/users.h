// SPDX-License-Identifier: Apache-2.0
/* The discovery of accounts, when the repositories are crawled: from what is sealed to its end.
 *
 *     DIR/shards/users-r*.h5   what was seen (io/h5accounts.h), with names or with hashes
 *     DIR/users.json           how the discovery ended, once it has (io/users_end.h): nothing is asked again then
 *     DIR/users.key            with --no-user-names: the key of the hashes (io/pseudonym.h)
 *     DIR/users.private/       likewise: the shards with names, until it has ended
 *     DIR/users.ended/         the same folder while it is being removed
 */
#ifndef CRAWLER_USERS_H
#define CRAWLER_USERS_H

#include <mpi.h>

#include "crawler/budget.h"
#include "crawler/fetch.h"
#include "crawler/options.h"
#include "io/snapshot.h"
#include "io/users_end.h"

struct users_setup {
	const struct options *o;
	const struct snapshot *snapshot;
	const struct hub *hub;
	struct fetch *fetch;
	struct archive *archive;          /* keeps every reply, or NULL */
	const struct users_end *archived; /* nothing is asked: this is how it ended that is in the shards; or NULL */
	struct budget *budget;            /* rank 0: nbudgets of them */
	int nbudgets;
	struct monitor *monitor; /* rank 0; NULL: nobody watches */
	const int *host;         /* rank 0: which budget each rank spends */
	int64_t requests;        /* of this session so far, of --max-requests */
	int64_t rows;            /* rank 0: of repositories that are sealed */
	int64_t start_ms, session;
	int (*is_stopped)(void);
};

/* Set the shards of accounts aside that are damaged, a line for each, and those that count on them; what they held is
 * asked again. `is_stopped` is asked before each. Local. Errors:
 * E_STOPPED, E_IO, E_NOMEM. */
int users_set_aside(const char *dir, int (*is_stopped)(void), struct err *e);

/* Has it ended with these repositories, of which `rows` are sealed, and would these options not take it further? Then
 * *gaps, which may be NULL, says whether lists were given up. Local. Errors: those of users_end_read(). */
int users_is_complete(const struct options *o, int64_t rows, int *complete, int *gaps, struct err *e);

/* Where it is complete by --user-requests alone, a note says how it goes on. Local. Errors: those of users_end_read().
 */
int users_tell_limit(const char *dir, struct err *e);

/* With hashes, at the end: remove DIR/users.private for good and all that is in it, following no link. Not to be found
 * is no error. Local. Errors: E_IO. */
int users_remove_names(const char *dir, struct err *e);

/* Before a start: what a kill has left of that, and all of it where users_is_complete(). Local. Errors: E_IO, those of
 * users_end_read(). */
int users_mend_names(const struct options *o, int64_t rows, struct err *e);

/* Collective over comm. Rank 0 prints a summary to stdout. *exit_code is the same on all ranks: 0, 3 or 5 on success.
 * Errors: those of io/, E_DENIED, E_USAGE. */
int users_run(MPI_Comm comm, const struct users_setup *s, int *exit_code, struct err *e);

#endif
