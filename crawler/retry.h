// SPDX-License-Identifier: Apache-2.0
/* When to ask again. Pure: no clock, no generator of its own. */
#ifndef CRAWLER_RETRY_H
#define CRAWLER_RETRY_H

#include <stddef.h>
#include <stdint.h>

#define RETRY_BASE_MS 500
#define RETRY_CAP_MS  60000

/* How a request ended, for what to do next. */
enum outcome {
	OUT_PAGE,    /* 2xx, to be parsed */
	OUT_LIMITED, /* 429: all wait, and it does not count as an attempt */
	OUT_RETRY,   /* 408, 5xx, a redirect (none is followed), no or a broken reply: again after a pause */
	OUT_DENIED,  /* 401, 403: nobody will do better */
	OUT_REFUSED, /* any other 4xx: asking again changes nothing */
};

/* By status; 0 stands for no reply, a broken or an oversized one. */
enum outcome retry_outcome(int status);

/* Is it the token that a reply of 401 refuses, and not what was asked for? To the anonymous the Hub says 401 of
 * whatever is private or missing, too; its own client tells them apart by this text (huggingface_hub, utils/_http.py,
 * hf_raise_for_status()). */
int retry_is_token(int status, const char *body, size_t nbody);

/* Pause before attempt n + 1, after n >= 1 failed ones: uniform in 0 … min(RETRY_CAP_MS, RETRY_BASE_MS * 2^(n-1)),
 * "full jitter" (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). `random` is any 64 random
 * bits. */
int64_t retry_pause(int n, uint64_t random);

/* The next of a sequence of random numbers (splitmix64, S. Vigna, public domain description); any seed. */
uint64_t retry_random(uint64_t *state);

/* No page comes during the wait that a 429 announces, and that is no outage: the Hub has said when it ends. But who
 * asks again after it and is refused again may be banned for good: only the first wait since a page came is excused,
 * which for all that was under way with it is one. excused_ms  until when it was so far, 0 at first good_ms     when
 * the last page came sent_ms     when the request was sent that got a 429 closed_ms   until when nothing is sent now
 * Returns until when it is. */
int64_t retry_excused(int64_t excused_ms, int64_t good_ms, int64_t sent_ms, int64_t closed_ms);

/* Rows to ask for after n failed attempts: a page that is too heavy to be served is asked for in smaller ones. */
int retry_limit(int n);

#endif
