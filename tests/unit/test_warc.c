// SPDX-License-Identifier: Apache-2.0
/* Archives: round trip, what is never in them, cut at every byte, every bit of damage, a full disk, a killed writer. */
#include "io/warc.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/lines.h"
#include "tests/packed.h"

#define SECRET  "hf_abcdefghijklmnop"
#define URI     "https://hub.example/api/models?limit=1"
#define WHEN    1795305600123ll /* 2026-11-22T00:00:00.123Z */
#define HEAD    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
#define TEXT(s) s, sizeof(s) - 1

static char dir[] = "/tmp/test_warc.XXXXXX";

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
		int rc = warc_http_block(&x, &got, &n, NULL, &e), fits;

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
		char *head = calloc(1, WARC_HEAD_MAX + 1), *block;
		struct warc_exchange x = { .head = head };
		size_t n = 0;
		int rc;

		x.nhead = (size_t)sprintf(head, "HTTP/1.1 200 \n");
		while (x.nhead + strlen(unit[i]) <= WARC_HEAD_MAX)
			x.nhead += (size_t)sprintf(head + x.nhead, "%s", unit[i]);
		rc = warc_http_block(&x, &block, &n, NULL, &e);
		ok(!rc && n <= WARC_HTTP_MAX, "a header of %zu: %zu as stored", x.nhead, n);
		free(block);
		x.nhead = WARC_HEAD_MAX + 1;
		head[WARC_HEAD_MAX] = '\n';
		ok(warc_http_block(&x, &block, &n, NULL, &e) == E_BUG && !block, "a longer one is refused");
		err_clear(&e);
		free(head);
	}
}

/* ---- Round trip */

static const char binary[] = "\0\1\2\r\n\r\nWARC/1.1\r\n\x1f\x8b\xff";

static const struct warc_exchange exchanges[] = {
	{ URI, WHEN, TEXT(HEAD), TEXT("[{\"_id\":\"621ffdc036468d709f17434d\"}]"), .note = "page models ~" },
	{ "https://hub.example/a/b%20c?q=\xc3\xa4", WHEN + 1000,
	  TEXT("HTTP/2 200 \r\nLink: <a>; rel=\"next\"\r\nX: y\r\nlink:<b>\r\nset-cookie: " SECRET "\r\n"
	       "content-encoding: gzip\r\ncontent-length: 5\r\n\r\n"),
	  TEXT("{}"), .note = NULL },
	{ "http://127.0.0.1:1/", 0, TEXT("HTTP/1.1 204 No Content\r\n\r\n"), .note = NULL },
	{ "http://h/binary", WHEN - 1, TEXT("HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 20\r\n\r\n"), binary,
	  sizeof binary - 1, .truncated = "disconnect" },
};
enum { NEXCHANGES = sizeof exchanges / sizeof *exchanges };

static struct warc *begin(const char *name)
{
	struct warc_setup s = { .snapshot = "0123456789abcdef0123456789abcdef",
				.user_agent = "hubcensus/test\r\nSet-Cookie: x" };
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
	const struct warc_exchange *want = &exchanges[i > 0 ? i - 1 : 0];

	if (i == 0)
		return x->type == WARC_INFO && x->nbody > 400 && memcmp(x->body, "software: hubcensus/", 20) == 0 &&
		       x->uri[0] == '\0' && x->nhead == 0;
	if (x->type != WARC_RESPONSE || x->date_ms != want->date_ms || x->nbody != want->nbody || x->is_encoded ||
	    x->is_truncated != (want->truncated != NULL) || x->nnote != (want->note ? strlen(want->note) : 0) ||
	    (want->note && memcmp(x->note, want->note, x->nnote) != 0))
		return 0;
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

	ok(all.n > 1000 && !has(all, SECRET), "what stood in a cookie is nowhere");
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
		static struct warc *w; /* it is not lost: for a checker of memory that sees the end */
		struct err e = ERR_INIT;

		w = begin("d.warc.gz");
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

int main(void)
{
	struct bytes a, all;

	if (!mkdtemp(dir))
		return 1;
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
	free(a.s);
	free(all.s);
	if (!getenv("TEST_KEEP")) {
		unlink(in_dir("a.warc.gz"));
		unlink(in_dir("c.warc.gz"));
		rmdir(dir);
	}
	return plan_done();
}
