// SPDX-License-Identifier: Apache-2.0
#include "io/seed.h"

#include <sys/random.h>
#include <time.h>
#include <unistd.h>

uint64_t hash_seed;

__attribute__((constructor)) static void draw(void)
{
	struct timespec t = { 0, 0 };

	if (getrandom(&hash_seed, sizeof hash_seed, GRND_NONBLOCK) == (ssize_t)sizeof hash_seed)
		return;
	/* The system has none yet. */
	clock_gettime(CLOCK_REALTIME, &t);
	hash_seed = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec + ((uint64_t)getpid() << 40);
}
