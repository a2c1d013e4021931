// SPDX-License-Identifier: Apache-2.0
/* When what a rank has crawled is sealed, and what is counted then. */
#include "crawler/buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"

#define ID "0123456789abcdef0123456789abcdef"

static char dir[] = "/tmp/hubcensus-test-XXXXXX";

static void begin(struct buffer *b)
{
	static const int64_t seq[NKINDS];
	static int rank;

	buffer_init(b, dir, ID, rank++, 99, seq);
	b->seal_rows = 1000;
	b->seal_ms = 60000;
}

static void add_row(struct shard *s, int64_t i)
{
	table_begin_row(&s->rows);
	table_set_oid(&s->rows, F_OID, oid_at(1000 + i));
	table_set_text(&s->rows, F_ID, "o/n", 3);
	table_end_row(&s->rows);
}

static void count_shards(void)
{
	int64_t sum[NCOUNTERS], rows[NKINDS];
	struct err e = ERR_INIT;
	struct buffer b;

	begin(&b);
	for (int i = 0; i < 3; i++) {
		add_row(b.shard + KIND_SPACES, i);
		ok(!buffer_seal_all(&b, &e) && b.shard[KIND_SPACES].seq == i + 1, "sealed %s", e.text);
	}
	buffer_sums(&b, sum, rows);
	ok(sum[CNT_SHARDS] == 3, "3 shards are %lld", (long long)sum[CNT_SHARDS]);
	b.dir = "/nowhere/at/all";
	add_row(b.shard + KIND_SPACES, 3);
	ok(buffer_seal_all(&b, &e) == E_IO, "%s", e.text);
	buffer_sums(&b, sum, rows);
	ok(sum[CNT_SHARDS] == 3, "one that could not be written is none");
	buffer_release(&b);
}

/* A row with n labels that no other has. */
static void add_labels(struct shard *s, int n)
{
	static int64_t id;

	table_begin_row(&s->rows);
	table_set_oid(&s->rows, F_OID, oid_at(++id));
	for (int i = 0; i < n; i++) {
		char label[32];
		int len = snprintf(label, sizeof label, "%x-%x", (unsigned)id, (unsigned)i);

		table_add_element(&s->rows, F_TAGS, label, (size_t)len);
	}
	table_end_row(&s->rows);
}

/* By rows, by time, by refusals and by what it takes of memory, whatever takes it. */
static void seal_when_due(void)
{
	struct err e = ERR_INIT;
	struct buffer b;
	struct shard *s;
	static char raw[REFUSAL_RAW_MAX];
	int n;

	begin(&b);
	s = b.shard + KIND_MODELS;
	for (n = 0; n < 2000 && s->seq == 0; n++) {
		add_row(s, n);
		buffer_seal_due(&b, 0, &e);
	}
	ok(n == 1000 && shard_is_empty(s), "by rows");
	add_row(s, n);
	buffer_seal_due(&b, 100, &e);
	buffer_seal_due(&b, 60099, &e);
	ok(s->seq == 1, "not before its time");
	buffer_seal_due(&b, 60100, &e);
	ok(s->seq == 2 && shard_is_empty(s), "by time");
	for (n = 0; n < 10000 && s->seq == 2; n++) {
		shard_add_refusal(s, -1, 55, OID_MIN, "", "", 0);
		buffer_seal_due(&b, 0, &e);
	}
	ok(n == SHARD_REFUSALS_FULL && shard_is_empty(s), "by refusals");
	b.seal_rows = INT64_MAX;
	for (n = 0; n < 100 && s->seq == 3; n++) {
		add_labels(s, 100000);
		buffer_seal_due(&b, 0, &e);
	}
	ok(n > 5 && n < 12 && shard_is_empty(s), "by labels, %d x 100,000", n);
	ok(s->rows.col[F_TAGS].code_cap < 1000000, "and what they took is given back");
	while (shard_nbytes(s) < SHARD_NBYTES_FULL / 2)
		add_row(s, n++);
	for (n = 0; n < SHARD_REFUSALS_FULL - 1; n++)
		shard_add_refusal(s, -1, 55, OID_MIN, "", raw, sizeof raw);
	ok(shard_nbytes(s) > SHARD_NBYTES_FULL / 2 + (uint64_t)n * REFUSAL_RAW_MAX, "refusals count, too");
	ok(!buffer_seal_all(&b, &e) && shard_nbytes(s) == 0, "nothing is left %s", e.text);
	buffer_release(&b);
}

int main(void)
{
	char cmd[128];

	if (!mkdtemp(dir))
		return 1;
	count_shards();
	seal_when_due();
	snprintf(cmd, sizeof cmd, "rm -rf '%s'", dir);
	return system(cmd) || plan_done();
}
