// SPDX-License-Identifier: Apache-2.0
/* The 12-byte ObjectId that names a repository for good, and that orders the census: its first four bytes are the
 * creation time in seconds since 1970 (UTC), big-endian, so that byte order is the order of creation. */
#ifndef IO_OID_H
#define IO_OID_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define OID_HEX 24 /* hexadecimal digits */

struct oid {
	uint8_t b[12];
};

#define OID_MIN ((struct oid){ { 0 } })
#define OID_MAX ((struct oid){ { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 } })

/* memcmp() of the bytes, without a call. */
static inline int oid_cmp(struct oid a, struct oid b)
{
	uint64_t x, y;
	uint32_t u, v;

	memcpy(&x, a.b, 8);
	memcpy(&y, b.b, 8);
	if (x != y)
		return be64toh(x) < be64toh(y) ? -1 : 1;
	memcpy(&u, a.b + 8, 4);
	memcpy(&v, b.b + 8, 4);
	return (be32toh(u) > be32toh(v)) - (be32toh(u) < be32toh(v));
}

/* Read exactly 24 hexadecimal digits of either case. Returns 0, or -1 and leaves *o alone. */
int oid_parse(struct oid *o, const char *s, size_t n);

/* Write 24 lower-case digits and a NUL. Returns dst. */
char *oid_hex(struct oid o, char dst[OID_HEX + 1]);

/* Creation time, in s since 1970. */
int64_t oid_seconds(struct oid o);

/* The least ObjectId of a second; the seconds are clamped to 0 … 2^32 - 1. The last of second s is oid_prev(oid_at(s +
 * 1)). */
struct oid oid_at(int64_t seconds);

/* The ObjectId next to o; OID_MAX and OID_MIN stay. */
struct oid oid_next(struct oid o);
struct oid oid_prev(struct oid o);

/* First eight bytes as a number: the place on the axis in units of 2^-32 s. */
uint64_t oid_place(struct oid o);

/* The ObjectId with that place and zeros behind it. */
struct oid oid_from_place(uint64_t place);

#endif
