// SPDX-License-Identifier: Apache-2.0
/* When the Hub's present quota window ends, as far as its replies tell. Pure; the budget's.
 *
 * A reply tells t, the time to the end in whole seconds, and nothing says how it is rounded: all three ways are kept
 * until what is seen refutes them. Under each, a reply that was made between two times puts the end between those plus
 * t, less or more what rounding can hide; replies around a step of t leave a few ms of it. Then there is the length: a
 * window has begun when a request is counted in it, so it ends one length after any of its requests at the latest.
 * Where windows begin with the first request instead of following each other, the next end is later than one length
 * after the last: of a new window only the lower bound is taken over.
 *
 * Times are those of sending: the end is when the fastest request has to be sent to arrive at the Hub's reset. A reply
 * was made, at the latest, as long before it came as the fastest round trip takes.
 */
#ifndef CRAWLER_RESET_H
#define CRAWLER_RESET_H

#include <stdint.h>

#define RESET_NROUNDINGS 3

struct reset {
	int64_t lo, hi; /* the end lies in there */
	int is_heard;   /* by what replies told, not by assumption */
	int is_fresh;   /* none of this window has told anything yet */
	int64_t way;    /* shortest time from sending to reply so far */
	unsigned fits;  /* bit per rounding that has not been refuted */
	struct {
		int64_t lo, hi; /* hi on the clock of receiving: `way` is taken off when it is used */
	} by[RESET_NROUNDINGS];
};

/* Nothing has been told: it is taken to lie in lo … hi. */
void reset_init(struct reset *r, int64_t lo, int64_t hi);

/* A round trip took so long. */
void reset_way(struct reset *r, int64_t ms);

/* A reply of this window, of length window_ms, told t. */
void reset_told(struct reset *r, int64_t sent, int64_t received, int64_t t_s, int64_t window_ms);

/* Could a reply that told t be of the window that ends `later` ms after this one, give or take `slack`? */
int reset_suits(const struct reset *r, int64_t sent, int64_t received, int64_t t_s, int64_t later, int64_t slack);

/* By the count of a reply: a request sent then was still in this window; one whose reply came then was behind it. */
void reset_not_before(struct reset *r, int64_t sent);
void reset_not_after(struct reset *r, int64_t received);

/* The window is over. */
void reset_roll(struct reset *r, int64_t window_ms);

/* When a request tells most: on which side of the reset it was. */
int64_t reset_scout(const struct reset *r);

#endif
