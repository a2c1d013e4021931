// SPDX-License-Identifier: Apache-2.0
#include "crawler/audit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "crawler/page.h"
#include "crawler/retry.h"
#include "io/h5shard.h"
#include "io/log.h"

#define POLL_MS 50

/* Behind this repository the page begins. */
struct place {
	uint64_t index; /* in the census, in the order of the shards */
	struct oid oid;
	int64_t value; /* of the counter */
};

struct run {
	const struct audit_setup *s;
	enum kind kind;
	const char *sort;
	enum field counter;
	struct page *page;
	struct shard sample;
	int64_t done; /* pages that earlier sessions have sealed */
	int plain;    /* made-up cursors do not work */
	uint64_t random;
};

/* --- the places --- */

static int by_index(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return x->index < y->index ? -1 : x->index > y->index;
}

/* The shards of the kind: their paths stay in the list, the others' are dropped. */
static int list_kind(struct shard_list *l, enum kind kind, const char *dir, struct err *e)
{
	char path[4096];
	size_t n = 0;

	snprintf(path, sizeof path, "%s/shards", dir);
	if (shard_list(l, path, e))
		return e->code;
	for (size_t i = 0; i < l->n; i++) {
		enum kind k;
		int64_t seq;
		int rank;

		if (shard_name_parse(l->path[i], &k, &rank, &seq) && k == kind)
			l->path[n++] = l->path[i];
		else
			free(l->path[i]);
	}
	l->n = n;
	return E_OK;
}

/* Rows of each shard, in nrow[]; their sum is returned, -1 after an error. */
static int64_t count_rows(const struct run *r, const struct shard_list *l, uint64_t *nrow, struct err *e)
{
	int64_t sum = 0;

	for (size_t i = 0; i < l->n; i++) {
		struct shard x;
		int rc = shard_read(&x, l->path[i], r->s->snapshot->id, 0, &nrow[i], e);

		shard_release(&x);
		if (rc)
			return -1;
		sum += (int64_t)nrow[i];
	}
	return sum;
}

/* Fill those of p[0 … n) that lie in the shard, whose first row is number `first`. */
static int read_places(const struct run *r, const char *path, uint64_t first, struct place *p, int64_t n, struct err *e)
{
	struct shard x;
	uint64_t nrow;
	int rc = shard_read(&x, path, r->s->snapshot->id, 1, &nrow, e);

	for (int64_t i = 0; i < n && !rc; i++) {
		uint64_t row = p[i].index - first;

		p[i].oid = x.rows.col[F_OID].oid[row];
		p[i].value = x.rows.col[r->counter].i64[row];
	}
	shard_release(&x);
	return rc;
}

static int fill_places(const struct run *r, const struct shard_list *l, const uint64_t *nrow, struct place *p,
		       int64_t n, struct err *e)
{
	uint64_t first = 0;
	int64_t at = 0;
	int rc = E_OK;

	for (size_t i = 0; i < l->n && !rc; first += nrow[i++]) {
		int64_t end = at;

		while (end < n && p[end].index < first + nrow[i])
			end++;
		if (end > at)
			rc = read_places(r, l->path[i], first, p + at, end - at, e);
		at = end;
	}
	return rc;
}

/* Draw n places; *got of them, 0 for an empty census. */
static int draw(struct run *r, struct place *p, int64_t n, int64_t *got, struct err *e)
{
	struct shard_list l;
	uint64_t *nrow = NULL;
	int64_t total = 0;
	int rc = list_kind(&l, r->kind, r->s->dir, e);

	*got = 0;
	if (!rc) {
		nrow = calloc(l.n + 1, sizeof *nrow);
		total = nrow ? count_rows(r, &l, nrow, e) : -1;
	}
	if (total < 0)
		rc = err_set(e, E_NOMEM, "no memory for the second pass"); /* unless count_rows() has said more */
	if (!rc && total > 0) {
		for (int64_t i = 0; i < n; i++)
			p[i].index = retry_random(&r->random) % (uint64_t)total;
		qsort(p, (size_t)n, sizeof *p, by_index);
		rc = fill_places(r, &l, nrow, p, n, e);
		*got = n;
	}
	free(nrow);
	shard_list_release(&l);
	return rc;
}

/* --- a page --- */

static void tell_budget(const struct run *r, const struct fetch_reply *reply)
{
	struct budget_seen b = { .sent_ms = reply->sent_ms,
				 .received_ms = reply->received_ms,
				 .limited = reply->status == 429 };

	hub_quota_parse(&b.quota, reply->ratelimit, reply->policy);
	b.retry_after_ms = b.limited ? hub_retry_after(reply->retry_after, clock_wall_ms() / 1000) : -1;
	budget_reply(r->s->budget, clock_ms(), &b);
}

/* Wait for a token, send, wait for the reply. NULL: stopped. */
static const struct fetch_reply *ask(const struct run *r, const char *url)
{
	const struct fetch_reply *reply = NULL;

	while (budget_take(r->s->budget, clock_ms(), 1, 1) == 0) {
		if (r->s->is_stopped())
			return NULL;
		fetch_poll(r->s->fetch, POLL_MS);
	}
	if (fetch_start(r->s->fetch, url, 0)) {
		budget_return(r->s->budget, 1);
		return NULL;
	}
	while (!(reply = fetch_next(r->s->fetch)) && !r->s->is_stopped())
		fetch_poll(r->s->fetch, POLL_MS);
	if (reply)
		tell_budget(r, reply);
	return reply;
}

static int make_url(const struct run *r, const struct place *at, char *url, size_t n)
{
	const struct snapshot *snap = r->s->snapshot;
	struct hub_list l = { .kind = r->kind,
			      .order = HUB_DESC,
			      .sort = r->sort,
			      .fields = 1u << F_OID | 1u << F_ID | 1u << F_CREATED,
			      .limit = HUB_PAGE_ROWS,
			      .author = snap->author,
			      .ntag = snap->ntag };
	char cursor[HUB_CURSOR_SORTED];

	for (int i = 0; i < snap->ntag; i++)
		l.tag[i] = snap->tag[i];
	if (!r->plain && at->value >= 0)
		l.cursor = hub_cursor_sorted(r->sort, at->value, at->oid, cursor);
	return hub_list_url(r->s->hub, &l, url, n);
}

/* The rows of a page in any order: as those of a broken page of the whole axis. Returns whether it was a list. */
static int take(struct run *r, const struct fetch_reply *reply, struct err *e)
{
	struct page_ask want = { .window = { r->kind, HUB_ASC, { OID_MIN, OID_MAX } },
				 .fields = 1u << F_OID | 1u << F_ID | 1u << F_CREATED,
				 .flags = PAGE_FORCE | PAGE_SPLIT,
				 .observed = clock_wall_ms() / 1000 };
	struct page_result res;

	if (page_take(r->page, reply->body, reply->nbody, &want, &r->sample, &res, e))
		return 0;
	if (res.verdict != PAGE_TAKEN && res.verdict != PAGE_BROKEN)
		return 0;
	r->sample.counter[CNT_PAGES]++;
	r->sample.counter[CNT_ROWS] += res.rows;
	return 1;
}

static int refused(struct run *r, int status, struct err *e)
{
	if (status == 401 || status == 403)
		return err_set(e, E_DENIED, "'%s' refused the second pass (status %d): check the token",
			       r->s->hub->base, status);
	if (r->plain)
		return err_set(e, E_HUB, "'%s' lists no %s by %s (status %d): go without --audit", r->s->hub->base,
			       kind_name[r->kind], r->sort, status);
	log_note("the Hub takes no made-up cursor by %s: the second pass asks for the largest ones, no random sample",
		 r->sort);
	r->plain = 1;
	return E_OK;
}

static void pause_ms(const struct run *r, int64_t ms)
{
	int64_t until = clock_ms() + ms;

	while (clock_ms() < until && !r->s->is_stopped())
		fetch_poll(r->s->fetch, POLL_MS);
}

/* One page, with retries. */
static int sample_page(struct run *r, const struct place *at, struct err *e)
{
	char url[HUB_URL_MAX];

	for (int failures = 0; !e->code;) {
		const struct fetch_reply *reply;
		enum outcome outcome;
		int good, status;

		if (make_url(r, at, url, sizeof url) < 0)
			return err_set(e, E_USAGE, "the address of a page of the second pass is too long");
		reply = ask(r, url);
		if (!reply)
			return err_set(e, E_STOPPED, "stopped in the second pass");
		r->sample.counter[CNT_REQUESTS]++;
		status = reply->status;
		outcome = retry_outcome(status);
		good = outcome == OUT_PAGE && take(r, reply, e);
		fetch_release(r->s->fetch, reply);
		if (good || e->code)
			break;
		if (outcome == OUT_DENIED || outcome == OUT_REFUSED)
			refused(r, status, e);
		else if (outcome != OUT_LIMITED && ++failures > r->s->retries)
			return err_set(e, E_HUB, "no page of the second pass from '%s' (status %d)", r->s->hub->base,
				       status);
		else if (outcome != OUT_LIMITED)
			pause_ms(r, retry_pause(failures, retry_random(&r->random)));
	}
	return e->code;
}

/* --- a kind --- */

/* How many pages are sealed, and the number of the next file. */
static int look_back(struct run *r, const char *dir, struct err *e)
{
	struct shard_list l;
	int rc = shard_list(&l, dir, e);

	for (size_t i = 0; i < l.n && !rc; i++) {
		struct shard x;
		uint64_t n;

		rc = shard_read(&x, l.path[i], r->s->snapshot->id, 0, &n, e);
		if (!rc && x.kind == r->kind) {
			r->done += x.counter[CNT_PAGES];
			r->sample.seq = x.seq >= r->sample.seq ? x.seq + 1 : r->sample.seq;
		}
		shard_release(&x);
	}
	shard_list_release(&l);
	return rc;
}

static int sample_kind(struct run *r, const char *dir, struct err *e)
{
	int64_t got = 0, n = r->s->pages;
	struct place *p;
	int rc = look_back(r, dir, e);

	if (rc || r->done >= n)
		return rc;
	p = calloc((size_t)n, sizeof *p);
	if (!p)
		return err_set(e, E_NOMEM, "no memory for the second pass");
	rc = draw(r, p, n, &got, e);
	for (int64_t i = r->done; i < got && !rc; i++) {
		rc = sample_page(r, &p[i], e);
		if (r->plain)
			break; /* the same page again and again */
	}
	/* What has come is kept, whatever stopped it. */
	if (r->sample.counter[CNT_PAGES] > 0) {
		struct err own = ERR_INIT;

		if (shard_seal(&r->sample, dir, &own) && !rc)
			rc = err_set(e, own.code, "%s", own.text);
	}
	free(p);
	return rc;
}

/* The seed of a kind's draws: the snapshot's own. */
static uint64_t seed_of(const char *id, enum kind kind)
{
	char part[17];

	snprintf(part, sizeof part, "%.16s", id);
	return strtoull(part, NULL, 16) + (uint64_t)kind * 0x9E3779B97F4A7C15u;
}

int audit_run(const struct audit_setup *s, struct err *e)
{
	char dir[4096];

	if (snprintf(dir, sizeof dir, "%s/audit", s->dir) >= (int)sizeof dir)
		return err_set(e, E_USAGE, "the folder's name is too long");
	if (mkdir(dir, 0777) && errno != EEXIST)
		return err_sys(e, errno, "cannot make the folder '%s'", dir);
	for (int k = 0; k < NKINDS && !e->code; k++) {
		struct run r = { .s = s, .kind = (enum kind)k, .sort = "downloads", .counter = F_DOWNLOADS };

		if (!(s->snapshot->kinds >> k & 1))
			continue;
		if (!schema_has(r.kind, F_DOWNLOADS)) {
			r.sort = "likes";
			r.counter = F_LIKES;
		}
		r.random = seed_of(s->snapshot->id, r.kind);
		r.page = page_create();
		shard_init(&r.sample, r.kind, s->snapshot->id, 0, s->session);
		if (!r.page)
			err_set(e, E_NOMEM, "no memory for the second pass");
		else
			sample_kind(&r, dir, e);
		shard_release(&r.sample);
		page_free(r.page);
	}
	return e->code;
}
