// SPDX-License-Identifier: Apache-2.0
#include "crawler/crawl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crawler/alone.h"
#include "crawler/audit.h"
#include "crawler/contact.h"
#include "crawler/fetch.h"
#include "crawler/folder.h"
#include "crawler/monitor.h"
#include "crawler/refill.h"
#include "crawler/share.h"
#include "crawler/start.h"
#include "crawler/stop.h"
#include "crawler/summary.h"
#include "crawler/token_share.h"
#include "crawler/users.h"
#include "crawler/users_load.h"
#include "crawler/worker_loop.h"
#include "io/agree.h"
#include "io/log.h"

#define ROUNDS 2

/* What rank 0 finds out before the start, and all ranks need. */
struct brief {
	struct snapshot snapshot;
	int64_t session;
	int64_t seq[NKINDS], hub_total[NKINDS];
	int complete; /* nothing of the repositories is missing */
	int gaps;     /* but lists of accounts were given up */
	int archive;  /* every reply is kept */
	int users;    /* accounts are to be discovered, and that is not complete */
};

struct crawl {
	const struct options *o;
	MPI_Comm comm;
	int rank, nranks;
	struct plan plan;
	struct token token; /* never among what is broadcast */
	struct brief brief;
	struct hub hub;
	char shards[4096];
	struct folder folder;            /* rank 0 */
	int nbudgets;                    /* one per job, or per machine */
	int *host;                       /* rank 0: which budget each rank spends */
	struct budget *budget;           /* rank 0 */
	struct coordinator *coordinator; /* rank 0 */
	struct contact contact;
	struct worker *worker;
	struct transport *transport;
	int64_t start_ms, first_ms;
	int64_t phase_ms[SUMMARY_NPHASES]; /* rank 0 */
	int64_t mark_ms;                   /* rank 0: when the present phase began */
	struct share share;
	struct monitor monitor;    /* rank 0 */
	int64_t requests;          /* of this session, when the repositories are crawled; rank 0: and the second pass */
	int64_t second[NCOUNTERS]; /* rank 0: of the second pass */
};

static void phase_ends(struct crawl *c, enum summary_phase phase)
{
	int64_t now = clock_ms();

	c->phase_ms[phase] += now - c->mark_ms;
	c->mark_ms = now;
}

/* --- before the start: rank 0 --- */

/* A folder that has an archive goes on with it: one with holes is worth little. */
static int prepare_archive(struct crawl *c, struct err *e)
{
	const struct folder *f = &c->folder;

	c->brief.archive = c->o->archive || archive_is_there(f->dir);
	if (!c->brief.archive || (f->complete && c->o->audit == 0 && !c->brief.users))
		return E_OK;
	if (c->brief.users && f->snapshot.hashed)
		log_note("with --no-user-names replies about accounts are not archived: they are full of names");
	if (c->o->archive && !archive_is_there(f->dir) && f->resume.nshards > 0)
		log_warn("'%s' was begun without --archive: what was crawled before will not be in the archive",
			 f->dir);
	return archive_open(f->dir, e);
}

/* What was left half done of the accounts, and is their discovery to go on? */
static int prepare_users(struct crawl *c, struct err *e)
{
	struct folder *f = &c->folder;
	int done = 1;

	if (!f->snapshot.users)
		return E_OK;
	/* First: names that are not needed any more are not set aside, and asked again, for being damaged. */
	if (f->snapshot.hashed && users_mend_names(c->o, folder_rows(f), e))
		return e->code;
	if (refill_mend(&refill_accounts, f->dir, e) || users_set_aside(f->dir, alone_is_stopped, e) ||
	    users_is_complete(c->o, folder_rows(f), &done, &c->brief.gaps, e))
		return e->code;
	/* What is still to be crawled of the repositories may name more owners, also if a kill comes before they are
	 * asked. */
	c->brief.users = !f->complete || !done;
	/* Kept from now on, for a session that is not told again. */
	if (c->brief.users && c->o->user_requests > 0 && users_end_limit(f->dir, c->o->user_requests, e))
		return e->code;
	return f->complete ? E_OK : users_end_reopen(f->dir, e);
}

static int prepare(struct crawl *c, struct err *e)
{
	struct folder *f = &c->folder;
	struct brief *b = &c->brief;

	if (options_plan(&c->plan, c->o, e) || token_find(&c->token, c->o->token_file, e) ||
	    folder_open(f, c->o, &c->plan, NULL, alone_is_stopped, e) ||
	    audit_check(f->dir, &f->snapshot, alone_is_stopped, e) ||
	    token_check_hub(&c->token, c->o->token_file, &c->plan.hub, f->snapshot.hub, e) || prepare_users(c, e))
		return e->code;
	/* A census that is not what it should be is told now, not after an hour. */
	if (b->users && c->o->known && users_check_known(c->o->known, e))
		return e->code;
	if (prepare_archive(c, e))
		return e->code;
	b->snapshot = f->snapshot;
	b->session = f->session;
	b->complete = f->complete;
	memcpy(b->seq, f->resume.next_seq, sizeof b->seq);
	memcpy(b->hub_total, f->resume.hub_total, sizeof b->hub_total);
	return E_OK;
}

/* --- all ranks --- */

static int create_worker(struct crawl *c, struct err *e)
{
	struct worker_setup w = { .rank = c->rank,
				  .nslots = (int)c->o->in_flight,
				  .hub = &c->hub,
				  .fetch = c->contact.fetch,
				  .snapshot = &c->brief.snapshot,
				  .shards = c->shards,
				  .archive = c->contact.archive,
				  .session = c->brief.session,
				  .seal_rows = c->o->seal_rows,
				  .seal_ms = c->o->seal_time,
				  .retries = (int)c->o->retries };

	memcpy(w.seq, c->brief.seq, sizeof w.seq);
	memcpy(w.hub_total, c->brief.hub_total, sizeof w.hub_total);
	w.seed = (uint64_t)c->brief.session * 2654435761u + (uint64_t)c->rank;
	c->worker = worker_create(&w);
	return c->worker ? E_OK : err_set(e, E_NOMEM, "no memory for a worker");
}

/* --- the probe and the first windows: rank 0 --- */

static int probe(struct crawl *c, struct probe *p, struct err *e)
{
	const struct snapshot *s = &c->brief.snapshot;
	struct span where[NKINDS];
	int want_total[NKINDS], rc;
	int64_t left = c->o->max_requests > 0 ? c->o->max_requests : INT64_MAX;
	struct probe_setup u = { .hub = &c->hub,
				 .fetch = c->contact.fetch,
				 .saved = c->contact.saved,
				 .archive = c->contact.archive,
				 .snapshot = s,
				 .worker = c->worker,
				 .budget = c->budget,
				 .retries = (int)(c->o->retries < 4 ? c->o->retries : 4),
				 .deadline_ms = c->o->max_time > 0 ? c->start_ms + c->o->max_time : 0,
				 .max_outage_ms = c->o->max_outage,
				 .seed = (uint64_t)c->brief.session,
				 .where = where,
				 .want_total = want_total,
				 .is_stopped = alone_is_stopped };
	struct cover gaps = COVER_INIT;

	for (int k = 0; k < NKINDS; k++) {
		if (resume_gaps(&c->folder.resume, s, (enum kind)k, &gaps)) {
			cover_release(&gaps);
			return err_set(e, E_NOMEM, "no memory for the windows");
		}
		where[k] = start_place(&gaps, (enum kind)k);
		left -= gaps.n > 0;
	}
	cover_release(&gaps);
	/* Of few requests what a page of each kind leaves; also where an earlier session has got all rows of a kind. */
	for (int k = 0; k < NKINDS; k++)
		want_total[k] = s->kinds >> k & 1 && !snapshot_is_partial(s) && c->brief.hub_total[k] < 0 && left-- > 0;
	rc = probe_run(p, &u, e);
	for (int k = 0; k < NKINDS && !rc; k++) {
		if (p->total[k] >= 0)
			c->brief.hub_total[k] = p->total[k];
		if (cover_add(c->folder.resume.cover + k, p->done[k]))
			rc = err_set(e, E_NOMEM, "no memory for the windows");
	}
	return rc;
}

/* Every other machine's address has its own quota, of which the probe has spent nothing. */
static void init_budgets(struct crawl *c)
{
	for (int i = 1; i < c->nbudgets; i++)
		budget_init_like(c->budget + i, c->budget, clock_ms());
}

static int begin(struct crawl *c, struct err *e)
{
	struct coordinator_setup s = { .nranks = c->nranks,
				       .nslots = (int)c->o->in_flight,
				       .nhosts = c->nbudgets,
				       .host = c->host,
				       .max_requests = c->o->max_requests,
				       .max_outage_ms = c->o->max_outage,
				       .rounds = ROUNDS };
	struct probe p = { 0 };
	int rc;

	c->budget = calloc((size_t)c->nbudgets, sizeof *c->budget);
	if (!c->budget)
		return err_set(e, E_NOMEM, "no memory for the budget");
	c->first_ms = clock_ms();
	budget_init(c->budget, &c->plan.budget, c->first_ms);
	rc = probe(c, &p, e);
	/* What a strange Hub said is worth most: kept also when the probe failed. */
	contact_seal(&c->contact, c->o, e);
	if (rc || e->code)
		return e->code;
	init_budgets(c);
	s.good = p.good;
	start_scale(&s, &c->brief.snapshot, c->brief.hub_total, c->brief.session / 1000);
	for (int k = 0; k < NKINDS; k++)
		s.requests += worker_buffer(c->worker)->shard[k].counter[CNT_REQUESTS];
	for (int k = 0; k < NKINDS; k++)
		worker_buffer(c->worker)->shard[k].hub_total = c->brief.hub_total[k];
	c->coordinator = coordinator_create(&s, c->budget, clock_ms());
	if (!c->coordinator)
		return err_set(e, E_NOMEM, "no memory for the coordinator");
	return start_windows(c->coordinator, &c->brief.snapshot, &c->folder.resume, &p, e);
}

/* --- the end --- */

/* Rank 0 reads the folder again: what counts is what is on disk. */
static int conclude(struct crawl *c, int why, int *exit_code, struct err *e)
{
	const struct folder *f = &c->folder;

	if (folder_reread(&c->folder, e))
		return e->code;
	*exit_code = f->complete && !f->resume.suspect ? 0 : why == MSG_ASKED && !f->complete ? 3 : CRAWL_EXIT_GAPS;
	phase_ends(c, SUMMARY_FOLDER);
	return E_OK;
}

/* Rank 0. What goes on when it stopped in the second pass is the second pass. */
static void sum_up(struct crawl *c, const int64_t *sums, int exit_code)
{
	int64_t pages[NKINDS];
	struct err own = ERR_INIT;
	struct summary s = { .dir = c->o->dir,
			     .snapshot = &c->brief.snapshot,
			     .resume = &c->folder.resume,
			     .session = sums,
			     .progress = &c->monitor.last,
			     .share = &c->share,
			     .phase_ms = c->phase_ms,
			     .wall_ms = clock_ms() - c->start_ms,
			     .silent = coordinator_look(c->coordinator)->silent,
			     .goes_on = c->brief.users,
			     .exit_code = exit_code };

	/* What cannot be read of it is told by whoever needs it. */
	audit_look(c->o->dir, &c->brief.snapshot, pages, c->folder.resume.counter, NULL, &own);
	if (exit_code == err_exit_code(E_STOPPED) && c->folder.complete)
		s.audit = c->brief.snapshot.audit;
	summary_print(&s);
}

static int open_contact(struct crawl *c, int save, struct err *e)
{
	struct archive_setup keep = {
		.dir = c->o->dir, .snapshot = c->brief.snapshot.id, .rank = c->rank, .session = c->brief.session
	};

	return contact_open(&c->contact, &c->hub, c->o, &c->token, save, c->brief.archive ? &keep : NULL, e);
}

/* On a census that was complete there is no way to the Hub yet, and no budget. Local. */
static int reach_hub(struct crawl *c, struct err *e)
{
	if (!c->contact.fetch && (hub_parse(&c->hub, c->brief.snapshot.hub, e) || open_contact(c, 0, e)))
		return e->code;
	if (c->rank != 0 || c->budget)
		return E_OK;
	c->budget = calloc((size_t)c->nbudgets, sizeof *c->budget);
	if (!c->budget)
		return err_set(e, E_NOMEM, "no memory for the budget");
	budget_init(c->budget, &c->plan.budget, clock_ms());
	init_budgets(c);
	return E_OK;
}

/* The discovery of accounts, when the repositories are done as far as they can be. Collective. */
static int discover(struct crawl *c, int *exit_code, struct err *e)
{
	struct users_setup s = { .o = c->o,
				 .snapshot = &c->brief.snapshot,
				 .hub = &c->hub,
				 .nbudgets = c->nbudgets,
				 .monitor = &c->monitor,
				 .host = c->host,
				 .requests = c->requests,
				 .rows = folder_rows(&c->folder),
				 .start_ms = c->start_ms,
				 .session = c->brief.session,
				 .is_stopped = stop_is_asked };
	int before = *exit_code, rc = reach_hub(c, e);

	if (!rc && c->rank != 0 && c->folder.lock < 0)
		rc = snapshot_join(c->o->dir, &c->folder.lock, e);
	if (err_agree(c->comm, rc, e))
		return e->code;
	s.fetch = c->contact.fetch;
	s.archive = c->brief.snapshot.hashed ? NULL : c->contact.archive;
	s.budget = c->budget;
	if (users_run(c->comm, &s, exit_code, e))
		return e->code;
	if (*exit_code == 0)
		*exit_code = before;
	return E_OK;
}

/* The second pass. Rank 0; on a census that was complete there is no way to the Hub yet. */
static int ask_second(struct crawl *c, struct err *e)
{
	struct audit_setup s = { .hub = &c->hub,
				 .snapshot = &c->brief.snapshot,
				 .dir = c->o->dir,
				 .pages = c->o->audit,
				 .retries = (int)c->o->retries,
				 .session = c->brief.session,
				 .requests = &c->requests,
				 .counter = c->second,
				 .unfinished = &c->brief.snapshot.audit,
				 .max_requests = c->o->max_requests,
				 .start_ms = c->start_ms,
				 .max_time_ms = c->o->max_time,
				 .max_outage_ms = c->o->max_outage,
				 .heard = !c->brief.complete,
				 .seal_rows = c->o->seal_rows,
				 .seal_ms = c->o->seal_time,
				 .is_stopped = alone_is_stopped };

	if (reach_hub(c, e))
		return e->code;
	s.fetch = c->contact.fetch;
	s.archive = c->contact.archive;
	s.budget = c->budget;
	return audit_run(&s, e);
}

/* What it asks is counted with the rest, whatever ends it. Rank 0. */
static int audit(struct crawl *c, struct err *e)
{
	int rc = c->rank == 0 && c->o->audit > 0 ? ask_second(c, e) : E_OK;

	if (c->rank == 0)
		monitor_audit(&c->monitor, c->second);
	return rc;
}

static int crawl_loop(struct crawl *c, struct err *e)
{
	struct worker_loop l = { .loop = { .rank = c->rank,
					   .nranks = c->nranks,
					   .fetch = c->contact.fetch,
					   .transport = c->transport,
					   .coordinator = c->coordinator,
					   .budget = c->budget,
					   .nbudgets = c->nbudgets,
					   .monitor = &c->monitor,
					   .start_ms = c->start_ms,
					   .max_time_ms = c->o->max_time,
					   .is_stopped = stop_is_asked },
				 .crowd = transport_crowd(c->comm) };
	int rc;

	for (int k = 0; k < NKINDS; k++)
		l.rows_before += c->folder.resume.rows[k];
	rc = worker_loop_run(&l, c->worker, e);
	phase_ends(c, SUMMARY_CRAWL);
	return rc;
}

/* Who shares a budget. Collective, like the options. */
static int find_hosts(struct crawl *c, struct err *e)
{
	int rc = E_OK;

	c->nbudgets = 1;
	if (!options_host_scope(c->o))
		return E_OK;
	if (c->rank == 0 && !(c->host = calloc((size_t)c->nranks, sizeof *c->host)))
		rc = err_set(e, E_NOMEM, "no memory for %d ranks", c->nranks);
	if (!err_agree(c->comm, rc, e))
		c->nbudgets = transport_hosts(c->comm, c->host);
	return e->code;
}

/* Rank 0. */
static void prepare_monitor(struct crawl *c)
{
	c->monitor = (struct monitor){ .metrics_file = c->o->metrics_file,
				       .snapshot = &c->brief.snapshot,
				       .nranks = c->nranks,
				       .nbudgets = c->nbudgets,
				       .began_s = c->brief.session / 1000 };
	memcpy(c->monitor.kind_rows_before, c->folder.resume.rows, sizeof c->folder.resume.rows);
}

/* Collective: everything between the agreement on the folder and the end. */
static int crawl_all(struct crawl *c, int *exit_code, struct err *e)
{
	int64_t sums[NCOUNTERS], mine[NCOUNTERS] = { 0 };
	int rc = hub_parse(&c->hub, c->brief.snapshot.hub, e);

	alone_begin(c->comm, ALONE_HEAD);
	snprintf(c->shards, sizeof c->shards, "%s/shards", c->o->dir);
	if (!rc && c->rank != 0)
		rc = snapshot_join(c->o->dir, &c->folder.lock, e);
	if (!rc && !(rc = open_contact(c, c->rank == 0, e)))
		rc = create_worker(c, e);
	if (!rc && c->rank == 0) {
		prepare_monitor(c);
		phase_ends(c, SUMMARY_FOLDER);
		rc = begin(c, e);
		phase_ends(c, SUMMARY_PROBE);
		if (!rc)
			monitor_begin(&c->monitor);
	}
	alone_end();
	if (err_agree(c->comm, rc, e)) {
		if (c->rank == 0)
			folder_forget(&c->folder);
		return e->code;
	}
	c->transport = transport_create(c->comm);
	rc = c->transport ? crawl_loop(c, e) : err_set(e, E_NOMEM, "no memory for messages");
	if (err_agree(c->comm, rc, e))
		return e->code;
	for (int k = 0; k < NKINDS; k++)
		for (int i = 0; i < NCOUNTERS; i++)
			mine[i] += worker_totals(c->worker)[k * NCOUNTERS + i];
	agree_sum(c->comm, mine, sums, NCOUNTERS);
	c->requests = sums[CNT_REQUESTS];
	alone_begin(c->comm, ALONE_HEAD);
	rc = c->rank == 0 ? conclude(c, worker_why(c->worker), exit_code, e) : E_OK;
	if (!rc && *exit_code != err_exit_code(E_STOPPED))
		rc = audit(c, e);
	if (c->rank == 0)
		phase_ends(c, SUMMARY_AUDIT);
	alone_end();
	share_find(c->comm, mine[CNT_REQUESTS] + c->second[CNT_REQUESTS], &c->share);
	for (int i = 0; i < NCOUNTERS; i++)
		sums[i] += counter_is_of_requests(i) ? c->second[i] : 0;
	if (c->rank == 0)
		sum_up(c, sums, rc ? err_exit_code(rc) : *exit_code);
	return err_agree(c->comm, rc, e);
}

/* What was asked of a second pass now, and that one is not finished. Rank 0. */
static void tell_second(const struct crawl *c)
{
	const int64_t *n = c->second, unfinished = c->brief.snapshot.audit;
	char dir[ERR_WORD];

	if (log_is_json()) {
		struct log_field f[] = { { "requests", (double)n[CNT_REQUESTS] },
					 { "retries", (double)n[CNT_RETRIES] },
					 { "pages", (double)n[CNT_PAGES] },
					 { "unfinished_pages_per_kind", (double)unfinished } };

		if (n[CNT_REQUESTS] > 0 || unfinished > 0)
			log_event("second_pass", f, 4, "second pass: %" PRId64 " requests, %" PRId64 " pages%s",
				  n[CNT_REQUESTS], n[CNT_PAGES], unfinished > 0 ? "; it is not finished" : "");
		return;
	}
	if (n[CNT_REQUESTS] > 0)
		printf("second pass  %" PRId64 " requests (%" PRId64 " retries), %" PRId64 " pages\n", n[CNT_REQUESTS],
		       n[CNT_RETRIES], n[CNT_PAGES]);
	if (unfinished > 0)
		printf("second pass  not finished: hubcrawl --audit=%" PRId64 " %s goes on with it\n", unfinished,
		       err_word(dir, sizeof dir, c->o->dir));
}

/* Nothing of the repositories is missing. Collective, but for its errors. */
static int add_to_complete(struct crawl *c, int *exit_code, struct err *e)
{
	int rc = E_OK;

	alone_begin(c->comm, ALONE_HEAD);
	if (c->rank == 0) {
		prepare_monitor(c);
		*exit_code = c->folder.resume.suspect || c->brief.gaps ? CRAWL_EXIT_GAPS : 0;
		rc = audit(c, e);
		tell_second(c);
		summary_complete(c->o->dir, &c->folder.resume, *exit_code != 0, c->brief.users || rc);
		if (!rc && c->brief.snapshot.users && !c->brief.users)
			rc = users_tell_limit(c->o->dir, e);
	}
	alone_end();
	return rc;
}

static void release(struct crawl *c)
{
	worker_free(c->worker);
	contact_release(&c->contact);
	free(c->budget);
	free(c->host);
	coordinator_free(c->coordinator);
	token_wipe(&c->token);
	folder_close(&c->folder);
}

int crawl_run(MPI_Comm comm, const struct options *o, int *exit_code, struct err *e)
{
	struct crawl *c = calloc(1, sizeof *c);
	int rc = c ? E_OK : err_set(e, E_NOMEM, "no memory");

	if (err_agree(comm, rc, e) || !c) {
		free(c);
		return e->code;
	}
	c->o = o;
	c->comm = comm;
	c->folder.lock = -1;
	c->start_ms = c->mark_ms = clock_ms();
	MPI_Comm_rank(comm, &c->rank);
	MPI_Comm_size(comm, &c->nranks);
	alone_begin(comm, ALONE_HEAD);
	if (c->rank == 0)
		rc = prepare(c, e);
	alone_end();
	if (!err_agree(comm, rc, e) && !find_hosts(c, e) && !token_share(comm, &c->token, e)) {
		agree_bcast(comm, &c->brief, sizeof c->brief);
		if (!c->brief.complete)
			rc = crawl_all(c, exit_code, e);
		else
			rc = add_to_complete(c, exit_code, e);
		if (!err_agree(comm, rc, e)) {
			agree_bcast(comm, exit_code, sizeof *exit_code);
			agree_bcast(comm, &c->requests, sizeof c->requests);
			if (c->brief.users && *exit_code != err_exit_code(E_STOPPED))
				discover(c, exit_code, e);
		}
	}
	rc = e->code;
	if (c->monitor.snapshot)
		monitor_end(&c->monitor, rc ? err_exit_code(rc) : *exit_code);
	transport_free(c->transport);
	release(c);
	free(c);
	return rc;
}
