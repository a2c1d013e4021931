// SPDX-License-Identifier: Apache-2.0
#include "crawler/crawl.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crawler/curve.h"
#include "crawler/fetch.h"
#include "crawler/loop.h"
#include "crawler/probe.h"
#include "crawler/resume.h"
#include "crawler/summary.h"
#include "crawler/token.h"
#include "io/agree.h"
#include "io/log.h"

#ifndef HUBCENSUS_VERSION
#define HUBCENSUS_VERSION "0.0.0"
#endif

/* Rows that a filtered list is taken to have before anything is known. */
#define PARTIAL_ROWS 5000.0
#define ROUNDS       2
/* Of so few requests none is spent on totals. */
#define FEW_REQUESTS 10

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

void crawl_catch_signals(void)
{
	struct sigaction a = { .sa_handler = on_signal };

	sigaction(SIGTERM, &a, NULL);
	sigaction(SIGUSR1, &a, NULL);
	a.sa_flags = (int)SA_RESETHAND;
	sigaction(SIGINT, &a, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int crawl_is_stopped(void)
{
	return stopped;
}

/* What rank 0 finds out before the start, and all ranks need. */
struct brief {
	struct snapshot snapshot;
	struct token token;
	int64_t session;
	int64_t seq[NKINDS], hub_total[NKINDS];
	int complete; /* nothing is missing */
};

struct crawl {
	const struct options *o;
	MPI_Comm comm;
	int rank, nranks;
	struct plan plan;
	struct brief brief;
	struct hub hub;
	char shards[4096], user_agent[256];
	int lock;                        /* rank 0 */
	int is_new;                      /* rank 0: the folder was empty */
	struct resume resume;            /* rank 0 */
	struct budget budget;            /* rank 0 */
	struct coordinator *coordinator; /* rank 0 */
	struct fetch *fetch;
	struct worker *worker;
	struct transport *transport;
	int64_t start_ms, first_ms;
};

/* --- before the start: rank 0 --- */

static int open_snapshot(struct crawl *c, struct err *e)
{
	struct snapshot *s = &c->brief.snapshot, old;
	const char *dir = c->o->dir;
	char *echo;
	int found, rc;

	if (mkdir(dir, 0777) && errno != EEXIST)
		return err_sys(e, errno, "cannot make the folder '%s'", dir);
	if (snapshot_lock(dir, &c->lock, e) || snapshot_read(&old, dir, &found, e) ||
	    options_snapshot(s, &c->plan, found ? &old : NULL, e))
		return e->code;
	if (found)
		return snapshot_check(&old, s, dir, e);
	echo = opts_echo(&crawl_opts, c->o);
	rc = snapshot_create(s, dir, echo, e);
	free(echo);
	c->is_new = !rc;
	return rc;
}

/* The Hub was none, or nothing came from it: the folder is not to be bound to it. */
static void forget_snapshot(const struct crawl *c)
{
	char path[4096];

	if (c->is_new && snprintf(path, sizeof path, "%s/snapshot.json", c->o->dir) < (int)sizeof path)
		unlink(path);
}

static int is_complete(const struct crawl *c, int *complete)
{
	struct cover gaps = COVER_INIT;
	int rc = 0;

	*complete = 1;
	for (int k = 0; k < NKINDS && !rc; k++) {
		rc = resume_gaps(&c->resume, &c->brief.snapshot, (enum kind)k, &gaps);
		*complete &= gaps.n == 0;
	}
	cover_release(&gaps);
	return rc;
}

static int prepare(struct crawl *c, struct err *e)
{
	struct brief *b = &c->brief;

	if (options_plan(&c->plan, c->o, e) || token_find(&b->token, c->o->token_file, e) || open_snapshot(c, e))
		return e->code;
	snprintf(c->shards, sizeof c->shards, "%s/shards", c->o->dir);
	if (resume_clean(c->shards, e) || resume_read(&c->resume, c->shards, &b->snapshot, e))
		return e->code;
	b->session = clock_wall_ms();
	memcpy(b->seq, c->resume.next_seq, sizeof b->seq);
	memcpy(b->hub_total, c->resume.hub_total, sizeof b->hub_total);
	if (is_complete(c, &b->complete))
		return err_set(e, E_NOMEM, "no memory for the windows");
	return E_OK;
}

/* --- all ranks --- */

static int create_fetch(struct crawl *c, struct err *e)
{
	struct fetch_setup f = { .hub = &c->hub,
				 .token = c->brief.token.text,
				 .user_agent = c->user_agent,
				 .ca_file = c->o->ca_file,
				 .nslots = (int)c->o->in_flight,
				 .timeout_ms = c->o->timeout };
	const char *contact = c->o->contact;
	int rc;

	if (contact && (strlen(contact) > 200 || strpbrk(contact, "\r\n()")))
		return err_set(e, E_USAGE, "--contact: at most 200 characters, no line ends and no brackets");
	snprintf(c->user_agent, sizeof c->user_agent, contact ? "hubcensus/%s (+%s)" : "hubcensus/%s",
		 HUBCENSUS_VERSION, contact);
	rc = fetch_create(&c->fetch, &f, e);
	token_wipe(&c->brief.token);
	return rc;
}

static int create_worker(struct crawl *c, struct err *e)
{
	struct worker_setup w = { .rank = c->rank,
				  .nslots = (int)c->o->in_flight,
				  .hub = &c->hub,
				  .fetch = c->fetch,
				  .snapshot = &c->brief.snapshot,
				  .shards = c->shards,
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

/* Where a kind is probed: its largest gap. */
static struct span largest_gap(const struct cover *gaps, enum kind k)
{
	struct span best = { OID_MIN, OID_MIN };

	for (size_t i = 0; i < gaps->n; i++)
		if (i == 0 || curve_span(k, gaps->at[i]) > curve_span(k, best))
			best = gaps->at[i];
	return best;
}

static int probe(struct crawl *c, struct probe *p, struct err *e)
{
	const struct snapshot *s = &c->brief.snapshot;
	struct span where[NKINDS];
	int want_total[NKINDS], rc;
	struct probe_setup u = { .hub = &c->hub,
				 .fetch = c->fetch,
				 .snapshot = s,
				 .worker = c->worker,
				 .budget = &c->budget,
				 .retries = (int)(c->o->retries < 4 ? c->o->retries : 4),
				 .seed = (uint64_t)c->brief.session,
				 .where = where,
				 .want_total = want_total,
				 .is_stopped = crawl_is_stopped };
	struct cover gaps = COVER_INIT;

	for (int k = 0; k < NKINDS; k++) {
		if (resume_gaps(&c->resume, s, (enum kind)k, &gaps)) {
			cover_release(&gaps);
			return err_set(e, E_NOMEM, "no memory for the windows");
		}
		where[k] = largest_gap(&gaps, (enum kind)k);
		want_total[k] = !snapshot_is_partial(s) && c->brief.hub_total[k] < 0 &&
				(c->o->max_requests == 0 || c->o->max_requests > FEW_REQUESTS);
	}
	cover_release(&gaps);
	rc = probe_run(p, &u, e);
	for (int k = 0; k < NKINDS && !rc; k++) {
		if (p->total[k] >= 0)
			c->brief.hub_total[k] = p->total[k];
		if (cover_add(c->resume.cover + k, p->done[k]))
			rc = err_set(e, E_NOMEM, "no memory for the windows");
	}
	return rc;
}

/* One walk over all that is missing of a kind: from the end of what its own cursors have reached, or from the
 * beginning. */
static int add_chain(struct crawl *c, enum kind k, enum hub_order order, const struct cover *gaps)
{
	struct span axis = resume_axis(&c->brief.snapshot);
	struct window w = { k, order, axis };
	const char *next = NULL;

	if (gaps->n == 0)
		return 0;
	if (order == HUB_ASC && (next = resume_cursor(&c->resume, k, 0, gaps->at[0].lo)))
		w.left.lo = gaps->at[0].lo;
	if (order == HUB_DESC && (next = resume_cursor(&c->resume, k, 1, gaps->at[gaps->n - 1].hi)))
		w.left.hi = gaps->at[gaps->n - 1].hi;
	return coordinator_add(c->coordinator, &w, 1, next);
}

static int add_windows(struct crawl *c, const struct probe *p, struct err *e)
{
	struct cover gaps = COVER_INIT;
	int rc = 0;

	for (int k = 0; k < NKINDS && !rc; k++) {
		enum probe_mode mode = p->mode[k];
		enum hub_order order = mode == PROBE_DESC || mode == PROBE_CHAIN_DESC ? HUB_DESC : HUB_ASC;

		rc = resume_gaps(&c->resume, &c->brief.snapshot, (enum kind)k, &gaps);
		if (rc || mode == PROBE_NONE)
			continue;
		if (mode == PROBE_CHAIN_ASC || mode == PROBE_CHAIN_DESC)
			rc = add_chain(c, (enum kind)k, order, &gaps);
		else
			for (size_t i = 0; i < gaps.n && !rc; i++)
				rc = coordinator_add(c->coordinator,
						     &(struct window){ (enum kind)k, order, gaps.at[i] }, 0, NULL);
	}
	cover_release(&gaps);
	return rc ? err_set(e, E_NOMEM, "no memory for the windows") : E_OK;
}

/* How many rows the growth curve is off by. */
static void set_scale(const struct crawl *c, struct coordinator_setup *s)
{
	for (int k = 0; k < NKINDS; k++) {
		double all = curve_rows((enum kind)k, oid_at(c->brief.session / 1000 + 1));

		if (c->brief.hub_total[k] >= 0)
			s->scale[k] = ((double)c->brief.hub_total[k] + 1) / all;
		else
			s->scale[k] = snapshot_is_partial(&c->brief.snapshot) ? PARTIAL_ROWS / all : 1;
		s->scale_known[k] = c->brief.hub_total[k] >= 0;
	}
}

static int begin(struct crawl *c, struct err *e)
{
	struct coordinator_setup s = { .nranks = c->nranks,
				       .nslots = (int)c->o->in_flight,
				       .max_requests = c->o->max_requests,
				       .max_outage_ms = c->o->max_outage,
				       .rounds = ROUNDS };
	struct probe p = { 0 };

	c->first_ms = clock_ms();
	budget_init(&c->budget, &c->plan.budget, c->first_ms);
	if (probe(c, &p, e))
		return e->code;
	set_scale(c, &s);
	for (int k = 0; k < NKINDS; k++)
		s.requests += worker_buffer(c->worker)->shard[k].counter[CNT_REQUESTS];
	for (int k = 0; k < NKINDS; k++)
		worker_buffer(c->worker)->shard[k].hub_total = c->brief.hub_total[k];
	c->coordinator = coordinator_create(&s, &c->budget, clock_ms());
	if (!c->coordinator)
		return err_set(e, E_NOMEM, "no memory for the coordinator");
	return add_windows(c, &p, e);
}

/* --- the end --- */

/* Rank 0 reads the folder again: what counts is what is on disk. */
static int conclude(struct crawl *c, int why, const int64_t *sums, int *exit_code, struct err *e)
{
	int64_t rows_before = 0;
	struct summary s = { .dir = c->o->dir,
			     .snapshot = &c->brief.snapshot,
			     .resume = &c->resume,
			     .wall_ms = clock_ms() - c->start_ms };
	int complete;

	for (int k = 0; k < NKINDS; k++)
		rows_before += c->resume.rows[k];
	s.rows_before = rows_before;
	s.session = sums;
	resume_release(&c->resume);
	if (resume_read(&c->resume, c->shards, &c->brief.snapshot, e))
		return e->code;
	if (is_complete(c, &complete))
		return err_set(e, E_NOMEM, "no memory for the windows");
	*exit_code = complete && !c->resume.suspect ? 0 : why == MSG_ASKED && !complete ? 3 : CRAWL_EXIT_GAPS;
	s.silent = c->coordinator && coordinator_look(c->coordinator)->silent;
	s.exit_code = *exit_code;
	summary_print(&s);
	return E_OK;
}

static int crawl_loop(struct crawl *c, struct err *e)
{
	struct loop l = { .rank = c->rank,
			  .nranks = c->nranks,
			  .fetch = c->fetch,
			  .worker = c->worker,
			  .transport = c->transport,
			  .coordinator = c->coordinator,
			  .budget = &c->budget,
			  .start_ms = c->start_ms,
			  .max_time_ms = c->o->max_time,
			  .is_stopped = crawl_is_stopped };

	for (int k = 0; k < NKINDS; k++)
		l.rows_before += c->resume.rows[k];
	return loop_run(&l, e);
}

/* Collective: everything between the agreement on the folder and the end. */
static int crawl_all(struct crawl *c, int *exit_code, struct err *e)
{
	int64_t sums[NCOUNTERS], mine[NCOUNTERS] = { 0 };
	int rc = hub_parse(&c->hub, c->brief.snapshot.hub, e);

	snprintf(c->shards, sizeof c->shards, "%s/shards", c->o->dir);
	if (!rc && !(rc = create_fetch(c, e)))
		rc = create_worker(c, e);
	if (!rc && c->rank == 0)
		rc = begin(c, e);
	if (err_agree(c->comm, rc, e)) {
		forget_snapshot(c);
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
	rc = c->rank == 0 ? conclude(c, worker_why(c->worker), sums, exit_code, e) : E_OK;
	return err_agree(c->comm, rc, e);
}

static void release(struct crawl *c)
{
	worker_free(c->worker);
	fetch_free(c->fetch);
	coordinator_free(c->coordinator);
	resume_release(&c->resume);
	token_wipe(&c->brief.token);
	if (c->lock >= 0)
		close(c->lock);
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
	c->lock = -1;
	c->start_ms = clock_ms();
	resume_init(&c->resume);
	MPI_Comm_rank(comm, &c->rank);
	MPI_Comm_size(comm, &c->nranks);
	if (c->rank == 0)
		rc = prepare(c, e);
	if (!err_agree(comm, rc, e)) {
		agree_bcast(comm, &c->brief, sizeof c->brief);
		if (!c->brief.complete)
			crawl_all(c, exit_code, e);
		else if (c->rank == 0) {
			*exit_code = c->resume.suspect ? CRAWL_EXIT_GAPS : 0;
			summary_complete(o->dir, &c->resume);
		}
		agree_bcast(comm, exit_code, sizeof *exit_code);
	}
	rc = e->code;
	/* After an error the others may still wait for messages that never come: the transport is left to the end of
	 * the process then. */
	if (!rc)
		transport_free(c->transport);
	release(c);
	free(c);
	return rc;
}
