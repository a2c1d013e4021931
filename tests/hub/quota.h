/* SPDX-License-Identifier: Apache-2.0 */
/* Fixed-window rate limits (hub-api 6). The clock is an argument. */
#ifndef HUB_QUOTA_H
#define HUB_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct quota {
	uint64_t q; /* requests per window; 0 = no limit */
	double window_s;
};

/* One client's use of one kind of quota. */
struct quota_use {
	double start_s; /* of the present window; windows follow each other from the first request on */
	uint64_t used;
	bool begun;
};

struct quota_state {
	bool allowed;
	uint64_t q, r; /* quota, what is left after this request */
	unsigned w, t; /* window and time to its end, whole seconds, rounded up */
};

enum { QUOTA_UNLIMITED = 1000000 }; /* what the headers say without a limit */

/* "Q/W", or "0" for no limit. Returns 0 or -1. */
int quota_parse(struct quota *q, const char *s);

/* Count a request at now_s; a refused one does not count. Not thread-safe. */
struct quota_state quota_take(const struct quota *q, struct quota_use *u, double now_s);

#endif
