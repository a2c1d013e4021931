// SPDX-License-Identifier: Apache-2.0
/* Archives: round trip, what is never in them, cut at every byte, every bit of damage, bombs, a full disk, a killed
 * writer. And the gzip members that they are made of. */
#include "io/warc.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/gz.h"
#include "io/lines.h"
#include "tests/tap.h"

#define SECRET    "hf_abcdefghijklmnop"
#define URI       "https://hub.example/api/models?limit=1"
#define WHEN      1795305600123ll /* 2026-11-22T00:00:00.123Z */
#define HEAD      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
#define TEXT(s)   s, sizeof(s) - 1
#define ZEROS_MAX (100 << 20)

static char dir[] = "/tmp/test_warc.XXXXXX";

struct bytes {
	char *s;
	size_t n;
};

static const char *in_dir(const char *name)
{
	static char path[256];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static int exists(const char *name)
{
	return access(in_dir(name), F_OK) == 0;
}

static struct bytes slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	struct bytes b = { NULL, 0 };
	struct stat st;

	if (!f || fstat(fileno(f), &st)) {
		diag("cannot read %s", path);
		exit(1);
	}
	b.s = malloc((size_t)st.st_size + 1);
	b.n = fread(b.s, 1, (size_t)st.st_size, f);
	b.s[b.n] = '\0';
	fclose(f);
	return b;
}

static struct bytes slurp_fd(int fd)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return slurp(path);
}

/* n bytes as one gzip member. */
static struct bytes pack(const void *x, size_t n)
{
	int fd = memfd_create("pack", 0);
	struct err e = ERR_INIT;
	struct gzip_writer *w;
	struct bytes b;

	if (gzip_writer_create(&w, fd, "pack", 1, &e) || gzip_writer_put(w, x, n, &e) || gzip_writer_end(w, &e)) {
		diag("%s", e.text);
		exit(1);
	}
	gzip_writer_free(w);
	b = slurp_fd(fd);
	close(fd);
	return b;
}

/* All members of a gzip file, decompressed. */
static struct bytes unpack(const void *x, size_t n)
{
	struct bytes b = { malloc(1 << 20), 0 };
	struct err e = ERR_INIT;
	struct gzip_reader *r;
	int more;
	size_t got;

	gzip_reader_memory(&r, x, n, "unpack", 1 << 20, &e);
	while (!gzip_reader_next(r, &more, &e) && more)
		while (!gzip_reader_take(r, b.s + b.n, (1 << 20) - b.n - 1, &got, &e) && got)
			b.n += got;
	b.s[b.n] = '\0';
	gzip_reader_free(r);
	return b;
}

/* ---- gzip members */

static void test_members(void)
{
	static const char noise[] = "\x1f\x8b not a member";
	int fd = memfd_create("members", 0), more, rc;
	struct err e = ERR_INIT;
	struct gzip_writer *w;
	struct gzip_reader *r;
	struct bytes b;
	char x[64];
	size_t got;

	gzip_writer_create(&w, fd, "members", 6, &e);
	ok(!gzip_writer_put(w, "one", 3, &e) && !gzip_writer_put(w, "two", 3, &e) && !gzip_writer_end(w, &e),
	   "a member of two pieces");
	gzip_writer_put(w, "never", 5, &e);
	gzip_writer_drop(w);
	ok(!gzip_writer_end(w, &e) && !gzip_writer_put(w, "three", 5, &e) && !gzip_writer_end(w, &e),
	   "a dropped one, one of no bytes, one more");
	b = slurp_fd(fd);
	ok(gzip_writer_nbytes(w) == (int64_t)b.n, "the writer knows its bytes");
	gzip_writer_free(w);
	close(fd);

	gzip_reader_memory(&r, b.s, b.n, "members", 100, &e);
	ok(!gzip_reader_next(r, &more, &e) && more && gzip_reader_offset(r) == 0, "the first is there");
	ok(!gzip_reader_take(r, x, 4, &got, &e) && got == 4 && memcmp(x, "onet", 4) == 0, "a part of it");
	ok(gzip_reader_next(r, &more, &e) == E_BUG, "not to be left before its end");
	err_clear(&e);
	ok(!gzip_reader_take(r, x, sizeof x, &got, &e) && got == 2, "the rest, and no further");
	ok(!gzip_reader_next(r, &more, &e) && more && !gzip_reader_take(r, x, sizeof x, &got, &e) && got == 0,
	   "the one of no bytes");
	ok(!gzip_reader_next(r, &more, &e) && more && !gzip_reader_take(r, x, sizeof x, &got, &e) && got == 5,
	   "the last");
	ok(!gzip_reader_next(r, &more, &e) && !more && !gzip_reader_was_cut(r), "the end");
	ok(!gzip_reader_next(r, &more, &e) && !more, "stays the end");
	gzip_reader_free(r);

	b.s = realloc(b.s, b.n + sizeof noise);
	memcpy(b.s + b.n, noise, sizeof noise - 1);
	gzip_reader_memory(&r, b.s, b.n + sizeof noise - 1, "members", 100, &e);
	for (rc = 0, more = 1; !rc && more;) {
		rc = gzip_reader_next(r, &more, &e);
		if (!rc && more)
			rc = gzip_reader_take(r, x, sizeof x, &got, &e);
	}
	ok(rc == E_FORMAT, "noise behind the last member: %s", e.text);
	gzip_reader_free(r);
	free(b.s);
	gzip_writer_free(NULL);
	gzip_reader_free(NULL);
}

static void test_member_bomb(void)
{
	struct bytes zeros = { calloc(1, ZEROS_MAX), ZEROS_MAX }, b = pack(zeros.s, zeros.n);
	struct err e = ERR_INIT;
	struct gzip_reader *r;
	char x[4096];
	size_t got = 1, sum = 0;
	int more, rc = 0;

	gzip_reader_memory(&r, b.s, b.n, "bomb", 1 << 20, &e);
	gzip_reader_next(r, &more, &e);
	while (!rc && got) {
		rc = gzip_reader_take(r, x, sizeof x, &got, &e);
		sum += got;
	}
	ok(rc == E_FORMAT && sum <= 1 << 20, "%zu bytes for 100 MB: %s", b.n, e.text);
	err_clear(&e);
	ok(gzip_reader_take(r, x, sizeof x, &got, &e) == E_FORMAT && got == 0, "and nothing more");
	gzip_reader_free(r);
	err_clear(&e);
	ok(gzip_reader_open(&r, dir, 1, &e) == E_FORMAT && !r, "a folder: %s", e.text);
	err_clear(&e);
	mkfifo(in_dir("pipe"), 0600);
	ok(gzip_reader_open(&r, in_dir("pipe"), 1, &e) == E_FORMAT && !r, "a pipe does not make it wait");
	unlink(in_dir("pipe"));
	err_clear(&e);
	ok(gzip_reader_open(&r, in_dir("none"), 1, &e) == E_IO && !r, "no file: %s", e.text);
	free(zeros.s);
	free(b.s);
}

/* ---- The HTTP part */

struct block {
	const char *name, *head;
	size_t nhead;
	const char *want; /* with "Content-Length: 7" and the blank line behind it; NULL: refused */
};

static const struct block blocks[] = {
	{ "as it is", TEXT("HTTP/1.1 200 OK\r\nETag: \"x\"\r\n\r\n"), "HTTP/1.1 200 OK\r\nETag: \"x\"\r\n" },
	{ "HTTP/1.0, line feeds alone", TEXT("HTTP/1.0 404 Not Found\nA:b\nC:\n\n"),
	  "HTTP/1.0 404 Not Found\r\nA: b\r\nC: \r\n" },
	{ "HTTP/2", TEXT("HTTP/2 200 \r\na: b\r\n\r\n"), "HTTP/1.1 200 \r\na: b\r\n" },
	{ "HTTP/3", TEXT("HTTP/3 429\r\n\r\n"), "HTTP/1.1 429 \r\n" },
	{ "a version alone", TEXT("HTTP/3\r\n\r\n"), NULL },
	{ "no reason", TEXT("HTTP/1.1 429 \r\n\r\n"), "HTTP/1.1 429 \r\n" },
	{ "the last of three",
	  TEXT("HTTP/1.1 200 Connection established\r\nA: 1\r\n\r\nHTTP/1.1 103 Early Hints\r\nB: 2\r\n"
	       "\r\nHTTP/1.1 200 OK\r\nC: 3\r\n\r\nTrailer: 4\r\n"),
	  "HTTP/1.1 200 OK\r\nC: 3\r\n" },
	{ "lengths and codings",
	  TEXT("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nContent-Length: 99\r\n"
	       "TRANSFER-ENCODING: chunked\r\n\r\n"),
	  "HTTP/1.1 200 OK\r\nX-Crawl-content-encoding: gzip\r\nX-Crawl-Content-Length: 99\r\n"
	  "X-Crawl-TRANSFER-ENCODING: chunked\r\n" },
	{ "the four",
	  TEXT("HTTP/1.1 200 OK\r\nA: 1\r\nSet-Cookie: a\r\nset-cookie:b\r\nCookie: c\r\nAUTHORIZATION: d\r\n"
	       "proxy-Authorization: e\r\nB: 2\r\n\r\n"),
	  "HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\n" },
	{ "the four, folded", TEXT("HTTP/1.1 200 OK\r\nSet-Cookie: a;\r\n b\r\n\tc\r\nA: 1\r\n  2\r\n\r\n"),
	  "HTTP/1.1 200 OK\r\nA: 1 2\r\n" },
	{ "the four, disguised",
	  TEXT("HTTP/1.1 200 OK\r\nSet-Cookie : a\r\n Set-Cookie: b\r\nSet-Cookie\0: c\r\nSet\rCookie: d\r\n"
	       "\rSet-Cookie: e\r\nA: 1\rSet-Cookie: f\r\n\r\n"),
	  "HTTP/1.1 200 OK\r\nA: 1 Set-Cookie: f\r\n" },
	{ "no names", TEXT("HTTP/1.1 200 OK\r\nnothing\r\n: x\r\nA: 1\r\n\r\n"), "HTTP/1.1 200 OK\r\nA: 1\r\n" },
	{ "controls", TEXT("HTTP/1.1 200 O\033[2JK\r\nA: \033]0;x\a\0y\177\r\n\r\n"),
	  "HTTP/1.1 200 O [2JK\r\nA:  ]0;x  y \r\n" },
	{ "the token", TEXT("HTTP/1.1 200 " SECRET "\r\nX-" SECRET ": Bearer " SECRET SECRET "!\r\n\r\n"),
	  "HTTP/1.1 200 xxxxxxxxxxxxxxxxxxx\r\n"
	  "X-xxxxxxxxxxxxxxxxxxx: Bearer xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx!\r\n" },
	{ "no end", TEXT("HTTP/1.1 200 OK\r\nA: 1"), "HTTP/1.1 200 OK\r\nA: 1\r\n" },
	{ "empty", TEXT(""), NULL },
	{ "no status line", TEXT("A: 1\r\n\r\n"), NULL },
	{ "status of two digits", TEXT("HTTP/1.1 20\r\n\r\n"), NULL },
	{ "status of four digits", TEXT("HTTP/1.1 2000 OK\r\n\r\n"), NULL },
	{ "status 099", TEXT("HTTP/1.1 099 OK\r\n\r\n"), NULL },
};

static void test_blocks(void)
{
	for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
		const struct block *b = &blocks[i];
		struct warc_exchange x = { .head = b->head, .nhead = b->nhead, .nbody = 7 };
		struct err e = ERR_INIT;
		char want[1024], *got;
		size_t n = 0;
		int rc = warc_http_block(&x, SECRET, &got, &n, NULL, &e), fits;

		snprintf(want, sizeof want, "%sContent-Length: 7\r\n\r\n", b->want ? b->want : "");
		fits = b->want ? !rc && n == strlen(want) && memcmp(got, want, n) == 0 : rc == E_BUG && !got;
		if (!ok(fits, "header: %s", b->name))
			diag("%d, %s", rc, rc ? e.text : got);
		free(got);
	}
}

/* The longest header that is taken stays below the reader's cap, whatever it is made of. */
static void test_long_head(void)
{
	static const char *const unit[] = { "a:\n", "content-length:\n", "a:\n \n", "A: bcdefghij\r\n",
					    "\t\n", "a:\n\t\n" };
	struct err e = ERR_INIT;

	for (size_t i = 0; i < sizeof unit / sizeof *unit; i++) {
		char *head = malloc(WARC_HEAD_MAX + 1), *block;
		struct warc_exchange x = { .head = head };
		size_t n;

		x.nhead = (size_t)sprintf(head, "HTTP/1.1 200 \n");
		while (x.nhead + strlen(unit[i]) <= WARC_HEAD_MAX)
			x.nhead += (size_t)sprintf(head + x.nhead, "%s", unit[i]);
		ok(!warc_http_block(&x, NULL, &block, &n, NULL, &e) && n <= WARC_HTTP_MAX,
		   "a header of %zu: %zu as stored", x.nhead, n);
		free(block);
		x.nhead = WARC_HEAD_MAX + 1;
		head[WARC_HEAD_MAX] = '\n';
		ok(warc_http_block(&x, NULL, &block, &n, NULL, &e) == E_BUG && !block, "a longer one is refused");
		err_clear(&e);
		free(head);
	}
}

/* ---- Round trip */

static const char binary[] = "\0\1\2\r\n\r\nWARC/1.1\r\n\x1f\x8b\xff";

static const struct warc_exchange exchanges[] = {
	{ URI, WHEN, TEXT(HEAD), TEXT("[{\"_id\":\"621ffdc036468d709f17434d\"}]"), .note = "page models ~" },
	{ "https://hub.example/" SECRET "/b%20c?q=\xc3\xa4", WHEN + 1000,
	  TEXT("HTTP/2 200 \r\nLink: <a>; rel=\"next\"\r\nX: y\r\nlink:<b>\r\nset-cookie: " SECRET "\r\n"
	       "content-encoding: gzip\r\ncontent-length: 5\r\nx-echo: " SECRET "\r\n\r\n"),
	  TEXT("{\"you\":\"" SECRET "\",\"twice\":\"" SECRET SECRET "\",\"half\":\"hf_abcdef\"}" SECRET),
	  .note = NULL },
	{ "http://127.0.0.1:1/", 0, TEXT("HTTP/1.1 204 No Content\r\n\r\n"), .note = NULL },
	{ "http://h/binary", WHEN - 1, TEXT("HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 20\r\n\r\n"), binary,
	  sizeof binary - 1, .truncated = "disconnect" },
};
enum { NEXCHANGES = sizeof exchanges / sizeof *exchanges };

static struct warc *begin(const char *name)
{
	struct warc_setup s = { .snapshot = "0123456789abcdef0123456789abcdef",
				.user_agent = "hubcensus/test\r\nSet-Cookie: x",
				.secret = SECRET };
	struct err e = ERR_INIT;
	struct warc *w;

	if (warc_create(&w, in_dir(name), &s, &e)) {
		diag("%s", e.text);
		exit(1);
	}
	return w;
}

static struct bytes make_archive(void)
{
	struct warc *w = begin("a.warc.gz");
	struct err e = ERR_INIT;
	int64_t before;

	ok(exists("a.warc.gz.tmp") && !exists("a.warc.gz"), "begun as .tmp");
	before = warc_nbytes(w);
	for (int i = 0; i < NEXCHANGES; i++)
		ok(!warc_append(w, &exchanges[i], &e), "append %s %s", exchanges[i].uri, e.text);
	ok(warc_count(w) == NEXCHANGES && warc_nbytes(w) > before, "counts");
	ok(!exists("a.warc.gz"), "nothing under the final name yet");
	ok(!warc_seal(w, &e) && exists("a.warc.gz") && !exists("a.warc.gz.tmp"), "sealed %s", e.text);
	ok(warc_append(w, &exchanges[0], &e) == E_IO, "nothing more after it: %s", e.text);
	warc_free(w);
	return slurp(in_dir("a.warc.gz"));
}

/* Is it what record `i` of the archive was when undamaged? Record 0 is the warcinfo. */
static int is_same(const struct warc_record *x, int i)
{
	static const char tail[] = "\"half\":\"hf_abcdef\"}xxxxxxxxxxxxxxxxxxx";
	const struct warc_exchange *want = &exchanges[i > 0 ? i - 1 : 0];

	if (i == 0)
		return x->type == WARC_INFO && x->nbody > 400 && memcmp(x->body, "software: hubcensus/", 20) == 0 &&
		       x->uri[0] == '\0' && x->nhead == 0;
	if (x->type != WARC_RESPONSE || x->date_ms != want->date_ms || x->nbody != want->nbody || x->is_encoded ||
	    x->is_truncated != (want->truncated != NULL) || x->nnote != (want->note ? strlen(want->note) : 0) ||
	    (want->note && memcmp(x->note, want->note, x->nnote) != 0))
		return 0;
	if (i == 2)
		return x->status == 200 &&
		       strcmp(x->uri, "https://hub.example/xxxxxxxxxxxxxxxxxxx/b%20c?q=\xc3\xa4") == 0 &&
		       memcmp(x->body, TEXT("{\"you\":\"xxxxxxxxxxxxxxxxxxx\",\"twice\":\"")) == 0 &&
		       memcmp(x->body + x->nbody - (sizeof tail - 1), tail, sizeof tail - 1) == 0;
	return strcmp(x->uri, want->uri) == 0 && (x->nbody == 0 || memcmp(x->body, want->body, x->nbody) == 0);
}

/* Read all of it. Returns how many records were given, or -1 if one is not what was written. */
static int read_all(const void *x, size_t n, int *rc, int *was_cut, char text[512])
{
	struct err e = ERR_INIT;
	const struct warc_record *rec;
	struct warc_reader *r;
	int count = 0;

	*rc = warc_open_memory(&r, x, n, "archive", 0, &e);
	while (!*rc && !(*rc = warc_next(r, &rec, &e)) && rec)
		count = count >= 0 && count <= NEXCHANGES && is_same(rec, count) ? count + 1 : -1;
	*was_cut = *rc ? 0 : warc_was_cut(r);
	snprintf(text, 512, "%s", e.text);
	warc_reader_free(r);
	return count;
}

static void test_round_trip(struct bytes a)
{
	struct bytes all = unpack(a.s, a.n);
	struct err e = ERR_INIT;
	const struct warc_record *x;
	struct warc_reader *r;
	const char *v;
	size_t pos = 0, n;
	char text[512];
	int rc, was_cut;

	ok(read_all(a.s, a.n, &rc, &was_cut, text) == NEXCHANGES + 1 && !rc && !was_cut, "round trip %s", text);
	ok(read_all(all.s, all.n, &rc, &was_cut, text) == NEXCHANGES + 1 && !rc && !was_cut,
	   "the same, not compressed %s", text);

	ok(!warc_open(&r, in_dir("a.warc.gz"), 0, &e), "the file");
	for (int i = 0; i < 3; i++)
		warc_next(r, &x, &e);
	ok(warc_header(x, "LINK", &pos, &v, &n) && n == 15 && memcmp(v, "<a>; rel=\"next\"", 15) == 0, "a header line");
	ok(warc_header(x, "LINK", &pos, &v, &n) && n == 3 && memcmp(v, "<b>", 3) == 0, "another of the name");
	ok(!warc_header(x, "LINK", &pos, &v, &n), "and no more");
	pos = 0;
	ok(warc_header(x, "x-crawl-content-length", &pos, &v, &n) && n == 1 && *v == '5', "the length as it was");
	pos = 0;
	ok(warc_header(x, "content-length", &pos, &v, &n) && (size_t)atoi(v) == x->nbody, "the length as it is");
	pos = 0;
	ok(!warc_header(x, "content-encoding", &pos, &v, &n), "no coding");
	warc_reader_free(r);
	free(all.s);
}

static int has(struct bytes b, const char *text)
{
	return memmem(b.s, b.n, text, strlen(text)) != NULL;
}

static void test_no_secrets(struct bytes a)
{
	struct bytes all = unpack(a.s, a.n);
	const char *p = all.s, *end = all.s + all.n;
	int bad = 0;

	ok(all.n > 1000 && !has(all, SECRET), "the token is nowhere");
	while (p < end) {
		struct view name, value;

		if (!line_split(line_take(&p, end), &name, &value))
			continue;
		bad += line_is(name, "Set-Cookie") || line_is(name, "Cookie") || line_is(name, "Authorization") ||
		       line_is(name, "Proxy-Authorization");
	}
	ok(bad == 0, "no line has one of the four names");
	ok(has(all, "\r\nWARC-Protocol: h2\r\n"), "HTTP/2 is on record");
	ok(has(all, "\r\nWARC-Date: 2026-11-22T00:00:00.123Z\r\n"), "the date too");
	ok(has(all, "\r\nWARC-Filename: a.warc.gz\r\n"), "and the name");
	free(all.s);
}

static void test_cut(struct bytes a, const char *what)
{
	int bad = 0, ends = 0, last = 0;
	char text[512];

	for (size_t n = 0; n <= a.n; n++) {
		/* Of its own size, so that the sanitizer sees any step beyond it. */
		char *part = malloc(n ? n : 1);
		int rc, was_cut, count;

		memcpy(part, a.s, n);
		count = read_all(part, n, &rc, &was_cut, text);
		bad += rc != 0 || count < last;
		ends += !was_cut;
		last = count;
		free(part);
	}
	ok(bad == 0, "%s cut at each of %zu bytes: no error, no record lost or wrong", what, a.n);
	ok(ends == NEXCHANGES + 1, "whole only at the %d ends of records: %d", NEXCHANGES + 1, ends);
}

static void test_flips(struct bytes a)
{
	int wrong = 0, refused = 0, harmless = 0, cut = 0;
	char text[512];

	for (size_t i = 0; i < a.n * 8; i++) {
		int rc, was_cut, count;

		a.s[i / 8] = (char)(a.s[i / 8] ^ (1 << i % 8));
		count = read_all(a.s, a.n, &rc, &was_cut, text);
		a.s[i / 8] = (char)(a.s[i / 8] ^ (1 << i % 8));
		wrong += count < 0 || (rc && rc != E_FORMAT) || (!rc && !was_cut && count != NEXCHANGES + 1);
		refused += rc != 0;
		cut += was_cut;
		harmless += !rc && !was_cut;
	}
	ok(wrong == 0, "each of %zu bits flipped: no wrong record, %d refused, %d seem cut, %d mean nothing", a.n * 8,
	   refused, cut, harmless);
	ok(refused > 20 * (cut + harmless), "nearly all are found");
}

/* ---- Arguments, full disk, killed */

static void test_arguments(void)
{
	struct warc *w = begin("b.warc.gz");
	struct warc_exchange good = exchanges[0], x;
	int64_t n = warc_nbytes(w);
	struct err e = ERR_INIT;
	static const char *const uris[] = {
		"", "http://h/ x", "http://h/\r\nSet-Cookie: x", "http://h/\x7f", "http://user:pw@h/", "http://pw@h"
	};

	for (size_t i = 0; i < sizeof uris / sizeof *uris; i++) {
		x = good;
		x.uri = uris[i];
		ok(warc_append(w, &x, &e) == E_BUG, "the URI '%.8s' is refused", i == 2 ? "with lines" : uris[i]);
		err_clear(&e);
	}
	for (size_t i = 0; i < 3; i++) {
		x = good;
		x.note = ((const char *[]){ "a\nb", "\x7f", "\xc3\xa4" })[i];
		ok(warc_append(w, &x, &e) == E_BUG, "a note that is no line of ASCII");
		err_clear(&e);
	}
	x = good;
	x.uri = "http://h/?at=@";
	ok(!warc_append(w, &x, &e) && warc_nbytes(w) > n, "an @ in the query is none in the authority");
	n = warc_nbytes(w);
	x = good;
	x.date_ms = -1;
	ok(warc_append(w, &x, &e) == E_BUG, "a date before 1970");
	err_clear(&e);
	x.date_ms = INT64_MAX;
	ok(warc_append(w, &x, &e) == E_BUG, "a date beyond four digits");
	err_clear(&e);
	x = good;
	x.nhead = 0;
	ok(warc_append(w, &x, &e) == E_BUG && warc_nbytes(w) == n && warc_count(w) == 1, "no header: %s", e.text);
	warc_free(w);
	ok(!exists("b.warc.gz") && !exists("b.warc.gz.tmp"), "not sealed: removed");
	warc_leave(begin("e.warc.gz"));
	ok(!exists("e.warc.gz") && exists("e.warc.gz.tmp"), "not sealed, but left where it is");
	warc_leave(NULL);
	warc_free(NULL);
	err_clear(&e);
	ok(warc_create(&w, in_dir("none/b.warc.gz"), &(struct warc_setup){ 0 }, &e) == E_IO && !w, "no folder: %s",
	   e.text);
}

/* A cap on the size of files stands for the full disk. */
static void test_full_disk(void)
{
	struct warc *w = begin("c.warc.gz");
	struct warc_exchange x = exchanges[0];
	struct rlimit old, now;
	struct err e = ERR_INIT;
	struct warc_reader *r;
	const struct warc_record *rec;
	char *noise = malloc(1 << 20);
	int count = 0, rc;

	for (int i = 0; i < 1 << 20; i++)
		noise[i] = (char)(random() >> 7);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	now = old;
	now.rlim_cur = 300000;
	setrlimit(RLIMIT_FSIZE, &now);
	ok(!warc_append(w, &x, &e), "a reply");
	x.body = noise;
	x.nbody = 1 << 20;
	ok(warc_append(w, &x, &e) == E_IO, "one that does not fit: %s", e.text);
	err_clear(&e);
	x.nbody = 1000;
	ok(!warc_append(w, &x, &e), "a small one again");
	setrlimit(RLIMIT_FSIZE, &old);
	ok(!warc_seal(w, &e) && warc_count(w) == 2, "sealed");
	warc_free(w);
	warc_open(&r, in_dir("c.warc.gz"), 0, &e);
	while (!(rc = warc_next(r, &rec, &e)) && rec)
		count++;
	ok(!rc && !warc_was_cut(r) && count == 3, "what fitted is all there %s", e.text);
	warc_reader_free(r);
	free(noise);
}

static void test_killed(void)
{
	struct bytes b;
	char text[512];
	int rc, was_cut, status;
	pid_t pid = fork();

	if (pid == 0) {
		struct warc *w = begin("d.warc.gz");
		struct err e = ERR_INIT;

		for (int i = 0; i < NEXCHANGES; i++)
			warc_append(w, &exchanges[i], &e);
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, &status, 0);
	ok(!exists("d.warc.gz") && exists("d.warc.gz.tmp"), "killed: a .tmp alone");
	b = slurp(in_dir("d.warc.gz.tmp"));
	ok(read_all(b.s, b.n, &rc, &was_cut, text) == NEXCHANGES + 1 && !rc && !was_cut, "with all that was appended");
	free(b.s);
	warc_free(begin("d.warc.gz"));
	ok(!exists("d.warc.gz.tmp"), "the next one takes its place");
}

/* ---- Archives from elsewhere */

#define DATE "WARC-Date: 2026-11-22T00:00:00Z\r\n"
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
	struct bytes a, all;

	if (!mkdtemp(dir))
		return 1;
	test_members();
	test_member_bomb();
	test_blocks();
	test_long_head();
	a = make_archive();
	all = unpack(a.s, a.n);
	test_round_trip(a);
	test_no_secrets(a);
	test_cut(a, "archive");
	test_cut(all, "archive, not compressed,");
	test_flips(a);
	test_arguments();
	test_full_disk();
	test_killed();
	test_foreign();
	test_bombs();
	test_many();
	free(a.s);
	free(all.s);
	if (!getenv("TEST_KEEP")) {
		unlink(in_dir("a.warc.gz"));
		unlink(in_dir("c.warc.gz"));
		rmdir(dir);
	}
	return plan_done();
}
