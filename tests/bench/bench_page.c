// SPDX-License-Identifier: Apache-2.0
/* What a page of the list costs in CPU, part by part: bench_page URL [ROUNDS]. A line of JSON: ms of this process per
 * page.
 *
 *   receive  libcurl takes the body, not compressed      inflate  zlib unpacks it, where the server compresses
 *   parse    simdjson                                     take     page_take(): parse, check, and put into columns
 *   seal     shard_seal() of 50 such pages, a fiftieth
 *
 * receive, inflate, parse and seal cannot be avoided; what take needs beyond parse is ours. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <zlib.h>

#include "crawler/page.h"
#include "io/json.h"

#define PAGES_PER_SHARD 50

struct body {
	char *p;
	size_t n, cap;
};

static double cpu_ms(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return 1e3 * (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       1e-3 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void fail(const char *what)
{
	fprintf(stderr, "bench_page: %s\n", what);
	exit(1);
}

static size_t keep(char *p, size_t size, size_t n, void *to)
{
	struct body *b = to;

	if (b->n + size * n + JS_PADDING > b->cap) {
		b->cap = 2 * (b->n + size * n + JS_PADDING);
		b->p = realloc(b->p, b->cap);
		if (!b->p)
			fail("no memory");
	}
	memcpy(b->p + b->n, p, size * n);
	b->n += size * n;
	return size * n;
}

/* Mean of `rounds` requests; the last body is kept. */
static double receive(const char *url, const char *encoding, int rounds, struct body *b)
{
	CURL *c = curl_easy_init();
	struct curl_slist *head = curl_slist_append(NULL, encoding);
	double from;

	if (!c || !head)
		fail("no memory");
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, head);
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 524288l);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, b);
	from = cpu_ms();
	for (int i = 0; i < rounds; i++) {
		b->n = 0;
		if (curl_easy_perform(c) != CURLE_OK)
			fail("the page cannot be fetched");
	}
	from = cpu_ms() - from;
	curl_easy_cleanup(c);
	curl_slist_free_all(head);
	return from / rounds;
}

static double inflate_all(const struct body *packed, size_t n, int rounds)
{
	char *out = malloc(n);
	double from = cpu_ms();

	for (int i = 0; i < rounds; i++) {
		z_stream z = { .next_in = (unsigned char *)packed->p,
			       .avail_in = (unsigned)packed->n,
			       .next_out = (unsigned char *)out,
			       .avail_out = (unsigned)n };

		if (!out || inflateInit2(&z, 15 + 32) != Z_OK || inflate(&z, Z_FINISH) != Z_STREAM_END)
			fail("the page is not compressed");
		inflateEnd(&z);
	}
	free(out);
	return (cpu_ms() - from) / rounds;
}

static double parse(const struct body *b, int rounds)
{
	struct js *j = js_create();
	struct js_value root;
	struct err e = ERR_INIT;
	double from;

	if (!j)
		fail("no memory");
	from = cpu_ms();
	for (int i = 0; i < rounds; i++)
		if (js_parse(j, b->p, b->n, &root, &e))
			fail(e.text);
	from = cpu_ms() - from;
	js_free(j);
	return from / rounds;
}

/* *take and *seal, per page. */
static void take(const struct body *b, int rounds, double *take_ms, double *seal_ms, int64_t *rows)
{
	static const char id[] = "00000000000000000000000000000000";
	struct page_ask ask = { .window = { .kind = KIND_MODELS, .order = HUB_ASC, .left = { OID_MIN, OID_MAX } },
				.fields = ~0u,
				.observed = 2000000000 };
	struct shard s;
	struct page *p = page_create();
	struct page_result r;
	struct err e = ERR_INIT;
	char dir[] = "/tmp/bench_page.XXXXXX", path[64];
	double from;

	if (!p || !mkdtemp(dir))
		fail("no memory or no folder");
	shard_init(&s, KIND_MODELS, id, 0, 0);
	*take_ms = *seal_ms = 0;
	for (int i = 0; i < rounds; i++) {
		from = cpu_ms();
		if (page_take(p, b->p, b->n, &ask, &s, &r, &e) || r.verdict != PAGE_TAKEN)
			fail(e.code ? e.text : r.why);
		*take_ms += cpu_ms() - from;
		*rows = r.rows;
		if ((i + 1) % PAGES_PER_SHARD)
			continue;
		from = cpu_ms();
		if (shard_seal(&s, dir, &e))
			fail(e.text);
		*seal_ms += cpu_ms() - from;
		snprintf(path, sizeof path, "%s/models-r0000-%06d.h5", dir, (int)s.seq - 1);
		remove(path);
		shard_clear(&s);
	}
	remove(dir);
	*take_ms /= rounds;
	*seal_ms /= rounds - rounds % PAGES_PER_SHARD;
	shard_release(&s);
	page_free(p);
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[2]) : 500;
	struct body plain = { 0 }, packed = { 0 };
	double received, inflated, parsed, taken, sealed;
	int64_t rows = 0;

	if (argc < 2 || rounds < PAGES_PER_SHARD)
		fail("URL [ROUNDS], at least 50");
	curl_global_init(CURL_GLOBAL_DEFAULT);
	received = receive(argv[1], "Accept-Encoding: identity", rounds, &plain);
	memset(plain.p + plain.n, 0, JS_PADDING);
	receive(argv[1], "Accept-Encoding: gzip", 1, &packed);
	inflated = inflate_all(&packed, plain.n, rounds);
	parsed = parse(&plain, rounds);
	take(&plain, rounds, &taken, &sealed, &rows);
	printf("{\"rows\": %lld, \"bytes\": %zu, \"receive\": %.3f, \"inflate\": %.3f, \"parse\": %.3f, \"take\": "
	       "%.3f, \"seal\": %.3f}\n",
	       (long long)rows, plain.n, received, inflated, parsed, taken, sealed);
	free(plain.p);
	free(packed.p);
	return 0;
}
