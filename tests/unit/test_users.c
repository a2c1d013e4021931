// SPDX-License-Identifier: Apache-2.0
/* The parts of the discovery of accounts: the table of accounts, queues, what sources are worth, the frontier, pages.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crawler/accounts.h"
#include "crawler/frontier.h"
#include "crawler/hub.h"
#include "crawler/ledger.h"
#include "crawler/listing.h"
#include "crawler/progress.h"
#include "crawler/queue.h"
#include "crawler/retry.h"
#include "crawler/roll.h"
#include "crawler/source.h"
#include "io/json.h"
#include "io/pseudonym.h"
#include "tests/tap.h"

#define ID "0123456789abcdef0123456789abcdef"

/* --- the table --- */

static struct known *add(struct accounts *a, const char *name, size_t n, uint32_t *ref, int *is_new)
{
	return accounts_add(a, name, n, account_hash_of(name, n), ref, is_new);
}

static void table(void)
{
	enum { N = 200000 };
	struct accounts a;
	uint32_t ref, at = 0, walked = 0, here = 0;
	uint64_t sum = 0, want = 0;
	int is_new, wrong = 0;
	char name[32];

	accounts_init(&a);
	for (int i = 0; i < N; i++) {
		size_t n = (size_t)snprintf(name, sizeof name, "User-%d", i);
		struct known *k = add(&a, name, n, &ref, &is_new);

		wrong += !k || !is_new || k->n != n || memcmp(k->name, name, n) != 0;
		want += n;
	}
	ok(!wrong && a.n == N, "%d names are new", N);
	for (int i = 0; i < N; i++) {
		size_t n = (size_t)snprintf(name, sizeof name, "uSER-%d", i);
		const struct known *k = add(&a, name, n, &ref, &is_new);

		wrong += !k || is_new || k->name[0] != 'U' || accounts_at(&a, ref) != k ||
			 accounts_find(&a, name, n, account_hash_of(name, n)) != k;
	}
	ok(!wrong && a.n == N, "in another letter case they are the same, spelled as first met");
	ok(!accounts_find(&a, "nobody", 6, account_hash_of("nobody", 6)), "who is not there");
	for (struct known *k; (k = accounts_next(&a, &at, &here)); walked++) {
		sum += k->n;
		wrong += accounts_at(&a, here) != k;
	}
	ok(walked == N && sum == want && !wrong, "a walk meets each once");
	ok(accounts_nbytes(&a) < 40ull * N, "%.1f bytes an account with names of %.1f", (double)accounts_nbytes(&a) / N,
	   (double)sum / N);
	accounts_release(&a);
	ok(accounts_size(0) == 1 && accounts_size(1) == 2 && accounts_size(3) == 3 && accounts_size(1 << 20) == 15,
	   "sizes double");
}

static void longest(void)
{
	struct accounts a;
	char name[ACCOUNT_NAME_MAX];
	uint32_t ref;
	int is_new, wrong = 0;

	accounts_init(&a);
	memset(name, 'x', sizeof name);
	for (int i = 0; i < 30000; i++) {
		snprintf(name, 12, "%010d", i);
		name[10] = 'x';
		name[11] = 'x';
		wrong += !add(&a, name, sizeof name, &ref, &is_new) || !is_new;
	}
	ok(!wrong && a.nblock > 2, "the longest names, over %u blocks", a.nblock);
	accounts_release(&a);
}

/* --- queues --- */

static void queues(void)
{
	struct queue q;
	uint32_t ref;
	int wrong = 0;

	queue_init(&q, 3);
	ok(queue_is_empty(&q, 0) && !queue_pop(&q, 1, &ref), "an empty queue");
	for (uint32_t i = 0; i < 5000; i++) {
		queue_push(&q, i);
		wrong += !queue_pop(&q, 0, &ref) || ref != i || queue_pop(&q, 0, &ref);
	}
	for (uint32_t i = 0; i < 5000; i++)
		wrong += !queue_pop(&q, 1, &ref) || ref != i;
	for (uint32_t i = 0; i < 100; i++)
		wrong += !queue_pop(&q, 2, &ref) || ref != i;
	ok(!wrong && queue_is_empty(&q, 1) && !queue_is_empty(&q, 2),
	   "each reader reads all, in order, at its own pace");
	queue_release(&q);
}

/* --- sources --- */

static void sources(void)
{
	struct sources s;

	ok(!sources_init(&s, 3, 2), "init");
	ok(sources_yield(&s, 0, 0) > 100, "what was never asked is promising");
	for (int i = 0; i < 100; i++) {
		sources_asked(&s, 0, 0);
		sources_gained(&s, 0, 0, 400);
		sources_asked(&s, 1, 1);
		sources_gained(&s, 1, 1, 2);
		sources_saved(&s, 1, 1, 1);
	}
	ok(sources_yield(&s, 0, 0) > 350 && sources_yield(&s, 1, 1) < 10, "what was seen counts");
	ok(sources_yield(&s, 2, 0) > 300 && sources_yield(&s, 2, 1) < 10, "and stands for others of its kind");
	ok(sources_saving(&s, 1, 1) > 0.9 && sources_saving(&s, 0, 0) < 0.1, "requests saved");
	for (int i = 0; i < 1000; i++)
		sources_asked(&s, 0, 0);
	ok(sources_yield(&s, 0, 0) < 10, "a source that runs dry is noticed");
	for (int i = 0; i < 5000; i++) {
		sources_asked(&s, 0, 0);
		sources_asked(&s, 2, 0);
	}
	ok(sources_yield(&s, 0, 0) < 0.1 && sources_yield(&s, 0, 0) > 10 * sources_yield(&s, 2, 0),
	   "of dry ones that which brought most comes first");
	sources_release(&s);
}

/* --- the frontier --- */

static uint32_t person(struct accounts *a, const char *name, enum account_type type, unsigned sources_of)
{
	uint32_t ref = 0;
	int is_new;
	struct known *k = add(a, name, strlen(name), &ref, &is_new);

	k->type = (uint8_t)type;
	k->sources = (uint8_t)(k->sources | sources_of);
	return ref;
}

static int count(struct frontier *f, unsigned lists[NACCOUNT_LISTS])
{
	struct ask x;
	int n = 0;

	memset(lists, 0, NACCOUNT_LISTS * sizeof *lists);
	for (; frontier_next(f, &x); n++) {
		lists[x.list]++;
		free(x.next);
	}
	return n;
}

static void each_list_once(void)
{
	struct accounts a;
	struct frontier f;
	unsigned n[NACCOUNT_LISTS];
	struct ask x;
	uint32_t ref;

	accounts_init(&a);
	ok(!frontier_init(&f, &a) && !frontier_next(&f, &x) && frontier_best(&f) < 0, "nothing to ask");
	ref = person(&a, "ada", ACCOUNT_USER, 1 << SOURCE_LIKER);
	frontier_add(&f, ref);
	frontier_add(&f, person(&a, "acme", ACCOUNT_ORG, 1 << SOURCE_OWNER));
	frontier_add(&f, person(&a, "who", ACCOUNT_UNKNOWN, 1 << SOURCE_OWNER));
	frontier_add_repo(&f, KIND_SPACES, oid_at(7), "acme/thing", 10, 5);
	person(&a, "ada", ACCOUNT_USER, 1 << SOURCE_MEMBER);
	frontier_add(&f, ref);
	frontier_add(&f, ref);
	ok(count(&f, n) == 8,
	   "a user has three lists, an organisation two, an unknown account two that tell, a repository one");
	ok(n[LIST_OVERVIEW] == 2 && n[LIST_MEMBERS] == 1 && n[LIST_ORG_FOLLOWERS] == 2 && n[LIST_FOLLOWERS] == 1 &&
		   n[LIST_FOLLOWING] == 1 && n[LIST_LIKERS_SPACE] == 1,
	   "each once, however often an account was seen");
	frontier_add(&f, ref);
	ok(count(&f, n) == 0, "and never again");
	frontier_release(&f);
	accounts_release(&a);
}

static void known_sizes(void)
{
	struct accounts a;
	struct frontier f;
	unsigned n[NACCOUNT_LISTS];
	uint32_t ref;

	accounts_init(&a);
	frontier_init(&f, &a);
	ref = person(&a, "ada", ACCOUNT_USER, 1 << SOURCE_LIKER);
	frontier_add(&f, ref);
	accounts_at(&a, ref)->sizes = 3;
	accounts_at(&a, ref)->done = 1 << LIST_FOLLOWING;
	frontier_add_sized(&f, LIST_FOLLOWERS, 3, ref);
	ok(count(&f, n) == 2 && n[LIST_FOLLOWERS] == 1 && n[LIST_OVERVIEW] == 1,
	   "a list of known size is asked once, one that is known to be empty not at all");
	frontier_release(&f);
	accounts_release(&a);
}

/* Of 100 repositories with few likes, 100 with many and 100 accounts, each class with a yield of its own: what is asked
 * first? */
static void order(void)
{
	struct accounts a;
	struct frontier f;
	struct ask x;
	int asked[3] = { 0, 0, 0 }, first_200_good = 0;

	accounts_init(&a);
	frontier_init(&f, &a);
	for (int i = 0; i < 300; i++) {
		char name[24];

		snprintf(name, sizeof name, "org-%d", i);
		frontier_add_repo(&f, KIND_MODELS, oid_at(i), "a/b", 3, 2);
		frontier_add_repo(&f, KIND_MODELS, oid_at(i), "a/c", 3, 900);
		frontier_add(&f, person(&a, name, ACCOUNT_ORG, 1 << SOURCE_OWNER));
		accounts_find(&a, name, strlen(name), account_hash_of(name, strlen(name)))->done = 1 << LIST_MEMBERS;
	}
	for (int i = 0; i < 900 && frontier_next(&f, &x); i++) {
		int what = x.list == LIST_ORG_FOLLOWERS ? 2 : x.class == FRONTIER_LIKERS + 1 ? 0 : 1;
		static const int brings[] = { 1, 300, 40 };

		asked[what]++;
		first_200_good += i < 200 && what == 1;
		frontier_asked(&f, x.class);
		frontier_gained(&f, x.class, brings[what]);
	}
	ok(asked[0] == 300 && asked[1] == 300 && asked[2] == 300, "all are asked in the end");
	ok(first_200_good > 190, "what brings most comes first: %d of the first 200", first_200_good);
	frontier_release(&f);
	accounts_release(&a);
}

static void going_on(void)
{
	struct accounts a;
	struct frontier f;
	struct ask x = { .list = LIST_FOLLOWERS, .pages = 3, .next = strdup("cursor") }, y;

	accounts_init(&a);
	frontier_init(&f, &a);
	ok(!frontier_put_back(&f, &x) && !x.next, "its cursor is the frontier's");
	ok(frontier_next(&f, &y) && y.pages == 3 && !strcmp(y.next, "cursor") && !frontier_next(&f, &x),
	   "a list goes on where it was");
	free(y.next);
	frontier_release(&f);
	accounts_release(&a);
}

/* --- pages --- */

#define OBSERVED 1790000000

static struct roll_page read_page(struct roll *r, enum account_list list, unsigned flags, const char *text)
{
	char padded[4096 + JS_PADDING] = "";
	struct roll_page p;
	struct err e = ERR_INIT;

	snprintf(padded, 4096, "%s", text);
	if (roll_take(r, list, flags, padded, strlen(padded), OBSERVED, &p, &e))
		diag("%s", e.text);
	return p;
}

static struct roll_page page(struct roll *r, enum account_list list, const char *text)
{
	return read_page(r, list, 0, text);
}

/* One element that is no JSON costs that element; an _id of the future is none. */
static void hostile_pages(void)
{
	static const char *const bad[] = { "NaN", "\"\\ud800\"", "\"\xff\xfe\"", "\"a\x01z\"", "1e999" };
	struct roll *r = roll_create();
	struct roll_page p;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char text[400];

		snprintf(text, sizeof text,
			 " [ {\"user\":\"Ada\"} , "
			 "{\"user\":\"x\",\"fullname\":%s},{\"user\":\"B,[]}\"},{\"user\":\"Bob\"}]\n",
			 bad[i]);
		p = page(r, LIST_FOLLOWERS, text);
		ok(!p.is_page && p.doubtful && p.nrow == 0, "no JSON, but a list: %zu", i);
		p = read_page(r, LIST_FOLLOWERS, ROLL_FORCE, text);
		ok(p.is_page && p.nrow == 2 && p.nrefused == 2 && p.row[0].n == 3 && !memcmp(p.row[0].name, "Ada", 3) &&
			   !memcmp(p.row[1].name, "Bob", 3),
		   "cut into its elements it has two accounts");
	}
	p = read_page(r, LIST_FOLLOWERS, ROLL_FORCE, "[{\"user\":\"Ada\"},{\"user\":\"Bo");
	ok(!p.is_page && !p.doubtful, "what was cut off on the way is no list");
	p = page(r, LIST_FOLLOWERS, "[\"x\",{\"user\":\"../x\"}]");
	ok(!p.is_page && p.doubtful && p.nrow == 0, "a list without one account is doubted");
	p = read_page(r, LIST_FOLLOWERS, ROLL_FORCE, "[\"x\",{\"user\":\"../x\"}]");
	ok(p.is_page && p.nrow == 0 && p.nrefused == 2, "and taken when it comes again");
	p = read_page(r, LIST_OVERVIEW, ROLL_FORCE, "{\"user\":NaN}");
	ok(!p.is_page && !p.doubtful, "an overview is not cut");
	p = page(r, LIST_OVERVIEW, "{\"error\":\"later\"}");
	ok(!p.is_page && p.doubtful && read_page(r, LIST_OVERVIEW, ROLL_FORCE, "{\"user\":\"x\"}").is_page,
	   "an overview that names nobody is doubted");
	p = page(r, LIST_MEMBERS,
		 "[{\"user\":\"a\",\"_id\":\"f426d3f3a7723d62b53c259b\"},{\"user\":\"b\",\"_id\":"
		 "\"6ab1374a0000000000000000\"}]");
	ok(p.nrow == 2 && !oid_cmp(p.row[0].a.oid, OID_MIN) && oid_seconds(p.row[1].a.oid) == 0x6ab1374a,
	   "an _id of the future is not told, one of the next minutes is");
	roll_free(r);
}

static void pages(void)
{
	struct roll *r = roll_create();
	struct roll_page p = page(r, LIST_FOLLOWERS,
				  "[{\"user\":\"Ada\",\"type\":\"user\",\"_id\":\"6426d3f3a7723d62b53c259b\"},"
				  "{\"user\":\"acme\",\"type\":\"org\",\"followerCount\":12},{\"user\":\"x\"}]");

	ok(p.is_page && p.nrow == 3 && p.nrefused == 0, "a page of three");
	ok(p.row[0].n == 3 && !memcmp(p.row[0].name, "Ada", 3) && p.row[0].a.type == ACCOUNT_USER &&
		   oid_seconds(p.row[0].a.oid) == 0x6426d3f3 && p.row[0].a.sources == 1 << SOURCE_FOLLOWER &&
		   p.row[0].a.followers == -1 && p.row[0].a.observed == OBSERVED,
	   "a user");
	ok(p.row[1].a.type == ACCOUNT_ORG && p.row[1].a.followers == 12 && p.row[2].a.type == ACCOUNT_UNKNOWN &&
		   !oid_cmp(p.row[2].a.oid, OID_MIN),
	   "an organisation, and one that is not told");
	p = page(r, LIST_MEMBERS,
		 "[null,\"Ada\",[],{},{\"user\":null},{\"user\":\"\"},{\"user\":42},{\"user\":\"../../etc/passwd\"},"
		 "{\"user\":\"a "
		 "b\"},{\"user\":\"nul\\u0000byte\"},{\"user\":\"ok\",\"_id\":\"zz\",\"followerCount\":-1}]");
	ok(p.is_page && p.nrow == 1 && p.nrefused == 10 && p.row[0].n == 2 && p.row[0].a.followers == -1 &&
		   p.refused_why->n == 10,
	   "what is no account is refused, what is odd about one left out");
	p = page(r, LIST_OVERVIEW,
		 "{\"_id\":\"6426d3f3a7723d62b53c259b\",\"user\":\"Ada\",\"type\":\"user\",\"numFollowers\":7,"
		 "\"numFollowing\":0,\"orgs\":[{\"id\":\"659ebc82b61dd9658802f398\",\"name\":\"acme\"}]}");
	ok(p.is_page && p.own.followers == 7 && p.nfollowing == 0 && oid_seconds(p.own.oid) == 0x6426d3f3 &&
		   p.nrow == 1 && p.row[0].a.type == ACCOUNT_ORG && p.row[0].a.sources == 1 << SOURCE_OVERVIEW_ORG &&
		   oid_seconds(p.row[0].a.oid) == 0x659ebc82,
	   "an overview");
	ok(!page(r, LIST_FOLLOWERS, "{}").is_page && !page(r, LIST_OVERVIEW, "[]").is_page &&
		   !page(r, LIST_MEMBERS, "[").is_page && !page(r, LIST_MEMBERS, "").is_page &&
		   page(r, LIST_MEMBERS, "[]").is_page,
	   "what is no page");
	roll_free(r);
}

/* --- addresses --- */

static void addresses(void)
{
	struct err e = ERR_INIT;
	struct hub h;
	char path[512], url[1024], cursor[HUB_CURSOR_MAX];
	const char *good = "<https://hub.example/mirror/api/users/Ada/followers?cursor=ab%3D>; rel=\"next\"";
	const char *other = "<https://hub.example/mirror/api/users/Bob/followers?cursor=ab%3D>; rel=\"next\"";
	const char *far = "<https://evil.example/mirror/api/users/Ada/followers?cursor=ab>; rel=\"next\"";

	hub_parse(&h, "https://hub.example/mirror", &e);
	hub_account_path(LIST_FOLLOWERS, "Ada", 3, path, sizeof path);
	ok(!strcmp(path, "/api/users/Ada/followers"), "%s", path);
	hub_account_url(&h, LIST_FOLLOWERS, path, NULL, url, sizeof url);
	ok(!strcmp(url, "https://hub.example/mirror/api/users/Ada/followers"), "%s", url);
	hub_account_url(&h, LIST_FOLLOWERS, path, "a=&b", url, sizeof url);
	ok(!strcmp(url, "https://hub.example/mirror/api/users/Ada/followers?cursor=a%3D%26b"), "%s", url);
	ok(hub_next_path(&h, path, good, strlen(good), cursor) == HUB_NEXT_OK && !strcmp(cursor, "ab="),
	   "the next page");
	ok(hub_next_path(&h, path, other, strlen(other), cursor) == HUB_NEXT_FOREIGN &&
		   hub_next_path(&h, path, far, strlen(far), cursor) == HUB_NEXT_FOREIGN,
	   "not of another list, not elsewhere");
	hub_account_path(LIST_LIKERS_DATASET, "a/b ?#", 6, path, sizeof path);
	hub_account_url(&h, LIST_LIKERS_DATASET, path, NULL, url, sizeof url);
	ok(!strcmp(url, "https://hub.example/mirror/api/datasets/a/b%20%3F%23/likers?limit=1000"), "%s", url);
	ok(hub_account_path(LIST_MEMBERS, "ada", 3, path, 10) == -1, "no room");
}

/* --- what follows a page --- */

static void steps(void)
{
	uint64_t mark = 0;
	int64_t mark_pages = 0;

	ok(listing_step(1, 3, 0, HUB_NEXT_NONE, "", &mark, &mark_pages) == LISTING_END, "no next link: the end");
	ok(listing_step(1, 3, 0, HUB_NEXT_FOREIGN, "", &mark, &mark_pages) == LISTING_STUCK &&
		   listing_step(1, 3, 0, HUB_NEXT_BROKEN, "", &mark, &mark_pages) == LISTING_STUCK && mark_pages == 0,
	   "one to elsewhere, one without a cursor: no end, and no step");
	ok(listing_step(1, 3, 0, HUB_NEXT_OK, "a", &mark, &mark_pages) == LISTING_MORE &&
		   listing_step(2, 3, 0, HUB_NEXT_OK, "a", &mark, &mark_pages) == LISTING_STUCK &&
		   listing_step(2, 3, 0, HUB_NEXT_OK, "b", &mark, &mark_pages) == LISTING_MORE,
	   "a circle is left when the page is asked again and names another cursor");
	ok(listing_step(3, 0, 0, HUB_NEXT_OK, "c", &mark, &mark_pages) == LISTING_MORE &&
		   listing_step(4, 0, LISTING_DRY, HUB_NEXT_OK, "d", &mark, &mark_pages) == LISTING_STUCK &&
		   listing_step(4, 1, LISTING_DRY, HUB_NEXT_OK, "d", &mark, &mark_pages) == LISTING_MORE &&
		   listing_step(5, 0, LISTING_DRY, HUB_NEXT_NONE, "", &mark, &mark_pages) == LISTING_END,
	   "of empty pages in a row one is too many");
}

/* --- refusals --- */

/* Only the text tells a token that is not taken from a list that nobody may see. */
static void refused_tokens(void)
{
	static const struct {
		const char *body;
		int status, is_token;
	} cases[] = { { "{\"error\":\"Invalid credentials in Authorization header\"}", 401, 1 },
		      { "Invalid credentials in Authorization header", 401, 1 },
		      { "{\"error\":\"Invalid credentials in Authorization header\"}", 403, 0 },
		      { "{\"error\":\"Invalid credentials in Authorization header\"}", 200, 0 },
		      { "{\"error\":\"Invalid username or password.\"}", 401, 0 },
		      { "Invalid credentials in Authorization heade", 401, 0 },
		      { "", 401, 0 } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ok(retry_is_token(cases[i].status, cases[i].body, strlen(cases[i].body)) == cases[i].is_token,
		   "%d %s: about the %s", cases[i].status, cases[i].body, cases[i].is_token ? "token" : "list");
	ok(!retry_is_token(401, NULL, 0), "401 without a body: about the list");
}

/* --- hashes --- */

static void pseudonyms(void)
{
	char dir[] = "/tmp/hubcensus-test-XXXXXX", a[PSEUDONYM_HEX], b[PSEUDONYM_HEX], cmd[64];
	struct account x = { .oid = oid_at(1680266227), .followers = 1000 };
	struct pseudonym p, q;
	struct err e = ERR_INIT;
	int found;

	if (!mkdtemp(dir))
		return;
	ok(!pseudonym_open(&p, dir, 0, &found, &e) && !found, "no key");
	ok(!pseudonym_open(&p, dir, 1, &found, &e) && !found && !pseudonym_open(&q, dir, 1, &found, &e) && found &&
		   !memcmp(p.key, q.key, sizeof p.key) && !strcmp(p.id, q.id),
	   "a key is made once");
	pseudonym_of(&p, "Ada", 3, a);
	pseudonym_of(&q, "aDA", 3, b);
	ok(!memcmp(a, b, sizeof a) && account_name_is_valid(a, sizeof a), "the hash of a name in any case: %.32s", a);
	memcpy(p.key, "01234567890123456789012345678901", 32);
	pseudonym_of(&p, "Ada", 3, a);
	/* echo -n ada | openssl dgst -sha256 -hmac 01234567890123456789012345678901 */
	ok(!memcmp(a, "c04687d9cabb4d22dcf211d4010be72e", sizeof a), "HMAC-SHA-256: %.32s", a);
	x = pseudonym_coarsen(x);
	ok(oid_seconds(x.oid) == 1672531200 && x.followers == 512, "a year and a power of two are left");
	snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	ok(system(cmd) == 0, "clean");
}

static void line(void)
{
	struct users_progress p = {
		.accounts = 1500, .before = 500, .lists = 90, .requests = 100, .tokens = 7, .quota = 9, .limit = -1
	};
	char s[256];

	ok(!strcmp(progress_users_line(s, sizeof s, &p), "1500 accounts known, 90 lists asked, 100 requests, 10.0 new "
							 "accounts per request, 7 of 9 tokens left") &&
		   progress_users_left(&p) == -1,
	   "%s", s);
	p.limit = 1000;
	p.elapsed_ms = 20000;
	ok(strstr(progress_users_line(s, sizeof s, &p), "100 of 1000 requests") && strstr(s, "left, 3 min to go") &&
		   progress_users_left(&p) == 180000,
	   "%s", s);
	p.requests = 1001;
	ok(progress_users_left(&p) == 0, "beyond the limit nothing is left");
}

int main(void)
{
	table();
	longest();
	queues();
	sources();
	each_list_once();
	known_sizes();
	order();
	going_on();
	pages();
	hostile_pages();
	addresses();
	steps();
	refused_tokens();
	pseudonyms();
	line();
	return plan_done();
}
