// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "io/table.h"
#include "tests/tap.h"

static int put_row(struct table *t, int i)
{
	char id[32], tag[32];

	if (table_begin_row(t))
		return -1;
	snprintf(id, sizeof id, "owner%d/name%d", i % 7, i);
	table_set_oid(t, F_OID, oid_at(1000 + i));
	table_set_i64(t, F_DOWNLOADS, i);
	if (i % 3 == 0)
		table_set_flag(t, F_DISABLED, i & 1);
	if (table_set_text(t, F_ID, id, strlen(id)) || (i % 2 && table_set_label(t, F_AUTHOR, id, strcspn(id, "/"))))
		return -1;
	for (int k = 0; k < i % 5; k++) {
		snprintf(tag, sizeof tag, "tag%d", (i + k) % 11);
		if (table_add_element(t, F_TAGS, tag, strlen(tag)))
			return -1;
	}
	table_end_row(t);
	return 0;
}

static int same_text(const char *a, size_t na, const char *b)
{
	return na == strlen(b) && !memcmp(a, b, na);
}

static int row_holds(const struct table *t, uint64_t row, int i)
{
	char id[32], tag[32];
	size_t len;
	const char *s = texts_get(&t->col[F_ID].str, row, &len);
	const struct column *tags = &t->col[F_TAGS], *author = &t->col[F_AUTHOR];

	snprintf(id, sizeof id, "owner%d/name%d", i % 7, i);
	if (!same_text(s, len, id) || oid_cmp(t->col[F_OID].oid[row], oid_at(1000 + i)) ||
	    t->col[F_DOWNLOADS].i64[row] != i || t->col[F_LIKES].i64[row] != -1 ||
	    t->col[F_DISABLED].flag[row] != (i % 3 ? -1 : i & 1))
		return 0;
	if (i % 2 == 0 && author->code[row] != -1)
		return 0;
	id[strcspn(id, "/")] = '\0';
	if (i % 2) {
		s = dict_get(&author->labels, author->code[row], &len);
		if (!same_text(s, len, id))
			return 0;
	}
	if (tags->off[row + 1] - tags->off[row] != (uint64_t)(i % 5))
		return 0;
	for (int k = 0; k < i % 5; k++) {
		snprintf(tag, sizeof tag, "tag%d", (i + k) % 11);
		s = dict_get(&tags->labels, tags->code[tags->off[row] + (uint64_t)k], &len);
		if (!same_text(s, len, tag))
			return 0;
	}
	return 1;
}

static void appending(const struct table *t)
{
	struct table u;
	int good = 1;

	table_init(&u, KIND_MODELS);
	put_row(&u, 999);
	good &= !table_append(&u, t, 100, 300) && !table_append(&u, t, 0, 1) && !table_append(&u, t, 5, 0);
	ok(good && u.n == 302, "append ranges");
	for (int i = 0; i < 300 && good; i++)
		good = row_holds(&u, (uint64_t)i + 1, 100 + i);
	ok(good && row_holds(&u, 0, 999) && row_holds(&u, 301, 0), "labels are translated");
	table_truncate(&u, 10);
	ok(u.n == 10 && !put_row(&u, 77) && row_holds(&u, 10, 77) && row_holds(&u, 9, 108), "truncate, then go on");
	table_clear(&u);
	ok(u.n == 0 && !put_row(&u, 3) && row_holds(&u, 0, 3), "clear, then go on");
	table_release(&u);
}

/* A hundred thousand texts of every length to 70, whose ends are often the same: each is recalled, and no other. */
static void recalling(void)
{
	static char bytes[64][80 + TEXT_PADDING];
	struct text t[DICT_BATCH];
	struct dict d = { 0 };
	int32_t code[DICT_BATCH], want[DICT_BATCH];
	struct dict_missing missing[DICT_BATCH];
	int good = 1;

	for (int round = 0; round < 3000; round++) {
		size_t absent = 0, nmissing;

		for (int i = 0; i < DICT_BATCH; i++) {
			uint64_t x = ((uint64_t)round * DICT_BATCH + (uint64_t)i) * 0x9E3779B97F4A7C15u >> 44;
			size_t len = x % 71, at = x / 71 % 71;

			memset(bytes[i], 'x', sizeof bytes[i]);
			if (at < len)
				bytes[i][at] = (char)('a' + x % 3);
			bytes[i][len] = (char)x; /* not of the text */
			t[i] = (struct text){ bytes[i], len };
			want[i] = dict_find(&d, t[i].s, len);
			absent += want[i] < 0;
		}
		nmissing = dict_recall_all(&d, t, DICT_BATCH, code, missing);
		good &= nmissing == absent;
		for (size_t k = 0; k < nmissing; k++) {
			const struct text *x = t + missing[k].which;

			good &= want[missing[k].which] == -1;
			good &= !dict_add_hashed(&d, x->s, x->len, missing[k].hash, code + missing[k].which);
			good &= dict_find(&d, x->s, x->len) == code[missing[k].which];
		}
		for (int i = 0; i < DICT_BATCH; i++)
			good &= want[i] < 0 || code[i] == want[i];
		if (round == 1500)
			dict_clear(&d);
	}
	ok(good && d.text.n > 4000, "%llu texts recalled", (unsigned long long)d.text.n);
	dict_release(&d);
}

static void dictionary(void)
{
	static const struct text text[] = { { "7", 1 }, { "no such text", 12 }, { "", 0 }, { "9999", 4 } };
	struct dict d = { 0 };
	char s[16];
	int32_t found[4];
	int good = 1;
	int32_t code;

	ok(dict_find(&d, "a", 1) == -1, "an empty dictionary finds nothing");
	for (int i = 0; i < 20000; i++) {
		snprintf(s, sizeof s, "%d", i % 10000);
		good &= !dict_add(&d, s, strlen(s), &code) && code == i % 10000;
	}
	ok(good && d.text.n == 10000, "codes in order of first use");
	ok(!dict_add(&d, "", 0, &code) && code == 10000 && dict_find(&d, "", 0) == 10000, "the empty text is a text");
	ok(!dict_add(&d, "a\0b", 3, &code) && dict_find(&d, "a", 1) == -1 && dict_find(&d, "a\0b", 3) == code,
	   "NUL is a byte");
	dict_find_all(&d, text, 4, found);
	ok(found[0] == 7 && found[1] == -1 && found[2] == 10000 && found[3] == 9999, "several found at once");
	/* As read from a file: texts without slots. */
	free(d.slot);
	d.slot = NULL;
	d.nslot = 0;
	ok(!dict_add(&d, "9999", 4, &code) && code == 9999, "a dictionary without slots gets them");
	dict_release(&d);
}

int main(void)
{
	struct table t;
	int good = 1;

	table_init(&t, KIND_MODELS);
	for (int i = 0; i < 1000; i++)
		good &= !put_row(&t, i);
	for (int i = 0; i < 1000; i++)
		good &= row_holds(&t, (uint64_t)i, i);
	ok(good, "1,000 rows hold what was put in");
	table_begin_row(&t);
	table_set_text(&t, F_ID, "dropped", 7);
	table_add_element(&t, F_TAGS, "dropped", 7);
	table_truncate(&t, t.n);
	ok(t.n == 1000 && !put_row(&t, 1000) && row_holds(&t, 1000, 1000), "a row that was begun can be dropped");
	ok(table_nbytes(&t) > 100000 && table_nbytes(&t) < 300000, "bytes: %llu", (unsigned long long)table_nbytes(&t));
	appending(&t);
	table_release(&t);
	dictionary();
	recalling();
	return plan_done();
}
