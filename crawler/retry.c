// SPDX-License-Identifier: Apache-2.0
#include "crawler/retry.h"

#include <string.h>

#include "crawler/hub.h"

enum outcome retry_outcome(int status)
{
	if (status >= 200 && status < 300)
		return OUT_PAGE;
	if (status == 429)
		return OUT_LIMITED;
	if (status == 401 || status == 403)
		return OUT_DENIED;
	if (status >= 400 && status < 500 && status != 408)
		return OUT_REFUSED;
	return OUT_RETRY;
}

int retry_is_token(int status, const char *body, size_t nbody)
{
	static const char text[] = "Invalid credentials in Authorization header";

	return status == 401 && nbody > 0 && memmem(body, nbody, text, sizeof text - 1) != NULL;
}

int64_t retry_pause(int n, uint64_t random)
{
	int64_t top = RETRY_BASE_MS;

	for (int i = 1; i < n && top < RETRY_CAP_MS; i++)
		top *= 2;
	if (top > RETRY_CAP_MS)
		top = RETRY_CAP_MS;
	return (int64_t)(random % (uint64_t)(top + 1));
}

uint64_t retry_random(uint64_t *state)
{
	uint64_t z = *state += 0x9E3779B97F4A7C15u;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return z ^ z >> 31;
}

int64_t retry_excused(int64_t excused_ms, int64_t good_ms, int64_t sent_ms, int64_t closed_ms)
{
	int is_first = excused_ms <= good_ms || sent_ms < excused_ms;

	return is_first && closed_ms > excused_ms ? closed_ms : excused_ms;
}

int retry_limit(int n)
{
	if (n < 3)
		return HUB_PAGE_ROWS;
	return n == 3 ? HUB_PAGE_ROWS / 2 : n == 4 ? HUB_PAGE_ROWS / 4 : HUB_PAGE_ROWS / 10;
}
