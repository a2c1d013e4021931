// SPDX-License-Identifier: Apache-2.0
#include "io/oid.h"

#include <endian.h>

#define EACH(byte) ((byte)*0x0101010101010101u)

/* Eight digits at once, a byte of a word each. *bad gets bits if one of them is none. */
static uint32_t hex_word(const char *s, uint64_t *bad)
{
	uint64_t x, low, letter, value;

	memcpy(&x, s, sizeof x);
	x = le64toh(x);
	low = x & EACH(0x0Fu);
	letter = x >> 6 & EACH(1u);
	/* 0x30 and 0 to 9, or 0x40 or 0x60 and 1 to 6. */
	*bad |= (x & EACH(0xF0u) & ~(letter << 5)) ^ (EACH(0x30u) + (letter << 4));
	*bad |= (low + EACH(6u) + 3 * letter) & EACH(0x10u);
	*bad |= letter << 4 & ~(low + EACH(0x0Fu));
	value = low + 9 * letter;
	value = (value << 4 | value >> 8) & 0x00FF00FF00FF00FFu;
	value = (value | value >> 8) & 0x0000FFFF0000FFFFu;
	return htole32((uint32_t)(value | value >> 16));
}

/* Put together in registers: bytes that are stored one by one and soon loaded as words make a processor wait. */
int oid_parse(struct oid *o, const char *s, size_t n)
{
	uint64_t bad = 0;
	uint32_t x[3];

	if (n != OID_HEX)
		return -1;
	for (int i = 0; i < 3; i++)
		x[i] = hex_word(s + 8 * i, &bad);
	if (bad)
		return -1;
	memcpy(o->b, x, sizeof x);
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
	uint64_t p;

	memcpy(&p, o.b, sizeof p);
	return be64toh(p);
}

struct oid oid_from_place(uint64_t place)
{
	struct oid o = OID_MIN;

	for (int i = 7; i >= 0; i--, place >>= 8)
		o.b[i] = (uint8_t)place;
	return o;
}
