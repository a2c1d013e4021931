// SPDX-License-Identifier: Apache-2.0
#include "crawler/users.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crawler/asker.h"
#include "crawler/crawl.h"
#include "crawler/ledger.h"
#include "crawler/resume.h"
#include "crawler/users_load.h"
#include "crawler/users_loop.h"
#include "crawler/users_sealed.h"
#include "io/agree.h"
#include "io/log.h"

#define ROUNDS 2
/* Requests to come, as far as the budget need know: more than any window has. */
#define OPEN 1e9

struct users {
	const struct users_setup *s;
	MPI_Comm comm;
	int rank, nranks;
	char shards[4096], names[4096];
	struct pseudonym pseudonym;
	int64_t seq;             /* of the first shard */
	struct users_end before; /* DIR/users.json as it was */
	struct ledger ledger;
	struct asker *asker;
	struct post *post;
	struct transport *transport;
	struct coordinator *coordinator; /* rank 0 */
	struct users_load load;
	int64_t limit; /* requests of this session; -1: any number */
	int is_last;   /* the limit is that of --user-requests */
	int64_t sums[NCOUNTERS];
	struct item_status status; /* sums over the ranks */
	int64_t given_up;
};

/* --- what is there --- */

/* Asked to go further than it went? Without a limit on the command line that of the census holds. */
int users_is_complete(const struct options *o, int64_t rows, int *complete, int *gaps, struct err *e)
{
	struct users_end x;
	int rc = users_end_read(&x, o->dir, e);
	int64_t limit = o->user_requests > 0 ? o->user_requests : x.limit;

	*complete = x.rows == rows && (x.ending == END_ALL || (x.ending == END_REQUESTS && limit <= x.requests));
	if (gaps)
		*gaps = *complete && x.given_up > 0;
	return rc;
}

int users_tell_limit(const char *dir, struct err *e)
{
	struct users_end x;

	if (!users_end_read(&x, dir, e) && x.ending == END_REQUESTS)
		log_note("of accounts what %" PRId64 " requests gave: a larger --user-requests goes on", x.requests);
	return e->code;
}

/* --- before the start: rank 0 --- */

/* What a kill left half done: a shard with names and none with hashes beside it. */
static int mend(struct users *u, struct err *e)
{
	struct shard_list l;
	int rc = account_shard_list(&l, u->names, e);

	for (size_t i = 0; i < l.n && !rc; i++) {
		char twin[4200];
		struct stat st;

		snprintf(twin, sizeof twin, "%s%s", u->shards, strrchr(l.path[i], '/'));
		if (stat(twin, &st))
			rc = ledger_mend(&u->pseudonym, l.path[i], u->s->snapshot->id, u->shards, e);
	}
	shard_list_release(&l);
	return rc;
}

/* Hashes of two keys in one census would count accounts twice. */
static int check_key(struct users *u, int found, struct err *e)
{
	struct shard_list l;
	int rc = account_shard_list(&l, u->shards, e), n = (int)l.n;

	shard_list_release(&l);
	if (!rc && n > 0 && !found)
		return err_set(
			e, E_USAGE,
			"'%s/users.key' was destroyed: the discovery of accounts cannot go on; begin another folder",
			u->s->o->dir);
	return rc;
}

static int prepare(struct users *u, struct err *e)
{
	const char *dir = u->s->o->dir;
	int found;

	if (users_end_read(&u->before, dir, e))
		return e->code;
	if (!u->s->snapshot->hashed)
		return account_shard_number(u->shards, &u->seq, e);
	if (pseudonym_open(&u->pseudonym, dir, 0, &found, e) || check_key(u, found, e) ||
	    (!found && pseudonym_open(&u->pseudonym, dir, 1, &found, e)))
		return e->code;
	if (snapshot_make_dir(u->names, 0700, e) || resume_clean(u->names, e) || mend(u, e) ||
	    account_shard_number(u->names, &u->seq, e))
		return e->code;
	return account_shard_number(u->shards, &u->seq, e);
}

/* How it ended before is over when more is asked: a kill from now on leaves a discovery that has not ended, which is
 * also what the archive says. */
static int begin_session(const struct users *u, struct err *e)
{
	const char *dir = u->s->o->dir;

	if (!u->s->archived && users_end_reopen(dir, e))
		return e->code;
	return u->s->archive ? users_sealed_begin(dir, u->s->session, u->seq, e) : E_OK;
}

/* --- all ranks --- */

/* In all sessions: what is asked for now, or what the census has. 0: none. */
static int64_t own_limit(const struct users *u)
{
	return u->s->o->user_requests > 0 ? u->s->o->user_requests : u->before.limit;
}

static void set_limit(struct users *u)
{
	const struct options *o = u->s->o;
	int64_t all = o->max_requests > 0 ? o->max_requests - u->s->requests : INT64_MAX;
	int64_t own = own_limit(u) > 0 ? own_limit(u) - u->load.requests : INT64_MAX;

	u->is_last = own <= all && own < INT64_MAX;
	u->limit = own < all ? own : all;
	if (u->limit == INT64_MAX)
		u->limit = -1;
	else if (u->limit < 0)
		u->limit = 0;
}

static int create(struct users *u, struct err *e)
{
	const struct users_setup *s = u->s;
	struct asker_setup a = { .rank = u->rank,
				 .nranks = u->nranks,
				 .nslots = (int)s->o->in_flight,
				 .hub = s->hub,
				 .fetch = s->fetch,
				 .post = u->post,
				 .ledger = &u->ledger,
				 .archive = s->archive,
				 .retries = (int)s->o->retries,
				 .rounds = ROUNDS,
				 .seed = (uint64_t)s->session * 2654435761u + (uint64_t)u->rank };

	ledger_init(&u->ledger, s->snapshot->id, u->rank, s->session, u->seq,
		    s->snapshot->hashed ? &u->pseudonym : NULL, u->shards, u->names);
	u->ledger.seal_rows = s->o->seal_rows;
	u->ledger.seal_ms = s->o->seal_time;
	u->asker = asker_create(&a);
	return u->asker ? E_OK : err_set(e, E_NOMEM, "no memory for the discovery of accounts");
}

static int create_coordinator(struct users *u, struct err *e)
{
	struct coordinator_setup c = { .nranks = u->nranks,
				       .nslots = (int)u->s->o->in_flight,
				       .nhosts = u->s->nbudgets,
				       .host = u->s->host,
				       .max_requests = u->limit > 0 ? u->limit : 0,
				       .max_outage_ms = u->s->o->max_outage,
				       .open = OPEN };

	if (u->rank != 0)
		return E_OK;
	u->coordinator = coordinator_create(&c, u->s->budget, clock_ms());
	return u->coordinator ? E_OK : err_set(e, E_NOMEM, "no memory for the coordinator");
}

/* What earlier censuses and the repositories told is kept before anything is asked. */
static int load(struct users *u, struct err *e)
{
	int rc;

	u->load = (struct users_load){ .comm = u->comm,
				       .rank = u->rank,
				       .nranks = u->nranks,
				       .asker = u->asker,
				       .post = u->post,
				       .snapshot = u->s->snapshot,
				       .shards = u->shards,
				       .names = u->s->snapshot->hashed ? u->names : u->shards,
				       .known = u->s->o->known,
				       .is_stopped = u->s->is_stopped };
	if (users_load(&u->load, e))
		return e->code;
	/* With hashes the shards of a discovery that has ended are not read again. */
	if (u->load.requests < u->before.requests)
		u->load.requests = u->before.requests;
	rc = ledger_seal(&u->ledger, e);
	return err_agree(u->comm, rc, e);
}

static int ask(struct users *u, struct err *e)
{
	struct users_loop l = { .loop = { .rank = u->rank,
					  .nranks = u->nranks,
					  .fetch = u->s->fetch,
					  .transport = u->transport,
					  .coordinator = u->coordinator,
					  .budget = u->s->budget,
					  .nbudgets = u->s->nbudgets,
					  .monitor = u->s->monitor,
					  .start_ms = u->s->start_ms,
					  .max_time_ms = u->s->o->max_time,
					  .is_stopped = u->s->is_stopped },
				.post = u->post,
				.limit = u->limit };

	return users_loop_run(&l, u->asker, e);
}

static void sum_up(struct users *u)
{
	struct asker_look look = asker_look(u->asker);
	struct item_status s;
	int64_t mine[6], all[6];

	asker_status(u->asker, &s);
	mine[0] = s.accounts;
	mine[1] = s.lists;
	mine[2] = s.pages;
	mine[3] = s.requests;
	mine[4] = look.given_up;
	mine[5] = s.refused;
	agree_sum(u->comm, mine, all, 6);
	u->status = (struct item_status){
		.accounts = all[0], .lists = all[1], .pages = all[2], .requests = all[3], .refused = all[5]
	};
	/* A session that may not ask has not been given them either. */
	u->given_up = u->s->archived ? u->s->archived->given_up : u->limit == 0 ? u->before.given_up : all[4];
	agree_sum(u->comm, u->ledger.total, u->sums, NCOUNTERS);
}

/* --- the end: rank 0 --- */

static enum ending ending_of(const struct users *u, int why)
{
	if (u->s->archived) {
		const struct users_end *x = u->s->archived;

		/* Names that were still on their way when it stopped are in its shards and not in its count. */
		return x->pages == u->load.pages && x->accounts <= u->status.accounts ? x->ending : END_NONE;
	}
	if (why == MSG_DONE)
		return u->given_up ? END_GAPS : END_ALL;
	return u->is_last && u->sums[CNT_REQUESTS] >= u->limit ? END_REQUESTS : END_NONE;
}

/* Where the lines on stderr are JSON, this is, too. */
static void print_json(const struct users *u, enum ending end, int exit_code)
{
	json_t *j = json_pack("{s:s s:s s:i s:s s:I s:I s:I s:I s:I s:I s:I s:I}", "program", "hubcrawl", "event",
			      "users_end", "exit_code", exit_code, "ended", ending_name[end], "accounts",
			      (json_int_t)u->status.accounts, "lists", (json_int_t)u->status.lists, "lists_refused",
			      (json_int_t)u->status.refused, "lists_given_up", (json_int_t)u->given_up, "requests",
			      (json_int_t)u->sums[CNT_REQUESTS], "retries", (json_int_t)u->sums[CNT_RETRIES],
			      "replies_429", (json_int_t)u->sums[CNT_TOO_MANY], "requests_all",
			      (json_int_t)u->load.requests + (json_int_t)u->sums[CNT_REQUESTS]);
	char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;

	if (text)
		puts(text);
	free(text);
	json_decref(j);
	fflush(stdout);
}

static void print_summary(const struct users *u, enum ending end, int exit_code)
{
	char dir[ERR_WORD];

	if (log_is_json()) {
		print_json(u, end, exit_code);
		return;
	}
	err_word(dir, sizeof dir, u->s->o->dir);
	if (u->s->archived)
		printf("%-12s %" PRId64 " accounts known, %" PRId64 " pages of their lists read again\n", "users",
		       u->status.accounts, u->load.pages);
	else
		printf("%-12s %" PRId64 " accounts known, %" PRId64 " lists asked to their end, %" PRId64 " refused\n",
		       "users", u->status.accounts, u->status.lists, u->status.refused);
	printf("%-12s %" PRId64 " for accounts (%" PRId64 " retries, %" PRId64 " replies 429), %" PRId64
	       " in all sessions\n",
	       "requests", u->sums[CNT_REQUESTS], u->sums[CNT_RETRIES], u->sums[CNT_TOO_MANY],
	       u->load.requests + u->sums[CNT_REQUESTS]);
	printf("%-12s %s%s\n", "ended",
	       end != END_NONE  ? ending_name[end]
	       : u->s->archived ? "what is missing was not in the archive"
				: "stopped before its end",
	       end == END_REQUESTS ? ": a larger --user-requests goes on" : "");
	if (end != END_NONE && u->given_up > 0)
		printf("%-12s %" PRId64 " lists\n", "given up", u->given_up);
	if (u->coordinator && coordinator_look(u->coordinator)->silent)
		printf("%-12s the Hub has not answered for too long\n", "stopped");
	if (end != END_NONE && u->s->snapshot->hashed)
		printf("%-12s %s/users.key tells whether a name is in it; destroy it (shred -u) if nobody is to know\n",
		       "key", dir);
	if (end == END_NONE)
		printf("%-12s hubcrawl %s goes on\n", "next", dir);
	else
		printf("%-12s hubreduce %s\n", "next", dir);
	fflush(stdout);
}

static struct users_end end_of(const struct users *u, enum ending end)
{
	return (struct users_end){ .ending = end,
				   .requests = u->load.requests + u->sums[CNT_REQUESTS],
				   .accounts = u->status.accounts,
				   .pages = u->load.pages + u->sums[CNT_PAGES],
				   .given_up = u->given_up,
				   .rows = u->s->rows,
				   .limit = own_limit(u) };
}

static int conclude(struct users *u, int why, int *exit_code, struct err *e)
{
	enum ending end = ending_of(u, why);
	struct users_end x = u->s->archived ? *u->s->archived : end_of(u, end);
	const char *dir = u->s->o->dir;

	*exit_code = end == END_NONE && !u->s->archived ? err_exit_code(E_STOPPED)
		   : end == END_NONE || x.given_up > 0  ? CRAWL_EXIT_GAPS
							: 0;
	if (u->rank != 0)
		return E_OK;
	if (u->s->monitor)
		monitor_users_end(u->s->monitor, u->status.accounts, u->status.lists, u->status.refused,
				  u->sums[CNT_REQUESTS]);
	if (u->s->archive && users_sealed_end(dir, u->s->session, &x, e))
		return e->code;
	if (end != END_NONE &&
	    (users_end_write(&x, dir, e) || (end != END_GAPS && u->s->snapshot->hashed && users_remove_names(dir, e))))
		return e->code;
	print_summary(u, end, *exit_code);
	return E_OK;
}

/* --- the run --- */

static void take(void *arg, int rank, const void *bytes, size_t n)
{
	asker_parcel(arg, rank, bytes, n);
}

static int run(struct users *u, int *exit_code, struct err *e)
{
	int why = MSG_ASKED, rc;

	rc = u->rank == 0 ? prepare(u, e) : E_OK;
	if (!rc && u->rank == 0)
		rc = begin_session(u, e);
	if (err_agree(u->comm, rc, e))
		return e->code;
	agree_bcast(u->comm, &u->seq, sizeof u->seq);
	agree_bcast(u->comm, &u->before, sizeof u->before);
	agree_bcast(u->comm, &u->pseudonym, sizeof u->pseudonym);
	u->post = post_create(u->comm);
	u->transport = transport_create(u->comm);
	rc = u->post && u->transport ? create(u, e) : err_set(e, E_NOMEM, "no memory for messages");
	if (err_agree(u->comm, rc, e) || load(u, e))
		return e->code;
	set_limit(u);
	if (u->s->archived)
		u->limit = 0;
	asker_limit(u->asker, u->limit);
	if (u->limit != 0) {
		if (err_agree(u->comm, create_coordinator(u, e), e))
			return e->code;
		rc = ask(u, e);
		why = asker_why(u->asker);
		if (err_agree(u->comm, rc, e))
			return e->code;
	}
	/* What was packed when it stopped is in the shards: it is counted, too. */
	rc = asker_flush(u->asker) ? err_set(e, E_NOMEM, "no memory for messages") : E_OK;
	post_settle(u->post, take, u->asker);
	if (err_agree(u->comm, rc, e))
		return e->code;
	sum_up(u);
	return err_agree(u->comm, conclude(u, why, exit_code, e), e);
}

int users_run(MPI_Comm comm, const struct users_setup *s, int *exit_code, struct err *e)
{
	struct users *u = calloc(1, sizeof *u);
	int rc = u ? E_OK : err_set(e, E_NOMEM, "no memory");

	if (err_agree(comm, rc, e) || !u) {
		free(u);
		return e->code;
	}
	u->s = s;
	u->comm = comm;
	MPI_Comm_rank(comm, &u->rank);
	MPI_Comm_size(comm, &u->nranks);
	snprintf(u->shards, sizeof u->shards, "%s/shards", s->o->dir);
	snprintf(u->names, sizeof u->names, "%s/users.private", s->o->dir);
	rc = run(u, exit_code, e);
	/* After an error what is under way is dropped. */
	if (u->post)
		post_settle(u->post, NULL, NULL);
	transport_free(u->transport);
	post_free(u->post);
	asker_free(u->asker);
	ledger_release(&u->ledger);
	coordinator_free(u->coordinator);
	memset(&u->pseudonym, 0, sizeof u->pseudonym);
	free(u);
	return rc;
}
