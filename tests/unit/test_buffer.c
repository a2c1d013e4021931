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

int main(void)
{
	char cmd[128];

	if (!mkdtemp(dir))
		return 1;
	count_shards();
	snprintf(cmd, sizeof cmd, "rm -rf '%s'", dir);
	return system(cmd) || plan_done();
}
