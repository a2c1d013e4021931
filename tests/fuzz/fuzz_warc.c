// SPDX-License-Identifier: Apache-2.0
/* The WARC reader on any file, and the filter of header lines on any reply. Aborts where a promise is broken. */
#include "io/warc.h"

#include <stdlib.h>
#include <string.h>

#include "io/lines.h"

#define BODY_MAX 100000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(int cond)
{
	if (!cond)
		abort();
}

static void check_record(const struct warc_record *x)
{
	const char *v;
	size_t pos = 0, nv;
	unsigned sum = 0;

	for (size_t i = 0; i < x->nbody + 64; i++) /* JS_PADDING */
		sum += (unsigned char)x->body[i];
	require(sum < 1u << 31 && strlen(x->uri) < WARC_HEAD_MAX);
	if (x->type != WARC_RESPONSE) {
		require(x->nhead == 0 && x->status == 0);
		return;
	}
	require(x->status >= 100 && x->status <= 999 && x->uri[0] && x->nbody <= BODY_MAX && x->nhead <= WARC_HTTP_MAX);
	while (warc_header(x, "link", &pos, &v, &nv))
		require(v >= x->head && v + nv <= x->head + x->nhead);
}

static void read_archive(const uint8_t *data, size_t n)
{
	struct err e = ERR_INIT;
	const struct warc_record *x;
	struct warc_reader *r;

	if (warc_open_memory(&r, data, n, "fuzz", BODY_MAX, &e))
		return;
	while (!warc_next(r, &x, &e) && x)
		check_record(x);
	require(e.code == E_OK || e.code == E_FORMAT);
	warc_reader_free(r);
}

static void filter(const uint8_t *data, size_t n)
{
	struct warc_exchange x = { .head = (const char *)data, .nhead = n };
	struct err e = ERR_INIT;
	char *block;
	const char *p, *end;
	size_t nblock;

	if (warc_http_block(&x, &block, &nblock, NULL, &e))
		return;
	require(nblock <= WARC_HTTP_MAX && lines_length(block, nblock) == nblock);
	for (p = block, end = block + nblock; p < end;) {
		struct view line = line_take(&p, end), name, value;

		require(!memchr(line.s, '\r', line.n) && !memchr(line.s, '\0', line.n));
		if (line_split(line, &name, &value))
			require(!line_is(name, "Set-Cookie") && !line_is(name, "Cookie") &&
				!line_is(name, "Authorization") && !line_is(name, "Proxy-Authorization") &&
				!line_is(name, "Content-Encoding"));
	}
	free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	read_archive(data, n);
	filter(data, n);
	return 0;
}
