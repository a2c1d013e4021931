// SPDX-License-Identifier: Apache-2.0
#include "crawler/replay.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crawler/alone.h"
#include "crawler/audit.h"
#include "crawler/crawl.h"
#include "crawler/folder.h"
#include "crawler/replay_users.h"
#include "crawler/reread.h"
#include "crawler/stop.h"
#include "crawler/summary.h"
#include "crawler/users.h"
#include "io/agree.h"
#include "io/log.h"

/* What rank 0 finds out, and all ranks need. */
struct brief {
	struct snapshot snapshot;
	int64_t session, seq[NKINDS], users_seq;
	int64_t pages[NKINDS];   /* of the second pass, sealed already */
	uint64_t nnames, nbytes; /* of the segments */
	uint64_t ncover[NKINDS]; /* spans that are sealed already */
	int complete;
	int gaps;       /* but lists of accounts were given up */
	int take_users; /* the archive's replies about accounts */
	char archive[4096];
};

struct replay {
	const struct options *o;
	MPI_Comm comm;
	int rank, nranks;
	struct plan plan;
	struct hub hub;
	struct folder folder; /* rank 0; the others' lock */
	int source_lock;      /* rank 0 */
	struct brief brief;
	char shards[4096];
	char *names; /* of the segments, sorted, a NUL behind each */
	char **name;
	struct cover taken[NKINDS];
	struct buffer buf;
	struct reread reread;
	struct replay_users users;
	int64_t nfiles, ncut, nbad; /* this rank's; cut, and damaged */
	int64_t start_ms;
};

/* --- before the start: rank 0 --- */

/* FOLDER/archive, or FOLDER itself. */
static int find_archive(struct replay *p, struct snapshot *from, struct archive_list *l, struct err *e)
{
	const char *given = p->o->from_archive;
	char *dir = p->brief.archive;
	int found = 0;

	if (snprintf(dir, sizeof p->brief.archive, archive_is_there(given) ? "%s/archive" : "%s", given) >=
	    (int)sizeof p->brief.archive)
		return err_set(e, E_USAGE, "the folder's name is too long");
	if (access(dir, F_OK) || snapshot_read(from, dir, &found, e) || archive_list(l, dir, e))
		return e->code ? e->code : err_set(e, E_USAGE, "--from-archive: there is no folder '%s'", dir);
	if (!found || l->n == 0)
		return err_set(e, E_USAGE,
			       "--from-archive: '%s' holds no archive; give a census that was taken with --archive",
			       given);
	return E_OK;
}

/* No crawl is to go on while its archive is read; a folder may be mended from its own. */
static int look(struct replay *p, struct err *e)
{
	struct stat from, to;

	if (stat(p->o->from_archive, &from) || stat(p->o->dir, &to))
		return E_OK;
	if (from.st_dev == to.st_dev && from.st_ino == to.st_ino)
		return E_OK;
	return snapshot_look(p->o->from_archive, &p->source_lock, e);
}

static int prepare(struct replay *p, struct err *e)
{
	struct archive_list l = { NULL, 0, 0 };
	struct brief *b = &p->brief;
	struct folder *f = &p->folder;
	struct snapshot from;
	int done = 1;

	if (options_plan(&p->plan, p->o, e) || find_archive(p, &from, &l, e))
		return e->code;
	/* The environment says which Hub to crawl, and none is. */
	p->plan.hub_given = p->o->hub != NULL;
	p->names = l.names;
	b->nnames = l.n;
	b->nbytes = l.nbytes;
	if (folder_open(f, p->o, &p->plan, &from, alone_is_stopped, e) || look(p, e) ||
	    audit_check(f->dir, &f->snapshot, alone_is_stopped, e))
		return e->code;
	b->snapshot = f->snapshot;
	b->session = f->session;
	if (f->snapshot.users &&
	    (refill_mend(&refill_accounts, f->dir, e) || users_set_aside(f->dir, alone_is_stopped, e)))
		return e->code;
	if (f->snapshot.users && users_is_complete(p->o, folder_rows(f), &done, &b->gaps, e))
		return e->code;
	/* What was read of the second pass by a run that did not end is not there. */
	b->complete = f->complete && done && !refill_is_begun(&refill_audit, f->dir);
	if (replay_users_begin(f->dir, &f->snapshot, &b->take_users, &b->users_seq, e) ||
	    audit_look(f->dir, &f->snapshot, b->pages, NULL, alone_is_stopped, e) ||
	    (!b->complete && refill_begin(&refill_audit, f->dir, e)))
		return e->code;
	memcpy(b->seq, f->resume.next_seq, sizeof b->seq);
	for (int k = 0; k < NKINDS; k++)
		b->ncover[k] = f->resume.cover[k].n;
	return E_OK;
}

/* --- all ranks --- */

/* Names and what is sealed, from rank 0. */
static int tell_all(struct replay *p, struct err *e)
{
	struct brief *b = &p->brief;
	int rc;

	agree_bcast(p->comm, b, sizeof *b);
	if (p->rank != 0)
		p->names = malloc(b->nbytes);
	p->name = malloc(b->nnames * sizeof *p->name);
	for (int k = 0; k < NKINDS; k++) {
		p->taken[k].at = malloc((b->ncover[k] + 1) * sizeof *p->taken[k].at);
		p->taken[k].n = p->taken[k].at ? b->ncover[k] : 0;
		p->taken[k].cap = b->ncover[k] + 1;
	}
	rc = p->names && p->name && p->taken[0].at && p->taken[1].at && p->taken[2].at
		   ? hub_parse(&p->hub, b->snapshot.hub, e)
		   : err_set(e, E_NOMEM, "no memory for the archive's names");
	if (!rc && p->rank != 0)
		rc = snapshot_join(p->o->dir, &p->folder.lock, e);
	/* Behind the agreement they are there on all ranks; said for the analyzer. */
	if (err_agree(p->comm, rc, e) || !p->names || !p->name || !p->taken[0].at || !p->taken[1].at || !p->taken[2].at)
		return e->code;
	agree_bcast(p->comm, p->names, b->nbytes);
	for (int k = 0; k < NKINDS; k++) {
		if (p->rank == 0 && b->ncover[k] > 0)
			memcpy(p->taken[k].at, p->folder.resume.cover[k].at, b->ncover[k] * sizeof *p->taken[k].at);
		agree_bcast(p->comm, p->taken[k].at, b->ncover[k] * sizeof *p->taken[k].at);
	}
	for (uint64_t i = 0, at = 0; i < b->nnames; at += strlen(p->names + at) + 1)
		p->name[i++] = p->names + at;
	return E_OK;
}

/* The samples of the second pass that are full, or all there are. */
static int seal_samples(struct replay *p, int all, struct err *e)
{
	for (int k = 0; k < NKINDS; k++) {
		struct shard *s = p->reread.sample + k;

		if (shard_is_empty(s) || !(all || shard_is_full(s)))
			continue;
		if (audit_seal(s, p->o->dir, refill_audit.filling, e))
			return e->code;
		shard_clear(s);
	}
	return E_OK;
}

static int read_segment(struct replay *p, struct warc_reader *r, struct err *e)
{
	const struct warc_record *x;
	int rc;

	while (!(rc = warc_next(r, &x, e)) && x) {
		if (stop_check(alone_is_stopped, e))
			return e->code;
		rc = reread_record(&p->reread, x, e);
		rc = rc ? rc : seal_samples(p, 0, e);
		rc = rc ? rc : buffer_seal_due(&p->buf, clock_ms(), e);
		if (!rc && p->brief.take_users)
			rc = replay_users_seal_due(&p->users, clock_ms(), e);
		if (rc)
			break;
	}
	return rc;
}

/* Damage is told and is no failure: what was before it is taken. */
static int take_segment(struct replay *p, const char *name, struct err *e)
{
	struct warc_reader *r = NULL;
	struct err own = ERR_INIT;
	char path[4400];
	int rc;

	snprintf(path, sizeof path, "%s/%s", p->brief.archive, name);
	rc = warc_open(&r, path, 0, &own);
	if (!rc)
		rc = read_segment(p, r, &own);
	p->nfiles++;
	if (rc == E_FORMAT) {
		p->nbad++;
		log_warn("%s", own.text);
	} else if (rc) {
		err_set(e, rc, "%s", own.text);
	} else if (warc_was_cut(r)) {
		p->ncut++;
		log_note("'%s' stops within a record: what is before it is taken", path);
	}
	warc_reader_free(r);
	return e->code;
}

/* What every rank has taken in this session becomes what older ones do not give any more. Collective. */
static int share_spans(struct replay *p, enum kind k, struct err *e)
{
	struct cover *mine = p->reread.fresh + k;
	int n = (int)(mine->n * sizeof *mine->at), total = 0, *each = calloc((size_t)p->nranks, 2 * sizeof *each);
	struct span *all = NULL;
	int rc = each && mine->n < INT_MAX / sizeof *mine->at ? E_OK : err_set(e, E_NOMEM, "no memory for the windows");

	if (err_agree(p->comm, rc, e) || !each) {
		free(each);
		return e->code;
	}
	MPI_Allgather(&n, 1, MPI_INT, each, 1, MPI_INT, p->comm);
	for (int r = 0; r < p->nranks; r++) {
		each[p->nranks + r] = total;
		total += each[r];
	}
	all = malloc((size_t)total + 1);
	rc = all ? E_OK : err_set(e, E_NOMEM, "no memory for the windows");
	if (!err_agree(p->comm, rc, e))
		MPI_Allgatherv(mine->at, n, MPI_BYTE, all, each, each + p->nranks, MPI_BYTE, p->comm);
	for (size_t i = 0; all && !e->code && i < (size_t)total / sizeof *all; i++)
		if (cover_add(p->taken + k, all[i]))
			err_set(e, E_NOMEM, "no memory for the windows");
	free(all);
	free(each);
	/* A rank that has no room for them must not leave the others to the next kind. */
	return err_agree(p->comm, e->code, e);
}

static int end_session(struct replay *p, int rc, struct err *e)
{
	struct reread *r = &p->reread;

	if (err_agree(p->comm, rc, e))
		return e->code;
	for (int k = 0; k < NKINDS; k++)
		if (share_spans(p, (enum kind)k, e))
			return e->code;
	for (int k = 0; k < NKINDS; k++) {
		r->total_later[k] = r->total_later[k] >= 0 ? r->total_later[k] : r->total[k];
		r->place_later[k] = r->place[k] < r->place_later[k] ? r->place[k] : r->place_later[k];
	}
	MPI_Allreduce(MPI_IN_PLACE, r->total_later, NKINDS, MPI_INT64_T, MPI_MAX, p->comm);
	MPI_Allreduce(MPI_IN_PLACE, r->place_later, NKINDS, MPI_INT64_T, MPI_MIN, p->comm);
	reread_next_session(r);
	return E_OK;
}

static int same_session(const char *a, const char *b)
{
	size_t n = archive_session(a);

	return n == archive_session(b) && !strncmp(a, b, n);
}

/* The segments from last to first, a session at a time; names sort by session, rank, number. */
static int take_sessions(struct replay *p, struct err *e)
{
	uint64_t end = p->brief.nnames;
	int rc = E_OK;

	while (end > 0 && !e->code) {
		uint64_t begin = end - 1;

		while (begin > 0 && same_session(p->name[begin - 1], p->name[end - 1]))
			begin--;
		alone_begin(p->comm, ALONE_EACH);
		for (uint64_t i = begin; i < end && !rc; i++)
			if ((i - begin) % (uint64_t)p->nranks == (uint64_t)p->rank)
				rc = take_segment(p, p->name[i], e);
		alone_end();
		end_session(p, rc, e);
		end = begin;
	}
	return e->code;
}

/* The sample of the second pass. Collective. */
static int take_samples(struct replay *p, struct err *e)
{
	int rc = seal_samples(p, 1, e);

	if (err_agree(p->comm, rc, e))
		return e->code;
	rc = p->rank == 0 ? refill_take(&refill_audit, p->o->dir, e) : E_OK;
	return err_agree(p->comm, rc, e);
}

/* What was taken before a stop is kept, and so is what a healthy rank has when another fails. */
static int read_archive(struct replay *p, struct err *e)
{
	struct err own = ERR_INIT;
	const struct brief *b = &p->brief;
	int rc = reread_init(&p->reread, &b->snapshot, &p->hub, p->taken, &p->buf, p->rank, b->session, e);

	if (!rc && b->take_users)
		rc = replay_users_open(&p->users, p->o, &b->snapshot, &p->hub, b->archive, p->rank, b->session,
				       b->users_seq, e);
	p->reread.lists = b->take_users ? &p->users.lists : NULL;
	/* Of a kind that has pages nothing is taken: which places they have is not known. */
	for (int k = 0; k < NKINDS; k++)
		if (b->pages[k] > 0)
			p->reread.place_later[k] = 0;
	if (err_agree(p->comm, rc, e))
		return e->code;
	rc = take_sessions(p, e);
	if (rc == E_OK)
		take_samples(p, e);
	if (rc == E_OK || rc == E_STOPPED)
		buffer_seal_all(&p->buf, &own);
	if (own.code) {
		err_clear(e);
		err_set(e, own.code, "%s", own.text);
	}
	if (!err_agree(p->comm, e->code, e) && b->take_users)
		replay_users_take(&p->users, p->comm, p->o->dir, b->archive, e);
	return e->code;
}

/* --- the end --- */

static void tell(const struct replay *p, const int64_t sum[6])
{
	log_note("%lld replies of %lld files were read again, %lld pages taken", (long long)sum[0], (long long)sum[3],
		 (long long)sum[1]);
	if (sum[4])
		log_note("%lld files stop within a record", (long long)sum[4]);
	if (sum[5])
		log_warn("%lld files of '%s' are damaged: what was behind the damage was not read", (long long)sum[5],
			 p->brief.archive);
	if (sum[2])
		log_warn("%lld replies of '%s' were asked for by another census and passed over", (long long)sum[2],
			 p->brief.archive);
}

static int conclude(struct replay *p, const int64_t *counters, const struct share *share, int *exit_code, struct err *e)
{
	const struct progress none = { 0 }; /* no budget */
	int64_t pages[NKINDS];
	const int64_t phase_ms[SUMMARY_NPHASES] = { [SUMMARY_FOLDER] = clock_ms() - p->start_ms };
	struct summary s = { .dir = p->o->dir,
			     .snapshot = &p->brief.snapshot,
			     .resume = &p->folder.resume,
			     .session = counters,
			     .progress = &none,
			     .share = share,
			     .phase_ms = phase_ms,
			     .wall_ms = clock_ms() - p->start_ms,
			     .goes_on = p->brief.snapshot.users };

	if (folder_reread(&p->folder, e) ||
	    audit_look(p->o->dir, &p->brief.snapshot, pages, p->folder.resume.counter, NULL, e))
		return e->code;
	*exit_code = p->folder.complete && !p->folder.resume.suspect ? 0 : CRAWL_EXIT_GAPS;
	s.exit_code = *exit_code;
	summary_print(&s);
	return E_OK;
}

/* What the shards, the repositories, and --known tell of accounts, and whether that is all. Collective. */
static int count_accounts(struct replay *p, int *exit_code, struct err *e)
{
	struct users_setup s = { .o = p->o,
				 .snapshot = &p->brief.snapshot,
				 .hub = &p->hub,
				 .rows = folder_rows(&p->folder),
				 .start_ms = p->start_ms,
				 .session = p->brief.session,
				 .archived = &p->users.end,
				 .is_stopped = stop_is_asked };
	int before, rc;

	agree_bcast(p->comm, exit_code, sizeof *exit_code);
	before = *exit_code;
	if (!p->brief.snapshot.users)
		return E_OK;
	if (p->brief.snapshot.hashed) {
		*exit_code = CRAWL_EXIT_GAPS;
		if (p->rank == 0)
			log_warn("no archive keeps accounts whose names are hashed: hubcrawl %s asks the Hub for them",
				 p->o->dir);
		return E_OK;
	}
	rc = p->brief.take_users ? E_OK : users_end_read(&p->users.end, p->brief.archive, e);
	if (err_agree(p->comm, rc, e))
		return e->code;
	if (users_run(p->comm, &s, exit_code, e))
		return e->code;
	*exit_code = *exit_code ? *exit_code : before;
	return E_OK;
}

static int replay_all(struct replay *p, int *exit_code, struct err *e)
{
	int64_t counters[NCOUNTERS] = { 0 }, all[NCOUNTERS], sum[6];
	struct share share;
	int rc;

	if (tell_all(p, e))
		return e->code;
	snprintf(p->shards, sizeof p->shards, "%s/shards", p->o->dir);
	buffer_init(&p->buf, p->shards, p->brief.snapshot.id, p->rank, p->brief.session, p->brief.seq);
	p->buf.seal_rows = p->o->seal_rows;
	p->buf.seal_ms = p->o->seal_time;
	rc = read_archive(p, e);
	agree_sum(p->comm,
		  (int64_t[]){ p->reread.nreplies, p->reread.npages, p->reread.nforeign, p->nfiles, p->ncut, p->nbad },
		  sum, 6);
	if (p->rank == 0 && (!rc || rc == E_STOPPED))
		tell(p, sum);
	if (rc)
		return rc;
	for (int k = 0; k < NKINDS; k++)
		for (int i = 0; i < NCOUNTERS; i++)
			counters[i] += p->buf.total[k][i];
	agree_sum(p->comm, counters, all, NCOUNTERS);
	share_find(p->comm, p->reread.nreplies, &share);
	rc = p->rank == 0 ? conclude(p, all, &share, exit_code, e) : E_OK;
	return err_agree(p->comm, rc, e) ? e->code : count_accounts(p, exit_code, e);
}

static void release(struct replay *p)
{
	reread_release(&p->reread);
	replay_users_release(&p->users);
	buffer_release(&p->buf);
	for (int k = 0; k < NKINDS; k++)
		cover_release(p->taken + k);
	free(p->names);
	free(p->name);
	folder_close(&p->folder);
	if (p->source_lock >= 0)
		close(p->source_lock);
	free(p);
}

int replay_run(MPI_Comm comm, const struct options *o, int *exit_code, struct err *e)
{
	struct replay *p = calloc(1, sizeof *p);
	int rc = p ? E_OK : err_set(e, E_NOMEM, "no memory");

	if (err_agree(comm, rc, e) || !p) {
		free(p);
		return e->code;
	}
	p->o = o;
	p->comm = comm;
	p->folder.lock = p->source_lock = -1;
	p->start_ms = clock_ms();
	MPI_Comm_rank(comm, &p->rank);
	MPI_Comm_size(comm, &p->nranks);
	alone_begin(comm, ALONE_HEAD);
	if (p->rank == 0)
		rc = prepare(p, e);
	alone_end();
	if (!err_agree(comm, rc, e)) {
		agree_bcast(comm, &p->brief.complete, sizeof p->brief.complete);
		if (!p->brief.complete)
			replay_all(p, exit_code, e);
		else if (p->rank == 0) {
			*exit_code = p->folder.resume.suspect || p->brief.gaps ? CRAWL_EXIT_GAPS : 0;
			summary_complete(o->dir, &p->folder.resume, *exit_code != 0, 0);
		}
	}
	agree_bcast(comm, exit_code, sizeof *exit_code);
	rc = e->code;
	release(p);
	return rc;
}
