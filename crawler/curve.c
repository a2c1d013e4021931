// SPDX-License-Identifier: Apache-2.0
#include "crawler/curve.h"

#include <stddef.h>

/* Rows at or before an ObjectId; between two knots the rows are taken to lie evenly. Dates are knots at their midnight
 * (UTC).
 *
 * Everything older than 2022-03-02 was given ObjectIds in one go, by one process: 621ffdc0 (23:29:04) and 621ffdc1 hold
 * the models, 621ffdd2 (:22) the data sets, all with the middle 36468d709f and a counter from 1743.. to 181f..
 * (recorded _ids of that second: API notes, sections 2.3 and 4). The knots put half of the lump there and spread the
 * other half over its seconds, because a stand-in may number otherwise. Totals of models: 3,073,794 on 2026-09-17,
 * 3,117,871 on 2026-10-03, 2,249,312 in late 2025 (notes, section 3); data sets and Spaces about 1 M and 1.15 M in late
 * 2026 (same place, marked uncertain); the other years are our own coarse estimate. */
struct knot {
	uint32_t seconds, middle;
	uint32_t low; /* the last four bytes */
	double rows[NKINDS];
};

static const struct knot knots[] = {
	{ 0, 0, 0, { 0, 0, 0 } },
	{ 0x621ffdc0, 0, 0, { 10, 10, 2000 } },
	{ 0x621ffdc0, 0x36468d70, 0x9f174300, { 3000, 20, 2000 } },
	{ 0x621ffdc0, 0x36468d70, 0x9f17a000, { 12000, 20, 2000 } },
	{ 0x621ffdc1, 0, 0, { 15000, 20, 2000 } },
	{ 0x621ffdc1, 0x36468d70, 0x9f17a000, { 18000, 20, 2000 } },
	{ 0x621ffdc1, 0x36468d70, 0x9f181c00, { 27000, 20, 2000 } },
	{ 0x621ffdc2, 0, 0, { 30000, 20, 2000 } },
	{ 0x621ffdd2, 0, 0, { 30000, 30, 2000 } },
	{ 0x621ffdd2, 0x36468d70, 0x9f181c00, { 30000, 600, 2000 } },
	{ 0x621ffdd2, 0x36468d70, 0x9f182c00, { 30000, 2400, 2000 } },
	{ 0x621ffdd3, 0, 0, { 30000, 3000, 2000 } },
	{ 1672531200, 0, 0, { 110e3, 18e3, 35e3 } },      /* 2023-01-01 */
	{ 1704067200, 0, 0, { 460e3, 95e3, 200e3 } },     /* 2024-01-01 */
	{ 1735689600, 0, 0, { 1250e3, 290e3, 430e3 } },   /* 2025-01-01 */
	{ 1767225600, 0, 0, { 2350e3, 640e3, 760e3 } },   /* 2026-01-01 */
	{ 1790985600, 0, 0, { 3118e3, 1000e3, 1150e3 } }, /* 2026-10-03 */
	{ 1893456000, 0, 0, { 7e6, 2.8e6, 2.9e6 } },      /* 2030-01-01: the last years' pace, a little faster */
	{ 0xffffffff, 0xffffffff, 0xffffffff, { 200e6, 80e6, 80e6 } },
};
#define NKNOTS (sizeof knots / sizeof *knots)

/* 96 bits, most significant limb first: places are compared and divided inside one second, below what a double holds.
 */
struct u96 {
	uint32_t limb[3];
};

static struct u96 from_oid(struct oid o)
{
	struct u96 x = { { 0, 0, 0 } };

	for (int i = 0; i < 12; i++)
		x.limb[i / 4] = x.limb[i / 4] << 8 | o.b[i];
	return x;
}

static struct oid to_oid(struct u96 x)
{
	struct oid o;

	for (int i = 0; i < 12; i++)
		o.b[i] = (uint8_t)(x.limb[i / 4] >> (24 - 8 * (i % 4)));
	return o;
}

static struct u96 knot_at(const struct knot *k)
{
	return (struct u96){ { k->seconds, k->middle, k->low } };
}

/* a - b for a >= b. */
static struct u96 minus(struct u96 a, struct u96 b)
{
	uint64_t borrow = 0;

	for (int i = 2; i >= 0; i--) {
		uint64_t d = (uint64_t)a.limb[i] - b.limb[i] - borrow;

		a.limb[i] = (uint32_t)d;
		borrow = d >> 63;
	}
	return a;
}

static double as_double(struct u96 a)
{
	return ((double)a.limb[0] * 4294967296.0 + (double)a.limb[1]) * 4294967296.0 + (double)a.limb[2];
}

/* a + d * f / 2^32. */
static struct u96 plus_part(struct u96 a, struct u96 d, uint32_t f)
{
	uint64_t carry = (uint64_t)d.limb[2] * f >> 32;
	uint64_t low[3] = { 0, 0, 0 };

	/* low[i]: what limb i of the product shifted by one limb holds. */
	for (int i = 2; i >= 1; i--) {
		uint64_t p = (uint64_t)d.limb[i - 1] * f + carry;

		low[i] = p & 0xffffffff;
		carry = p >> 32;
	}
	low[0] = carry;
	carry = 0;
	for (int i = 2; i >= 0; i--) {
		uint64_t s = (uint64_t)a.limb[i] + low[i] + carry;

		a.limb[i] = (uint32_t)s;
		carry = s >> 32;
	}
	return a;
}

double curve_rows(enum kind kind, struct oid at)
{
	struct u96 x = from_oid(at);

	for (size_t i = 1; i < NKNOTS; i++) {
		struct u96 a = knot_at(knots + i - 1), b = knot_at(knots + i);
		double ra = knots[i - 1].rows[kind], rb = knots[i].rows[kind];

		if (i + 1 < NKNOTS && oid_cmp(at, to_oid(b)) >= 0)
			continue;
		return ra + (rb - ra) * (as_double(minus(x, a)) / as_double(minus(b, a)));
	}
	return 0;
}

struct oid curve_place(enum kind kind, double rows)
{
	if (rows <= 0)
		return OID_MIN;
	for (size_t i = 1; i < NKNOTS; i++) {
		double ra = knots[i - 1].rows[kind], rb = knots[i].rows[kind], f;

		if (rows >= rb)
			continue;
		f = (rows - ra) / (rb - ra) * 4294967296.0;
		return to_oid(plus_part(knot_at(knots + i - 1), minus(knot_at(knots + i), knot_at(knots + i - 1)),
					f >= 4294967295.0 ? 0xffffffff : (uint32_t)f));
	}
	return OID_MAX;
}

double curve_span(enum kind kind, struct span s)
{
	return oid_cmp(s.lo, s.hi) < 0 ? curve_rows(kind, s.hi) - curve_rows(kind, s.lo) : 0;
}

double curve_length(struct span s)
{
	return oid_cmp(s.lo, s.hi) < 0 ? as_double(minus(from_oid(s.hi), from_oid(s.lo))) : 0;
}

struct oid curve_along(struct oid from, struct oid to, double share)
{
	struct u96 a = from_oid(from), b = from_oid(to);
	int up = oid_cmp(from, to) < 0;
	double f = 4294967296.0 * (up ? share : 1 - share);
	uint32_t part = f <= 0 ? 0 : f >= 4294967295.0 ? 0xffffffff : (uint32_t)f;

	return up ? to_oid(plus_part(a, minus(b, a), part)) : to_oid(plus_part(b, minus(a, b), part));
}

struct oid curve_beyond(struct oid from, struct oid at)
{
	struct u96 x = from_oid(at), f = from_oid(from), top = from_oid(OID_MAX), d;

	if (oid_cmp(from, at) >= 0) {
		d = minus(f, x);
		return oid_cmp(to_oid(d), at) < 0 ? to_oid(minus(x, d)) : OID_MIN;
	}
	d = minus(x, f);
	/* x + d = top - ((top - x) - d) */
	top = minus(top, x);
	return oid_cmp(to_oid(d), to_oid(top)) < 0 ? to_oid(minus(from_oid(OID_MAX), minus(top, d))) : OID_MAX;
}
