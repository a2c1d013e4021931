// SPDX-License-Identifier: Apache-2.0
/* The two users.json as they are read back: what this program writes, and what somebody else may have put there. */
#include "crawler/users_sealed.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/tap.h"
#include "tests/whole.h"

static char dir[] = "/tmp/hubcensus-test-XXXXXX";
static char path[64], archive[64], archived[80], shards[64];

#define END(more)                                                                                                      \
	"{\"ended\": \"request limit\", \"requests\": 7, \"accounts\": 6, \"pages\": 5, \"lists_given_up\": 4, "       \
	"\"repositories\": 3" more "}"
#define SEALED(session, begun, sealed) END(", \"session\": " session ", \"begun\": " begun ", \"sealed\": " sealed)

static int is_one_line(const struct err *e, const char *where)
{
	return strstr(e->text, where) && !strchr(e->text, '\n') && strlen(e->text) < sizeof e->text - 1;
}

static int is_credible(int64_t x)
{
	return x >= 0 && x <= USERS_END_MAX;
}

/* Either refused in one line, with everything 0, or read, with nothing that could overflow. */
static int end_is_safe(int *code)
{
	struct err e = ERR_INIT;
	struct users_end x;

	*code = users_end_read(&x, dir, &e);
	if (*code)
		return *code == E_FORMAT && is_one_line(&e, path) && x.ending == END_NONE && x.requests == 0;
	return x.ending < NENDINGS && is_credible(x.requests) && is_credible(x.accounts) && is_credible(x.pages) &&
	       is_credible(x.given_up) && is_credible(x.rows);
}

static int sealed_is_safe(int *code)
{
	struct err e = ERR_INIT;
	struct users_sealed s;
	int good;

	*code = users_sealed_read(&s, archive, &e);
	good = *code ? *code == E_FORMAT && is_one_line(&e, archived) : is_credible(s.session);
	for (size_t i = 0; !*code && i < s.n; i++)
		good = good && s.at[i].rank >= 0 && s.at[i].seq >= 0 && users_sealed_has(&s, INT64_MAX, 0, 0);
	for (size_t i = 0; !*code && i < s.nsession; i++)
		good = good && is_credible(s.first[i].session) && is_credible(s.first[i].seq);
	users_sealed_release(&s);
	return good;
}

/* ---- What it writes */

static void round_trip(void)
{
	const struct users_end x = { END_GAPS, 10, 20, 30, 40, 50, 60 };
	struct err e = ERR_INIT;
	struct users_sealed s;
	struct users_end y;

	ok(users_end_read(&y, dir, &e) == E_OK && y.ending == END_NONE && y.requests == 0,
	   "no file: nothing has ended");
	ok(users_sealed_read(&s, archive, &e) == E_OK && s.n == 0 && users_sealed_has(&s, 0, 0, 0),
	   "no file in the archive: every reply counts");
	users_sealed_release(&s);
	ok(users_end_write(&x, dir, &e) == E_OK && users_end_read(&y, dir, &e) == E_OK && y.ending == END_GAPS &&
		   y.requests == 10 && y.accounts == 20 && y.pages == 30 && y.given_up == 40 && y.rows == 50 &&
		   y.limit == 60,
	   "written and read back %s", e.text);
	ok(users_end_reopen(dir, &e) == E_OK && users_end_read(&y, dir, &e) == E_OK && y.ending == END_NONE &&
		   y.requests == 10 && y.given_up == 0 && y.limit == 60,
	   "opened again: of the numbers only the requests and their limit hold %s", e.text);
	ok(users_end_limit(dir, 70, &e) == E_OK && users_end_read(&y, dir, &e) == E_OK && y.requests == 10 &&
		   y.limit == 70,
	   "with another limit %s", e.text);
	spill(shards, "", 0);
	ok(users_sealed_begin(dir, 1000, 0, &e) == E_OK && users_sealed_end(dir, 1000, &x, &e) == E_OK &&
		   users_sealed_begin(dir, 2000, 4, &e) == E_OK,
	   "two sessions, one shard: %s", e.text);
	ok(users_sealed_read(&s, archive, &e) == E_OK && s.n == 1 && s.at[0].rank == 2 && s.at[0].seq == 3 &&
		   s.nsession == 2 && s.first[1].session == 2000 && s.first[1].seq == 4,
	   "read back %s", e.text);
	ok(users_sealed_has(&s, 1000, 2, 3) && !users_sealed_has(&s, 1000, 2, 2) && !users_sealed_has(&s, 999, 2, 3),
	   "a reply counts whose shard is named");
	users_sealed_release(&s);
}

/* The one shard of old is lost, and what the archive holds of it is sealed as another. */
static void keep(void)
{
	const struct users_end x = { .ending = END_ALL };
	struct err e = ERR_INIT;
	struct users_sealed s = { .session = 0 };
	char filling[96], anew[96], later[96];

	snprintf(filling, sizeof filling, "%s/filling", dir);
	if (mkdir(filling, 0700))
		abort();
	ok(users_sealed_keep(dir, "filling", &e) == E_OK, "nothing is kept where nothing was taken %s", e.text);
	snprintf(filling, sizeof filling, "%s/filling/users-r0000-000005.h5", dir);
	snprintf(anew, sizeof anew, "%s/shards/users-r0000-000005.h5", dir);
	snprintf(later, sizeof later, "%s/shards/users-r0001-000006.h5", dir);
	spill(filling, "", 0);
	ok(users_sealed_keep(dir, "filling", &e) == E_OK && !rename(filling, anew) && !unlink(shards), "kept %s",
	   e.text);
	spill(later, "", 0);
	ok(users_sealed_begin(dir, 3000, 6, &e) == E_OK && users_sealed_end(dir, 3000, &x, &e) == E_OK &&
		   users_sealed_read(&s, archive, &e) == E_OK,
	   "the next session begins and ends %s", e.text);
	ok(s.n == 3 && users_sealed_has(&s, 1000, 2, 3) && users_sealed_has(&s, 3000, 1, 6), "what was sealed counts");
	users_sealed_release(&s);
	ok(!unlink(anew) && users_sealed_begin(dir, 4000, 7, &e) == E_OK &&
		   users_sealed_read(&s, archive, &e) == E_OK && s.n == 1 && !users_sealed_has(&s, 1000, 2, 3),
	   "not any more once the other is lost, too %s", e.text);
	users_sealed_release(&s);
}

/* ---- What others may put there */

struct bad {
	const char *name, *text;
};

/* Of either file. */
static const struct bad both[] = {
	{ "nothing", "" },
	{ "no JSON", "ended" },
	{ "another one behind it", END("") END("") },
	{ "a list", "[]" },
	{ "a number", "7" },
	{ "an empty object", "{}" },
	{ "a list for the end", "{\"ended\": []}" },
	{ "requests as a text", "{\"ended\": \"request limit\", \"requests\": \"7\", \"accounts\": 6, \"pages\": 5, "
				"\"lists_given_up\": 4, \"repositories\": 3}" },
	{ "fewer than no requests", "{\"ended\": \"request limit\", \"requests\": -9223372036854775808, "
				    "\"accounts\": 6, \"pages\": 5, \"lists_given_up\": 4, \"repositories\": 3}" },
	{ "2^63-1 requests", "{\"ended\": \"request limit\", \"requests\": 9223372036854775807, \"accounts\": 6, "
			     "\"pages\": 5, \"lists_given_up\": 4, \"repositories\": 3}" },
	{ "2^64 requests", "{\"ended\": \"request limit\", \"requests\": 18446744073709551616, \"accounts\": 6, "
			   "\"pages\": 5, \"lists_given_up\": 4, \"repositories\": 3}" },
	{ "1e400 requests", "{\"ended\": \"request limit\", \"requests\": 1e400, \"accounts\": 6, \"pages\": 5, "
			    "\"lists_given_up\": 4, \"repositories\": 3}" },
	{ "half a request", "{\"ended\": \"request limit\", \"requests\": 0.5, \"accounts\": 6, \"pages\": 5, "
			    "\"lists_given_up\": 4, \"repositories\": 3}" },
	{ "no repositories", "{\"ended\": \"request limit\", \"requests\": 7, \"accounts\": 6, \"pages\": 5, "
			     "\"lists_given_up\": 4}" },
	{ "an end that is none", "{\"ended\": \"tomorrow\", \"requests\": 7, \"accounts\": 6, \"pages\": 5, "
				 "\"lists_given_up\": 4, \"repositories\": 3}" },
	{ "a member twice", "{\"ended\": \"\", \"ended\": \"\"}" },
	{ "a NUL in a text", "{\"ended\": \"a\\u0000b\"}" },
	{ "no UTF-8", "{\"ended\": \"\xff\xfe\"}" },
	{ "a lone surrogate", "{\"ended\": \"\\ud800\"}" },
	{ "a terminal's escape", "{\"ended\": \"\\u001b[2J\", \"requests\": 7}" },
};

/* Of the archive's. */
static const struct bad its_own[] = {
	{ "what has no session", END("") },
	{ "a session of a text", SEALED("\"now\"", "[]", "[]") },
	{ "a negative session", SEALED("-1", "[]", "[]") },
	{ "sessions in an object", SEALED("1", "{\"0\": [1, 2]}", "[]") },
	{ "a session that is a number", SEALED("1", "[1]", "[]") },
	{ "a session of one number", SEALED("1", "[[1]]", "[]") },
	{ "a session of texts", SEALED("1", "[[\"1\", \"2\"]]", "[]") },
	{ "a session below 0", SEALED("1", "[[1, -2]]", "[]") },
	{ "shards in a text", SEALED("1", "[]", "\"users-r0000-000000.h5\"") },
	{ "a shard that is a number", SEALED("1", "[]", "[5]") },
	{ "a shard elsewhere", SEALED("1", "[]", "[\"../../etc/passwd\"]") },
	{ "a shard by its path", SEALED("1", "[]", "[\"/tmp/users-r0000-000000.h5\"]") },
	{ "a shard of no rank", SEALED("1", "[]", "[\"users-r-001-000000.h5\"]") },
};

/* Of what is kept in it: read when more is asked, or when it is taken again. */
static const struct bad its_kept[] = {
	{ "kept, a number", SEALED("1", "[]", "[], \"kept\": 5") },
	{ "kept, a list", SEALED("1", "[]", "[], \"kept\": []") },
	{ "kept by none", SEALED("1", "[]", "[], \"kept\": {\"sealed\": []}") },
	{ "kept by a text", SEALED("1", "[]", "[], \"kept\": {\"by\": \"users-r0000-000000.h5\", \"sealed\": []}") },
	{ "kept by a path",
	  SEALED("1", "[]", "[], \"kept\": {\"by\": [\"../users-r0000-000000.h5\"], \"sealed\": []}") },
	{ "kept, but not what", SEALED("1", "[]", "[], \"kept\": {\"by\": []}") },
	{ "kept, a path", SEALED("1", "[]", "[], \"kept\": {\"by\": [], \"sealed\": [\"/users-r0000-000000.h5\"]}") },
	{ "kept, null", SEALED("1", "[]", "[], \"kept\": null") },
};

static void refused_kept(const struct bad *b)
{
	struct err e = ERR_INIT;

	spill(archived, b->text, strlen(b->text));
	ok(users_sealed_begin(dir, 5000, 9, &e) == E_FORMAT && is_one_line(&e, archived), "%s: %s", b->name, e.text);
}

static void refused(const struct bad *b, int in_archive)
{
	int code = 0, safe;

	spill(in_archive ? archived : path, b->text, strlen(b->text));
	safe = in_archive ? sealed_is_safe(&code) : end_is_safe(&code);
	ok(safe && code == E_FORMAT, "%s: refused in one line%s", b->name, in_archive ? ", in the archive" : "");
}

static void big(const char *what, const char *open, size_t n)
{
	char *text = malloc(n * strlen(open) + 1), *at = text;
	int code = 0, safe;

	if (!text)
		abort();
	for (size_t i = 0; i < n; i++)
		at = stpcpy(at, open);
	spill(path, text, n * strlen(open));
	spill(archived, text, n * strlen(open));
	free(text);
	safe = end_is_safe(&code) && code == E_FORMAT;
	ok(safe && sealed_is_safe(&code) && code == E_FORMAT, "%s: refused in one line", what);
}

static void zeros(void)
{
	static const char text[4096];
	int code = 0;

	spill(path, text, sizeof text);
	ok(end_is_safe(&code) && code == E_FORMAT, "a page of zeros, as a file system may leave: refused");
}

static void odd_files(void)
{
	int code = 0;

	unlink(path);
	ok(!mkfifo(path, 0600) && end_is_safe(&code) && code == E_FORMAT, "a pipe: refused, not waited for");
	unlink(path);
	ok(!mkdir(path, 0700) && end_is_safe(&code) && code == E_FORMAT, "a folder: refused");
	rmdir(path);
	ok(!symlink("users.json", path), "a link to itself");
	{
		struct err e = ERR_INIT;
		struct users_end x;

		ok(users_end_read(&x, dir, &e) == E_IO && is_one_line(&e, path), "cannot be read: one line");
	}
	unlink(path);
}

/* Cut anywhere, and any bytes anywhere. */
static void cut_and_changed(void)
{
	static const char good[] = SEALED("2000", "[[1000, 0], [1500, 2]]", "[\"users-r0001-000001.h5\"]");
	const size_t n = sizeof good - 1;
	int code = 0, bad = 0, reads = 0;
	char text[sizeof good];

	spill(path, good, n);
	spill(archived, good, n);
	ok(end_is_safe(&code) && !code && sealed_is_safe(&code) && !code, "a good one is read");
	for (size_t i = 0; i < n; i++) {
		spill(path, good, i);
		spill(archived, good, i);
		bad += !end_is_safe(&code) || !code || !sealed_is_safe(&code) || !code;
	}
	ok(!bad, "cut at each of %zu bytes: refused in one line", n);
	srandom(2022);
	for (int i = 0; i < 3000; i++) {
		memcpy(text, good, sizeof good);
		for (int k = 1 + (int)(random() % 3); k > 0; k--)
			text[random() % (long)n] =
				(char)(random() % 3 ? "0123456789-{}[],:\"e.\0"[random() % 21] : random());
		spill(path, text, n);
		spill(archived, text, n);
		bad += !end_is_safe(&code);
		reads += !code;
		bad += !sealed_is_safe(&code);
	}
	ok(!bad, "of 3,000 changed ones %d are still read, none is believed beyond its bounds", reads);
}

int main(void)
{
	char rm[64];

	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof path, "%s/users.json", dir);
	snprintf(archive, sizeof archive, "%s/archive", dir);
	snprintf(archived, sizeof archived, "%s/users.json", archive);
	snprintf(shards, sizeof shards, "%s/shards", dir);
	if (mkdir(archive, 0700) || mkdir(shards, 0700))
		return 1;
	snprintf(shards, sizeof shards, "%s/shards/users-r0002-000003.h5", dir);
	round_trip();
	keep();
	for (size_t i = 0; i < sizeof its_kept / sizeof *its_kept; i++)
		refused_kept(its_kept + i);
	for (size_t i = 0; i < sizeof both / sizeof *both; i++) {
		refused(both + i, 0);
		refused(both + i, 1);
	}
	for (size_t i = 0; i < sizeof its_own / sizeof *its_own; i++)
		refused(its_own + i, 1);
	big("100,000 nested brackets", "[", 100000);
	big("100,000 nested objects", "{\"ended\":", 100000);
	big("a file of 20 MB", "[0,0,0,0],", 2000000);
	zeros();
	odd_files();
	cut_and_changed();
	snprintf(rm, sizeof rm, "rm -r %s", dir);
	return system(rm) ? 1 : plan_done();
}
