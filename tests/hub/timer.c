/* SPDX-License-Identifier: Apache-2.0 */
#include "timer.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "buf.h"

struct item {
	double when;
	void *arg;
};

struct timer {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t change;
	struct item *heap; /* the earliest first */
	size_t n, cap;
	bool draining;
	void (*wake)(void *arg);
};

double timer_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void swap(struct item *a, struct item *b)
{
	struct item t = *a;
	*a = *b;
	*b = t;
}

static void push(struct timer *t, struct item x)
{
	if (t->n == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 64;
		t->heap = mem_grow(t->heap, t->cap * sizeof *t->heap);
	}
	size_t k = t->n++;
	t->heap[k] = x;
	for (; k > 0 && t->heap[k].when < t->heap[(k - 1) / 2].when; k = (k - 1) / 2)
		swap(&t->heap[k], &t->heap[(k - 1) / 2]);
}

static void *pop(struct timer *t)
{
	void *arg = t->heap[0].arg;
	t->heap[0] = t->heap[--t->n];
	for (size_t k = 0;;) {
		size_t l = 2 * k + 1, least = k;
		for (size_t c = l; c < l + 2 && c < t->n; c++)
			if (t->heap[c].when < t->heap[least].when)
				least = c;
		if (least == k)
			return arg;
		swap(&t->heap[k], &t->heap[least]);
		k = least;
	}
}

static void wait_until(struct timer *t, double when)
{
	struct timespec ts = { .tv_sec = (time_t)when };
	ts.tv_nsec = (long)((when - (double)ts.tv_sec) * 1e9);
	pthread_cond_timedwait(&t->change, &t->lock, &ts);
}

static void *run(void *arg)
{
	struct timer *t = arg;
	pthread_mutex_lock(&t->lock);
	while (!t->draining || t->n) {
		if (t->n == 0) {
			pthread_cond_wait(&t->change, &t->lock);
		} else if (!t->draining && t->heap[0].when > timer_now()) {
			wait_until(t, t->heap[0].when);
		} else {
			void *who = pop(t);
			pthread_mutex_unlock(&t->lock);
			t->wake(who);
			pthread_mutex_lock(&t->lock);
		}
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

struct timer *timer_create_thread(void (*wake)(void *arg))
{
	struct timer *t = mem_new(sizeof *t);
	pthread_condattr_t attr;
	t->wake = wake;
	pthread_mutex_init(&t->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&t->change, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&t->thread, NULL, run, t))
		abort();
	return t;
}

bool timer_at(struct timer *t, double when_s, void *arg)
{
	pthread_mutex_lock(&t->lock);
	bool taken = !t->draining;
	if (taken)
		push(t, (struct item){ when_s, arg });
	pthread_cond_signal(&t->change);
	pthread_mutex_unlock(&t->lock);
	return taken;
}

void timer_drain(struct timer *t)
{
	pthread_mutex_lock(&t->lock);
	t->draining = true;
	pthread_cond_signal(&t->change);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
}

void timer_free(struct timer *t)
{
	if (!t)
		return;
	pthread_cond_destroy(&t->change);
	pthread_mutex_destroy(&t->lock);
	free(t->heap);
	free(t);
}
