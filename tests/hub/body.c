/* SPDX-License-Identifier: Apache-2.0 */
#include "body.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "mix.h"

enum { LANES = 8 };

/* Bodies are large: words at a time, in lanes that do not wait for each other. */
uint64_t body_hash(const struct buf *b)
{
	uint64_t h[LANES] = { 0 }, all = b->n, w;
	size_t i = 0;
	for (; i + 8 * LANES <= b->n; i += 8 * LANES)
		for (size_t k = 0; k < LANES; k++) {
			memcpy(&w, b->p + i + 8 * k, 8);
			h[k] = (h[k] ^ w) * 0x9fb21c651e98df25u;
			h[k] ^= h[k] >> 32;
		}
	for (; i < b->n; i++)
		all = mix_nth(all, (unsigned char)b->p[i]);
	for (size_t k = 0; k < LANES; k++)
		all = mix_nth(all, h[k]);
	return mix64(all);
}

void body_etag(const struct buf *b, uint64_t hash, char out[ETAG_TEXT])
{
	snprintf(out, ETAG_TEXT, "W/\"%zx-%016llx\"", b->n, (unsigned long long)hash);
}

/* Level 1: the Hub's clients wait for the server, not for the wire. */
static bool deflated(struct buf *b)
{
	z_stream z = { 0 };
	if (b->n < 512 || deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	struct buf out;
	buf_init(&out);
	buf_reserve(&out, deflateBound(&z, b->n));
	z.next_in = (unsigned char *)b->p;
	z.avail_in = (uInt)b->n;
	z.next_out = (unsigned char *)out.p;
	z.avail_out = (uInt)out.cap;
	bool ok = deflate(&z, Z_FINISH) == Z_STREAM_END;
	out.n = z.total_out;
	deflateEnd(&z);
	if (!ok) {
		buf_release(&out);
		return false;
	}
	buf_release(b);
	*b = out;
	return true;
}

/* To deflate a page takes ten times as long as to make it. Rows' keys do not have that bit. */
static struct cache_key gzip_key(const struct buf *b, uint64_t hash)
{
	return (struct cache_key){ hash, (uint64_t)1 << 63 | b->n };
}

static void keep_copy(struct cache *c, struct cache_key key, const struct buf *b)
{
	size_t bytes = offsetof(struct block, text) + b->n;
	if (cache_full(c))
		return;
	struct block *block = mem_new(bytes > sizeof *block ? bytes : sizeof *block);
	block->key = key;
	block->at[1] = (uint32_t)b->n;
	memcpy(block->text, b->p, b->n);
	if (!cache_keep(c, block, bytes))
		free(block);
}

bool body_gzip(struct buf *b, uint64_t hash, struct cache *cache)
{
	struct cache_key key = gzip_key(b, hash);
	const struct block *kept = cache_find(cache, key);
	if (kept) {
		b->n = 0;
		buf_add(b, kept->text, kept->at[1]);
		return true;
	}
	if (!deflated(b))
		return false;
	keep_copy(cache, key, b);
	return true;
}
