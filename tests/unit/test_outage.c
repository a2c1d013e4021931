// SPDX-License-Identifier: Apache-2.0
#include "crawler/outage.h"

#include "crawler/retry.h"
#include "tests/tap.h"

static void rests(void)
{
	struct outage o = { 0 };
	int64_t now = 5000, longest = 0;
	int grows = 1;

	outage_good(&o, now);
	ok(outage_quiet(&o, now + 9000) == 0, "nothing was given up: no outage, however long it takes");
	outage_rest(&o, now += 2000);
	ok(o.rest_until_ms == now + 1000 && outage_quiet(&o, now) == 2000, "the first rest is a second");
	outage_rest(&o, now + 500);
	ok(o.rest_until_ms == now + 1000, "what is given up during it does not make it longer");
	for (int i = 0; i < 12; i++) {
		int64_t before = o.rest_ms;

		now = o.rest_until_ms;
		outage_rest(&o, now);
		grows &= o.rest_ms == 2 * before || o.rest_ms == RETRY_CAP_MS;
		longest = o.rest_ms;
	}
	ok(grows && longest == RETRY_CAP_MS, "each is twice the one before, up to %d ms", RETRY_CAP_MS);
	outage_good(&o, now);
	ok(o.rest_until_ms == 0 && outage_quiet(&o, now + 1) == 0, "a page ends it");
	outage_rest(&o, now + 10);
	ok(o.rest_ms == 1000, "and the next one begins anew");
}

static void too_long(void)
{
	struct outage o = { 0 };
	int64_t now = 1000; /* of a machine that has just started */

	outage_good(&o, now);
	ok(!outage_is_too_long(&o, now + 4000, 4000) && outage_is_too_long(&o, now + 4001, 4000), "longer than that");
	ok(!outage_is_too_long(&o, now + (1ll << 40), 0), "0: never");
	outage_limited(&o, now + 10, now + 6000);
	ok(!outage_is_too_long(&o, now + 10000, 4000) && outage_is_too_long(&o, now + 10001, 4000),
	   "the first wait that a 429 asks for is none");
	outage_limited(&o, now + 6010, now + 60000);
	ok(outage_is_too_long(&o, now + 10001, 4000), "the second one is");
	outage_good(&o, now + 60000);
	outage_limited(&o, now + 60010, now + 70000);
	ok(!outage_is_too_long(&o, now + 74000, 4000), "after a page it is the first again");
}

int main(void)
{
	rests();
	too_long();
	return plan_done();
}
