// SPDX-License-Identifier: Apache-2.0
#include "crawler/buffer.h"

#include <string.h>

#include "crawler/page_label.h"

/* Whatever the page brings behind which a shard is sealed, the shard can be read again. */
_Static_assert(SHARD_REFUSALS_FULL + PAGE_RECORDS_MAX * PAGE_REFUSALS_MAX <= SHARD_REFUSALS_MAX, "too many refusals");

/* Room for the rows of a shard at once: memory that is not touched costs nothing, growing copies. */
#define ROWS_AHEAD (1 << 16)

void buffer_init(struct buffer *b, const char *dir, const char *snapshot, int rank, int64_t session,
		 const int64_t seq[NKINDS])
{
	memset(b, 0, sizeof *b);
	b->dir = dir;
	for (int k = 0; k < NKINDS; k++) {
		shard_init(b->shard + k, (enum kind)k, snapshot, rank, session);
		b->shard[k].seq = seq[k];
		b->oldest[k] = -1;
		(void)table_reserve(&b->shard[k].rows, ROWS_AHEAD); /* a row that finds no room says so */
	}
}

void buffer_release(struct buffer *b)
{
	for (int k = 0; k < NKINDS; k++)
		shard_release(b->shard + k);
}

void buffer_count(struct buffer *b, enum kind k, enum counter c, int64_t n)
{
	b->shard[k].counter[c] += n;
}

void buffer_sums(const struct buffer *b, int64_t counter[NCOUNTERS], int64_t kind_rows[NKINDS])
{
	memset(counter, 0, NCOUNTERS * sizeof *counter);
	for (int k = 0; k < NKINDS; k++) {
		for (int c = 0; c < NCOUNTERS; c++)
			counter[c] += b->total[k][c] + b->shard[k].counter[c];
		kind_rows[k] = b->total[k][CNT_ROWS] + b->shard[k].counter[CNT_ROWS];
	}
}

void buffer_add_reply(int64_t counter[NCOUNTERS], const struct fetch_reply *r)
{
	static const enum counter by_class[] = { CNT_NO_REPLY, CNT_NO_REPLY,     CNT_OK,
						 CNT_REDIRECT, CNT_CLIENT_ERROR, CNT_SERVER_ERROR };
	int class = r->status / 100;

	counter[r->status == 429 ? CNT_TOO_MANY : class < 6 ? by_class[class] : CNT_SERVER_ERROR]++;
	counter[CNT_BYTES_WIRE] += r->wire;
	counter[CNT_BYTES] += (int64_t)r->nbody;
}

void buffer_count_reply(struct buffer *b, enum kind k, const struct fetch_reply *r)
{
	buffer_add_reply(b->shard[k].counter, r);
}

void buffer_count_page(struct buffer *b, enum kind k, const struct page_result *r)
{
	buffer_count(b, k, CNT_PAGES, 1);
	buffer_count(b, k, CNT_ROWS, r->rows);
	buffer_count(b, k, CNT_ROWS_OUTSIDE, r->outside);
	buffer_count(b, k, CNT_DUPLICATES, r->duplicates);
	buffer_count(b, k, CNT_REFUSED, r->refused);
	buffer_count(b, k, CNT_FIELDS_REFUSED, r->fields_refused);
	buffer_count(b, k, CNT_LABELS_CUT, r->labels_cut);
}

static int seal(struct buffer *b, enum kind k, struct err *e)
{
	struct shard *s = b->shard + k;

	b->oldest[k] = -1;
	if (shard_is_empty(s))
		return E_OK;
	if (archive_seal(b->archive, e))
		return e->code;
	if (shard_seal(s, b->dir, e))
		return e->code;
	for (int c = 0; c < NCOUNTERS; c++)
		b->total[k][c] += s->counter[c];
	shard_clear(s);
	(void)table_reserve(&s->rows, ROWS_AHEAD);
	return E_OK;
}

int buffer_seal_all(struct buffer *b, struct err *e)
{
	int rc = E_OK;

	for (int k = 0; k < NKINDS && !rc; k++)
		rc = seal(b, (enum kind)k, e);
	return rc;
}

int buffer_seal_due(struct buffer *b, int64_t now, struct err *e)
{
	int rc = E_OK;

	for (int k = 0; k < NKINDS && !rc; k++) {
		const struct shard *s = b->shard + k;

		if (b->oldest[k] < 0 && !shard_is_empty(s))
			b->oldest[k] = now;
		if (s->rows.n >= (uint64_t)b->seal_rows || shard_is_full(s) ||
		    (b->oldest[k] >= 0 && now - b->oldest[k] >= b->seal_ms))
			rc = seal(b, (enum kind)k, e);
	}
	return rc;
}
