// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>

#include "io/oid.h"
#include "tests/tap.h"

/* Every byte in every place: a digit, or refused. */
static int every_byte(void)
{
	struct oid o;

	for (int at = 0; at < OID_HEX; at++)
		for (int c = 0; c < 256; c++) {
			char s[] = "0123456789abcdefABCDEF00";
			int digit = isdigit(c) ? c - '0' : (c | 0x20) - 'a' + 10;

			s[at] = (char)c;
			if (oid_parse(&o, s, OID_HEX) != (isxdigit(c) ? 0 : -1))
				return 0;
			if (isxdigit(c) && (o.b[at / 2] >> (at % 2 ? 0 : 4) & 15) != digit)
				return 0;
		}
	return 1;
}

int main(void)
{
	static const char gpt2[] = "621ffdc036468d709f17434d";
	struct oid o = OID_MAX, p;
	char hex[OID_HEX + 1];

	ok(every_byte(), "every byte in every place");
	ok(oid_parse(&o, gpt2, 24) == 0 && !strcmp(oid_hex(o, hex), gpt2), "there and back");
	ok(oid_seconds(o) == 1646263744, "gpt2 was made at 2022-03-02T23:29:04Z");
	ok(oid_parse(&p, "621FFDC036468D709F17434D", 24) == 0 && oid_cmp(o, p) == 0, "either case");
	for (size_t n = 0; n < 24; n++)
		if (!oid_parse(&p, gpt2, n))
			ok(0, "cut at %zu", n);
	ok(oid_parse(&p, "621ffdc036468d709f17434d0", 25) && oid_parse(&p, "621ffdc036468d709f17434g", 24),
	   "too long, no digit");
	ok(oid_cmp(oid_next(OID_MIN), OID_MIN) > 0 && oid_cmp(oid_prev(oid_next(o)), o) == 0,
	   "next and prev are inverse");
	ok(oid_cmp(oid_next(OID_MAX), OID_MAX) == 0 && oid_cmp(oid_prev(OID_MIN), OID_MIN) == 0, "the ends stay");
	oid_parse(&p, "621ffdc0ffffffffffffffff", 24);
	ok(!strcmp(oid_hex(oid_next(p), hex), "621ffdc10000000000000000"), "next carries: %s", hex);
	ok(oid_cmp(oid_prev(oid_at(1646263745)), p) == 0, "the last of a second");
	ok(oid_cmp(oid_at(-1), OID_MIN) == 0 && oid_seconds(oid_at((int64_t)1 << 40)) == UINT32_MAX,
	   "seconds are clamped");
	ok(oid_place(oid_from_place(0x621ffdc036468d70)) == 0x621ffdc036468d70, "place");
	return plan_done();
}
