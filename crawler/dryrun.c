// SPDX-License-Identifier: Apache-2.0
#include "crawler/dryrun.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crawler/alone.h"
#include "crawler/audit.h"
#include "crawler/contact.h"
#include "crawler/curve.h"
#include "crawler/forecast.h"
#include "crawler/resume.h"
#include "crawler/start.h"
#include "crawler/stop.h"
#include "crawler/survey.h"
#include "crawler/transport.h"
#include "crawler/users.h"
#include "io/agree.h"
#include "io/h5accounts.h"
#include "io/log.h"

/* Bytes of a shard by bytes of its rows in memory, and what a rank takes beside its rows: measured with the stand-in's
 * population, 2026-11. */
#define DISK_SHARE 1.25
/* Bytes of census.h5 by bytes of the shards, likewise. */
#define CENSUS_SHARE 0.31
/* What all ranks of hubreduce take by bytes of the rows in memory, beside RANK_MEMORY each, likewise. */
#define REDUCE_SHARE 1.8
#define RANK_MEMORY  (50ll << 20)
/* More than can be of use with any quota that is sold. */
#define RANKS_MAX 64

/* Accounts that the Hub says it has (2025), and rows of a page of them (API notes, section 5). */
#define HUB_ACCOUNTS      13e6
#define HUB_ACCOUNTS_PAGE 500

struct dryrun {
	const struct options *o;
	int nranks, nhosts;
	struct plan plan;
	struct token token;
	char origin[512]; /* of the token, "" none */
	struct snapshot snapshot;
	struct hub hub;
	struct resume resume;
	struct cover gaps[NKINDS];
	struct contact contact;
	struct survey survey;
	struct forecast_setup forecast;
	int ntotals;            /* requests for them */
	int64_t second[NKINDS]; /* pages of the second pass that are to come */
	struct users_end users; /* how their discovery ended */
	int64_t users_requests; /* made for it in all sessions */
	int users_complete;
};

/* --- what is missing --- */

/* Requests for accounts that were sealed: DIR/users.json has their number only when they ended. */
static int count_requests(struct dryrun *d, const char *shards, int (*is_stopped)(void), struct err *e)
{
	struct shard_list l;
	int rc = account_shard_list(&l, shards, e);

	for (size_t i = 0; i < l.n && !rc && !(rc = stop_check(is_stopped, e)); i++) {
		struct err own = ERR_INIT;
		struct account_shard s;

		if (!account_shard_read(&s, l.path[i], d->snapshot.id, &own))
			d->users_requests += s.counter[CNT_REQUESTS];
		account_shard_release(&s);
	}
	shard_list_release(&l);
	return rc;
}

static int read_users(struct dryrun *d, const char *shards, int (*is_stopped)(void), struct err *e)
{
	int64_t rows = 0;

	for (int k = 0; k < NKINDS; k++)
		rows += d->resume.rows[k];
	if (users_is_complete(d->o, rows, &d->users_complete, NULL, e) || users_end_read(&d->users, d->o->dir, e) ||
	    (!d->users_complete && count_requests(d, shards, is_stopped, e)))
		return e->code;
	if (d->users_requests < d->users.requests)
		d->users_requests = d->users.requests;
	return E_OK;
}

static int read_folder(struct dryrun *d, int (*is_stopped)(void), struct err *e)
{
	struct snapshot old;
	char shards[4096];
	int found = 0;

	if (d->o->dir && snapshot_read(&old, d->o->dir, &found, e))
		return e->code;
	if (options_snapshot(&d->snapshot, &d->plan, found ? &old : NULL, e) ||
	    (found && (snapshot_has_shards(d->o->dir, e) || snapshot_check(&old, &d->snapshot, d->o->dir, e))) ||
	    hub_parse(&d->hub, d->snapshot.hub, e))
		return e->code;
	if (!found)
		return E_OK;
	snprintf(shards, sizeof shards, "%s/shards", d->o->dir);
	if (resume_read(&d->resume, shards, &d->snapshot, is_stopped, e))
		return e->code;
	if (d->resume.damaged.n > 0)
		log_warn("%zu shards are damaged: a crawl sets them aside and crawls their part again",
			 d->resume.damaged.n);
	d->snapshot.audit = old.audit;
	return d->snapshot.users ? read_users(d, shards, is_stopped, e) : E_OK;
}

/* Pages of a second pass, as asked for or as it was begun. */
static int find_second(struct dryrun *d, int (*is_stopped)(void), struct err *e)
{
	int64_t want = d->o->audit > 0 ? d->o->audit : d->snapshot.audit, done[NKINDS] = { 0 };

	if (want > 0 && d->o->dir && audit_look(d->o->dir, &d->snapshot, done, NULL, is_stopped, e))
		return e->code;
	for (int k = 0; k < NKINDS; k++)
		d->second[k] = d->snapshot.kinds >> k & 1 && done[k] < want ? want - done[k] : 0;
	return E_OK;
}

static double second_pages(const struct dryrun *d)
{
	double n = 0;

	for (int k = 0; k < NKINDS; k++)
		n += (double)d->second[k];
	return n;
}

static int is_complete(const struct dryrun *d)
{
	size_t n = 0;

	for (int k = 0; k < NKINDS; k++)
		n += d->gaps[k].n;
	return n == 0;
}

static int find_gaps(struct dryrun *d, struct err *e)
{
	for (int k = 0; k < NKINDS; k++)
		if (resume_gaps(&d->resume, &d->snapshot, (enum kind)k, d->gaps + k))
			return err_set(e, E_NOMEM, "no memory for the windows");
	return E_OK;
}

/* --- the forecast --- */

/* Rows of the kind by rows of the growth curve. */
static double scale_of(const struct dryrun *d, int k)
{
	const struct survey *s = &d->survey;

	if (s->total[k] >= 0)
		return (double)s->total[k] / curve_rows((enum kind)k, oid_at(clock_wall_ms() / 1000 + 1));
	return s->expected[k] > 0 ? s->seen[k] / s->expected[k] : 1;
}

static const char *source_of(const struct dryrun *d, int k)
{
	const struct survey *s = &d->survey;

	if (s->is_whole[k])
		return "counted";
	/* Its total is of now: less what is crawled, or was created later, it is what the growth makes of it. */
	if (s->total[k] >= 0)
		return *d->snapshot.id || d->plan.until >= 0 ? "estimated from the Hub's total" : "as the Hub tells";
	return s->expected[k] > 0 ? "estimated from how close its rows lie" : "a guess from how the Hub grew";
}

static void make_forecast(struct dryrun *d)
{
	struct forecast_setup *f = &d->forecast;
	const struct survey *s = &d->survey;

	f->page_rows = s->page_rows;
	f->windows = s->cursor != FOUND_NO;
	f->nslots = d->nranks * (int)d->o->in_flight;
	f->latency_ms = s->latency_ms > 0 ? s->latency_ms : 1000;
	for (int k = 0; k < NKINDS; k++) {
		for (size_t i = 0; i < d->gaps[k].n; i++)
			f->rows[k] += curve_span((enum kind)k, d->gaps[k].at[i]) * scale_of(d, k);
		if (s->is_whole[k] && d->gaps[k].n > 0)
			f->rows[k] = s->seen[k];
		d->ntotals += d->gaps[k].n > 0 && d->resume.hub_total[k] < 0 && !snapshot_is_partial(&d->snapshot);
	}
}

/* --- printing --- */

static void print_duration(double ms)
{
	double s = ms / 1000;

	if (s >= 36000)
		printf("%.1f h", s / 3600);
	else if (s >= 600)
		printf("%.0f min", s / 60);
	else if (s >= 90)
		printf("%.1f min", s / 60);
	else
		printf("%.1f s", s);
}

static void print_finding(const char *what, enum finding f, const char *text)
{
	printf("%-19s %-8s%s%s\n", what, finding_name[f], *text ? " " : "", text);
}

static const char *pick(enum finding f, const char *unclear, const char *no, const char *yes)
{
	return f == FOUND_YES ? yes : f == FOUND_NO ? no : unclear;
}

static void print_hub(const struct dryrun *d)
{
	const struct survey *s = &d->survey;
	char text[160] = "";

	if (*d->origin)
		printf("hub                 %s, with the token from %s\n", d->hub.base, d->origin);
	else
		printf("hub                 %s, anonymous\n", d->hub.base);
	printf("asked               %d requests%s\n\n", s->nrequests,
	       s->limited ? ", then the quota was spent: ask again later" : "");
	print_finding("crafted cursors", s->cursor,
		      pick(s->cursor, "", "one walk per kind along the Hub's own cursors", "windows in parallel"));
	print_finding("direction=1", s->direction, pick(s->direction, "", "newest first only", "oldest first"));
	snprintf(text, sizeof text, "%lld rows for limit=%d", (long long)s->page_rows, HUB_PAGE_ROWS);
	print_finding("page size", s->page_size, s->page_size == FOUND_UNCLEAR ? "no full page was seen" : text);
	snprintf(text, sizeof text, "%lld requests per %lld s, %lld left, whole again in %lld s",
		 (long long)s->quota.quota, (long long)s->quota.window_s, (long long)s->quota.left,
		 (long long)s->quota.reset_s);
	print_finding("rate-limit headers", s->headers,
		      pick(s->headers, s->quota.quota > 0 ? "not in every reply" : "",
			   "the anonymous quota is taken for granted", text));
	print_finding("totals", s->totals,
		      snapshot_is_partial(&d->snapshot) ? "none of a filtered list"
							: pick(s->totals, "not of every kind", "estimated below", ""));
}

static void print_kinds(const struct dryrun *d)
{
	printf("%-12s %12s %10s\n", "to crawl", "rows", "requests");
	for (int k = 0; k < NKINDS; k++) {
		if (!(d->snapshot.kinds >> k & 1))
			continue;
		if (d->gaps[k].n == 0)
			printf("%-12s %12d %10d  complete\n", kind_name[k], 0, 0);
		else
			printf("%-12s %12.0f %10.0f  %s\n", kind_name[k], d->forecast.rows[k],
			       forecast_pages(&d->forecast, k), source_of(d, k));
	}
	if (d->ntotals > 0)
		printf("%-12s %12s %10d  on a quota of their own\n", "totals", "", d->ntotals);
	if (second_pages(d) > 0)
		printf("%-12s %12s %10.0f  %s\n", "second pass", "", second_pages(d),
		       d->o->audit > 0 ? "" : "was not finished: --audit goes on with it");
	printf("%-12s %12s %10.0f\n", "in all", "", forecast_requests(&d->forecast) + d->ntotals + second_pages(d));
}

/* A quota, as forecast_ms() wants it. */
struct terms {
	double quota, window_s, left, reset_s; /* left -1: all of it */
};

static double time_by(const struct dryrun *d, struct terms t)
{
	double each = fmax((double)d->forecast.latency_ms, 1000 * t.window_s / t.quota);

	/* The second pass asks one page at a time. */
	return forecast_ms(&d->forecast, t.quota, 1000 * t.window_s, t.left, 1000 * t.reset_s) + each * second_pages(d);
}

static void print_class(const char *name, struct terms t, const struct dryrun *d)
{
	printf("%-17s %9.0f per %.0f s  ", name, t.quota, t.window_s);
	print_duration(time_by(d, t));
	printf("\n");
}

/* The quota of this Hub, as far as anybody has told it: a census that is complete is not asked for. */
static int is_assumed(const struct dryrun *d)
{
	return d->plan.budget.quota == 0 && d->survey.quota.quota <= 0;
}

/* What the crawl itself would go by: an override, or the headers, or the anonymous quota; less the reserve. */
static struct terms in_force(const struct dryrun *d)
{
	const struct budget_setup *b = &d->plan.budget;
	const struct hub_quota *q = &d->survey.quota;
	int heard = b->quota == 0 && !is_assumed(d);
	double quota = (double)(b->quota > 0 ? b->quota : heard ? q->quota : BUDGET_QUOTA);
	double reserve = b->reserve * quota, left;
	struct terms t = { .quota = (quota - reserve) * d->nhosts, .left = -1 };

	t.window_s = (double)(b->quota > 0 ? b->window_s : heard ? q->window_s : BUDGET_WINDOW_S);
	if (heard && q->left >= 0 && q->reset_s >= 0) {
		left = (double)q->left - reserve;
		t.left = left > 0 ? left * d->nhosts : 0;
		t.reset_s = (double)q->reset_s;
	}
	return t;
}

static void print_times(const struct dryrun *d)
{
	printf("\n%-17s %-17s  time with %d rank%s, %.1f s for a page\n", "quota", "requests", d->nranks,
	       d->nranks > 1 ? "s" : "", (double)d->forecast.latency_ms / 1000);
	for (int i = 0; i < FORECAST_NCLASSES; i++)
		print_class(forecast_class[i].name,
			    (struct terms){ (double)forecast_class[i].quota, FORECAST_WINDOW_S, -1, 0 }, d);
	print_class("in force", in_force(d), d);
}

/* The same crawl, on the same machines, with `ranks` ranks. */
static double time_with(const struct dryrun *d, int ranks)
{
	struct dryrun other = *d;

	other.forecast.nslots = ranks * (int)d->o->in_flight;
	return time_by(&other, in_force(d));
}

/* The fewest ranks, a power of two, that take as long as any more would, within 5 %. */
static void print_ranks(const struct dryrun *d)
{
	double best = time_with(d, 1);
	int ranks = 1;

	for (int n = 2; n <= RANKS_MAX; n *= 2)
		best = fmin(best, time_with(d, n));
	while (ranks < RANKS_MAX && time_with(d, ranks) > 1.05 * best)
		ranks *= 2;
	printf("ranks               %d worth having", ranks);
	if (!d->forecast.windows)
		printf(", no walk can be shared");
	else if (ranks < RANKS_MAX)
		printf(", with more the quota binds");
	printf(" (");
	for (int n = 1; n <= 2 * ranks; n *= 2) {
		if (n > 1 && 2 * n < ranks)
			continue;
		printf("%s%d: ", n > 1 ? ", " : "", n);
		print_duration(time_with(d, n));
	}
	printf(")\n");
}

static void print_resources(const struct dryrun *d)
{
	const struct survey *s = &d->survey;
	double rows = 0, all = 0, held, each, disk;

	if (s->rows == 0)
		return;
	each = (double)s->memory / (double)s->rows;
	for (int k = 0; k < NKINDS; k++) {
		rows += d->forecast.rows[k];
		all += d->forecast.rows[k] + (double)d->resume.rows[k];
	}
	held = rows / d->nranks < (double)d->o->seal_rows ? rows / d->nranks : (double)d->o->seal_rows;
	/* Columns and bodies lie in buffers that double when they grow. */
	held = 2 * held * each + 2 * (double)d->o->in_flight * (double)s->bytes / s->npages + (double)RANK_MEMORY;
	disk = rows * each * DISK_SHARE / 1e6;
	printf("\ndisk                about %.0f MB of shards, %.0f MB of census.h5\n", 1 + disk,
	       1 + disk * CENSUS_SHARE);
	printf("memory              about %.0f MB per rank to crawl, %.0f MB to reduce\n", held / 1e6,
	       ((double)RANK_MEMORY + all * each * REDUCE_SHARE / d->nranks) / 1e6);
}

static void print_complete_users(const struct dryrun *d)
{
	printf("\naccounts            complete: %s", ending_name[d->users.ending]);
	if (d->users.ending == END_REQUESTS)
		printf(" (%" PRId64 "); a larger --user-requests goes on", d->users.requests);
	printf("\n");
}

/* Nobody lists accounts, so nobody knows beforehand what finding them takes: between a page of new ones with each
 * request, and an overview and two lists of every user. */
static void print_users(const struct dryrun *d)
{
	struct terms t = in_force(d);
	double pace = t.quota / t.window_s;
	int64_t limit = d->o->user_requests > 0 ? d->o->user_requests : d->users.limit;
	struct {
		const char *what;
		double requests;
	} row[] = { { "at best", HUB_ACCOUNTS / HUB_ACCOUNTS_PAGE },
		    { "every list", 3 * HUB_ACCOUNTS },
		    { "--user-requests", (double)limit } };
	int n = limit > 0 ? 3 : 2;

	printf("\naccounts            of %.0f million, after the repositories, with the quota %s", HUB_ACCOUNTS / 1e6,
	       is_assumed(d) ? "assumed to be the anonymous one" : "in force");
	if (d->users_requests > 0)
		printf("; less the %" PRId64 " requests that were made", d->users_requests);
	printf("\n");
	for (int i = 0; i < n; i++) {
		double left = fmax(0, row[i].requests - (double)d->users_requests);

		printf("%-19s %.0f requests, ", row[i].what, left);
		print_duration(1000 * left / pace);
		printf("\n");
	}
}

static void print_all(const struct dryrun *d)
{
	if (d->survey.nrequests > 0) {
		print_hub(d);
		printf("\n");
	}
	print_kinds(d);
	if (forecast_requests(&d->forecast) > 0) {
		print_times(d);
		print_resources(d);
		print_ranks(d);
	}
	if (d->snapshot.users && d->users_complete)
		print_complete_users(d);
	else if (d->snapshot.users)
		print_users(d);
	if (snapshot_is_partial(&d->snapshot))
		printf("partial             a census of the filtered part only\n");
	fflush(stdout);
}

/* --- the run --- */

static int survey(struct dryrun *d, int (*is_stopped)(void), struct err *e)
{
	struct span where[NKINDS];
	struct survey_setup u = { .hub = &d->hub,
				  .fetch = d->contact.fetch,
				  .saved = d->contact.saved,
				  .snapshot = &d->snapshot,
				  .where = where,
				  .is_stopped = is_stopped };

	for (int k = 0; k < NKINDS; k++)
		where[k] = start_place(d->gaps + k, (enum kind)k);
	return survey_run(&d->survey, &u, e);
}

static int run(struct dryrun *d, int (*is_stopped)(void), struct err *e)
{
	int rc;

	if (options_plan(&d->plan, d->o, e) || token_find(&d->token, d->o->token_file, e) ||
	    read_folder(d, is_stopped, e) ||
	    token_check_hub(&d->token, d->o->token_file, &d->plan.hub, d->snapshot.hub, e) || find_gaps(d, e) ||
	    find_second(d, is_stopped, e))
		return e->code;
	if (is_complete(d)) {
		print_all(d);
		return E_OK;
	}
	if (*d->token.text)
		snprintf(d->origin, sizeof d->origin, "%s", d->token.origin);
	if (contact_open(&d->contact, &d->hub, d->o, &d->token, 1, NULL, e))
		return e->code;
	rc = survey(d, is_stopped, e);
	/* What a strange Hub said is worth most: kept also when the survey failed. */
	contact_seal(&d->contact, d->o, e);
	if (rc || e->code)
		return e->code;
	make_forecast(d);
	print_all(d);
	return E_OK;
}

int dryrun_run(MPI_Comm comm, const struct options *o, int (*is_stopped)(void), struct err *e)
{
	int rank, nranks, nhosts = 1, rc = E_OK, *host = NULL;
	struct dryrun *d = NULL;

	MPI_Comm_rank(comm, &rank);
	MPI_Comm_size(comm, &nranks);
	if (rank == 0) {
		d = calloc(1, sizeof *d);
		host = calloc((size_t)nranks, sizeof *host);
		if (!d || !host)
			rc = err_set(e, E_NOMEM, "no memory");
	}
	if (!err_agree(comm, rc, e) && options_host_scope(o))
		nhosts = transport_hosts(comm, host);
	alone_begin(comm, ALONE_HEAD);
	if (d && !e->code) {
		d->o = o;
		d->nranks = nranks;
		d->nhosts = nhosts;
		resume_init(&d->resume);
		rc = run(d, is_stopped, e);
		token_wipe(&d->token);
		resume_release(&d->resume);
		contact_release(&d->contact);
		for (int k = 0; k < NKINDS; k++)
			cover_release(d->gaps + k);
	}
	alone_end();
	free(host);
	free(d);
	return err_agree(comm, rc, e);
}
