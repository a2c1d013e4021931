// SPDX-License-Identifier: Apache-2.0
#include "io/oid.h"

#include <endian.h>

/* The value of a hexadecimal digit, or at least 16. */
static unsigned hex_digit(char c)
{
	unsigned digit = (unsigned)(unsigned char)c - '0', letter = ((unsigned)(unsigned char)c | 0x20) - 'a';

	return digit < 10 ? digit : letter < 6 ? letter + 10 : 16;
}

/* Eight digits as a number; *bad gets bits beyond 15 if one of them is none. */
static uint32_t hex_word(const char *s, unsigned *bad)
{
	uint32_t x = 0;

	for (int i = 0; i < 8; i++) {
		unsigned digit = hex_digit(s[i]);

		*bad |= digit;
		x = x << 4 | (digit & 15);
	}
	return x;
}

/* Put together in registers: bytes that are stored one by one and soon loaded as words make a processor wait. */
int oid_parse(struct oid *o, const char *s, size_t n)
{
	unsigned bad = 0;
	uint32_t a, b, c;

	if (n != OID_HEX)
		return -1;
	a = htobe32(hex_word(s, &bad));
	b = htobe32(hex_word(s + 8, &bad));
	c = htobe32(hex_word(s + 16, &bad));
	if (bad & 16)
		return -1;
	memcpy(o->b, &a, sizeof a);
	memcpy(o->b + 4, &b, sizeof b);
	memcpy(o->b + 8, &c, sizeof c);
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
