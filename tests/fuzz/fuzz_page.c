// SPDX-License-Identifier: Apache-2.0
/* A page of any bytes: nothing is taken that is not in its window and in order, and what is refused is counted. */
#include <stdlib.h>
#include <string.h>

#include "crawler/page.h"
#include "crawler/page_label.h"
#include "io/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(int cond)
{
	if (!cond)
		abort();
}

static void check_rows(const struct shard *s, const struct page_ask *ask, const struct page_result *r)
{
	const struct table *t = &s->rows;

	require(r->verdict == PAGE_TAKEN || (r->verdict == PAGE_BROKEN && ask->flags & PAGE_FORCE) ||
		(t->n == 0 && s->nrefusal == 0));
	require(s->nrefusal <= r->nrecords * PAGE_REFUSALS_MAX);
	require((int64_t)t->n == r->rows && r->rows <= PAGE_RECORDS_MAX);
	for (uint64_t i = 0; i < t->n; i++) {
		size_t len;

		texts_get(&t->col[F_ID].str, i, &len);
		require(len > 0 && len <= schema[F_ID].cap);
		require(window_has(&ask->window, t->col[F_OID].oid[i]));
		require(t->col[F_LIKES].i64[i] >= -1 && t->col[F_CREATED].i64[i] >= -1);
	}
	require(strlen(r->why) < sizeof r->why);
}

static void take(struct page *p, const char *text, size_t n, enum kind kind, unsigned flags)
{
	struct page_ask ask = { .window = { kind, HUB_ASC, { OID_MIN, oid_at(1800000000) } },
				.fields = ~0u,
				.flags = flags,
				.observed = 1790000000 };
	struct page_result r;
	struct err e = ERR_INIT;
	struct shard s;

	shard_init(&s, kind, "0123456789abcdef0123456789abcdef", 0, 0);
	require(!page_take(p, text, n, &ask, &s, &r, &e) || e.code == E_NOMEM);
	check_rows(&s, &ask, &r);
	shard_release(&s);
}

/* First byte: kind and flags. The rest is the page, in a buffer of its own length, so that a sanitizer sees reads
 * beyond the padding. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct page *p;
	struct err e = ERR_INIT;
	char *text;

	if (!p && !(p = page_create()))
		return 0;
	if (n == 0)
		return 0;
	text = malloc(n - 1 + JS_PADDING);
	if (!text)
		return 0;
	memcpy(text, data + 1, n - 1);
	memset(text + n - 1, 0, JS_PADDING);
	take(p, text, n - 1, (enum kind)(data[0] % NKINDS), data[0] >> 4 & 7);
	page_number(p, text, n - 1, "numTotalItems", &e);
	free(text);
	return 0;
}
