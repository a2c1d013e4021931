// SPDX-License-Identifier: Apache-2.0
#include "io/utc.h"
#include "io/warc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "io/gz.h"
#include "io/json.h"
#include "io/lines.h"

#define PIECE    (64 << 10)
#define PEEK     4096               /* for a header; what is read beyond the record has to be moved */
#define BODY_TOP ((int64_t)1 << 40) /* so that sums of lengths stay far from their ends */

struct warc_reader {
	struct gzip_reader *gz;
	const char *name;
	int64_t body_max;
	int is_failed, is_cut, is_done;
	int in_plain;      /* inside the one member of a file that is not gzip */
	int member_ended;  /* no bytes follow those in the buffer */
	uint64_t nrecords; /* begun */
	int64_t offset;    /* in the file, of the record or its member */
	char *buf;         /* a record, then what was read beyond it */
	size_t cap, fill;  /* allocated without JS_PADDING; read */
	size_t used;       /* of the record that was given last */
	char *uri;
	struct warc_record x;
};

/* The record's own header: views into the buffer. */
struct fields {
	struct view type, uri, date, content_type, note;
	int64_t length; /* -1: none */
	int is_truncated;
};

static struct warc_reader *reader_new(const char *name, int64_t body_max, struct err *e)
{
	struct warc_reader *r = calloc(1, sizeof *r);

	if (!r) {
		err_set(e, E_NOMEM, "no memory to read '%s'", name);
		return NULL;
	}
	r->name = name;
	r->body_max = body_max <= 0 ? WARC_BODY_MAX : body_max < BODY_TOP ? body_max : BODY_TOP;
	return r;
}

/* More than any record that is read. */
static int64_t member_max(const struct warc_reader *r)
{
	return r->body_max + WARC_HTTP_MAX + WARC_HEAD_MAX + PIECE;
}

static int opened(struct warc_reader **r, int rc)
{
	if (rc) {
		warc_reader_free(*r);
		*r = NULL;
	}
	return rc;
}

int warc_open(struct warc_reader **r, const char *path, int64_t body_max, struct err *e)
{
	*r = reader_new(path, body_max, e);
	return *r ? opened(r, gzip_reader_open(&(*r)->gz, path, member_max(*r), e)) : E_NOMEM;
}

int warc_open_memory(struct warc_reader **r, const void *x, size_t n, const char *name, int64_t body_max, struct err *e)
{
	*r = reader_new(name, body_max, e);
	return *r ? opened(r, gzip_reader_memory(&(*r)->gz, x, n, name, member_max(*r), e)) : E_NOMEM;
}

void warc_reader_free(struct warc_reader *r)
{
	if (!r)
		return;
	gzip_reader_free(r->gz);
	free(r->buf);
	free(r->uri);
	free(r);
}

static int refuse(struct warc_reader *r, const char *why, struct err *e)
{
	return err_set(e, E_FORMAT, "'%s', record %" PRIu64 " at byte %" PRId64 ": %s; what is before it is good",
		       r->name, r->nrecords, r->offset, why);
}

/* ---- Bytes */

static int reserve(struct warc_reader *r, size_t n, struct err *e)
{
	size_t cap = r->cap ? r->cap : PIECE;
	char *p;

	if (n <= r->cap)
		return E_OK;
	while (cap < n)
		cap *= 2;
	p = realloc(r->buf, cap + JS_PADDING);
	if (!p)
		return err_set(e, E_NOMEM, "no memory to read '%s'", r->name);
	/* What is behind a record is looked at by who reads ahead. */
	memset(p + r->cap, 0, cap + JS_PADDING - r->cap);
	r->buf = p;
	r->cap = cap;
	return E_OK;
}

/* Read until n bytes are there, or the member has ended; in pieces, for n is what a stranger announces. */
static int want(struct warc_reader *r, size_t n, struct err *e)
{
	int rc = E_OK;

	while (!rc && r->fill < n && !r->member_ended) {
		size_t piece = n - r->fill < PIECE ? n - r->fill : PIECE, got = 0;

		rc = reserve(r, r->fill + piece, e);
		if (!rc)
			rc = gzip_reader_take(r->gz, r->buf + r->fill, piece, &got, e);
		r->fill += got;
		r->member_ended = got < piece;
	}
	return rc;
}

/* Drop the record given last, and have a byte of the next one. *more = 0: there is none. */
static int go_to_next(struct warc_reader *r, int *more, struct err *e)
{
	int rc = E_OK;

	r->offset += (int64_t)r->used;
	r->fill -= r->used;
	if (r->fill > 0)
		memmove(r->buf, r->buf + r->used, r->fill);
	r->used = 0;
	if (r->in_plain) {
		rc = want(r, 1, e);
		*more = r->fill > 0;
		return rc;
	}
	do {
		rc = gzip_reader_next(r->gz, more, e);
		r->offset = gzip_reader_offset(r->gz);
		r->member_ended = 0;
		r->fill = 0;
		if (!rc && *more)
			rc = want(r, 1, e);
	} while (!rc && *more && r->fill == 0 && !gzip_reader_was_cut(r->gz)); /* members of no bytes are skipped */
	r->in_plain = gzip_reader_is_plain(r->gz);
	return rc;
}

/* ---- The record's own header */

static int take_length(struct view v, int64_t *length)
{
	int64_t x = 0;

	if (v.n == 0 || v.n > 18)
		return -1;
	for (size_t i = 0; i < v.n; i++) {
		if (v.s[i] < '0' || v.s[i] > '9')
			return -1;
		x = x * 10 + (v.s[i] - '0');
	}
	if (*length >= 0 && *length != x)
		return -1;
	*length = x;
	return 0;
}

/* Returns NULL, or what is wrong. */
static const char *parse_fields(const char *p, size_t n, struct fields *f)
{
	const char *end = p + n;
	struct view line = line_take(&p, end), name, value;

	*f = (struct fields){ .length = -1 };
	if (!line_is(line, "WARC/1.0") && !line_is(line, "WARC/1.1"))
		return "it is not WARC 1.0 or 1.1";
	while (p < end) {
		line = line_take(&p, end);
		if (!line_split(line, &name, &value))
			continue; /* a fold, the blank line, or nothing that anybody could use */
		if (line_is(name, "WARC-Type"))
			f->type = value;
		else if (line_is(name, "WARC-Target-URI"))
			f->uri = value;
		else if (line_is(name, "WARC-Date"))
			f->date = value;
		else if (line_is(name, "Content-Type"))
			f->content_type = value;
		else if (line_is(name, "Hubcensus-Note"))
			f->note = value;
		else if (line_is(name, "WARC-Truncated") || line_is(name, "WARC-Segment-Number"))
			f->is_truncated = 1;
		else if (line_is(name, "Content-Length") && take_length(value, &f->length))
			return "its Content-Length is no number, or two";
	}
	return f->length < 0 ? "it has no Content-Length" : NULL;
}

/* 2026-11-22T01:02:03.456789Z in ms since 1970. */
static int take_date(struct view v, int64_t *ms)
{
	const char *dot = v.n ? memchr(v.s, '.', v.n) : NULL;
	int64_t s, scale = 100;

	if (v.n == 0 || utc_parse(v.s, v.n, &s))
		return -1;
	*ms = s * 1000;
	for (; dot && ++dot < v.s + v.n && *dot >= '0' && *dot <= '9'; scale /= 10)
		*ms += scale * (*dot - '0');
	return 0;
}

/* A copy, for it is given as a string; writers of WARC 1.0 put it into <>. */
static int take_uri(struct warc_reader *r, struct view v, struct err *e)
{
	if (v.n >= 2 && v.s[0] == '<' && v.s[v.n - 1] == '>')
		v = (struct view){ v.s + 1, v.n - 2 };
	for (size_t i = 0; i < v.n; i++)
		if ((unsigned char)v.s[i] < 0x20 || v.s[i] == 0x7F)
			return refuse(r, "its URI holds control characters", e);
	free(r->uri);
	r->uri = strndup(v.n ? v.s : "", v.n);
	r->x.uri = r->uri;
	return r->uri ? E_OK : err_set(e, E_NOMEM, "no memory to read '%s'", r->name);
}

/* Find the end of the header. *n = 0: the file ends in it. */
static int take_header(struct warc_reader *r, size_t *n, struct err *e)
{
	static const char magic[] = "WARC/1.";
	size_t peek = PEEK;
	int rc;

	*n = 0;
	do {
		rc = want(r, peek, e);
		if (rc)
			return rc;
		if (memcmp(r->buf, magic, r->fill < 7 ? r->fill : 7) != 0)
			return refuse(r, "it is not WARC 1.0 or 1.1", e);
		*n = lines_length(r->buf, r->fill);
		peek *= 2;
	} while (*n == 0 && !r->member_ended && peek <= WARC_HEAD_MAX);
	if (*n == 0 && !r->member_ended)
		return refuse(r, "its header is too long", e);
	if (*n == 0 && !r->in_plain && !gzip_reader_was_cut(r->gz))
		return refuse(r, "its header has no end", e);
	return E_OK;
}

/* ---- Its block */

/* Status, header and body out of a response's block. */
static int take_response(struct warc_reader *r, const char *block, size_t n, struct err *e)
{
	static const char *const coding[] = { "Content-Encoding", "Transfer-Encoding" };
	size_t nhead = lines_length(block, n < WARC_HTTP_MAX ? n : WARC_HTTP_MAX), nvalue;
	const char *p = block, *value;
	struct view version, reason;

	if (nhead == 0 || !line_split_status(line_take(&p, block + nhead), &version, &r->x.status, &reason))
		return refuse(r, "its HTTP header has no status line, no end, or is too long", e);
	if (r->x.uri[0] == '\0')
		return refuse(r, "it is a response without a URI", e);
	if ((int64_t)(n - nhead) > r->body_max)
		return refuse(r, "its body is too long", e);
	r->x.head = block;
	r->x.nhead = nhead;
	r->x.body = block + nhead;
	r->x.nbody = n - nhead;
	for (size_t i = 0; i < sizeof coding / sizeof *coding; i++)
		for (size_t pos = 0; warc_header(&r->x, coding[i], &pos, &value, &nvalue);)
			r->x.is_encoded |= !line_is((struct view){ value, nvalue }, "identity");
	return E_OK;
}

static int take_block(struct warc_reader *r, const struct fields *f, const char *block, struct err *e)
{
	static const char http[] = "application/http";
	size_t n = (size_t)f->length;
	int rc;

	r->x = (struct warc_record){ .head = "", .body = block, .nbody = n, .is_truncated = f->is_truncated };
	r->x.note = f->note.n ? f->note.s : "";
	r->x.nnote = f->note.n;
	if (take_date(f->date, &r->x.date_ms))
		return refuse(r, "it has no date", e);
	rc = take_uri(r, f->uri, e);
	if (rc)
		return rc;
	if (line_is(f->type, "warcinfo"))
		r->x.type = WARC_INFO;
	if (!line_is(f->type, "response") || f->content_type.n < sizeof http - 1 ||
	    strncasecmp(f->content_type.s, http, sizeof http - 1) != 0)
		return E_OK;
	r->x.type = WARC_RESPONSE;
	return take_response(r, block, n, e);
}

/* The record at the start of the buffer. *whole = 0: the file ends in it. */
static int read_record(struct warc_reader *r, int *whole, struct err *e)
{
	const char *why;
	struct fields f;
	size_t nheader, n;
	int rc = take_header(r, &nheader, e);

	*whole = 0;
	if (rc || nheader == 0)
		return rc;
	why = parse_fields(r->buf, nheader, &f);
	if (!why && f.length > WARC_HTTP_MAX + r->body_max)
		why = "its Content-Length is beyond what is read";
	if (why)
		return refuse(r, why, e);
	n = nheader + (size_t)f.length + 4;
	/* One byte more makes zlib see the end of the member, and check it. */
	rc = want(r, r->in_plain ? n : n + 1, e);
	if (rc || gzip_reader_was_cut(r->gz) || (r->in_plain && r->fill < n))
		return rc;
	if (r->fill < n || memcmp(r->buf + n - 4, "\r\n\r\n", 4) != 0)
		return refuse(r, "it does not end where its Content-Length says", e);
	if (!r->in_plain && r->fill > n)
		return refuse(r, "its gzip member holds more than one record; `warcio recompress` mends that", e);
	*whole = 1;
	r->used = n;
	parse_fields(r->buf, nheader, &f); /* again: the buffer may have moved */
	return take_block(r, &f, r->buf + nheader, e);
}

int warc_next(struct warc_reader *r, const struct warc_record **x, struct err *e)
{
	int more = 0, whole = 0, rc;

	*x = NULL;
	if (r->is_failed)
		return err_set(e, E_FORMAT, "'%s' cannot be read any further", r->name);
	if (r->is_done)
		return E_OK;
	r->nrecords++;
	rc = go_to_next(r, &more, e);
	if (!rc && more && r->fill > 0)
		rc = read_record(r, &whole, e);
	r->is_failed = rc != E_OK;
	r->is_done = !rc && !whole;
	r->is_cut = r->is_done && (more || r->nrecords == 1);
	if (!rc && whole)
		*x = &r->x;
	return rc;
}

int warc_was_cut(const struct warc_reader *r)
{
	return r->is_cut;
}

int warc_header(const struct warc_record *x, const char *name, size_t *pos, const char **value, size_t *n)
{
	const char *p = x->head + *pos, *end = x->head + x->nhead;
	struct view key, v;

	while (p < end) {
		int found = line_split(line_take(&p, end), &key, &v) && line_is(key, name);

		*pos = (size_t)(p - x->head);
		if (!found)
			continue;
		*value = v.s;
		*n = v.n;
		return 1;
	}
	return 0;
}
