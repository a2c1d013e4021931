// SPDX-License-Identifier: Apache-2.0
#include "crawler/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crawler/page_label.h"
#include "crawler/page_row.h"
#include "crawler/scan.h"
#include "io/json.h"
#include "tests/tap.h"

#define A             "621ffdc00000000000000001"
#define B             "621ffdc00000000000000002"
#define C             "621ffdc00000000000000003"
#define FUTURE        "ffffffff0000000000000000"
#define ROW(id, rest) "{\"_id\":\"" id "\",\"id\":\"o/n\"" rest "}"

static struct page *page;
static struct shard to;
static struct page_result res;

static struct oid oid(const char *hex)
{
	struct oid o = OID_MIN;

	oid_parse(&o, hex, strlen(hex));
	return o;
}

static struct page_ask ask_for(enum hub_order order, const char *lo, const char *hi, unsigned flags)
{
	struct page_ask a = { .window = { KIND_MODELS, order, { oid(lo), oid(hi) } },
			      .flags = flags,
			      .observed = 1700000000 };

	for (unsigned f = 0; f < NFIELDS; f++)
		a.fields |= 1u << f;
	return a;
}

/* Take a page from a block of its own size, so that a sanitizer sees every read behind the padding. */
static int take(const char *text, size_t n, const struct page_ask *ask)
{
	char *copy = malloc(n + JS_PADDING);
	struct err e = ERR_INIT;
	int rc;

	memcpy(copy, text, n);
	memset(copy + n, 0, JS_PADDING);
	shard_clear(&to);
	rc = page_take(page, copy, n, ask, &to, &res, &e);
	free(copy);
	return rc;
}

static int take_all(const char *text, unsigned flags)
{
	struct page_ask a = ask_for(HUB_ASC, "000000000000000000000000", "6fffffffffffffffffffffff", flags);

	return take(text, strlen(text), &a);
}

static void test_order(void)
{
	static const struct {
		const char *text;
		enum hub_order order;
		const char *lo, *hi;
		unsigned flags;
		enum page_verdict verdict;
		int rows, outside, duplicates, beyond;
	} cases[] = {
		{ "[" ROW(A, "") "," ROW(B, "") "]", HUB_ASC, "000000000000000000000000", C, 0, PAGE_TAKEN, 2, 0, 0,
		  0 },
		{ "[" ROW(A, "") "," ROW(B, "") "," ROW(C, "") "]", HUB_ASC, "000000000000000000000000", B, 0,
		  PAGE_TAKEN, 2, 1, 0, 1 },
		{ "[" ROW(A, "") "," ROW(A, "") "," ROW(B, "") "]", HUB_ASC, "000000000000000000000000", C, 0,
		  PAGE_TAKEN, 2, 0, 1, 0 },
		{ "[" ROW(A, "") "," ROW(C, "") "," ROW(A, "") "]", HUB_ASC, "000000000000000000000000", C, 0,
		  PAGE_TAKEN, 2, 0, 1, 0 },
		{ "[" ROW(B, "") "," ROW(A, "") "]", HUB_ASC, "000000000000000000000000", C, 0, PAGE_BROKEN, 0, 0, 0,
		  0 },
		{ "[" ROW(B, "") "," ROW(A, "") "]", HUB_ASC, "000000000000000000000000", C, PAGE_FORCE, PAGE_BROKEN, 2,
		  0, 0, 0 },
		{ "[" ROW(A, "") "," ROW(B, "") "]", HUB_ASC, A, C, 0, PAGE_BROKEN, 0, 0, 0, 0 },
		{ "[" ROW(A, "") "," ROW(B, "") "]", HUB_ASC, A, C, PAGE_FORCE, PAGE_BROKEN, 1, 1, 0, 0 },
		{ "[" ROW(B, "") "," ROW(A, "") "]", HUB_DESC, "000000000000000000000000", C, 0, PAGE_TAKEN, 2, 0, 0,
		  0 },
		{ "[" ROW(C, "") "," ROW(B, "") "," ROW(A, "") "]", HUB_DESC, A, B, 0, PAGE_BROKEN, 0, 0, 0, 0 },
		{ "[" ROW(C, "") "," ROW(B, "") "," ROW(A, "") "]", HUB_DESC, A, B, PAGE_PRECEDES, PAGE_TAKEN, 1, 2, 0,
		  1 },
		{ "[" ROW(A, "") "," ROW(FUTURE, "") "]", HUB_ASC, "000000000000000000000000", C, 0, PAGE_TAKEN, 1, 0,
		  0, 0 },
		{ "[]", HUB_ASC, A, C, 0, PAGE_TAKEN, 0, 0, 0, 0 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct page_ask a = ask_for(cases[i].order, cases[i].lo, cases[i].hi, cases[i].flags);
		int rc = take(cases[i].text, strlen(cases[i].text), &a);

		if (!(cases[i].flags & PAGE_FORCE) && cases[i].verdict != PAGE_TAKEN)
			res.outside = res.is_beyond = 0;
		ok(!rc && res.verdict == cases[i].verdict && res.rows == cases[i].rows &&
			   (int)to.rows.n == cases[i].rows && res.outside == cases[i].outside &&
			   res.duplicates == cases[i].duplicates &&
			   (cases[i].verdict != PAGE_TAKEN || res.is_beyond == cases[i].beyond),
		   "order and bounds %zu: %s", i, res.why);
	}
}

static void test_members(void)
{
	static const struct {
		const char *member;
		int fields_refused;
		enum field f;
		int64_t value;
	} cases[] = {
		{ ",\"downloads\":5", 0, F_DOWNLOADS, 5 },
		{ ",\"downloads\":9223372036854775807", 0, F_DOWNLOADS, INT64_MAX },
		{ ",\"downloads\":9223372036854775808", 1, F_DOWNLOADS, -1 },
		{ ",\"downloads\":-1", 1, F_DOWNLOADS, -1 },
		{ ",\"downloads\":1.5", 1, F_DOWNLOADS, -1 },
		{ ",\"downloads\":\"5\"", 1, F_DOWNLOADS, -1 },
		{ ",\"downloads\":null", 0, F_DOWNLOADS, -1 },
		{ ",\"downloads\":[5]", 1, F_DOWNLOADS, -1 },
		{ ",\"downloads\":1,\"downloads\":2", 0, F_DOWNLOADS, 1 },
		{ ",\"createdAt\":\"2022-03-02T23:29:04.000Z\"", 0, F_CREATED, 1646263744 },
		{ ",\"createdAt\":\"2022-02-30T23:29:04.000Z\"", 1, F_CREATED, -1 },
		{ ",\"safetensors\":{\"total\":7}", 0, F_PARAMETERS, 7 },
		{ ",\"safetensors\":{\"total\":null}", 0, F_PARAMETERS, -1 },
		{ ",\"safetensors\":{}", 0, F_PARAMETERS, -1 },
		{ ",\"safetensors\":7", 1, F_PARAMETERS, -1 },
		{ ",\"baseModels\":7", 2, F_PARAMETERS, -1 },
		{ ",\"unknown\":{\"downloads\":9}", 0, F_DOWNLOADS, -1 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[512];

		snprintf(text, sizeof text, "[{\"_id\":\"" A "\",\"id\":\"o/n\"%s}]", cases[i].member);
		ok(!take_all(text, 0) && res.rows == 1 && res.fields_refused == cases[i].fields_refused &&
			   (int)to.nrefusal == cases[i].fields_refused &&
			   to.rows.col[cases[i].f].i64[0] == cases[i].value,
		   "member %s", cases[i].member + 1);
	}
	take_all("[" ROW(A, ",\"gated\":false,\"disabled\":true,\"tags\":[\"a\",3,\"b\\tc\",\"d\\u0000\"],"
			    "\"baseModels\":{\"relation\":\"merge\","
			    "\"models\":[{\"_id\":\"" B "\"},{\"id\":\"x\"},null]}") "]",
		 0);
	ok(res.rows == 1 && to.rows.col[F_TAGS].off[1] == 2 && to.rows.col[F_BASES].off[1] == 1 &&
		   res.fields_refused == 4,
	   "single elements are refused, the list goes on");
	ok(to.rows.col[F_DISABLED].flag[0] == 1 && dict_find(&to.rows.col[F_GATED].labels, "false", 5) == 0,
	   "a boolean as label and as flag");
}

/* Behind `s`: n times a text, with commas between. */
static char *repeat(char *s, const char *what, int n)
{
	for (int i = 0; i < n; i++)
		s = stpcpy(stpcpy(s, i ? "," : ""), what);
	return s;
}

/* How many refusals of a record there are for a reason. */
static int count_refusals(const char *id, const char *why)
{
	int n = 0;

	for (uint32_t i = 0; i < to.nrefusal; i++)
		n += !oid_cmp(to.refusal[i].oid, oid(id)) && !strcmp(to.refusal[i].why, why);
	return n;
}

/* The first of a record, whatever the records before it were. */
static void test_many_elements(void)
{
	static const char text_why[] = "an element that is not a text", nul_why[] = "a NUL in it";
	enum { MANY = PAGE_LABEL_MAX };
	char *text = malloc(64 * MANY), *s = text;

	if (!text)
		abort();
	s = stpcpy(s, "[{\"_id\":\"" A "\",\"id\":\"o/n\",\"tags\":[");
	s = repeat(s, "1", MANY);
	s = repeat(stpcpy(s, ",\"a\","), "\"\\u0000\"", 10);
	s = repeat(stpcpy(s, ","), "\"b\"", MANY);
	s = repeat(stpcpy(s, ","), "\"c\\u0000\"", 20);
	s = stpcpy(s, "]},{\"_id\":\"" B "\",\"id\":\"o/n\",\"downloads\":-1,\"tags\":[");
	s = repeat(s, "[]", PAGE_REFUSED_MAX);
	s = repeat(stpcpy(s, ","), "\"\\u0000\"", PAGE_REFUSED_MAX);
	stpcpy(s, "]}]");
	ok(!take_all(text, 0) && res.rows == 2 && res.fields_refused == MANY + 30 + 2 * PAGE_REFUSED_MAX + 1,
	   "%lld elements are refused and counted", (long long)res.fields_refused);
	ok(count_refusals(A, text_why) == PAGE_REFUSED_MAX && count_refusals(A, nul_why) == PAGE_REFUSED_MAX &&
		   count_refusals(A, PAGE_REFUSED_MORE) == 2,
	   "the first of each sort are kept, and one says that there are more");
	ok(count_refusals(B, text_why) == PAGE_REFUSED_MAX && count_refusals(B, nul_why) == PAGE_REFUSED_MAX &&
		   count_refusals(B, "negative") == 1 && to.nrefusal == 4 * PAGE_REFUSED_MAX + 3,
	   "of the next record, too, whose are just as many");
	ok(to.rows.col[F_TAGS].off[1] == MANY + 1 && to.rows.col[F_TAGS].off[2] == MANY + 1, "the others stay");
	free(text);
}

static void test_quarantine(void)
{
	static const char *const bad[] = { "7",
					   "null",
					   "{}",
					   "{\"_id\":7,\"id\":\"o/n\"}",
					   "{\"_id\":\"xyz\",\"id\":\"o/n\"}",
					   "{\"_id\":\"" B "\"}",
					   "{\"_id\":\"" B "\",\"id\":\"\"}",
					   "{\"_id\":\"" B "\",\"id\":null}",
					   "{\"_id\":\"" B "\",\"id\":7}",
					   "{\"_id\":\"" B "\",\"id\":\"a\\nb\"}",
					   "{\"_id\":\"" B "\",\"id\":\"a\\u0000b\"}",
					   "{\"_id\":\"" B "\",\"id\":\"a\\u001b[2Jb\"}",
					   "{\"_id\":\"" B "\",\"id\":\"a\\u009bb\"}" };
	char *text = malloc(200000);

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(text, 1000, "[" ROW(A, "") ",%s," ROW(C, "") "]", bad[i]);
		int rc = take_all(text, 0);

		ok(!rc && res.rows == 2 && res.refused == 1 && to.refusal[to.nrefusal - 1].field == -1,
		   "quarantined %s: %s", bad[i], to.nrefusal ? to.refusal[to.nrefusal - 1].why : "");
	}
	snprintf(text, 100000, "[{\"_id\":\"" A "\",\"id\":\"%0193d\"}]", 7);
	ok(!take_all(text, 0) && res.rows == 0 && res.refused == 1, "an id of 193 bytes");
	snprintf(text, 100000, "[{\"_id\":\"" A "\",\"id\":\"o/n\",\"pipeline_tag\":\"%0255d\xc3\xa9\"}]", 7);
	take_all(text, 0);
	ok(res.labels_cut == 1 && texts_nbytes(&to.rows.col[F_PIPELINE].labels.text) == 255,
	   "a label is cut at a character");
	free(text);
}

static void test_broken_pages(void)
{
	static const char page_text[] =
		"[" ROW(A, ",\"tags\":[\"]\",\"\\\"\",\"{\"]") " , " ROW(B, ",\"x\":\xff") ",\n" ROW(C, "") "]";
	struct scan_piece piece[8];
	char *deep = malloc(200001);
	int cut_ok = 1;

	ok(!take_all("[\"a\",{\"id\":\"o/n\"}]", 0) && res.verdict == PAGE_BROKEN && res.refused == 0 &&
		   to.nrefusal == 0,
	   "a page of which nothing can be read is broken: %s", res.why);
	ok(!take_all("[]", 0) && res.verdict == PAGE_TAKEN, "an empty one is not");
	ok(!take_all(page_text, 0) && res.verdict == PAGE_NOT_JSON && res.splittable && to.rows.n == 0,
	   "one bad byte and it is no JSON");
	ok(!take_all(page_text, PAGE_SPLIT) && res.rows == 2 && res.refused == 1 && to.nrefusal == 1,
	   "cut into records, the others are taken");
	ok(!take_all("[" ROW(A, ",\"downloads\":99999999999999999999999") "," ROW(B, "") "]", PAGE_SPLIT) &&
		   res.rows == 1,
	   "a number beyond 64 bits");
	ok(!take_all("[" ROW(A, ",\"library_name\":\"\\ud800\"") "," ROW(B, "") "]", PAGE_SPLIT) && res.rows == 1,
	   "a lone surrogate");
	ok(!take_all("{\"error\":\"x\"}", 0) && res.verdict == PAGE_NOT_LIST, "an object");
	ok(!take_all("<html>", PAGE_SPLIT) && res.verdict == PAGE_NOT_JSON, "HTML");
	ok(!take_all("", PAGE_SPLIT) && res.verdict == PAGE_NOT_JSON, "nothing");
	for (size_t n = 0; n < sizeof page_text - 2; n++) {
		struct page_ask a = ask_for(HUB_ASC, "000000000000000000000000", C, PAGE_SPLIT);

		cut_ok &= !take(page_text, n, &a) && res.verdict != PAGE_TAKEN && to.rows.n == 0;
	}
	ok(cut_ok, "cut at every byte: nothing is taken");
	memset(deep, '[', 100000);
	memset(deep + 100000, ']', 100000);
	deep[200000] = '\0';
	ok(!take_all(deep, 0) && res.verdict != PAGE_TAKEN, "100,000 brackets");
	ok(!take_all(deep, PAGE_SPLIT) && res.rows == 0, "100,000 brackets, cut");
	ok(scan_array("[1, \"a,]\" ,{\"b\":[2,3]}]", 23, piece, 8) == 3 && piece[1].n == 5, "the scanner");
	ok(scan_array("[]", 2, piece, 8) == 0 && scan_array("[1,2]x", 6, piece, 8) == -1 &&
		   scan_array("[1]]", 4, piece, 8) == -1,
	   "no array");
	free(deep);
}

static void test_cut_text(void)
{
	struct err e = ERR_INIT;

	ok(page_label_cut("abc", 3, 5) == 3 && page_label_cut("ab\xc3\xa9", 4, 3) == 2 &&
		   page_label_cut("\xf0\x9f\x98\x80", 4, 3) == 0,
	   "UTF-8 is cut whole");
	ok(page_number(page,
		       "{\"numTotalItems\":12}"
		       "                                                                ",
		       20, "numTotalItems", &e) == 12,
	   "a total");
	ok(page_number(page,
		       "{\"numTotalItems\":-1}"
		       "                                                                ",
		       20, "numTotalItems", &e) == -1 &&
		   !e.code,
	   "no total");
}

int main(void)
{
	page = page_create();
	shard_init(&to, KIND_MODELS, "0123456789abcdef0123456789abcdef", 0, 0);
	test_order();
	test_members();
	test_many_elements();
	test_quarantine();
	test_broken_pages();
	test_cut_text();
	shard_release(&to);
	page_free(page);
	return plan_done();
}
