// SPDX-License-Identifier: Apache-2.0
/* The stand-in Hub's parts, without HTTP: bijections, counters, orders, cursors, quotas, faults, times. */
#include <stdlib.h>
#include <string.h>

#include "tests/hub/cursor.h"
#include "tests/hub/fault.h"
#include "tests/hub/population.h"
#include "tests/hub/quota.h"
#include "tests/hub/when.h"
#include "tests/tap.h"

static void test_perm(void)
{
	static const uint64_t sizes[] = { 1, 2, 3, 4, 5, 17, 1000, 4097, 65536 };
	for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
		struct perm p;
		uint64_t n = sizes[k], bad = 0;
		perm_init(&p, n, 7 + k);
		for (uint64_t i = 0; i < n; i++) {
			uint64_t r = perm_apply(&p, i);
			bad += r >= n || perm_invert(&p, r) != i;
		}
		ok(bad == 0, "a bijection of %llu", (unsigned long long)n);
	}
}

static void test_ladder(void)
{
	static const uint64_t sizes[] = { 1, 3, 7, 100, 799, 800, 20000 };
	for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
		struct ladder l;
		uint64_t up = 0;
		ladder_init(&l, sizes[k], 40, 0.8, 0.72);
		ladder_tune(&l, 0.496, NULL, NULL);
		for (uint64_t r = 1; r < sizes[k]; r++)
			up += ladder_at(&l, (double)r) > ladder_at(&l, (double)r - 1) * (1 + 1e-12);
		ok(up == 0, "%llu counters never rise with the rank", (unsigned long long)sizes[k]);
	}
}

static void order_of(const struct synth *s, enum kind kind)
{
	uint64_t n = s->kind[kind].n, bad = 0, unsorted = 0;
	char last[OID_TEXT] = "", oid[OID_TEXT];
	for (enum sort q = SORT_TRENDING; q < NSORT; q++)
		for (uint64_t i = 0; i < n && q != SORT_CREATED; i++) {
			bad += synth_at(s, kind, q, synth_pos(s, kind, q, i)) != i;
			unsorted += i > 0 && synth_key(s, kind, q, i) > synth_key(s, kind, q, i - 1);
		}
	ok(bad == 0, "%s: row and rank are inverse in every order", kind_name[kind]);
	ok(unsorted == 0, "%s: keys never rise with the rank", kind_name[kind]);
	for (uint64_t i = unsorted = 0; i < n; i++) {
		synth_oid(s, kind, i, oid);
		unsorted += strcmp(last, oid) >= 0;
		memcpy(last, oid, sizeof last);
	}
	ok(unsorted == 0, "%s: _id strictly rises", kind_name[kind]);
}

static void draw(const struct synth *s, uint64_t i, struct row *row, struct row_space *space)
{
	struct ranks ranks;
	synth_ranks(s, MODELS, &i, 1, true, &ranks);
	synth_row(s, MODELS, i, &ranks, row, space);
}

/* Several at once are what each is by itself, in any order and number. */
static void ranks_of(const struct synth *s, enum kind kind)
{
	uint64_t n = s->kind[kind].n, bad = 0;
	for (uint64_t from = 0; from < n; from += 97) {
		struct ranks ranks[SYNTH_RUN];
		uint64_t i[SYNTH_RUN], count = 1 + from % SYNTH_RUN;
		for (uint64_t k = 0; k < count; k++)
			i[k] = (from + k * 31) % n;
		synth_ranks(s, kind, i, count, true, ranks);
		for (uint64_t k = 0; k < count; k++)
			bad += ranks[k].downloads != synth_pos(s, kind, SORT_DOWNLOADS, i[k]) ||
			       ranks[k].likes != synth_pos(s, kind, SORT_LIKES, i[k]) ||
			       ranks[k].trending != synth_pos(s, kind, SORT_TRENDING, i[k]) ||
			       ranks[k].modified != synth_pos(s, kind, SORT_MODIFIED, i[k]);
	}
	ok(bad == 0, "%s: the ranks of several rows at once", kind_name[kind]);
}

static void test_synth(void)
{
	struct synth *s = malloc(sizeof *s);
	struct row_space *space = malloc(sizeof *space);
	struct synth_opts o = {
		.n = { 30000, 5000, 3001 }, .users = 9000, .seed = 3, .until = 1795305600, .all_time = true
	};
	uint64_t lost = 0, early = 0, found, i;
	struct row row;
	synth_init(s, &o);
	for (enum kind k = MODELS; k < NKIND; k++)
		order_of(s, k);
	for (enum kind k = MODELS; k < NKIND; k++)
		ranks_of(s, k);
	for (i = 0; i < 30000; i += 7) {
		draw(s, i, &row, space);
		lost += synth_find(s, MODELS, row.id, &found) != 1 || found != i;
		early += row.modified < row.created || row.all_time < row.downloads || row.created > o.until;
	}
	ok(lost == 0, "an id leads to its row");
	ok(early == 0, "no repository is changed before it is made, none has more downloads lately than ever");
	draw(s, 29999, &row, space);
	ok(row.created == o.until, "the newest row is of --until");
	free(space);
	free(s);
}

static void test_cursor(void)
{
	static const struct {
		const char *text;
		enum sort sort;
		int rc;
	} cases[] = {
		{ "eyJfaWQiOnsiJGx0IjoiNmEwZTMxNDFmMjdlNGU0NGU5OTlhMjhhIn19", SORT_CREATED, 0 },
		{ "eyJfaWQiOnsiJGd0IjoiNjIxZmZkYzAwMDAwMDAwMDAwMDAwMDAwIn19", SORT_CREATED, 0 },
		{ "eyJfaWQiOnsiJGd0IjoiNjIxZmZkYzAwMDAwMDAwMDAwMDAwMDAwIn19", SORT_LIKES, -1 },
		{ "", SORT_CREATED, -1 },
		{ "=", SORT_CREATED, -1 },
		{ "e30=", SORT_CREATED, -1 },
		{ "W10", SORT_CREATED, -1 },
		{ "bnVsbA==", SORT_DOWNLOADS, -1 },
		{ "!!!!", SORT_CREATED, -1 },
	};
	struct start s;
	for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
		ok(cursor_parse(cases[k].text, cases[k].sort, &s) == cases[k].rc, "cursor %zu", k);
	for (enum sort q = SORT_TRENDING; q < NSORT; q++) {
		struct row row = { .downloads = 12, .likes = 3, .trending = 0.2, .modified = 1700000000 };
		struct buf b;
		buf_init(&b);
		memcpy(row.oid, "621ffdc036468d709f17434d", OID_TEXT);
		cursor_write(&b, q, true, &row);
		bool same = cursor_parse(buf_cstr(&b), q, &s) == 0 && s.any && s.above && !strcmp(s.oid, row.oid) &&
			    (q == SORT_CREATED || !(s.key < row_key(&row, q) || s.key > row_key(&row, q)));
		ok(same, "what is written for %s can be read", sort_name[q]);
		for (size_t n = b.n; n-- > 0;) { /* cut short at every byte: refused or another cursor, never a crash */
			b.p[n] = 0;
			cursor_parse(b.p, q, &s);
		}
		buf_release(&b);
	}
}

static void test_quota(void)
{
	struct quota q;
	struct quota_use u = { 0 };
	static const char *const bad[] = { "", "x", "5", "5/", "5/0", "5/-1", "/3", "5/3x", "-1/3" };
	for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
		ok(quota_parse(&q, bad[k]) != 0, "no quota: '%s'", bad[k]);
	ok(quota_parse(&q, "0") == 0 && q.q == 0, "no limit");
	ok(quota_parse(&q, "2/1.5") == 0 && q.q == 2, "2 per 1.5 s");
	struct quota_state a = quota_take(&q, &u, 10), b = quota_take(&q, &u, 10.2), c = quota_take(&q, &u, 11.4),
			   d = quota_take(&q, &u, 11.5);
	ok(a.allowed && a.r == 1 && a.t == 2 && a.w == 2 && a.q == 2, "the first");
	ok(b.allowed && b.r == 0, "the last");
	ok(!c.allowed && c.r == 0 && c.t == 1, "one too many");
	ok(d.allowed && d.r == 1, "the next window");
}

static void test_fault(void)
{
	struct fault_plan p = { .seed = 1 };
	char text[128];
	static const char *const bad[] = { "",        "505",         "504@",       "504@3",  "504@101%",
					   "504@-1%", "504@every:0", "504@every:", "hide@x%" };
	for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
		ok(fault_parse(&p, bad[k], text, sizeof text) != 0, "no fault: '%s'", bad[k]);
	ok(!fault_parse(&p, "504@every:3", text, sizeof text) && !fault_parse(&p, "reset@25%", text, sizeof text),
	   "two faults");
	int n504 = 0, nreset = 0;
	for (uint64_t n = 1; n <= 3000; n++) {
		n504 += fault_hits(&p, FAULT_504, n);
		nreset += fault_hits(&p, FAULT_RESET, n);
	}
	ok(n504 == 1000, "every third");
	ok(nreset > 600 && nreset < 900, "a quarter: %d of 3000", nreset);
	ok(!fault_hits(&p, FAULT_STALL, 1), "not asked for");
}

static void test_when(void)
{
	char text[WHEN_TEXT];
	int64_t s;
	int ms;
	ok(when_parse("2022-03-02T23:29:04.000Z", &s, &ms) && s == 0x621ffdc0 && ms == 0, "the lump");
	when_text(0x621ffdd2, text);
	ok(!strcmp(text, "2022-03-02T23:29:22.000Z"), "%s", text);
	when_text(-1, text);
	ok(!strcmp(text, "1969-12-31T23:59:59.000Z"), "%s", text);
	ok(!when_parse("2022-13-01", &s, NULL) && !when_parse("2022-03-02T", &s, NULL) && !when_parse("", &s, NULL),
	   "no times");
}

int main(void)
{
	test_perm();
	test_ladder();
	test_synth();
	test_cursor();
	test_quota();
	test_fault();
	test_when();
	return plan_done();
}
