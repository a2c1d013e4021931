// SPDX-License-Identifier: Apache-2.0
/* A set of half-open intervals (lo, hi] of the axis, kept sorted, disjoint and maximal: what of a kind has been
 * crawled. Local, no I/O. */
#ifndef IO_COVER_H
#define IO_COVER_H

#include "io/oid.h"

struct span {
	struct oid lo, hi; /* (lo, hi]; empty if lo >= hi */
};

struct cover {
	struct span *at;
	size_t n, cap;
};

#define COVER_INIT                                                                                                     \
	{                                                                                                              \
		NULL, 0, 0                                                                                             \
	}

void cover_release(struct cover *c);

/* Add an interval; it may overlap what is there. Empty ones are ignored. Returns 0, or -1 when memory is short. */
int cover_add(struct cover *c, struct span s);

/* *gaps becomes `whole` minus c, sorted. Returns 0, or -1 when memory is short. gaps must be initialised. */
int cover_gaps(const struct cover *c, struct span whole, struct cover *gaps);

/* Does c hold the whole of s? */
int cover_has(const struct cover *c, struct span s);

/* Length of c within `whole` in units of 2^-32 s, and of `whole` itself. */
uint64_t cover_length(const struct cover *c, struct span whole);
uint64_t span_length(struct span s);

/* The time in which repositories were created, up to t0; empty where t0 lies before. The Hub began to keep creation
 * times on 2022-03-02. How much of a census is there, or missing, is told as a share of this. */
#define COVER_BEGIN 1646179200 /* 2022-03-02T00:00:00Z */
struct span cover_times(int64_t t0);

#endif
