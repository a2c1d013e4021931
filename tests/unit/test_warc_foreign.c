// SPDX-License-Identifier: Apache-2.0
/* Archives from elsewhere: what other programs write, what is none, bombs, and more records than anybody has. */
#include "io/warc.h"

#include <string.h>

#include "tests/packed.h"

#define HEAD      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
#define TEXT(s)   s, sizeof(s) - 1
#define ZEROS_MAX (100 << 20)

#define DATE      "WARC-Date: 2026-11-22T00:00:00Z\r\n"
#define RESP                                                                                                           \
	"WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: http://h/\r\n" DATE "Content-Type: application/http\r\n"

struct foreign {
	const char *name, *text;
	size_t n;
	int want;        /* records given, before an error if there is one */
	const char *why; /* in the error, NULL: none */
};

static const struct foreign foreigns[] = {
	{ "WARC 1.0, <URI>, request, metadata, dns",
	  TEXT("WARC/1.0\r\nWARC-Type: request\r\nWARC-Target-URI: <http://h/>\r\n" DATE
	       "Content-Type: application/http;msgtype=request\r\nContent-Length: 3\r\n\r\nGET\r\n\r\n"
	       "WARC/1.0\nWARC-Type: response\nWARC-Target-URI: dns:h\n" DATE
	       "Content-Type: text/dns\nContent-Length: 2\n\n"
	       "hi\r\n\r\n" RESP "Content-Length: 19\r\n\r\nHTTP/1.1 200 OK\r\n\r\n\r\n\r\n"),
	  3, NULL },
	{ "a fold in a header", TEXT(RESP "X: y\r\n z\r\nContent-Length: 19\r\n\r\nHTTP/1.1 200 OK\r\n\r\n\r\n\r\n"), 1,
	  NULL },
	{ "the same length twice",
	  TEXT(RESP "Content-Length: 19\r\nContent-Length: 19\r\n\r\nHTTP/1.1 200 OK\r\n\r\n\r\n\r\n"), 1, NULL },
	{ "two lengths", TEXT(RESP "Content-Length: 19\r\nContent-Length: 20\r\n\r\nHTTP/1.1 200 OK\r\n\r\n\r\n\r\n"),
	  0, "Content-Length is no number" },
	{ "length -1", TEXT(RESP "Content-Length: -1\r\n\r\n"), 0, "Content-Length is no number" },
	{ "length of nothing", TEXT(RESP "Content-Length: \r\n\r\n"), 0, "Content-Length is no number" },
	{ "length 2^64 + 1", TEXT(RESP "Content-Length: 18446744073709551617\r\n\r\n"), 0,
	  "Content-Length is no number" },
	{ "length of 18 nines", TEXT(RESP "Content-Length: 999999999999999999\r\n\r\n"), 0, "beyond what is read" },
	{ "no length", TEXT(RESP "\r\n"), 0, "no Content-Length" },
	{ "length too small", TEXT(RESP "Content-Length: 18\r\n\r\nHTTP/1.1 200 OK\r\n\r\n\r\n\r\n"), 0,
	  "does not end where" },
	{ "length too large", TEXT(RESP "Content-Length: 20\r\n\r\nHTTP/1.1 200 OK\r\n\r\n\r\n\r\nWARC"), 0,
	  "does not end where" },
	{ "not WARC", TEXT("<html>"), 0, "not WARC" },
	{ "WARC 1.2", TEXT("WARC/1.2\r\n\r\n"), 0, "not WARC" },
	{ "noise after a record", TEXT(RESP "Content-Length: 19\r\n\r\nHTTP/1.1 200 OK\r\n\r\n\r\n\r\nnoise"), 1,
	  "record 2 at byte 169: it is not WARC" },
	{ "no status line", TEXT(RESP "Content-Length: 8\r\n\r\nA: b\r\n\r\n\r\n\r\n"), 0, "no status line" },
	{ "no blank line", TEXT(RESP "Content-Length: 17\r\n\r\nHTTP/1.1 200 OK\r\n\r\n\r\n"), 0, "no end" },
	{ "no date", TEXT("WARC/1.1\r\nContent-Length: 0\r\n\r\n\r\n\r\n"), 0, "no date" },
	{ "no URI",
	  TEXT("WARC/1.1\r\nWARC-Type: response\r\n" DATE "Content-Type: application/http\r\nContent-Length: 19\r\n"
	       "\r\nHTTP/1.1 200 OK\r\n\r\n\r\n\r\n"),
	  0, "without a URI" },
	{ "a URI for the terminal",
	  TEXT("WARC/1.1\r\nWARC-Target-URI: \033[2J\r\n" DATE "Content-Length: 0\r\n\r\n\r\n\r\n"), 0,
	  "control characters" },
};

/* Each not compressed and as a member; two records in one member are refused. */
static void test_foreign(void)
{
	for (size_t i = 0; i < sizeof foreigns / sizeof *foreigns; i++) {
		const struct foreign *f = &foreigns[i];
		struct bytes gz = pack(f->text, f->n);

		for (int packed = 0; packed < 2; packed++) {
			struct err e = ERR_INIT;
			const struct warc_record *x;
			struct warc_reader *r;
			int n = 0, rc, want = f->want;
			const char *why = f->why;

			if (packed && (want > 1 || (want == 1 && why)))
				want = 0, why = "more than one record";
			warc_open_memory(&r, packed ? gz.s : f->text, packed ? gz.n : f->n, f->name, 0, &e);
			while (!(rc = warc_next(r, &x, &e)) && x)
				n++;
			if (!ok(n == want && !!rc == !!why && (!why || strstr(e.text, why)), "from elsewhere%s: %s",
				packed ? ", packed" : "", f->name))
				diag("%d records, %d %s", n, rc, e.text);
			err_clear(&e);
			ok(!rc == !warc_next(r, &x, &e) && !x, "and so it stays");
			warc_reader_free(r);
		}
		free(gz.s);
	}
}

/* A response whose body is n bytes. */
static struct bytes response(const char *headers, const void *body, size_t n)
{
	struct bytes b = { malloc(n + 1024), 0 };
	size_t nhead = strlen(headers);

	b.n = (size_t)sprintf(b.s, RESP "Content-Length: %zu\r\n\r\n%s", nhead + n, headers);
	memcpy(b.s + b.n, body, n);
	b.n += n;
	b.n += (size_t)sprintf(b.s + b.n, "\r\n\r\n");
	return b;
}

static int read_one(const void *x, size_t n, int64_t body_max, struct warc_record *rec, struct err *e)
{
	const struct warc_record *got = NULL;
	struct warc_reader *r;
	int rc = warc_open_memory(&r, x, n, "one", body_max, e);

	rc = rc ? rc : warc_next(r, &got, e);
	*rec = got ? *got : (struct warc_record){ 0 };
	for (int i = 0; !rc && got && i < 64; i++)
		rec->is_truncated += got->body[got->nbody + (size_t)i] == 'Z'; /* readable, for the sanitizer */
	warc_reader_free(r);
	return rc;
}

static void test_bombs(void)
{
	char *zeros = calloc(1, ZEROS_MAX), *lines = malloc(ZEROS_MAX / 8);
	struct bytes inner = pack(zeros, ZEROS_MAX), b, p;
	struct err e = ERR_INIT;
	struct warc_record x;
	size_t n = 0;

	ok(read_one(inner.s, inner.n, 0, &x, &e) == E_FORMAT, "100 MB of zeros: %s", e.text);
	err_clear(&e);

	b = response(HEAD, inner.s, inner.n);
	ok(!read_one(b.s, b.n, 0, &x, &e) && x.nbody == inner.n && !x.is_encoded, "a bomb for a body is a body");
	free(b.s);
	b = response("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", inner.s, inner.n);
	p = pack(b.s, b.n);
	ok(!read_one(p.s, p.n, 0, &x, &e) && x.nbody == inner.n && x.is_encoded,
	   "with its coding: not unpacked, and said");
	free(b.s);
	free(p.s);

	b = response(HEAD, zeros, 1000);
	p = pack(b.s, b.n);
	ok(!read_one(p.s, p.n, 1000, &x, &e) && x.nbody == 1000, "a body of its cap");
	ok(read_one(p.s, p.n, 999, &x, &e) == E_FORMAT, "one byte more: %s", e.text);
	err_clear(&e);
	free(b.s);
	free(p.s);

	b = response(HEAD, zeros, ZEROS_MAX - 1024);
	p = pack(b.s, b.n);
	free(b.s);
	ok(read_one(p.s, p.n, 0, &x, &e) == E_FORMAT && strstr(e.text, "beyond what is read"),
	   "honest about 100 MB: %s", e.text);
	err_clear(&e);
	free(p.s);

	n = (size_t)sprintf(lines, "WARC/1.1\r\n");
	while (n + 8 < ZEROS_MAX / 8)
		n += (size_t)sprintf(lines + n, "A: bcd\r\n");
	p = pack(lines, n);
	ok(read_one(p.s, p.n, 0, &x, &e) == E_FORMAT && strstr(e.text, "header is too long"), "endless header: %s",
	   e.text);
	err_clear(&e);
	free(p.s);
	ok(read_one(lines, n, 0, &x, &e) == E_FORMAT && strstr(e.text, "header is too long"), "not packed either");
	err_clear(&e);

	memset(lines, 'a', n);
	b = response("HTTP/1.1 200 OK\r\n", lines, 1 << 20);
	ok(read_one(b.s, b.n, 0, &x, &e) == E_FORMAT && strstr(e.text, "too long"), "endless HTTP header: %s", e.text);
	err_clear(&e);
	free(b.s);

	n = (size_t)sprintf(lines, RESP "Content-Length: 66000000\r\n\r\n" HEAD);
	ok(!read_one(lines, n, 0, &x, &e) && !x.uri, "66 MB announced, none there: cut");
	free(inner.s);
	free(lines);
	free(zeros);
}

/* Many members of no bytes, and many small records that are not packed, take time in proportion. */
static void test_many(void)
{
	struct bytes none = pack("", 0), one = response(HEAD, "x", 1), b = { malloc(4 << 20), 0 };
	struct err e = ERR_INIT;
	const struct warc_record *x;
	struct warc_reader *r;
	int n = 0, want = 0;

	while (b.n + none.n <= 4 << 20)
		memcpy(b.s + b.n, none.s, none.n), b.n += none.n;
	warc_open_memory(&r, b.s, b.n, "many", 0, &e);
	ok(!warc_next(r, &x, &e) && !x && warc_was_cut(r), "nothing in %zu members", b.n / none.n);
	warc_reader_free(r);
	for (b.n = 0; b.n + one.n <= 4 << 20; want++)
		memcpy(b.s + b.n, one.s, one.n), b.n += one.n;
	warc_open_memory(&r, b.s, b.n, "many", 0, &e);
	while (!warc_next(r, &x, &e) && x)
		n++;
	ok(n == want && !e.code && !warc_was_cut(r), "%d records %s", n, e.text);
	warc_reader_free(r);
	warc_reader_free(NULL);
	free(none.s);
	free(one.s);
	free(b.s);
}

int main(void)
{
	test_foreign();
	test_bombs();
	test_many();
	return plan_done();
}
