// SPDX-License-Identifier: Apache-2.0
#include "io/oid.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int oid_parse(struct oid *o, const char *s, size_t n)
{
	struct oid x;

	if (n != OID_HEX)
		return -1;
	for (size_t i = 0; i < sizeof x.b; i++) {
		int hi = hex_digit(s[2 * i]), lo = hex_digit(s[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return -1;
		x.b[i] = (uint8_t)(hi << 4 | lo);
	}
	*o = x;
	return 0;
}

char *oid_hex(struct oid o, char dst[OID_HEX + 1])
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < sizeof o.b; i++) {
		dst[2 * i] = digit[o.b[i] >> 4];
		dst[2 * i + 1] = digit[o.b[i] & 15];
	}
	dst[OID_HEX] = '\0';
	return dst;
}

int64_t oid_seconds(struct oid o)
{
	return (int64_t)(oid_place(o) >> 32);
}

struct oid oid_at(int64_t seconds)
{
	if (seconds < 0)
		seconds = 0;
	if (seconds > UINT32_MAX)
		seconds = UINT32_MAX;
	return oid_from_place((uint64_t)seconds << 32);
}

struct oid oid_next(struct oid o)
{
	struct oid x = o;

	for (size_t i = sizeof x.b; i-- > 0;)
		if (++x.b[i])
			return x;
	return o;
}

struct oid oid_prev(struct oid o)
{
	struct oid x = o;

	for (size_t i = sizeof x.b; i-- > 0;)
		if (x.b[i]--)
			return x;
	return o;
}

uint64_t oid_place(struct oid o)
{
	uint64_t p = 0;

	for (int i = 0; i < 8; i++)
		p = p << 8 | o.b[i];
	return p;
}

struct oid oid_from_place(uint64_t place)
{
	struct oid o = OID_MIN;

	for (int i = 7; i >= 0; i--, place >>= 8)
		o.b[i] = (uint8_t)place;
	return o;
}
