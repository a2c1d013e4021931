// SPDX-License-Identifier: Apache-2.0
/* The stand-in's short ways lead to the same bytes as the long ones: strings and numbers, tags in both forms, rows one
 * by one and in runs, pages from kept blocks and from none. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/hub/body.h"
#include "tests/hub/hub.h"
#include "tests/hub/mix.h"
#include "tests/tap.h"

static void escape_slowly(struct buf *b, const char *s)
{
	buf_char(b, '"');
	for (; *s; s++) {
		static const char *const from = "\"\\\n\t\r", *const to = "\"\\ntr";
		const char *at = strchr(from, *s);
		if (at)
			buf_fmt(b, "\\%c", to[at - from]);
		else if ((unsigned char)*s < 0x20)
			buf_fmt(b, "\\u%04x", (unsigned)*s);
		else
			buf_char(b, *s);
	}
	buf_char(b, '"');
}

/* Each byte at each place of strings of each length. */
static void test_json(void)
{
	struct buf a, b;
	uint64_t bad = 0;
	buf_init(&a);
	buf_init(&b);
	for (int n = 1; n <= 34; n++)
		for (int at = 0; at < n; at++)
			for (int c = 1; c < 256; c++) {
				char s[40] = "";
				memset(s, 'x', (size_t)n);
				s[at] = (char)c;
				a.n = b.n = 0;
				buf_json(&a, s);
				escape_slowly(&b, s);
				bad += a.n != b.n || memcmp(a.p, b.p, a.n) != 0;
			}
	ok(bad == 0, "every byte at every place of a string");
	for (int k = 0; k < 63; k++)
		for (int64_t d = -1; d <= 1; d++)
			for (int64_t x = ((int64_t)1 << k) + d, sign = 0; sign < 2; sign++, x = -x) {
				a.n = b.n = 0;
				buf_int(&a, x);
				buf_fmt(&b, "%lld", (long long)x);
				bad += a.n != b.n || memcmp(a.p, b.p, a.n) != 0;
			}
	for (int64_t v = 1, k = 0; k < 18; k++, v *= 10) {
		a.n = b.n = 0;
		buf_int(&a, v - 1);
		buf_int(&a, v);
		buf_fmt(&b, "%lld%lld", (long long)v - 1, (long long)v);
		bad += a.n != b.n || memcmp(a.p, b.p, a.n) != 0;
	}
	ok(bad == 0, "numbers around the powers of two and ten");
	buf_release(&a);
	buf_release(&b);
}

static void fill_body(struct buf *b, int n)
{
	b->n = 0;
	for (int i = 0; i < n; i++)
		buf_char(b, (char)('a' + i % 26));
}

static void test_hash(void)
{
	struct buf b;
	char etag[ETAG_TEXT];
	int same = 0;
	buf_init(&b);
	fill_body(&b, 300);
	uint64_t was = body_hash(&b);
	body_etag(&b, was, etag);
	ok(was == body_hash(&b) && !strncmp(etag, "W/\"12c-", 7), "%s", etag);
	for (size_t i = 0; i < b.n; i++) {
		b.p[i] ^= 1;
		same += body_hash(&b) == was;
		b.p[i] ^= 1;
	}
	ok(same == 0, "another byte, another hash");
	buf_release(&b);
}

/* A body that was deflated before is not deflated again, and another one never gets its gzip. */
static void test_gzip(void)
{
	struct cache *c = cache_new(1 << 20);
	struct buf b, first;
	buf_init(&b);
	buf_init(&first);
	fill_body(&b, 100);
	ok(!body_gzip(&b, body_hash(&b), c) && b.n == 100, "a short body stays");
	for (int k = 0; k < 3; k++) {
		fill_body(&b, 5000);
		ok(body_gzip(&b, body_hash(&b), k < 2 ? c : NULL) && b.n < 1000, "deflated");
		if (k == 0)
			buf_add(&first, b.p, b.n);
		ok(b.n == first.n && !memcmp(b.p, first.p, b.n), "%s", k == 1 ? "kept" : "made");
	}
	fill_body(&b, 5000);
	b.p[2500] = 'X';
	ok(body_gzip(&b, body_hash(&b), c) && (b.n != first.n || memcmp(b.p, first.p, b.n) != 0), "another body");
	buf_release(&b);
	buf_release(&first);
	cache_free(c);
}

static struct hub *hub_new(uint64_t n)
{
	struct hub *h = mem_new(sizeof *h);
	struct synth_opts o = { .n = { n, n / 2, n / 3 },
				.users = n,
				.seed = 5,
				.until = 1795305600,
				.all_time = true,
				.more_tags = 3,
				.graph = { .capture = 0.2, .deep = 0.1 } };
	char text[256];
	if (population_init(&h->pop, NULL, &o, text, sizeof text))
		abort();
	return h;
}

static void hub_free(struct hub *h)
{
	population_release(&h->pop);
	cache_free(h->cache);
	free(h);
}

/* The JSON of a row's tags is that of its strings, and a run has the rows that each index has. */
static void rows_of(const struct hub *h, enum kind kind)
{
	struct row_space *space = mem_new(sizeof *space), *other = mem_new(sizeof *other);
	struct fields f;
	struct buf a, b;
	uint64_t i[ROW_RUN], bad_tags = 0, bad_rows = 0;
	struct run run;
	struct row row, same;
	buf_init(&a);
	buf_init(&b);
	fields_init(&f, kind);
	fields_default(&f, false, true, true, true);
	for (uint64_t from = 0; from + ROW_RUN < h->pop.n[kind]; from += ROW_RUN) {
		for (size_t k = 0; k < ROW_RUN; k++)
			i[k] = from + mix_below(mix64(from + k), h->pop.n[kind] - from);
		run_init(&run, &h->pop, kind, i, ROW_RUN, true);
		for (size_t k = 0; k < ROW_RUN; k++) {
			run_row(&run, k, &row, space);
			population_row(&h->pop, kind, i[k], &same, other);
			a.n = b.n = 0;
			render_row(&a, &row, &f, false);
			same.tags_json = NULL; /* made of the strings then */
			render_row(&b, &same, &f, false);
			bad_rows += a.n != b.n || memcmp(a.p, b.p, a.n) != 0;
			bad_tags += row.ntags_json < 2 || row.tags_json[0] != '[' || row.ntags != same.ntags;
		}
	}
	ok(bad_rows == 0 && bad_tags == 0, "%s: in a run as one by one, tags as their strings", kind_name[kind]);
	buf_release(&a);
	buf_release(&b);
	free(space);
	free(other);
}

static const char *ask(const struct hub *h, enum kind kind, const char *limit, const char *direction, const char *full,
		       const char *cursor, struct reply *r)
{
	static char next[512];
	char path[32];
	struct param p[] = { { "limit", limit },
			     { "sort", "createdAt" },
			     { "direction", direction },
			     { "full", full ? full : "" },
			     { "cursor", cursor } };
	struct request q = { .path = path, .params = p, .nparam = cursor ? 5 : 4, .number = 1 };
	snprintf(path, sizeof path, "/api/%s", kind_name[kind]);
	reply_init(r);
	hub_answer(h, &q, r);
	for (int k = 0; k < r->nheader; k++) {
		const char *at = strstr(r->value[k], "cursor=");
		if (!at)
			continue;
		size_t n = strcspn(at + 7, ">");
		memcpy(next, at + 7, n);
		next[n] = 0;
		for (char *c = strstr(next, "%3D"); c; c = strstr(next, "%3D")) {
			*c = '=';
			memmove(c + 1, c + 3, strlen(c + 3) + 1);
		}
		return next;
	}
	return NULL;
}

/* All pages of a list, from both Hubs. */
static uint64_t walk(const struct hub *plain, const struct hub *kept, enum kind kind, const char *limit,
		     const char *direction, const char *full)
{
	char cursor[512];
	uint64_t bad = 0, pages = 0;
	for (const char *at = NULL; at || !pages; pages++) {
		struct reply a, b;
		ask(kept, kind, limit, direction, full, at, &b);
		const char *next = ask(plain, kind, limit, direction, full, at, &a);
		bad += a.status != 200 || a.body.n != b.body.n || memcmp(a.body.p, b.body.p, a.body.n) != 0;
		reply_release(&a);
		reply_release(&b);
		if (next)
			str_put(cursor, sizeof cursor, next);
		at = next ? cursor : NULL;
	}
	return pages > 1 ? bad : bad + 1;
}

static void test_pages(struct hub *plain, size_t cache_bytes)
{
	static const char *const limits[] = { "1000", "64", "65", "333" };
	uint64_t bad = 0;
	struct hub kept = *plain;
	kept.cache = cache_new(cache_bytes);
	for (enum kind kind = MODELS; kind < NKIND; kind++)
		for (size_t l = 0; l < sizeof limits / sizeof *limits; l++)
			for (int v = 0; v < 4; v++)
				bad += walk(plain, &kept, kind, limits[l], v & 1 ? "1" : "-1", v & 2 ? "1" : NULL);
	ok(bad == 0, "pages from %zu bytes of kept blocks as from none", cache_bytes);
	ok(cache_full(kept.cache) == (cache_bytes < 4000000), "that is %s",
	   cache_bytes < 4000000 ? "too little" : "enough");
	cache_free(kept.cache);
}

/* ---- blocks that several threads make at the same time ---- */

enum { THREADS = 4, KEYS = 500 };

static struct cache_key key_of(uint64_t k)
{
	return (struct cache_key){ k % 3, k };
}

static void *fill(void *cache)
{
	for (uint64_t k = 0; k < KEYS; k++) {
		size_t bytes = sizeof(struct block) + 1000 + k;
		struct block *b = mem_new(bytes);
		b->key = key_of(k);
		b->at[1] = (uint32_t)k;
		if (!cache_keep(cache, b, bytes))
			free(b);
	}
	return NULL;
}

static void test_threads(size_t max_bytes)
{
	struct cache *c = cache_new(max_bytes);
	pthread_t thread[THREADS];
	size_t bytes = 0, found = 0, wrong = 0;
	for (int t = 0; t < THREADS; t++)
		if (pthread_create(&thread[t], NULL, fill, c))
			abort();
	for (int t = 0; t < THREADS; t++)
		pthread_join(thread[t], NULL);
	for (uint64_t k = 0; k < KEYS; k++) {
		const struct block *b = cache_find(c, key_of(k));
		found += b != NULL;
		wrong += b && b->at[1] != k;
		bytes += b ? sizeof *b + 1000 + k : 0;
	}
	ok(wrong == 0 && found > 0 && bytes <= max_bytes, "%zu of %d blocks, %zu of %zu bytes", found, KEYS, bytes,
	   max_bytes);
	ok(cache_full(c) == (found < KEYS), "full when something was left out");
	ok(!cache_find(c, (struct cache_key){ 9, 9 }), "what nobody kept is not there");
	cache_free(c);
}

int main(void)
{
	struct hub *h = hub_new(6500);
	test_json();
	test_hash();
	test_gzip();
	for (enum kind kind = MODELS; kind < NKIND; kind++)
		rows_of(h, kind);
	test_pages(h, 200000);
	test_pages(h, 50000000);
	test_threads(100000);
	test_threads(10000000);
	ok(!cache_new(0) && cache_full(NULL) && !cache_find(NULL, key_of(1)), "no cache at all");
	hub_free(h);
	return plan_done();
}
