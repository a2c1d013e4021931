// SPDX-License-Identifier: Apache-2.0
#include "crawler/outage.h"

#include "crawler/retry.h"

/* The first rest; they grow as the pauses between a request's attempts do (retry.h). */
#define REST_BASE_MS 1000

void outage_good(struct outage *o, int64_t now)
{
	o->good_ms = now;
	o->rest_ms = o->rest_until_ms = 0;
}

void outage_limited(struct outage *o, int64_t sent_ms, int64_t closed_ms)
{
	o->excused_ms = retry_excused(o->excused_ms, o->good_ms, sent_ms, closed_ms);
}

void outage_rest(struct outage *o, int64_t now)
{
	if (now < o->rest_until_ms)
		return;
	o->rest_ms = o->rest_ms ? 2 * o->rest_ms : REST_BASE_MS;
	o->rest_ms = o->rest_ms < RETRY_CAP_MS ? o->rest_ms : RETRY_CAP_MS;
	o->rest_until_ms = now + o->rest_ms;
}

int64_t outage_quiet(const struct outage *o, int64_t now)
{
	return o->rest_ms ? now - o->good_ms : 0;
}

int outage_is_too_long(const struct outage *o, int64_t now, int64_t max_ms)
{
	int64_t since = o->good_ms > o->excused_ms ? o->good_ms : o->excused_ms;

	return max_ms > 0 && now - since > max_ms;
}
