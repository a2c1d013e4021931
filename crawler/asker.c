// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "crawler/archive.h"
#include "crawler/asker_in.h"
#include "io/log.h"

/* Names wait so long to fill a parcel. */
#define PACK_MS 5
/* Requests under way and ready for a token, by those under way: a token takes two turns of rank 0 to come. */
#define AHEAD 4
/* Of the best request of any rank, what one has to promise to be made now. */
#define HELD 0.5
/* As worker.h. */
#define DRAIN_MS 3000

/* --- life --- */

struct asker *asker_create(const struct asker_setup *s)
{
	struct asker *a = calloc(1, sizeof *a);

	if (!a)
		return NULL;
	a->setup = *s;
	a->random = s->seed;
	outage_good(&a->outage, clock_ms());
	a->starved_since = -1;
	accounts_init(&a->accounts);
	accounts_init(&a->repos_asked);
	a->nslot = AHEAD * s->nslots;
	a->slot = calloc((size_t)a->nslot, sizeof *a->slot);
	a->out = calloc((size_t)s->nranks, sizeof(struct outbox *));
	a->recent = calloc(RECENT_N, sizeof *a->recent);
	a->seen_cap = 4 * (uint32_t)s->nslots + 64;
	a->seen = calloc(a->seen_cap, sizeof *a->seen);
	a->roll = roll_create();
	if (!frontier_init(&a->frontier, &a->accounts) && a->slot && a->out && a->recent && a->seen && a->roll)
		return a;
	asker_free(a);
	return NULL;
}

static void drop_told(struct asker *a)
{
	for (size_t i = 0; a->told && i < a->ntold; i++) {
		free(a->told[i].whose);
		free(a->told[i].next);
	}
	free(a->told);
	a->told = NULL;
	a->ntold = a->told_cap = 0;
	accounts_release(&a->repos_asked);
}

void asker_free(struct asker *a)
{
	if (!a)
		return;
	drop_told(a);
	for (int i = 0; a->slot && i < a->nslot; i++)
		free(a->slot[i].ask.next);
	for (int r = 0; a->out && r < a->setup.nranks; r++)
		free(a->out[r]);
	frontier_release(&a->frontier);
	accounts_release(&a->accounts);
	roll_free(a->roll);
	free(a->slot);
	free(a->out);
	free(a->recent);
	free(a->seen);
	free(a);
}

/* --- the start --- */

static int by_list(const void *x, const void *y)
{
	const struct told_list *a = x, *b = y;
	int c = strcmp(a->whose, b->whose);

	if (c == 0)
		c = (a->row.list > b->row.list) - (a->row.list < b->row.list);
	return c ? c : (a->row.pages < b->row.pages) - (a->row.pages > b->row.pages);
}

/* Where a list that had begun goes on, unless it came to its end since. Takes t->next. */
static int go_on(struct asker *a, struct told_list *t)
{
	struct ask x = { .list = t->row.list, .pages = t->row.pages, .rows = t->row.rows, .next = t->next };
	size_t n = strlen(t->whose);

	if (x.list >= NACCOUNT_OWN) {
		if (t->repo == UINT32_MAX)
			return 0;
		x.ref = t->repo;
	} else {
		int is_new = 0;
		struct known *k =
			accounts_add(&a->accounts, t->whose, n, account_hash_of(t->whose, n), &x.ref, &is_new);

		if (!k)
			return -1;
		if ((k->done | k->refused) >> x.list & 1)
			return 0;
		k->begun = (uint8_t)(k->begun | 1u << x.list);
	}
	if (*x.next)
		t->next = NULL;
	else
		x.next = NULL;
	return frontier_put_back(&a->frontier, &x);
}

int asker_begin(struct asker *a)
{
	uint32_t ref = 0, at = 0;

	if (a->ntold)
		qsort(a->told, a->ntold, sizeof *a->told, by_list);
	for (size_t i = 0; a->told && i < a->ntold; i++) {
		const struct told_list *before = i ? a->told + i - 1 : NULL;

		if (before && before->row.list == a->told[i].row.list && !strcmp(before->whose, a->told[i].whose))
			continue;
		if (go_on(a, a->told + i))
			return -1;
	}
	drop_told(a);
	while (accounts_next(&a->accounts, &ref, &at))
		if (frontier_add(&a->frontier, at))
			return -1;
	a->running = 1;
	a->dirty = 1;
	return a->no_memory ? -1 : 0;
}

/* --- replies --- */

/* Keep what the reply told about the quota for the next report. */
static void note_seen(struct asker *a, const struct fetch_reply *r, int good)
{
	struct msg_seen *s;

	a->dirty = 1;
	if (a->nseen == a->seen_cap) {
		log_warn("a reply's rate-limit header was dropped: too many at once");
		return;
	}
	s = a->seen + a->nseen++;
	*s = (struct msg_seen){ .sent_age_ms = r->sent_ms, .received_age_ms = r->received_ms, .good = good };
	hub_quota_parse(&s->quota, r->ratelimit, r->policy);
	s->limited = r->status == 429;
	s->retry_after_ms = s->limited ? hub_retry_after(r->retry_after, clock_wall_ms() / 1000) : -1;
}

/* One reply. */
static int take_reply(struct asker *a, int64_t now, struct err *e)
{
	const struct fetch_reply *r = fetch_next(a->setup.fetch);
	int good = 0, rc = E_OK;

	a->more = r != NULL;
	if (!r)
		return E_OK;
	if (!a->failed && r->tag < (uint64_t)a->nslot) {
		struct slot *s = a->slot + r->tag;

		s->state = SLOT_FREE;
		rc = asker_take(a, s, r, now, &good, e);
		if (good)
			asker_heard(a, now);
		note_seen(a, r, good);
	}
	fetch_release(a->setup.fetch, r);
	if (!rc && a->no_memory)
		rc = err_set(e, E_NOMEM, "no memory for more accounts: %llu are known here",
			     (unsigned long long)a->accounts.n);
	return rc;
}

/* --- sealing --- */

int asker_keep_list(struct asker *a, struct ask *x)
{
	struct account_list_row l = { .list = x->list,
				      .state = LIST_MORE,
				      .pages = x->pages,
				      .rows = x->rows,
				      .observed = clock_wall_ms() / 1000 };
	struct account_shard *s = &a->setup.ledger->shard;
	char hex[OID_HEX + 1];
	const char *whose;
	size_t n;

	if (!x->is_new || !x->next)
		return 0;
	x->is_new = 0;
	if (frontier_is_likers(x)) {
		enum kind kind;
		struct oid oid;

		frontier_repo(&a->frontier, x->ref, &kind, &oid, &whose, &n);
		whose = oid_hex(oid, hex);
		n = OID_HEX;
	} else {
		whose = accounts_at(&a->accounts, x->ref)->name;
		n = accounts_at(&a->accounts, x->ref)->n;
	}
	return account_shard_add_list(s, &l, whose, n, x->next, strlen(x->next));
}

/* What was seen, and how far every list is by which it was seen. */
static int seal(struct asker *a, struct err *e)
{
	int bad = 0, rc;

	for (int l = 0; l < NACCOUNT_LISTS; l++)
		for (struct ask *x = a->frontier.more[l].first; x; x = x->behind)
			bad |= asker_keep_list(a, x);
	for (int i = 0; i < a->nslot; i++)
		if (a->slot[i].state != SLOT_FREE)
			bad |= asker_keep_list(a, &a->slot[i].ask);
	rc = bad ? err_set(e, E_NOMEM, "no memory to seal what was seen of accounts") : E_OK;
	/* The archive first: what is in a shard is in it. */
	if (!rc)
		rc = archive_seal(a->setup.archive, e);
	if (!rc)
		rc = ledger_seal(a->setup.ledger, e);
	a->failed |= rc != E_OK;
	return rc;
}

/* --- stop --- */

static void begin_stop(struct asker *a, int why, int64_t now)
{
	if (a->stopping)
		return;
	a->stopping = 1;
	a->why = why;
	a->drain_until = now + DRAIN_MS;
	asker_give_back(a, asker_tokens(a));
}

int asker_stop(struct asker *a, int64_t now, struct err *e)
{
	if (a->stopping || a->failed)
		return E_OK;
	begin_stop(a, MSG_ASKED, now);
	return seal(a, e);
}

static int drain(struct asker *a, int64_t now, struct err *e)
{
	if (a->drained || ((fetch_flying(a->setup.fetch) > 0 || a->more) && now < a->drain_until && !a->failed))
		return E_OK;
	fetch_abort(a->setup.fetch);
	a->drained = 1;
	return a->failed ? E_OK : seal(a, e);
}

/* --- the turn --- */

int asker_turn(struct asker *a, int64_t now, struct err *e)
{
	struct err own = ERR_INIT;
	int rc = E_OK;

	/* All that have come: names of other ranks arrive in between, and who takes but one page for them falls behind.
	 */
	for (int i = 0; i < a->setup.nslots && !rc && (rc = take_reply(a, now, e)) == E_OK && a->more; i++)
		;
	/* What was seen before the token was refused is good. */
	if (rc == E_DENIED && seal(a, &own))
		log_warn("%s", own.text);
	if (rc)
		a->failed = 1;
	if (!a->failed) {
		if (!a->stopping)
			asker_send(a, now);
		asker_measure_wait(a, now);
		if (ledger_is_due(a->setup.ledger, now))
			rc = seal(a, e);
	}
	if (!a->failed && !a->stopping && a->packed_ms && (now - a->packed_ms >= PACK_MS || a->stopping) &&
	    asker_flush(a))
		rc = err_set(e, E_NOMEM, "no memory for messages");
	if (rc)
		a->failed = 1;
	if (a->stopping && !rc)
		rc = drain(a, now, e);
	return rc;
}

void asker_feed(struct asker *a, const struct msg *m, int64_t now)
{
	switch (m->type) {
	case MSG_TOKENS:
		a->received_tokens += m->u.tokens.n;
		a->tokens_until = now + m->u.tokens.valid_ms;
		if (a->stopping)
			asker_give_back(a, m->u.tokens.n);
		break;
	case MSG_WAIT:
		a->wait_until = now + m->u.wait.ms;
		break;
	case MSG_STOP:
		begin_stop(a, m->u.stop.why, now);
		a->why = m->u.stop.why;
		a->told_stop = 1;
		break;
	default:
		break;
	}
}

/* --- reports --- */

static void report_seen(struct asker *a, struct msg_report *r, int64_t now)
{
	uint32_t n = a->nseen < MSG_NSEEN ? a->nseen : MSG_NSEEN;

	for (uint32_t i = 0; i < n; i++) {
		r->seen[i] = a->seen[i];
		r->seen[i].sent_age_ms = now - a->seen[i].sent_age_ms;
		r->seen[i].received_age_ms = now - a->seen[i].received_age_ms;
	}
	r->nseen = n;
	a->nseen -= n;
	memmove(a->seen, a->seen + n, a->nseen * sizeof *a->seen);
}

int asker_next(struct asker *a, int64_t now, struct msg *m)
{
	if (a->said_bye)
		return 0;
	if (a->dirty) {
		m->type = MSG_REPORT;
		m->u.report = a->sums;
		m->u.report.rows = (int64_t)a->accounts.n;
		m->u.report.nprogress = 0;
		report_seen(a, &m->u.report, now);
		a->dirty = a->nseen > 0;
		return 1;
	}
	if (!a->drained || !a->told_stop)
		return 0;
	m->type = MSG_BYE;
	a->said_bye = 1;
	return 1;
}

int64_t asker_due(const struct asker *a, int64_t now)
{
	int64_t due = a->stopping ? 20 : 1000;

	if (a->dirty || a->more)
		return 0;
	if (a->packed_ms && a->packed_ms + PACK_MS - now < due)
		due = a->packed_ms + PACK_MS - now;
	for (int i = 0; i < a->nslot; i++)
		if (a->slot[i].state == SLOT_PAUSED && a->slot[i].until - now < due)
			due = a->slot[i].until - now;
	if (asker_tokens(a) > 0 && a->tokens_until - now < due)
		due = a->tokens_until - now;
	return due > 0 ? due : 0;
}

int asker_is_over(const struct asker *a)
{
	return a->said_bye;
}

int asker_why(const struct asker *a)
{
	return a->why;
}

void asker_limit(struct asker *a, int64_t requests)
{
	a->is_limited = requests >= 0;
	frontier_limit(&a->frontier, requests, a->setup.nranks);
}

void asker_hold(struct asker *a, double best)
{
	double own = frontier_best(&a->frontier);

	/* Who has nothing holds nothing back, and must not seem to wait: that is how the end is known. */
	a->held = a->is_limited && own >= 0 && own < HELD * best && !frontier_is_sampling(&a->frontier);
	a->dirty = 1;
}

void asker_status(struct asker *a, struct item_status *s)
{
	int64_t now = clock_ms();
	int waits = a->held || now < a->outage.rest_until_ms;

	/* What the last messages brought is not in a slot yet. */
	if (a->running && !a->stopping && !a->failed)
		asker_fill(a, now);
	*s = (struct item_status){ .idle = asker_count(a, SLOT_FREE) == a->nslot && a->packed_ms == 0 && !waits,
				   .best = a->running ? frontier_best(&a->frontier) : -1,
				   .sent = a->items_sent,
				   .received = a->items_received,
				   .accounts = (int64_t)a->accounts.n,
				   .lists = a->lists,
				   .refused = a->refused,
				   .pages = a->pages,
				   .requests = a->sums.spent };
}

struct asker_look asker_look(const struct asker *a)
{
	return (struct asker_look){ (int64_t)a->accounts.n, a->lists, a->given_up };
}
