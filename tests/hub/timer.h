/* SPDX-License-Identifier: Apache-2.0 */
/* Wakes suspended connections at their time, from one thread of its own. */
#ifndef HUB_TIMER_H
#define HUB_TIMER_H

#include <stdbool.h>

struct timer;

/* wake(arg) is called once for each timer_at(), from the timer's thread. */
struct timer *timer_create_thread(void (*wake)(void *arg));

/* false: the timer is being drained, and nobody will be woken. */
bool timer_at(struct timer *t, double when_s, void *arg);

/* Wake everybody who still waits, from now on at once, and end the thread. */
void timer_drain(struct timer *t);
void timer_free(struct timer *t);

/* Seconds of the monotonic clock. */
double timer_now(void);

#endif
