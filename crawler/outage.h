// SPDX-License-Identifier: Apache-2.0
/* No page comes from the Hub: for how long, until when nothing new is asked, and when that has been too long. Pure: the
 * clock (ms, any origin) is an argument. */
#ifndef CRAWLER_OUTAGE_H
#define CRAWLER_OUTAGE_H

#include <stdint.h>

struct outage {
	int64_t good_ms;                /* when the last page came */
	int64_t excused_ms;             /* by retry_excused() */
	int64_t rest_ms, rest_until_ms; /* while nothing comes; 0: it does */
};

/* A page has come; or asking begins, which is all that `o` needs for a start. */
void outage_good(struct outage *o, int64_t now);

/* A request sent then got a 429, and nothing is sent until closed_ms. */
void outage_limited(struct outage *o, int64_t sent_ms, int64_t closed_ms);

/* Something was given up, and no page had come since it was begun: nothing new is asked for 1 s, doubled each time up
 * to RETRY_CAP_MS. What is given up during such a rest does not make it longer. */
void outage_rest(struct outage *o, int64_t now);

/* For how long no page has come, if anything was given up for it; else 0. */
int64_t outage_quiet(const struct outage *o, int64_t now);

/* Has it been longer than max_ms (0: that is never so), though asking was allowed? */
int outage_is_too_long(const struct outage *o, int64_t now, int64_t max_ms);

#endif
