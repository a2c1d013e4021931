// SPDX-License-Identifier: Apache-2.0
#include "crawler/hub.h"

#include <stdlib.h>
#include <string.h>

#include "crawler/retry.h"
#include "tests/tap.h"

static void test_parse(void)
{
	static const struct {
		const char *url, *base, *host;
		int port, tls, loopback;
	} good[] = {
		{ "https://huggingface.co", "https://huggingface.co", "huggingface.co", 443, 1, 0 },
		{ "HTTPS://HuggingFace.CO/", "https://huggingface.co", "huggingface.co", 443, 1, 0 },
		{ "http://127.0.0.1:8080/hub/", "http://127.0.0.1:8080/hub", "127.0.0.1", 8080, 0, 1 },
		{ "http://localhost", "http://localhost", "localhost", 80, 0, 1 },
		{ "http://[::1]:9", "http://[::1]:9", "::1", 9, 0, 1 },
		{ "http://127.0.0.1.example.org", "http://127.0.0.1.example.org", "127.0.0.1.example.org", 80, 0, 0 },
	};
	static const char *const bad[] = { "",
					   "huggingface.co",
					   "ftp://x",
					   "https://",
					   "https://user@host",
					   "https://a b",
					   "https://h?x",
					   "https://h#x",
					   "https://h:0",
					   "https://h:99999",
					   "https://h:12x",
					   "https://h\n",
					   "https://[::1",
					   "https://h\\@evil",
					   "file:///etc/passwd" };
	struct hub h;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct err e = ERR_INIT;
		int rc = hub_parse(&h, good[i].url, &e);

		ok(!rc && !strcmp(h.base, good[i].base) && !strcmp(h.host, good[i].host) && h.port == good[i].port &&
			   h.tls == good[i].tls && h.loopback == good[i].loopback,
		   "address %s", good[i].url);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err e = ERR_INIT;

		ok(hub_parse(&h, bad[i], &e) == E_USAGE, "no address: case %zu", i);
	}
}

static void test_list_url(void)
{
	struct err e = ERR_INIT;
	struct hub h;
	struct hub_list l = { .kind = KIND_MODELS,
			      .order = HUB_ASC,
			      .limit = 1000,
			      .author = "a b",
			      .ntag = 1,
			      .tag = { "x&y=z" },
			      .cursor = "ab==" };
	char url[HUB_URL_MAX];
	int n;

	hub_parse(&h, "http://127.0.0.1:1", &e);
	l.fields = 1u << F_ID | 1u << F_LIKES | 1u << F_RELATION | 1u << F_BASES | 1u << F_SDK | 1u << F_OBSERVED;
	n = hub_list_url(&h, &l, url, sizeof url);
	ok(!strcmp(url, "http://127.0.0.1:1/api/"
			"models?limit=1000&sort=createdAt&direction=1&expand[]=likes&expand[]=baseModels"
			"&author=a%20b&filter=x%26y%3Dz&cursor=ab%3D%3D"),
	   "list URL: members once, other kinds' not, values encoded");
	for (size_t cap = 1; cap <= (size_t)n; cap++)
		if (hub_list_url(&h, &l, url, cap) >= 0 || strlen(url) >= cap) {
			ok(0, "cut at %zu", cap);
			return;
		}
	ok(hub_list_url(&h, &l, url, (size_t)n + 1) == n, "a URL that just fits");
}

static void test_cursor(void)
{
	char s[HUB_CURSOR_ID];
	enum hub_order order;
	struct oid o, x;

	oid_parse(&o, "621ffdc00000000000000000", 24);
	hub_cursor_make(HUB_ASC, o, s);
	ok(!strcmp(s, "eyJfaWQiOnsiJGd0IjoiNjIxZmZkYzAwMDAwMDAwMDAwMDAwMDAwIn19"), "the ascending cursor of the notes");
	oid_parse(&o, "6a0e3141f27e4e44e999a28a", 24);
	hub_cursor_make(HUB_DESC, o, s);
	ok(!strcmp(s, "eyJfaWQiOnsiJGx0IjoiNmEwZTMxNDFmMjdlNGU0NGU5OTlhMjhhIn19"), "the recorded descending cursor");
	ok(!hub_cursor_parse(s, strlen(s), &order, &x) && order == HUB_DESC && !oid_cmp(o, x), "and back");
	ok(hub_cursor_parse(s, strlen(s) - 1, &order, &x) == -1, "cut");
	ok(hub_cursor_parse("e30=", 4, &order, &x) == -1, "another document");
	ok(hub_cursor_parse("!!!!", 4, &order, &x) == -1, "not base64");
	ok(hub_cursor_parse("", 0, &order, &x) == -1, "nothing");
}

static void test_next(void)
{
#define API "https://huggingface.co/api/models?limit=1000&cursor="
	static const struct {
		const char *link;
		enum hub_next next;
		const char *cursor;
	} cases[] = {
		{ "", HUB_NEXT_NONE, "" },
		{ "<" API "abc%3D%3D>; rel=\"next\"", HUB_NEXT_OK, "abc==" },
		{ "<" API "abc&expand[]=x>;rel=next", HUB_NEXT_OK, "abc" },
		{ "</.well-known/ai-catalog.json>; rel=\"ai-catalog\"; type=\"a,b\", <" API "x>; rel=\"next\"",
		  HUB_NEXT_OK, "x" },
		{ "<https://HUGGINGFACE.CO:443/api/models?cursor=x>; rel=\"next\"", HUB_NEXT_OK, "x" },
		{ "<" API "x>; rel=\"prev\"", HUB_NEXT_NONE, "" },
		{ "<" API "x>; title=\"; rel=next\"", HUB_NEXT_NONE, "" },
		{ "<http://huggingface.co/api/models?cursor=x>; rel=\"next\"", HUB_NEXT_FOREIGN, "" },
		{ "<https://evil.example/api/models?cursor=x>; rel=\"next\"", HUB_NEXT_FOREIGN, "" },
		{ "<https://huggingface.co:444/api/models?cursor=x>; rel=\"next\"", HUB_NEXT_FOREIGN, "" },
		{ "<https://huggingface.co@evil.example/api/models?cursor=x>; rel=\"next\"", HUB_NEXT_FOREIGN, "" },
		{ "<https://huggingface.co.evil.example/api/models?cursor=x>; rel=\"next\"", HUB_NEXT_FOREIGN, "" },
		{ "<https://huggingface.co/api/datasets?cursor=x>; rel=\"next\"", HUB_NEXT_FOREIGN, "" },
		{ "</api/models?cursor=x>; rel=\"next\"", HUB_NEXT_FOREIGN, "" },
		{ "<" API ">; rel=\"next\"", HUB_NEXT_BROKEN, "" },
		{ "<" API "%0a>; rel=\"next\"", HUB_NEXT_BROKEN, "" },
		{ "<" API "%4>; rel=\"next\"", HUB_NEXT_BROKEN, "" },
		{ "<https://huggingface.co/api/models?limit=3>; rel=\"next\"", HUB_NEXT_BROKEN, "" },
		{ "<" API "x", HUB_NEXT_NONE, "" },
		{ "<<<<", HUB_NEXT_NONE, "" },
	};
	struct err e = ERR_INIT;
	struct hub h;
	char cursor[HUB_CURSOR_MAX], *huge = malloc(100000);
	int found = 0;

	hub_parse(&h, "https://huggingface.co", &e);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		enum hub_next n = hub_next(&h, KIND_MODELS, cases[i].link, strlen(cases[i].link), cursor);

		ok(n == cases[i].next && !strcmp(cursor, cases[i].cursor), "Link %s", cases[i].link);
	}
	for (size_t n = strlen(cases[3].link); n-- > 0;) {
		char *cut = malloc(n + 1); /* its own block, so that a sanitizer sees a read behind it */

		memcpy(cut, cases[3].link, n);
		found += hub_next(&h, KIND_MODELS, cut, n, cursor) != HUB_NEXT_NONE || *cursor;
		free(cut);
	}
	ok(found == 0, "a Link cut at every byte: %d times a next page", found);
	memset(huge, 'a', 100000);
	for (size_t i = 0; i < strlen("<" API); i++)
		huge[i] = ("<" API)[i];
	for (size_t i = 0; i < strlen(">; rel=\"next\""); i++)
		huge[99980 + i] = ">; rel=\"next\""[i];
	ok(hub_next(&h, KIND_MODELS, huge, 99993, cursor) == HUB_NEXT_BROKEN, "an endless cursor");
	free(huge);
	ok(hub_stays(&h, "/api/models/a/b", 15) && hub_stays(&h, "/", 1) &&
		   hub_stays(&h, "https://huggingface.co/x", 24),
	   "a redirect within the Hub");
	ok(!hub_stays(&h, "//evil.example/x", 16) && !hub_stays(&h, "http://huggingface.co/x", 23) &&
		   !hub_stays(&h, "evil", 4) && !hub_stays(&h, "", 0),
	   "one that leads elsewhere, or nowhere");
	ok(!hub_is_same_origin(&h, "https://huggingface.co.", 23), "a host with a dot behind it is another name");
}

static void test_quota(void)
{
	static const struct {
		const char *limit, *policy;
		int64_t r, t, q, w;
	} cases[] = {
		{ "\"api\";r=489;t=189", "\"fixed window\";\"api\";q=500;w=300", 489, 189, 500, 300 },
		{ "\"pages\";r=1;t=2, \"api\"; r = 5 ; t = 6", "\"p\";q=9;w=9, \"fixed window\";\"api\";q=1000;w=300",
		  5, 6, 1000, 300 },
		{ NULL, NULL, -1, -1, -1, -1 },
		{ "", "", -1, -1, -1, -1 },
		{ "\"api\";r=-1;t=1.5", "\"api\";q=0;w=300", -1, -1, -1, -1 },
		{ "\"api\";r=99999999999999999999;t=3", "\"api\";q=500;w=300", -1, 3, 500, 300 },
		{ "\"api\";r=501;t=302", "\"api\";q=500;w=300", -1, -1, 500, 300 },
		{ "nonsense", "q=;w=", -1, -1, -1, -1 },
		{ "\"a;r=3\";t=4", "x;q=10", -1, 4, 10, -1 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct hub_quota q;

		hub_quota_parse(&q, cases[i].limit, cases[i].policy);
		ok(q.left == cases[i].r && q.reset_s == cases[i].t && q.quota == cases[i].q && q.window_s == cases[i].w,
		   "rate limit %s", cases[i].limit ? cases[i].limit : "missing");
	}
}

static void test_retry_after(void)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{ "17", 17000 },
		{ " 17 ", 17000 },
		{ "0", 0 },
		{ "0.5", 1000 },
		{ "0.0", 0 },
		{ "2.001", 3000 },
		{ "86400.5", 86400000 },
		{ "1.", 1000 },
		{ "99999999999", 86400000 },
		{ "-1", -1 },
		{ "-0.5", -1 },
		{ "+5", -1 },
		{ ".5", -1 },
		{ "1.5.2", -1 },
		{ "1e3", -1 },
		{ "17 minutes", -1 },
		{ "0x10", -1 },
		{ "99999999999999999999s", -1 },
		{ "soon", -1 },
		{ "", -1 },
		{ " ", -1 },
		{ NULL, -1 },
		{ "Infinity", -1 },
		{ "Sun, 06 Nov 1994", -1 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t ms = hub_retry_after(cases[i].text, 0);

		ok(ms == cases[i].ms, "Retry-After: '%s' is %lld ms", cases[i].text ? cases[i].text : "missing",
		   (long long)ms);
	}
	ok(hub_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 784111777 - 5) == 5000, "Retry-After as a date");
	ok(hub_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 884111777) == 0, "a date that has passed");
}

/* Until when a wait is excused. */
static void test_excused(void)
{
	static const struct {
		const char *what;
		int64_t excused, good, sent, closed, want;
	} cases[] = {
		{ "the first 429", 0, 1000, 2000, 12000, 12000 },
		{ "another that was under way with it", 12000, 1000, 2100, 13000, 13000 },
		{ "one that says less", 13000, 1000, 2200, 11000, 13000 },
		{ "one that was asked for after the wait", 13000, 1000, 13000, 23000, 13000 },
		{ "the first since a page came", 13000, 14000, 15000, 25000, 25000 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ok(retry_excused(cases[i].excused, cases[i].good, cases[i].sent, cases[i].closed) == cases[i].want,
		   "%s", cases[i].what);
}

static void test_retry(void)
{
	static const struct {
		int status;
		enum outcome out;
	} cases[] = { { 200, OUT_PAGE },   { 429, OUT_LIMITED }, { 0, OUT_RETRY },     { 408, OUT_RETRY },
		      { 500, OUT_RETRY },  { 504, OUT_RETRY },   { 307, OUT_RETRY },   { 401, OUT_DENIED },
		      { 403, OUT_DENIED }, { 400, OUT_REFUSED }, { 404, OUT_REFUSED }, { 413, OUT_REFUSED } };
	uint64_t state = 1;
	int64_t sum = 0;
	int inside = 1;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ok(retry_outcome(cases[i].status) == cases[i].out, "status %d", cases[i].status);
	for (int i = 0; i < 10000; i++) {
		int64_t p = retry_pause(3, retry_random(&state));

		inside &= p >= 0 && p <= 2000;
		sum += p;
	}
	ok(inside && sum / 10000 > 950 && sum / 10000 < 1050, "full jitter: mean %d of 0 ... 2000", (int)(sum / 10000));
	ok(retry_pause(1000000, UINT64_MAX) <= RETRY_CAP_MS, "the pause is bounded");
}

int main(void)
{
	test_parse();
	test_list_url();
	test_cursor();
	test_next();
	test_quota();
	test_retry_after();
	test_retry();
	test_excused();
	return plan_done();
}
