// SPDX-License-Identifier: Apache-2.0
/* Accounts: names, the law by which observations are merged, and their shards. */
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "io/account.h"
#include "io/h5accounts.h"
#include "io/stamp.h"
#include "tests/tap.h"
#include "tests/whole.h"

#define ID "0123456789abcdef0123456789abcdef"

static char dir[] = "/tmp/hubcensus-test-XXXXXX";

/* --- names --- */

static void names(void)
{
	static const struct {
		const char *name;
		size_t n;
		int valid;
	} c[] = { { "a", 1, 1 },
		  { "Ada-L_1.5", 9, 1 },
		  { "", 0, 0 },
		  { "a b", 3, 0 },
		  { "a/b", 3, 0 },
		  { "a\0b", 3, 0 },
		  { "\xc3\xa9", 2, 0 },
		  { "../../etc/passwd", 16, 0 },
		  { "a\n", 2, 0 },
		  { "@", 1, 0 },
		  { "a%2Fb", 5, 0 },
		  { "[", 1, 0 },
		  { "`", 1, 0 },
		  { "{", 1, 0 },
		  { "0123456789", 10, 1 },
		  { ".", 1, 0 },
		  { "..", 2, 0 },
		  { "...", 3, 1 },
		  { ".a", 2, 1 } };
	static const struct {
		const char *id;
		size_t n;
		int askable;
	} r[] = { { "gpt2", 4, 1 },   { "a/b", 3, 1 },  { "a/b ?#", 6, 1 }, { "a/..b", 5, 1 }, { "...", 3, 1 },
		  { "", 0, 0 },       { ".", 1, 0 },    { "..", 2, 0 },     { "/", 1, 0 },     { "a/", 2, 0 },
		  { "/a", 2, 0 },     { "a/.", 3, 0 },  { "a/..", 4, 0 },   { "../a", 4, 0 },  { "./a", 3, 0 },
		  { "a/b/c", 5, 0 },  { "a//b", 4, 0 }, { "a\0b", 3, 0 },   { "a/b\0", 4, 0 }, { "a/../b", 6, 0 },
		  { "../../x", 7, 0 } };
	char max[ACCOUNT_NAME_MAX + 1], key[16];
	int wrong = 0;

	for (size_t i = 0; i < sizeof c / sizeof c[0]; i++)
		wrong += account_name_is_valid(c[i].name, c[i].n) != c[i].valid;
	for (size_t i = 0; i < sizeof r / sizeof r[0]; i++)
		wrong += account_repo_is_askable(r[i].id, r[i].n) != r[i].askable;
	memset(max, 'x', sizeof max);
	ok(!wrong && account_name_is_valid(max, ACCOUNT_NAME_MAX) && !account_name_is_valid(max, ACCOUNT_NAME_MAX + 1),
	   "what a name is, and an id that can be asked for");
	account_key(key, "Az09-_.@[`{Z", 12);
	ok(!memcmp(key, "az09-_.@[`{z", 12), "a key is ASCII lower case, and nothing else is changed");
	account_key(key, "MiXeD", 5);
	ok(account_hash(key, 5) == account_hash("mixed", 5) && account_hash("mixed", 5) == UINT64_C(0x3a4f6ff032174e9a),
	   "the hash is what it always was: %016llx", (unsigned long long)account_hash("mixed", 5));
	for (int n = 1; n < 6; n++)
		wrong += account_rank(0, n) != 0 || account_rank(UINT64_MAX, n) != n - 1;
	ok(!wrong, "every hash has a rank");
}

/* --- the law --- */

static uint64_t state;

static uint64_t draw(uint64_t n)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (state >> 33) % n;
}

static struct account any(void)
{
	struct account a = { .followers = (int64_t)draw(4) - 1,
			     .observed = (int64_t)draw(5),
			     .sources = (uint16_t)draw(1 << NACCOUNT_SOURCES),
			     .type = (uint8_t)draw(NACCOUNT_TYPES),
			     .done = (uint8_t)draw(1 << NACCOUNT_OWN),
			     .refused = (uint8_t)draw(1 << NACCOUNT_OWN) };

	if (draw(3))
		a.oid = oid_at((int64_t)draw(3));
	return a;
}

static struct account merged(struct account a, struct account b)
{
	account_merge(&a, &b);
	return a;
}

static int same(struct account a, struct account b)
{
	return !oid_cmp(a.oid, b.oid) && a.followers == b.followers && a.observed == b.observed &&
	       a.sources == b.sources && a.type == b.type && a.done == b.done && a.refused == b.refused;
}

static void laws(void)
{
	const struct account none = ACCOUNT_INIT;
	int wrong = 0;

	state = (uint64_t)time(NULL);
	diag("seed %llu", (unsigned long long)state);
	for (int i = 0; i < 20000; i++) {
		struct account a = any(), b = any(), c = any();

		wrong += !same(merged(a, b), merged(b, a)) || !same(merged(a, a), a) || !same(merged(a, none), a) ||
			 !same(merged(merged(a, b), c), merged(a, merged(b, c)));
	}
	ok(!wrong, "merging is commutative, associative, idempotent, and has an identity");
	ok(account_spelling("Ada", "ada", 3) < 0 && account_spelling("aDa", "ada", 3) < 0 &&
		   account_spelling("ada", "ada", 3) == 0,
	   "of two spellings capitals win");
}

/* --- shards --- */

static void fill(struct account_shard *s, int n)
{
	struct account_list_row l = { LIST_FOLLOWERS, LIST_MORE, 3, 1500, 99 };

	for (int i = 0; i < n; i++) {
		struct account a = { .oid = i % 3 ? oid_at(i) : OID_MIN,
				     .followers = i % 2 ? i : -1,
				     .observed = 1000 + i,
				     .sources = (uint16_t)(1 << i % NACCOUNT_SOURCES),
				     .type = (uint8_t)(i % NACCOUNT_TYPES),
				     .done = (uint8_t)(i % 32),
				     .refused = (uint8_t)(i % 3) };
		char name[32];

		account_shard_add(s, &a, name, (size_t)snprintf(name, sizeof name, "User-%d", i));
	}
	account_shard_add_list(s, &l, "User-1", 6, "cursor==", 8);
	l.list = LIST_LIKERS_SPACE;
	l.state = LIST_DONE;
	account_shard_add_list(s, &l, "621ffdc036468d709f17434d", 24, "", 0);
	account_shard_add_refusal(s, "no name", "{\"user\":\"\0\"}", 12);
	s->counter[CNT_REQUESTS] = 7;
	s->asked[LIST_FOLLOWERS][ASKED_ROWS] = 1500;
}

static int rows_are(const struct account_shard *r, int n)
{
	int good = r->n == (uint64_t)n && r->name.n == (uint64_t)n;

	for (int i = 0; i < n && good; i++) {
		size_t len;
		const char *name = texts_get(&r->name, (uint64_t)i, &len);
		char want[32];

		good = len == (size_t)snprintf(want, sizeof want, "User-%d", i) && !memcmp(name, want, len) &&
		       !oid_cmp(r->row[i].oid, i % 3 ? oid_at(i) : OID_MIN) &&
		       r->row[i].followers == (i % 2 ? i : -1) && r->row[i].observed == 1000 + i &&
		       r->row[i].sources == 1 << i % NACCOUNT_SOURCES && r->row[i].type == i % NACCOUNT_TYPES &&
		       r->row[i].done == i % 32 && r->row[i].refused == i % 3;
	}
	return good;
}

static void round_trip(int n, const char *key_id)
{
	struct err e = ERR_INIT;
	struct account_shard s, r;
	char path[128];
	size_t len;

	account_shard_init(&s, ID, 3, 99, key_id);
	s.seq = n;
	ok(account_shard_is_empty(&s), "nothing to seal");
	fill(&s, n);
	if (*key_id)
		sketch_add(&s.sketch, "ada", 3);
	ok(!account_shard_seal(&s, dir, &e) && s.seq == n + 1, "seal %d: %s", n, e.text);
	s.seq = n;
	ok(account_shard_seal(&s, dir, &e) == E_IO && s.seq == n && s.counter[CNT_SHARDS] == 1 &&
		   strstr(e.text, "there already"),
	   "none is replaced: %s", e.text);
	err_clear(&e);
	snprintf(path, sizeof path, "%s/users-r0003-%06d.h5", dir, n);
	ok(!account_shard_read(&r, path, ID, &e) && rows_are(&r, n), "read: %s", e.text);
	ok(r.nlist == 2 && r.list[0].state == LIST_MORE && r.list[0].pages == 3 && r.list[0].rows == 1500 &&
		   !strncmp(texts_get(&r.next, 0, &len), "cursor==", 8) && r.list[1].list == LIST_LIKERS_SPACE &&
		   r.list[1].observed == 99,
	   "lists");
	ok(r.why.n == 1 && r.raw.n == 1 && texts_nbytes(&r.raw) == 12 && r.counter[CNT_REQUESTS] == 7 &&
		   r.counter[CNT_SHARDS] == 1 && r.asked[LIST_FOLLOWERS][ASKED_ROWS] == 1500,
	   "refusals and counters");
	ok(r.rank == 3 && r.seq == n && r.session == 99 && !strcmp(r.key_id, key_id) &&
		   !memcmp(&r.sketch, &s.sketch, sizeof r.sketch),
	   "head and registers");
	account_shard_release(&r);
	ok(account_shard_read(&r, path, "f123456789abcdef0123456789abcdef", &e) == E_FORMAT &&
		   strstr(e.text, "another census"),
	   "%s", e.text);
	account_shard_release(&r);
	account_shard_clear(&s);
	ok(account_shard_is_empty(&s), "cleared");
	account_shard_release(&s);
}

static void folder(void)
{
	struct err e = ERR_INIT;
	struct shard_list l;
	struct shard s;
	int64_t seq;
	int rank;

	shard_init(&s, KIND_SPACES, ID, 0, 1);
	s.counter[CNT_REQUESTS] = 1;
	ok(!shard_seal(&s, dir, &e), "a shard of repositories beside them: %s", e.text);
	shard_release(&s);
	ok(!account_shard_list(&l, dir, &e) && l.n == 3 && strstr(l.path[0], "users-r0003-000000.h5"),
	   "shards of accounts");
	shard_list_release(&l);
	ok(!shard_list(&l, dir, &e) && l.n == 1 && strstr(l.path[0], "spaces-r0000"), "shards of repositories");
	shard_list_release(&l);
	ok(account_shard_name_parse("x/users-r0012-000345.h5", &rank, &seq) && rank == 12 && seq == 345 &&
		   !account_shard_name_parse("users-r0012-000345.h5.tmp", &rank, &seq) &&
		   !account_shard_name_parse("models-r0012-000345.h5", &rank, &seq),
	   "names of files");
}

/* Under a name that it was not sealed under it is refused, unless it may be of any census; and what is to take its
 * place does. */
static void renamed(void)
{
	static const char *const other[] = { "users-r0004-000010.h5", "users-r0003-000011.h5", "users-r3-10.h5",
					     "copy.h5" };
	struct err e = ERR_INIT;
	struct account_shard s, r;
	char path[128], to[128], sub[64];
	size_t n;
	char *x;

	snprintf(sub, sizeof sub, "%s/renamed", dir);
	mkdir(sub, 0777);
	snprintf(path, sizeof path, "%s/users-r0003-000010.h5", dir);
	x = slurp(path, &n);
	for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
		snprintf(to, sizeof to, "%s/%s", sub, other[i]);
		spill(to, x, n);
		ok(account_shard_read(&r, to, ID, &e) == E_FORMAT && strstr(e.text, to) &&
			   strstr(e.text, "sealed as 'users-r0003-000010.h5'") && r.n == 0,
		   "%s", e.text);
		account_shard_release(&r);
		err_clear(&e);
		ok(!account_shard_read(&r, to, NULL, &e) && r.n == 10, "of any census: %s %s", other[i], e.text);
		account_shard_release(&r);
		unlink(to);
	}
	rmdir(sub);
	snprintf(path, sizeof path, "%s/users-r0009-000000.h5", dir);
	spill(path, x, n);
	account_shard_init(&s, ID, 9, 99, "");
	fill(&s, 1);
	ok(!account_shard_replace(&s, dir, &e) && !account_shard_read(&r, path, ID, &e) && r.n == 1,
	   "what is to take its place does %s", e.text);
	account_shard_release(&s);
	account_shard_release(&r);
	unlink(path);
	free(x);
}

/* Every cut and every flipped byte is found before the HDF5 library sees the file. */
static void damage(void)
{
	struct err e = ERR_INIT;
	struct account_shard r;
	char path[128], bad[128];
	size_t n;
	char *s;
	int tried = 0, wrong = 0;

	snprintf(path, sizeof path, "%s/users-r0003-%06d.h5", dir, 10);
	snprintf(bad, sizeof bad, "%s/bad", dir);
	s = slurp(path, &n);
	for (size_t k = 0; k < n; k += 97, tried++) {
		spill(bad, s, k);
		err_clear(&e);
		wrong += account_shard_read(&r, bad, ID, &e) != E_DAMAGED;
		account_shard_release(&r);
		s[k] ^= 0x20;
		spill(bad, s, n);
		s[k] ^= 0x20;
		err_clear(&e);
		wrong += account_shard_read(&r, bad, ID, &e) != E_DAMAGED;
		account_shard_release(&r);
	}
	ok(!wrong, "%d cuts and flipped bytes: each refused, the last with: %s", tried, e.text);
	free(s);
	err_clear(&e);
	ok(account_shard_read(&r, "/nowhere/at/all.h5", ID, &e) == E_IO, "%s", e.text);
	account_shard_release(&r);
}

/* What a forger could make: a file with a good stamp and another content. */
static void forge(const char *dataset, hid_t type, const void *value, const char *says)
{
	struct err e = ERR_INIT;
	struct account_shard s, r;
	char path[128];
	hid_t f, d;

	account_shard_init(&s, ID, 9, 99, "");
	fill(&s, 1);
	account_shard_seal(&s, dir, &e);
	account_shard_release(&s);
	snprintf(path, sizeof path, "%s/users-r0009-000000.h5", dir);
	f = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
	if (value) {
		hid_t memory, file;
		hsize_t one = 1;

		d = H5Dopen2(f, dataset, H5P_DEFAULT);
		file = H5Dget_space(d);
		memory = H5Screate_simple(1, &one, NULL);
		H5Sselect_hyperslab(file, H5S_SELECT_SET, (hsize_t[]){ 0, 0 }, NULL, (hsize_t[]){ 1, 1 }, NULL);
		H5Dwrite(d, type, memory, file, H5P_DEFAULT, value);
		H5Sclose(memory);
		H5Sclose(file);
		H5Dclose(d);
	} else {
		H5Ldelete(f, dataset, H5P_DEFAULT);
	}
	H5Fclose(f);
	if (stamp_write(path, "account-shard", ACCOUNT_SHARD_VERSION, &e))
		abort();
	ok(account_shard_read(&r, path, ID, &e) == E_FORMAT && strstr(e.text, says), "%s", e.text);
	account_shard_release(&r);
	unlink(path);
}

/* A cursor that no request has room for: the list could never be asked. */
static void endless_cursor(void)
{
	static const struct account_list_row more = { LIST_FOLLOWERS, LIST_MORE, 1, 1, 1 };
	char cursor[ACCOUNT_CURSOR_MAX + 1], path[128];

	memset(cursor, 'c', sizeof cursor);
	snprintf(path, sizeof path, "%s/users-r0009-000000.h5", dir);
	for (size_t n = ACCOUNT_CURSOR_MAX; n <= sizeof cursor; n++) {
		struct err e = ERR_INIT;
		struct account_shard s, r;

		account_shard_init(&s, ID, 9, 99, "");
		account_shard_add_list(&s, &more, "a", 1, cursor, n);
		account_shard_seal(&s, dir, &e);
		account_shard_release(&s);
		account_shard_read(&r, path, ID, &e);
		ok(e.code == (n > ACCOUNT_CURSOR_MAX ? E_FORMAT : E_OK), "a cursor of %d bytes: %s", (int)n,
		   e.code ? e.text : "taken");
		account_shard_release(&r);
		unlink(path);
	}
}

static void forgeries(void)
{
	const uint8_t many = 200, slash = '/';
	const int64_t minus = -2;
	const uint64_t far = UINT64_MAX;

	forge("accounts/type", H5T_NATIVE_UINT8, &many, "accounts/type has a value out of bounds");
	forge("accounts/done", H5T_NATIVE_UINT8, &many, "accounts/done has a value out of bounds");
	forge("accounts/followers", H5T_NATIVE_INT64, &minus, "accounts/followers has a value out of bounds");
	forge("accounts/name_bytes", H5T_NATIVE_UINT8, &slash, "accounts/name_off has a text that cannot be one");
	forge("accounts/name_off", H5T_NATIVE_UINT64, &far, "does not fit its offsets");
	forge("lists/state", H5T_NATIVE_UINT8, &many, "lists/state has a value out of bounds");
	forge("lists/whose_bytes", H5T_NATIVE_UINT8, &slash, "lists/whose_off has a text that cannot be one");
	forge("lists/next_off", H5T_NATIVE_UINT64, &far, "does not fit its offsets");
	forge("counters", H5T_NATIVE_INT64, &minus, "counters are no counts");
	forge("asked", H5T_NATIVE_INT64, &minus, "asked are no counts");
	forge("accounts/oid", 0, NULL, "accounts/oid is missing");
	forge("asked", 0, NULL, "asked is missing");
	forge("sketch", 0, NULL, "sketch is missing");
}

int main(void)
{
	char cmd[4200];

	if (!mkdtemp(dir))
		return 1;
	names();
	laws();
	round_trip(0, "");
	round_trip(10, "");
	round_trip(100, "00112233445566778899aabbccddeeff");
	folder();
	damage();
	renamed();
	forgeries();
	endless_cursor();
	/* Seeds for the fuzzer of the reader. */
	if (getenv("KEEP_SHARDS")) {
		snprintf(cmd, sizeof cmd, "cp '%s'/* '%s'", dir, getenv("KEEP_SHARDS"));
		ok(system(cmd) == 0, "seeds are kept");
	}
	snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	return plan_done() | system(cmd);
}
