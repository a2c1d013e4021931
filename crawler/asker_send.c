// SPDX-License-Identifier: Apache-2.0
/* What an asker asks, and with which tokens. */
#include <stdlib.h>

#include "crawler/asker_in.h"
#include "crawler/retry.h"
#include "io/log.h"

void asker_ready(struct asker *a, struct slot *s)
{
	s->state = SLOT_READY;
	a->sums.asked++;
	a->dirty = 1;
}

void asker_heard(struct asker *a, int64_t now)
{
	outage_good(&a->outage, now);
	a->sums.quiet_ms = 0;
}

/* Nothing has come since the list was begun, and it is not one of the last, which may all be beyond the Hub: that is
 * not the list's fault. */
static int is_silent(const struct asker *a, const struct slot *s)
{
	return a->outage.good_ms < s->since && frontier_has_untried(&a->frontier);
}

static void rest(struct asker *a, int64_t now)
{
	outage_rest(&a->outage, now);
	a->sums.quiet_ms = outage_quiet(&a->outage, now);
}

void asker_fail(struct asker *a, struct slot *s, const char *why, int64_t now)
{
	int silent;

	a->dirty = 1;
	if (++s->failures <= a->setup.retries) {
		s->state = SLOT_PAUSED;
		s->until = now + retry_pause(s->failures, retry_random(&a->random));
		return;
	}
	s->state = SLOT_FREE;
	s->ask.failed = 1;
	silent = is_silent(a, s);
	if (silent)
		rest(a, now);
	if (silent || s->ask.rounds++ < a->setup.rounds) {
		a->no_memory |= frontier_put_back(&a->frontier, &s->ask) < 0;
		return;
	}
	a->given_up++;
	/* The next run goes on where it was. */
	a->no_memory |= asker_keep_list(a, &s->ask) < 0;
	free(s->ask.next);
	s->ask.next = NULL;
	log_warn("gave up '%s' after %d attempts: %s", s->path, s->failures, why);
}

static int begin_slot(struct asker *a, struct slot *s, int64_t now)
{
	char whose[512];
	const char *name = whose;
	size_t n;

	if (!frontier_next(&a->frontier, &s->ask))
		return 0;
	if (frontier_is_likers(&s->ask)) {
		enum kind kind;
		struct oid oid;

		frontier_repo(&a->frontier, s->ask.ref, &kind, &oid, &name, &n);
	} else {
		const struct known *k = accounts_at(&a->accounts, s->ask.ref);

		name = k->name;
		n = k->n;
	}
	s->failures = 0;
	s->doubtful = 0;
	s->since = now;
	if (hub_account_path((enum account_list)s->ask.list, name, n, s->path, sizeof s->path) < 0) {
		a->given_up++; /* an id longer than any */
		return 1;
	}
	asker_ready(a, s);
	return 1;
}

int asker_count(const struct asker *a, enum slot_state state)
{
	int n = 0;

	for (int i = 0; i < a->nslot; i++)
		n += a->slot[i].state == state;
	return n;
}

int64_t asker_tokens(const struct asker *a)
{
	return a->received_tokens - a->sums.spent - a->sums.returned;
}

void asker_give_back(struct asker *a, int64_t n)
{
	if (n <= 0)
		return;
	a->sums.returned += n;
	a->dirty = 1;
}

_Static_assert(ACCOUNT_CURSOR_MAX < HUB_CURSOR_MAX, "a shard's cursors are no longer than the Hub's");

static void send(struct asker *a, struct slot *s)
{
	/* Of a base and a path of 511 bytes each, and a cursor's 1,023 written as three each: it fits. */
	char url[HUB_URL_MAX];
	int64_t *c = a->setup.ledger->shard.counter;

	if (hub_account_url(a->setup.hub, (enum account_list)s->ask.list, s->path, s->ask.next, url, sizeof url) < 0 ||
	    fetch_start(a->setup.fetch, url, (uint64_t)(s - a->slot)))
		return; /* no slot: it stays ready */
	s->state = SLOT_FLYING;
	a->sums.spent++;
	a->dirty = 1;
	c[CNT_REQUESTS]++;
	c[CNT_RETRIES] += s->failures > 0;
}

void asker_fill(struct asker *a, int64_t now)
{
	int more = !a->held && now >= a->outage.rest_until_ms;

	for (int i = 0; i < a->nslot; i++) {
		struct slot *s = a->slot + i;

		if (s->state == SLOT_PAUSED && now >= s->until)
			asker_ready(a, s);
		else if (s->state == SLOT_FREE && more)
			more = begin_slot(a, s, now);
	}
}

void asker_send(struct asker *a, int64_t now)
{
	int64_t surplus;

	asker_fill(a, now);
	if (now >= a->tokens_until || now < a->wait_until)
		asker_give_back(a, asker_tokens(a));
	for (int i = 0; i < a->nslot && asker_tokens(a) > 0 && fetch_flying(a->setup.fetch) < a->setup.nslots; i++)
		if (a->slot[i].state == SLOT_READY)
			send(a, a->slot + i);
	surplus = asker_tokens(a) - asker_count(a, SLOT_READY) - asker_count(a, SLOT_FLYING);
	asker_give_back(a, surplus);
	a->sums.soon = asker_count(a, SLOT_FLYING);
}

/* Time in which a request was ready, nothing was in flight and no token was there. */
void asker_measure_wait(struct asker *a, int64_t now)
{
	int starved = asker_count(a, SLOT_READY) > 0 && fetch_flying(a->setup.fetch) == 0 && !a->stopping;

	if (a->starved_since >= 0) {
		a->sums.wait_ms += now - a->starved_since;
		a->setup.ledger->shard.counter[CNT_WAIT_QUOTA_MS] += now - a->starved_since;
	}
	a->starved_since = starved ? now : -1;
}
