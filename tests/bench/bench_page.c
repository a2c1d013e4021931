// SPDX-License-Identifier: Apache-2.0
/* What pages of the list cost in CPU, part by part: bench_page URL [ROUNDS]. A line of JSON: ms of this process per
 * 1,000 rows.
 *
 *   receive  libcurl takes the bodies, not compressed     receive_gzip  the same, compressed and left so
 *   inflate  zlib unpacks those                            parse         simdjson
 *   take     page_take(): parse, check, put into columns   seal          shard_seal() of all pages
 *   deflate  zlib's level 1 over what was sealed, `deflated` times as long afterwards: what it would cost to pack
 * shards
 *
 * The pages are PAGES of them, one behind the other by their Link: a rank never sees one twice, so caches are as cold
 * and dictionaries as large as in a crawl. receive, inflate, parse and seal cannot be avoided; what take needs beyond
 * parse is ours. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "crawler/page.h"
#include "io/json.h"

#define PAGES 50

struct body {
	char *p;
	size_t n, cap;
};

static char url[PAGES][8192];
static struct body plain[PAGES], packed[PAGES];
static char next[8192];
static int64_t rows;

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

/* <URL>; rel="next" */
static size_t find_next(char *p, size_t size, size_t n, void *to)
{
	char line[8192];
	size_t len = size * n < sizeof line ? size * n : sizeof line - 1;
	char *rel, *from, *end;

	(void)to;
	memcpy(line, p, len);
	line[len] = '\0';
	rel = strncasecmp(line, "link:", 5) ? NULL : strstr(line, ">; rel=\"next\"");
	if (!rel)
		return size * n;
	end = rel;
	for (from = rel; from > line && *from != '<'; from--)
		;
	snprintf(next, sizeof next, "%.*s", (int)(end - from - 1), from + 1);
	return size * n;
}

static CURL *client(const char *encoding, struct curl_slist **head)
{
	CURL *c = curl_easy_init();

	*head = curl_slist_append(NULL, encoding);
	if (!c || !*head)
		fail("no memory");
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, *head);
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 524288l);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, keep);
	return c;
}

static void get(CURL *c, const char *from, struct body *b)
{
	b->n = 0;
	curl_easy_setopt(c, CURLOPT_URL, from);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, b);
	if (curl_easy_perform(c) != CURLE_OK)
		fail("a page cannot be fetched");
}

static void walk(const char *from)
{
	struct curl_slist *head;
	CURL *c = client("Accept-Encoding: identity", &head);

	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, find_next);
	snprintf(next, sizeof next, "%s", from);
	for (int i = 0; i < PAGES; i++) {
		memcpy(url[i], next, sizeof next);
		next[0] = '\0';
		get(c, url[i], plain + i);
		if (!next[0])
			fail("the list has too few pages");
		memset(plain[i].p + plain[i].n, 0, JS_PADDING);
	}
	curl_easy_cleanup(c);
	curl_slist_free_all(head);
}

static double receive(const char *encoding, struct body *b, int rounds)
{
	struct curl_slist *head;
	CURL *c = client(encoding, &head);
	double from = cpu_ms();

	for (int i = 0; i < rounds * PAGES; i++)
		get(c, url[i % PAGES], b + i % PAGES);
	from = cpu_ms() - from;
	curl_easy_cleanup(c);
	curl_slist_free_all(head);
	return from / rounds;
}

static double inflate_all(int rounds)
{
	double from = cpu_ms();

	for (int i = 0; i < rounds * PAGES; i++) {
		struct body *in = packed + i % PAGES, *out = plain + i % PAGES;
		z_stream z = { .next_in = (unsigned char *)in->p,
			       .avail_in = (unsigned)in->n,
			       .next_out = (unsigned char *)out->p,
			       .avail_out = (unsigned)out->n };

		if (inflateInit2(&z, 15 + 32) != Z_OK || inflate(&z, Z_FINISH) != Z_STREAM_END)
			fail("a page is not compressed");
		inflateEnd(&z);
	}
	return (cpu_ms() - from) / rounds;
}

static double parse(int rounds)
{
	struct js *j = js_create();
	struct js_value root;
	struct err e = ERR_INIT;
	double from;

	if (!j)
		fail("no memory");
	from = cpu_ms();
	for (int i = 0; i < rounds * PAGES; i++)
		if (js_parse(j, plain[i % PAGES].p, plain[i % PAGES].n, &root, &e))
			fail(e.text);
	from = cpu_ms() - from;
	js_free(j);
	return from / rounds;
}

static void take_all(struct page *p, struct shard *s)
{
	struct page_ask ask = { .window = { .kind = KIND_MODELS, .order = HUB_ASC, .left = { OID_MIN, OID_MAX } },
				.fields = ~0u,
				.observed = 2000000000 };
	struct page_result r;
	struct err e = ERR_INIT;

	rows = 0;
	for (int i = 0; i < PAGES; i++) {
		if (page_take(p, plain[i].p, plain[i].n, &ask, s, &r, &e) || r.verdict != PAGE_TAKEN)
			fail(e.code ? e.text : r.why);
		rows += r.rows;
	}
}

/* Level 1 over a file, in ms; *ratio: what it becomes. */
static double deflate_file(const char *path, double *ratio)
{
	struct stat st;
	FILE *f = fopen(path, "rb");
	unsigned char *in, *out;
	uLongf n;
	double from;

	if (!f || fstat(fileno(f), &st))
		fail("the shard is not there");
	n = compressBound((uLong)st.st_size);
	in = malloc((size_t)st.st_size);
	out = malloc(n);
	if (!in || !out || fread(in, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
		fail("the shard cannot be read");
	from = cpu_ms();
	compress2(out, &n, in, (uLong)st.st_size, 1);
	from = cpu_ms() - from;
	*ratio = (double)n / (double)st.st_size;
	free(in);
	free(out);
	fclose(f);
	return from;
}

static void shard_path(char *dst, size_t n, const char *dir, int seq)
{
	snprintf(dst, n, "%s/models-r0000-%06d.h5", dir, seq);
}

/* take, seal, deflate, deflated, and the bytes of a shard. */
static void columns_once(int rounds, double ms[4], long *nbytes)
{
	static const char id[] = "00000000000000000000000000000000";
	struct shard s;
	struct page *p = page_create();
	struct err e = ERR_INIT;
	struct stat st;
	const char *tmp = getenv("TMPDIR"); /* where the crawls beside it seal theirs */
	char dir[256], path[320];

	snprintf(dir, sizeof dir, "%s/bench_page.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!p || !mkdtemp(dir))
		fail("no memory or no folder");
	shard_init(&s, KIND_MODELS, id, 0, 0);
	memset(ms, 0, 4 * sizeof *ms);
	for (int i = 0; i < rounds; i++) {
		double at = cpu_ms();

		take_all(p, &s);
		ms[0] += cpu_ms() - at;
		at = cpu_ms();
		if (shard_seal(&s, dir, &e))
			fail(e.text);
		ms[1] += cpu_ms() - at;
		shard_path(path, sizeof path, dir, (int)s.seq - 1);
		if (i == 0)
			ms[2] = deflate_file(path, ms + 3);
		*nbytes = stat(path, &st) ? -1 : (long)st.st_size;
		shard_clear(&s);
	}
	/* Not before: what a file leaves behind is warm, and a crawl keeps its files. */
	for (int i = 0; i < (int)s.seq; i++) {
		shard_path(path, sizeof path, dir, i);
		remove(path);
	}
	remove(dir);
	ms[0] /= rounds;
	ms[1] /= rounds;
	shard_release(&s);
	page_free(p);
}

/* Twice, as the crawls beside it are made twice: a virtual machine that gives free memory back takes it again page by
 * page, at 8 us each (6.18, balloon), so what a first writer pays 2 ms a MB for costs the one right behind it 0.3. */
static void columns(int rounds, double ms[4], long *nbytes)
{
	double first[4] = { 0 };

	columns_once(rounds, first, nbytes);
	columns_once(rounds, ms, nbytes);
	for (int i = 0; i < 3; i++)
		ms[i] = first[i] < ms[i] ? first[i] : ms[i];
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[2]) : 10;
	double k, received, zipped, inflated, parsed, ms[4];
	size_t bytes = 0, wire = 0;
	long sealed = 0;

	if (argc < 2 || rounds < 1)
		fail("URL [ROUNDS]");
	curl_global_init(CURL_GLOBAL_DEFAULT);
	walk(argv[1]);
	received = receive("Accept-Encoding: identity", plain, rounds);
	zipped = receive("Accept-Encoding: gzip", packed, rounds);
	inflated = inflate_all(rounds);
	parsed = parse(rounds);
	columns(rounds, ms, &sealed);
	for (int i = 0; i < PAGES; i++) {
		bytes += plain[i].n;
		wire += packed[i].n;
		free(plain[i].p);
		free(packed[i].p);
	}
	k = 1000.0 / (double)rows;
	printf("{\"rows\": %lld, \"bytes\": %.0f, \"wire\": %.0f, \"sealed\": %.0f, \"receive\": %.3f, "
	       "\"receive_gzip\": %.3f, \"inflate\": %.3f, \"parse\": %.3f, \"take\": %.3f, \"seal\": %.3f, "
	       "\"deflate\": %.3f, \"deflated\": %.3f}\n",
	       (long long)rows, k * (double)bytes, k * (double)wire, k * (double)sealed, k * received, k * zipped,
	       k * inflated, k * parsed, k * ms[0], k * ms[1], k * ms[2], ms[3]);
	return 0;
}
