// SPDX-License-Identifier: Apache-2.0
/* How the Hub grew: where on the axis the repositories are to be expected before any has been seen.
 *
 * Only the speed of a crawl's first minutes and the first guess of the time left depend on it; what has been seen
 * corrects it, and a Hub that grew otherwise is crawled all the same. Pure.
 */
#ifndef CRAWLER_CURVE_H
#define CRAWLER_CURVE_H

#include "io/cover.h"
#include "io/oid.h"
#include "io/schema.h"

/* Expected number of a kind's repositories at or before a place of the axis, on the Hub as it was in October 2026. */
double curve_rows(enum kind kind, struct oid at);

/* The reverse: the place behind which `rows` lie; OID_MIN or OID_MAX beyond the ends. */
struct oid curve_place(enum kind kind, double rows);

/* Expected repositories in an interval. */
double curve_span(enum kind kind, struct span s);

/* Length of an interval, by ids alone, in units of their last bit. */
double curve_length(struct span s);

/* The id that leaves the `share`, 0 … 1, of a stretch on the side of `from`, by ids alone. */
struct oid curve_along(struct oid from, struct oid to, double share);

/* As far beyond `at` as that is from `from`; held at the ends of the axis. */
struct oid curve_beyond(struct oid from, struct oid at);

#endif
