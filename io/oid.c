// SPDX-License-Identifier: Apache-2.0
#include "io/oid.h"

/* The value of a hexadecimal digit, or at least 16. */
static unsigned hex_digit(char c)
{
	unsigned digit = (unsigned)(unsigned char)c - '0', letter = ((unsigned)(unsigned char)c | 0x20) - 'a';

	return digit < 10 ? digit : letter < 6 ? letter + 10 : 16;
}

int oid_parse(struct oid *o, const char *s, size_t n)
{
	struct oid x;
	unsigned bad = 0;

	if (n != OID_HEX)
		return -1;
	for (size_t i = 0; i < sizeof x.b; i++) {
		unsigned hi = hex_digit(s[2 * i]), lo = hex_digit(s[2 * i + 1]);

		bad |= hi | lo;
		x.b[i] = (uint8_t)(hi << 4 | lo);
	}
	if (bad & 16)
		return -1;
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
