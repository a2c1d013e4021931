// SPDX-License-Identifier: Apache-2.0
/* A page of the second pass: asked for, and taken. */
#include "crawler/audit_in.h"
#include "crawler/buffer.h"
#include "crawler/retry.h"
#include "crawler/stop.h"
#include "crawler/worker.h"
#include "io/log.h"

#define POLL_MS 50
/* Who answers, and does not give a page for all attempts of so many rounds, does not give it: as in the crawl. */
#define ROUNDS 2

/* --- limits --- */

static int check_time(const struct audit *r, int64_t now, struct err *e)
{
	const struct audit_setup *s = r->s;

	if (s->max_time_ms > 0 && now - s->start_ms >= s->max_time_ms)
		return err_set(e, E_STOPPED,
			       "--max-time is over in the second pass: run the same command again to go on");
	if (outage_is_too_long(&r->outage, now, s->max_outage_ms))
		return err_set(e, E_STOPPED,
			       "the Hub has not answered for too long in the second pass (--max-outage): run the same "
			       "command again to go on");
	return E_OK;
}

int audit_limits(const struct audit *r, struct err *e)
{
	const struct audit_setup *s = r->s;

	if (stop_check(s->is_stopped, e))
		return e->code;
	if (s->max_requests > 0 && *s->requests >= s->max_requests)
		return err_set(e, E_STOPPED,
			       "--max-requests is reached in the second pass: run the same command again to go on");
	return check_time(r, clock_ms(), e);
}

static int wait_a_little(struct audit *r, struct err *e)
{
	if (stop_check(r->s->is_stopped, e))
		return e->code;
	fetch_poll(r->s->fetch, POLL_MS);
	return audit_seal_due(r, e);
}

static void wait_until(struct audit *r, int64_t until, struct err *e)
{
	while (clock_ms() < until && !audit_limits(r, e))
		if (wait_a_little(r, e))
			break;
}

/* --- a request --- */

static void note_limited(struct audit *r, const struct fetch_reply *reply)
{
	int64_t now = clock_ms(), wait = budget_closed(r->s->budget, now);

	outage_limited(&r->outage, reply->sent_ms, now + wait);
	if (!r->told_limited++)
		log_event("limited",
			  (struct log_field[]){ { "replies_429", (double)r->s->budget->replies_429 },
						{ "paused_s", (double)wait / 1000 } },
			  2, "a reply of 429 to the second pass, %lld so far: nothing is asked for %lld s",
			  (long long)r->s->budget->replies_429, (long long)((wait + 999) / 1000));
}

static void note_page(struct audit *r)
{
	outage_good(&r->outage, clock_ms());
	watch_quiet(&r->watch, 0);
	r->told_limited = 0;
}

static void tell_budget(struct audit *r, const struct fetch_reply *reply)
{
	struct budget_seen b = { .sent_ms = reply->sent_ms,
				 .received_ms = reply->received_ms,
				 .limited = reply->status == 429 };

	hub_quota_parse(&b.quota, reply->ratelimit, reply->policy);
	b.retry_after_ms = b.limited ? hub_retry_after(reply->retry_after, clock_wall_ms() / 1000) : -1;
	budget_reply(r->s->budget, clock_ms(), &b);
	if (b.limited)
		note_limited(r, reply);
}

static void count(struct audit *r, enum counter c)
{
	r->sample.counter[c]++;
	r->s->counter[c]++;
}

/* Wait for a token, send, wait for the reply. NULL: the end, and why in e. */
static const struct fetch_reply *ask(struct audit *r, const char *url, struct err *e)
{
	const struct fetch_reply *reply = NULL;

	if (audit_limits(r, e))
		return NULL;
	while (budget_take(r->s->budget, clock_ms(), 1, 1) == 0)
		if (wait_a_little(r, e) || audit_limits(r, e))
			return NULL;
	if (fetch_start(r->s->fetch, url, 0)) {
		budget_return(r->s->budget, 1);
		err_set(e, E_NOMEM, "no memory for a request of the second pass");
		return NULL;
	}
	++*r->s->requests;
	count(r, CNT_REQUESTS);
	/* What is on its way when its time is over has as long as in the crawl. */
	while (!(reply = fetch_next(r->s->fetch)))
		if (wait_a_little(r, e) || check_time(r, clock_ms() - WORKER_DRAIN_MS, e))
			return NULL;
	buffer_add_reply(r->sample.counter, reply);
	buffer_add_reply(r->s->counter, reply);
	tell_budget(r, reply);
	return reply;
}

static int make_url(const struct audit *r, struct hub_list *l, char *url, struct err *e)
{
	const struct snapshot *snap = r->s->snapshot;

	l->kind = r->kind;
	l->fields = 1u << F_OID | 1u << F_ID | 1u << F_CREATED;
	l->author = snap->author;
	l->ntag = snap->ntag;
	for (int i = 0; i < snap->ntag; i++)
		l->tag[i] = snap->tag[i];
	return hub_list_url(r->s->hub, l, url, HUB_URL_MAX) < 0
		     ? err_set(e, E_USAGE, "the address of a page of the second pass is too long")
		     : E_OK;
}

/* As the rows of a broken page of the whole axis. */
int audit_take(struct shard *sample, struct page *page, const char *text, size_t n, int64_t observed, struct err *e)
{
	struct page_ask want = { .window = { sample->kind, HUB_ASC, { OID_MIN, OID_MAX } },
				 .fields = 1u << F_OID | 1u << F_ID | 1u << F_CREATED,
				 .flags = PAGE_FORCE | PAGE_SPLIT,
				 .observed = observed };
	struct page_result res;

	if (page_take(page, text, n, &want, sample, &res, e))
		return 0;
	if (res.verdict != PAGE_TAKEN && res.verdict != PAGE_BROKEN)
		return 0;
	sample->counter[CNT_PAGES]++;
	sample->counter[CNT_ROWS] += res.rows;
	return 1;
}

/* --- is the Hub there? --- */

/* A list that is dropped. */
static int is_list(struct audit *r, const struct fetch_reply *reply, struct err *e)
{
	struct shard scratch;
	int rc;

	shard_init(&scratch, r->kind, r->s->snapshot->id, 0, r->s->session);
	rc = audit_take(&scratch, r->page, reply->body, reply->nbody, reply->received_at_ms / 1000, e);
	shard_release(&scratch);
	return rc;
}

/* Asked for what it has given to the crawl: the oldest of the kind. */
static enum outcome ask_known(struct audit *r, struct err *e)
{
	struct hub_list l = { .order = HUB_ASC, .limit = 1 };
	const struct fetch_reply *reply;
	char url[HUB_URL_MAX];
	enum outcome out;

	if (make_url(r, &l, url, e) || !(reply = ask(r, url, e)))
		return OUT_RETRY;
	out = retry_outcome(reply->status);
	if (!archive_add(r->s->archive, reply, &(struct note){ .what = NOTE_NOTHING }, e) && out == OUT_PAGE) {
		if (is_list(r, reply, e))
			note_page(r);
		else
			out = OUT_RETRY;
	}
	fetch_release(r->s->fetch, reply);
	return out;
}

static int is_there(struct audit *r, struct err *e)
{
	enum outcome out;

	do
		out = ask_known(r, e);
	while (out == OUT_LIMITED && !e->code);
	r->heard |= out != OUT_RETRY;
	return out != OUT_RETRY;
}

static void rest(struct audit *r, struct err *e)
{
	int64_t now = clock_ms();

	outage_rest(&r->outage, now);
	watch_quiet(&r->watch, outage_quiet(&r->outage, now));
	wait_until(r, r->outage.rest_until_ms, e);
}

/* No page for all attempts: while nothing else comes either it is not the page's fault. */
static int give_up(struct audit *r, int status, int *rounds, struct err *e)
{
	int was_away = 0;

	while (!is_there(r, e) && !e->code && r->heard) {
		was_away = 1;
		rest(r, e);
	}
	if (!e->code && (!r->heard || (!was_away && ++*rounds >= ROUNDS)))
		return err_set(e, E_HUB, "no page of the second pass from '%s' (status %d)", r->s->hub->base, status);
	return e->code;
}

/* --- a page --- */

static int take_reply(struct audit *r, const struct place *at, const struct fetch_reply *reply, enum outcome outcome,
		      struct err *e)
{
	struct note n = { .what = outcome == OUT_PAGE ? NOTE_AUDIT : NOTE_NOTHING,
			  .window.kind = r->kind,
			  .place = at->number };

	if (archive_add(r->s->archive, reply, &n, e) || outcome != OUT_PAGE)
		return 0;
	if (r->sample.counter[CNT_PAGES] == 0)
		r->oldest_ms = clock_ms();
	return audit_take(&r->sample, r->page, reply->body, reply->nbody, reply->received_at_ms / 1000, e);
}

/* One attempt. What is no list counts as no page. */
static enum outcome attempt(struct audit *r, const struct place *at, int *status, struct err *e)
{
	struct hub_list l = { .order = HUB_DESC, .sort = r->sort, .limit = HUB_PAGE_ROWS };
	char url[HUB_URL_MAX], cursor[HUB_CURSOR_SORTED];
	const struct fetch_reply *reply;
	enum outcome out;

	if (!r->plain && at->value >= 0)
		l.cursor = hub_cursor_sorted(r->sort, at->value, at->oid, cursor);
	if (make_url(r, &l, url, e) || !(reply = ask(r, url, e)))
		return OUT_RETRY;
	*status = reply->status;
	out = retry_outcome(reply->status);
	if (take_reply(r, at, reply, out, e)) {
		note_page(r);
		r->heard = 1;
		r->s->counter[CNT_PAGES]++;
	} else if (out == OUT_PAGE) {
		count(r, CNT_NOT_JSON);
		out = OUT_RETRY;
	}
	fetch_release(r->s->fetch, reply);
	return out;
}

static int refused(struct audit *r, int status, struct err *e)
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

int audit_page(struct audit *r, const struct place *at, struct err *e)
{
	int failures = 0, rounds = 0;

	while (!e->code) {
		int is_retry = failures > 0 || rounds > 0, status = 0;
		int64_t before = *r->s->requests;
		enum outcome out = attempt(r, at, &status, e);

		if (is_retry && *r->s->requests > before)
			count(r, CNT_RETRIES);

		if (out == OUT_PAGE || e->code)
			break;
		if (out == OUT_DENIED || out == OUT_REFUSED) {
			refused(r, status, e);
		} else if (out == OUT_RETRY && ++failures > r->s->retries) {
			failures = 0;
			give_up(r, status, &rounds, e);
		} else if (out == OUT_RETRY) {
			wait_until(r, clock_ms() + retry_pause(failures, retry_random(&r->random)), e);
		}
	}
	return e->code;
}
