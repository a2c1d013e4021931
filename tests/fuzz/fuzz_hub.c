// SPDX-License-Identifier: Apache-2.0
/* Cursors, Link, rate-limit headers, Retry-After and the address of a Hub: any bytes are answered, and never with
 * another host. */
#include <stdlib.h>
#include <string.h>

#include "crawler/hub.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(int cond)
{
	if (!cond)
		abort();
}

static void cursors(const char *s, size_t n)
{
	enum hub_order order;
	struct oid after, again;
	char made[HUB_CURSOR_ID];

	if (hub_cursor_parse(s, n, &order, &after))
		return;
	/* What was understood is understood again when we make it. */
	hub_cursor_make(order, after, made);
	enum hub_order same;
	require(!hub_cursor_parse(made, strlen(made), &same, &again) && same == order && oid_cmp(after, again) == 0);
}

static void addresses(const char *s)
{
	struct err e = ERR_INIT;
	struct hub h;
	char url[HUB_URL_MAX];
	struct hub_list l = { .kind = KIND_MODELS, .fields = ~0u, .limit = 1000, .author = s, .ntag = 1, .tag = { s } };
	int len;

	if (hub_parse(&h, s, &e))
		return;
	require(h.host[0] && h.port > 0 && h.port < 65536 && strlen(h.base) < sizeof h.base);
	require(hub_is_same_origin(&h, h.base, strlen(h.base)));
	len = hub_list_url(&h, &l, url, sizeof url);
	require(len < 0 || (strlen(url) == (size_t)len && !strpbrk(url, " \r\n\t")));
}

static void headers(const char *s, size_t n)
{
	static struct hub h;
	struct err e = ERR_INIT;
	struct hub_quota q;
	char cursor[HUB_CURSOR_MAX];

	if (!h.host[0])
		hub_parse(&h, "http://127.0.0.1:8080", &e);
	if (hub_next(&h, KIND_MODELS, s, n, cursor) == HUB_NEXT_OK)
		require(cursor[0] && strlen(cursor) < sizeof cursor);
	hub_quota_parse(&q, s, s);
	require(q.left >= -1 && q.reset_s >= -1 && q.quota >= -1 && q.window_s >= -1);
	int64_t ms = hub_retry_after(s, 1790000000);
	require(ms >= -1 && ms <= 86400000);
	hub_is_same_origin(&h, s, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = malloc(n + 1);

	if (!text)
		return 0;
	memcpy(text, data, n);
	text[n] = '\0';
	cursors(text, n);
	headers(text, n);
	addresses(text);
	free(text);
	return 0;
}
