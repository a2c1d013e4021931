// SPDX-License-Identifier: Apache-2.0
#include "io/utc.h"
#include "io/warc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "io/gz.h"
#include "io/lines.h"
#include "io/snapshot.h"
#include "io/sync.h"

#ifndef HUBCENSUS_VERSION
#define HUBCENSUS_VERSION "0.0.0"
#endif

#define PATH_CAP 4096
/* Of zlib; a page of 1,000 models (565 kB): level 1 packs 4.3 to 1 in 4 ms, level 6 5.5 in 11 ms, level 9 5.6 in 30. */
#define LEVEL    6
#define DATE_END 253402300800000ll /* year 10000, ms: four digits are all that a WARC-Date has */

static const char info_text[] =
	"software: hubcensus/" HUBCENSUS_VERSION "\r\n"
	"format: WARC File Format 1.1\r\n"
	"conformsTo: http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/\r\n"
	"description: replies to GET requests, without the requests. Bodies are stored decoded: Content-Encoding, "
	"Transfer-Encoding and Content-Length as received are in X-Crawl- headers, Content-Length is that of the "
	"decoded "
	"body. Authorization, Proxy-Authorization, Cookie and Set-Cookie are left out; the token, wherever repeated, "
	"is "
	"overwritten by x. HTTP/2 and 3 are written as HTTP/1.1, with WARC-Protocol. Hubcensus-Note says what was "
	"asked "
	"for, where hubcrawl read the reply as a page.\r\n";

/* ---- Text that grows; whether memory was short shows at its end only */

struct text {
	FILE *f;
	char *s; /* after text_end(); free it */
	size_t n;
};

static void text_begin(struct text *t)
{
	*t = (struct text){ 0 };
	t->f = open_memstream(&t->s, &t->n);
}

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *fmt, ...)
{
	va_list ap;

	if (!t->f)
		return;
	va_start(ap, fmt);
	vfprintf(t->f, fmt, ap);
	va_end(ap);
}

/* Controls would end a line for some reader or drive a terminal. */
static void put_view(struct text *t, struct view v)
{
	for (; t->f && v.n > 0; v.s++, v.n--) {
		unsigned char c = (unsigned char)*v.s;

		fputc((c < 0x20 && c != '\t') || c == 0x7F ? ' ' : c, t->f);
	}
}

static void put_string(struct text *t, const char *s)
{
	put_view(t, (struct view){ s, strlen(s) });
}

static int text_end(struct text *t, struct err *e)
{
	int bad = !t->f || ferror(t->f);

	if ((t->f && fclose(t->f)) || bad) {
		free(t->s);
		*t = (struct text){ 0 };
		return err_set(e, E_NOMEM, "no memory to archive a reply");
	}
	t->f = NULL;
	return E_OK;
}

/* ---- The HTTP part of a record */

static int is_among(struct view name, const char *const *list)
{
	while (*list && !line_is(name, *list))
		list++;
	return *list != NULL;
}

/* Where the last header block of a reply begins: after a status line comes nothing but its own header. */
static const char *last_block(const struct warc_exchange *x)
{
	const char *p = x->head, *end = x->head + x->nhead, *block = p;
	int was_blank = 1;

	while (p < end) {
		const char *start = p;
		struct view line = line_take(&p, end), version, reason;
		int status;

		if (was_blank && line_split_status(line, &version, &status, &reason))
			block = start;
		was_blank = line.n == 0;
	}
	return block;
}

static void put_lines(struct text *t, const char *p, const char *end)
{
	static const char *const left_out[] = { "Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", NULL };
	static const char *const renamed[] = { "Content-Encoding", "Transfer-Encoding", "Content-Length", NULL };
	int is_open = 0; /* a line has been written, but not its end: a fold may follow */

	for (struct view line, name, value; p < end && (line = line_take(&p, end)).n > 0;) {
		if (line_is_blank(line.s[0])) {
			put(t, "%s", is_open ? " " : "");
			if (is_open)
				put_view(t, line_trim(line));
			continue;
		}
		put(t, "%s", is_open ? "\r\n" : "");
		is_open = line_split(line, &name, &value) && !is_among(name, left_out);
		if (!is_open)
			continue;
		put(t, "%s", is_among(name, renamed) ? "X-Crawl-" : "");
		put_view(t, name);
		put(t, ": ");
		put_view(t, value);
	}
	put(t, "%s", is_open ? "\r\n" : "");
}

int warc_http_block(const struct warc_exchange *x, char **block, size_t *n, const char **protocol, struct err *e)
{
	const char *p = last_block(x), *end = x->head + x->nhead;
	struct view version, reason;
	struct text t;
	int status, rc;

	*block = NULL;
	if (x->nhead == 0 || x->nhead > WARC_HEAD_MAX ||
	    !line_split_status(line_take(&p, end), &version, &status, &reason))
		return err_set(e, E_BUG, "a reply for the archive has no status line or too many headers");
	text_begin(&t);
	put(&t, "HTTP/1.%c %d ", line_is(version, "1.0") ? '0' : '1', status);
	put_view(&t, reason);
	put(&t, "\r\n");
	put_lines(&t, p, end);
	put(&t, "Content-Length: %zu\r\n\r\n", x->nbody);
	rc = text_end(&t, e);
	*block = t.s;
	*n = t.n;
	if (protocol)
		*protocol = *version.s == '2' ? "h2" : *version.s == '3' ? "h3" : NULL;
	return rc;
}

/* ---- Records */

struct warc {
	char path[PATH_CAP], tmp[PATH_CAP + 8];
	int fd; /* -1: closed */
	int is_broken, is_sealed;
	int64_t count;
	char info[64]; /* the warcinfo's id */
	struct gzip_writer *gz;
};

/* A version 4 UUID (RFC 9562, section 5.4) as WARC-Record-ID wants it. */
static int make_id(char id[64], struct err *e)
{
	unsigned char b[16];
	int n = 0;

	if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b)
		return err_sys(e, errno, "no random numbers from the system");
	b[6] = (unsigned char)((b[6] & 0x0F) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
	n += snprintf(id, 64, "<urn:uuid:");
	for (int i = 0; i < 16; i++)
		n += snprintf(id + n, 64 - (size_t)n, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
	snprintf(id + n, 64 - (size_t)n, ">");
	return E_OK;
}

/* 2026-11-22T01:02:03.456Z */
static void put_date(struct text *t, int64_t ms)
{
	char s[32];

	put(t, "WARC-Date: %.19s.%03dZ\r\n", utc_format(ms / 1000, s), (int)(ms % 1000));
}

/* Write a record: `header` without its last lines, a block that consists of `head` and `body`. One gzip member more, or
 * the file as it was. */
static int put_record(struct warc *w, const struct text *header, const struct text *head, const char *body,
		      size_t nbody, struct err *e)
{
	char last[64];
	int64_t size = gzip_writer_nbytes(w->gz);
	int rc, nlast = snprintf(last, sizeof last, "Content-Length: %zu\r\n\r\n", head->n + nbody);

	if (w->is_broken || w->fd < 0)
		return err_set(e, E_IO, "cannot write '%s' after the error before", w->tmp);
	rc = gzip_writer_put(w->gz, header->s, header->n, e);
	rc = rc ? rc : gzip_writer_put(w->gz, last, (size_t)nlast, e);
	rc = rc ? rc : gzip_writer_put(w->gz, head->s, head->n, e);
	rc = rc || nbody == 0 ? rc : gzip_writer_put(w->gz, body, nbody, e);
	rc = rc ? rc : gzip_writer_put(w->gz, "\r\n\r\n", 4, e);
	rc = rc ? rc : gzip_writer_end(w->gz, e);
	if (rc) {
		gzip_writer_drop(w->gz);
		w->is_broken = ftruncate(w->fd, size) || lseek(w->fd, size, SEEK_SET) != size;
	}
	return rc;
}

static int put_info(struct warc *w, const struct warc_setup *s, struct err *e)
{
	const char *slash = strrchr(w->path, '/');
	struct text header, block;
	struct timespec now;
	int rc = make_id(w->info, e), rc2;

	clock_gettime(CLOCK_REALTIME, &now);
	text_begin(&header);
	put(&header, "WARC/1.1\r\nWARC-Type: warcinfo\r\nWARC-Record-ID: %s\r\n", w->info);
	put_date(&header, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
	put(&header, "WARC-Filename: ");
	put_string(&header, slash ? slash + 1 : w->path);
	put(&header, "\r\nContent-Type: application/warc-fields\r\n");
	text_begin(&block);
	put(&block, "%s", info_text);
	if (s->snapshot) {
		put(&block, "isPartOf: ");
		put_string(&block, s->snapshot);
		put(&block, "\r\n");
	}
	if (s->user_agent) {
		put(&block, "http-header-user-agent: ");
		put_string(&block, s->user_agent);
		put(&block, "\r\n");
	}
	rc2 = text_end(&header, e);
	rc = rc ? rc : rc2;
	rc2 = text_end(&block, e);
	rc = rc ? rc : rc2;
	rc = rc ? rc : put_record(w, &header, &block, NULL, 0, e);
	free(header.s);
	free(block.s);
	return rc;
}

/* A URI that can stand in a header line, without a password in it. */
static int is_uri(const char *uri)
{
	const char *host = strstr(uri, "://");
	size_t n = strlen(uri);

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)uri[i] <= 0x20 || uri[i] == 0x7F)
			return 0;
	return n > 0 && n <= WARC_URI_MAX && !(host && memchr(host + 3, '@', strcspn(host + 3, "/?#")));
}

static int is_note(const char *s)
{
	size_t n = s ? strlen(s) : 0;

	for (size_t i = 0; i < n; i++)
		if (s[i] < 0x20 || s[i] > 0x7E)
			return 0;
	return n <= WARC_NOTE_MAX;
}

static void put_field(struct text *t, const char *name, const char *value)
{
	if (value && *value)
		put(t, "%s: %s", name, value);
}

int warc_append(struct warc *w, const struct warc_exchange *x, struct err *e)
{
	struct text header, head = { 0 };
	const char *protocol = NULL;
	char id[64];
	int rc, rc2;

	if (!is_uri(x->uri) || !is_note(x->note) || x->nbody > WARC_BODY_MAX || x->date_ms < 0 ||
	    x->date_ms >= DATE_END)
		return err_set(e, E_BUG, "the URI, date or size of a reply does not fit the archive '%s'", w->path);
	rc = warc_http_block(x, &head.s, &head.n, &protocol, e);
	rc = rc ? rc : make_id(id, e);
	if (rc) {
		free(head.s);
		return rc;
	}
	text_begin(&header);
	put(&header, "WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: %s\r\nWARC-Warcinfo-ID: %s\r\n", id, w->info);
	put_date(&header, x->date_ms);
	put(&header, "WARC-Target-URI: ");
	put_string(&header, x->uri);
	put_field(&header, "\r\nWARC-Protocol", protocol);
	put_field(&header, "\r\nWARC-Truncated", x->truncated);
	put_field(&header, "\r\nHubcensus-Note", x->note);
	put(&header, "\r\nContent-Type: application/http;msgtype=response\r\n");
	rc2 = text_end(&header, e);
	rc = rc2 ? rc2 : put_record(w, &header, &head, x->body, x->nbody, e);
	free(header.s);
	free(head.s);
	w->count += !rc;
	return rc;
}

int64_t warc_count(const struct warc *w)
{
	return w->count;
}

int64_t warc_nbytes(const struct warc *w)
{
	return gzip_writer_nbytes(w->gz);
}

/* ---- The file */

static int begin_file(struct warc *w, const char *path, const struct warc_setup *s, struct err *e)
{
	int rc;

	if (snprintf(w->path, sizeof w->path, "%s", path) >= (int)sizeof w->path)
		return err_set(e, E_USAGE, "the path '%.60s...' is too long", path);
	snprintf(w->tmp, sizeof w->tmp, "%s.tmp", w->path);
	w->fd = open(w->tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (w->fd < 0)
		return err_sys(e, errno, "cannot write '%s'", w->tmp);
	rc = gzip_writer_create(&w->gz, w->fd, w->tmp, LEVEL, e);
	return rc ? rc : put_info(w, s, e);
}

int warc_create(struct warc **w, const char *path, const struct warc_setup *s, struct err *e)
{
	int rc;

	*w = calloc(1, sizeof **w);
	if (!*w)
		return err_set(e, E_NOMEM, "no memory to archive replies");
	(*w)->fd = -1;
	rc = begin_file(*w, path, s, e);
	if (rc) {
		warc_free(*w);
		*w = NULL;
	}
	return rc;
}

int warc_seal(struct warc *w, struct err *e)
{
	char *slash = strrchr(w->path, '/');
	int bad;

	if (w->is_broken || w->fd < 0)
		return err_set(e, E_IO, "cannot seal '%s' after the error before", w->path);
	bad = sync_fd(w->fd);
	if (close(w->fd) && !bad)
		bad = errno;
	w->fd = -1;
	if (!bad && rename(w->tmp, w->path))
		bad = errno;
	if (bad)
		return err_sys(e, bad, "cannot write '%s'; free some space, then run the same command again", w->path);
	w->is_sealed = 1;
	if (slash)
		slash[slash == w->path] = '\0'; /* the path is not needed any more, but for its folder */
	return snapshot_sync_dir(slash ? w->path : ".", e);
}

void warc_free(struct warc *w)
{
	if (w && w->tmp[0] && !w->is_sealed)
		unlink(w->tmp);
	warc_leave(w);
}

void warc_leave(struct warc *w)
{
	if (!w)
		return;
	if (w->fd >= 0)
		close(w->fd);
	gzip_writer_free(w->gz);
	free(w);
}
