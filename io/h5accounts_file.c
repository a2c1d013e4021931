// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "io/h5accounts.h"
#include "io/h5get.h"
#include "io/h5guard.h"
#include "io/h5put.h"
#include "io/h5safe.h"
#include "io/shard_name.h"
#include "io/snapshot.h"
#include "io/stamp.h"

/* Members of struct account and struct account_list_row that are plain integers, and their bounds. */
struct member {
	const char *name;
	size_t offset, size;
	int64_t least, most;
};

#define ACCOUNT_MEMBER(m) "accounts/" #m, offsetof(struct account, m), sizeof((struct account *)0)->m
#define LIST_MEMBER(m)    "lists/" #m, offsetof(struct account_list_row, m), sizeof((struct account_list_row *)0)->m
#define OWN_BITS          ((1 << NACCOUNT_OWN) - 1)

static const struct member account_member[] = {
	{ ACCOUNT_MEMBER(type), 0, NACCOUNT_TYPES - 1 }, { ACCOUNT_MEMBER(done), 0, OWN_BITS },
	{ ACCOUNT_MEMBER(refused), 0, OWN_BITS },        { ACCOUNT_MEMBER(sources), 0, (1 << NACCOUNT_SOURCES) - 1 },
	{ ACCOUNT_MEMBER(followers), -1, INT64_MAX },    { ACCOUNT_MEMBER(observed), 0, INT64_MAX },
};

static const struct member list_member[] = {
	{ LIST_MEMBER(list), 0, NACCOUNT_LISTS - 1 }, { LIST_MEMBER(state), 0, LIST_REFUSED },
	{ LIST_MEMBER(pages), 0, INT64_MAX },         { LIST_MEMBER(rows), 0, INT64_MAX },
	{ LIST_MEMBER(observed), 0, INT64_MAX },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What their names begin with. */
static const char users[] = "users";

static hid_t type_of(size_t size)
{
	return size == 1 ? H5T_NATIVE_UINT8 : size == 2 ? H5T_NATIVE_UINT16 : H5T_NATIVE_INT64;
}

/* --- writing --- */

static void put_members(struct h5put *w, const struct member *m, size_t nm, const void *base, size_t stride, uint64_t n)
{
	for (size_t i = 0; i < nm; i++)
		h5put_member(w, m[i].name, type_of(m[i].size), base, m[i].offset, stride, m[i].size, n);
}

static void put_attrs(struct h5put *w, const struct account_shard *s)
{
	int64_t version = ACCOUNT_SHARD_VERSION, rank = s->rank;

	h5put_text_attr(w, "format", "hubcensus-users");
	h5put_attr(w, "version", H5T_NATIVE_INT64, &version);
	h5put_text_attr(w, "snapshot", s->snapshot);
	h5put_text_attr(w, "key_id", s->key_id);
	h5put_attr(w, "rank", H5T_NATIVE_INT64, &rank);
	h5put_attr(w, "seq", H5T_NATIVE_INT64, &s->seq);
	h5put_attr(w, "session", H5T_NATIVE_INT64, &s->session);
	h5put_attr(w, "sealed_at", H5T_NATIVE_INT64, &s->sealed_at);
}

static void put_content(struct h5put *w, const struct account_shard *s)
{
	h5put_group(w, "accounts");
	h5put_texts(w, "accounts", "name_", &s->name);
	h5put_member(w, "accounts/oid", H5T_NATIVE_UINT8, s->row, offsetof(struct account, oid), sizeof *s->row,
		     sizeof(struct oid), s->n);
	put_members(w, account_member, COUNT(account_member), s->row, sizeof *s->row, s->n);
	h5put_group(w, "lists");
	h5put_texts(w, "lists", "whose_", &s->whose);
	h5put_texts(w, "lists", "next_", &s->next);
	put_members(w, list_member, COUNT(list_member), s->list, sizeof *s->list, s->nlist);
	h5put_group(w, "refusals");
	h5put_texts(w, "refusals", "why_", &s->why);
	h5put_texts(w, "refusals", "raw_", &s->raw);
	h5put_array(w, "counters", H5T_NATIVE_INT64, NCOUNTERS, 0, s->counter);
	h5put_array(w, "asked", H5T_NATIVE_INT64, NACCOUNT_LISTS, NASKED, s->asked);
	h5put_array(w, "sketch", H5T_NATIVE_UINT8, s->key_id[0] ? SKETCH_NREG : 0, 0, s->sketch.reg);
}

static int write_file(const struct account_shard *s, const char *tmp, struct err *e)
{
	struct h5put w;

	if (h5put_create(&w, tmp, e))
		return e->code;
	put_attrs(&w, s);
	put_content(&w, s);
	return h5put_finish(&w, "account-shard", ACCOUNT_SHARD_VERSION);
}

static int replace(const char *tmp, const char *path, struct err *e)
{
	return rename(tmp, path) ? err_sys(e, errno, "cannot rename '%s'", tmp) : E_OK;
}

static int seal(struct account_shard *s, const char *dir,
		int (*give_name)(const char *tmp, const char *path, struct err *e), struct err *e)
{
	char path[SHARD_PATH], tmp[SHARD_PATH + 8];
	struct timespec now;

	if (shard_name_make(path, dir, users, s->rank, s->seq, e))
		return e->code;
	clock_gettime(CLOCK_REALTIME, &now);
	s->sealed_at = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	snprintf(tmp, sizeof tmp, "%s.tmp", path);
	s->counter[CNT_SHARDS]++;
	if (write_file(s, tmp, e) || give_name(tmp, path, e)) {
		s->counter[CNT_SHARDS]--;
		unlink(tmp);
		return e->code;
	}
	s->seq++;
	return snapshot_sync_dir(dir, e);
}

int account_shard_seal(struct account_shard *s, const char *dir, struct err *e)
{
	return seal(s, dir, shard_name_give, e);
}

int account_shard_replace(struct account_shard *s, const char *dir, struct err *e)
{
	return seal(s, dir, replace, e);
}

/* --- reading --- */

static void get_member(struct h5get *r, const struct member *m, void *base, size_t stride, uint64_t n)
{
	uint64_t got = 0;
	char *x = h5get_array(r, m->name, type_of(m->size), 0, n, &got);

	for (uint64_t i = 0; x && i < got; i++) {
		const char *p = x + i * m->size;
		int64_t v;
		uint16_t two;

		if (m->size == sizeof v)
			memcpy(&v, p, sizeof v);
		else if (m->size == sizeof two)
			v = (memcpy(&two, p, sizeof two), two);
		else
			v = *(const uint8_t *)p;
		if (v < m->least || v > m->most) {
			h5get_bad(r, m->name, "has a value out of bounds");
			break;
		}
		memcpy((char *)base + i * stride + m->offset, p, m->size);
	}
	free(x);
}

static void get_members(struct h5get *r, const struct member *m, size_t nm, void *base, size_t stride, uint64_t n)
{
	for (size_t i = 0; i < nm; i++)
		get_member(r, m + i, base, stride, n);
}

/* The texts of the column [from, to) bytes long each, and names where they must be. */
static void check_texts(struct h5get *r, const char *name, const struct texts *t, size_t most, int names)
{
	for (uint64_t i = 0; !r->e->code && i < t->n; i++) {
		size_t n;
		const char *s = texts_get(t, i, &n);

		if (n > most || (names && !account_name_is_valid(s, n)))
			h5get_bad(r, name, "has a text that cannot be one");
	}
}

static void *get_rows(struct h5get *r, uint64_t n, size_t size)
{
	void *p = r->e->code ? NULL : calloc((size_t)(n ? n : 1), size);

	if (!p)
		h5get_no_memory(r);
	return p;
}

static void get_accounts(struct h5get *r, struct account_shard *s)
{
	uint64_t n = 0;
	struct oid *oid = h5get_array(r, "accounts/oid", H5T_NATIVE_UINT8, sizeof *oid, UINT64_MAX, &n);

	s->row = oid ? get_rows(r, n, sizeof *s->row) : NULL;
	if (s->row) {
		s->n = s->cap = n;
		for (uint64_t i = 0; i < n; i++)
			s->row[i].oid = oid[i];
		get_members(r, account_member, COUNT(account_member), s->row, sizeof *s->row, n);
	}
	free(oid);
	h5get_texts(r, "accounts", "name_", n, &s->name);
	check_texts(r, "accounts/name_off", &s->name, ACCOUNT_NAME_MAX, 1);
}

static uint64_t count_lists(struct h5get *r)
{
	uint64_t n = 0;
	hid_t d = h5get_open(r, "lists/list", 1, 0, &n);

	if (d >= 0)
		H5Dclose(d);
	return n;
}

static void get_lists(struct h5get *r, struct account_shard *s)
{
	uint64_t n = count_lists(r);

	s->list = get_rows(r, n, sizeof *s->list);
	if (s->list) {
		s->nlist = s->list_cap = n;
		get_members(r, list_member, COUNT(list_member), s->list, sizeof *s->list, n);
	}
	h5get_texts(r, "lists", "whose_", n, &s->whose);
	h5get_texts(r, "lists", "next_", n, &s->next);
	check_texts(r, "lists/whose_off", &s->whose, ACCOUNT_NAME_MAX, 1);
	check_texts(r, "lists/next_off", &s->next, ACCOUNT_CURSOR_MAX, 0);
}

static void get_rest(struct h5get *r, struct account_shard *s)
{
	uint64_t n = 0;
	int64_t *x = h5get_array(r, "counters", H5T_NATIVE_INT64, 0, UINT64_MAX, &n);
	uint8_t *reg;

	/* A later version may know more counters: those we know come first. */
	for (uint64_t i = 0; x && i < n && i < NCOUNTERS; i++)
		s->counter[i] = x[i];
	if (!r->e->code && !counters_are_credible(s->counter, NCOUNTERS))
		h5get_bad(r, "counters", "are no counts");
	free(x);
	x = h5get_array(r, "asked", H5T_NATIVE_INT64, NASKED, NACCOUNT_LISTS, &n);
	if (x)
		memcpy(s->asked, x, sizeof s->asked);
	if (x && !counters_are_credible(x, NACCOUNT_LISTS * NASKED))
		h5get_bad(r, "asked", "are no counts");
	free(x);
	reg = h5get_array(r, "sketch", H5T_NATIVE_UINT8, 0, s->key_id[0] ? SKETCH_NREG : 0, &n);
	if (reg && n)
		memcpy(s->sketch.reg, reg, sizeof s->sketch.reg);
	free(reg);
	if (!r->e->code && !sketch_valid(&s->sketch))
		h5get_bad(r, "sketch", "has a register out of bounds");
	h5get_texts(r, "refusals", "why_", UINT64_MAX, &s->why);
	h5get_texts(r, "refusals", "raw_", r->e->code ? 0 : s->why.n, &s->raw);
	check_texts(r, "refusals/why_off", &s->why, 1024, 0);
	check_texts(r, "refusals/raw_off", &s->raw, REFUSAL_RAW_MAX, 0);
}

static void get_attrs(struct h5get *r, struct account_shard *s, const char *snapshot)
{
	char format[32], id[40], key_id[40];

	if (h5get_text_attr(r, "format", format, sizeof format) || strcmp(format, "hubcensus-users")) {
		err_set(r->e, E_FORMAT,
			"'%s' is an HDF5 file but no shard of accounts of hubcensus; move it out of the folder",
			r->path);
		return;
	}
	if (h5get_attr(r, "version") != ACCOUNT_SHARD_VERSION && !r->e->code)
		err_set(r->e, E_FORMAT,
			"'%s' has another version of the shard format than %d; use the version that wrote it", r->path,
			ACCOUNT_SHARD_VERSION);
	if (h5get_text_attr(r, "snapshot", id, sizeof id) || strlen(id) != 32 ||
	    h5get_text_attr(r, "key_id", key_id, sizeof key_id) || (key_id[0] && strlen(key_id) != 32)) {
		h5get_bad(r, "the head", "is broken");
		return;
	}
	if (snapshot && strcmp(id, snapshot))
		err_set(r->e, E_FORMAT, "'%s' belongs to another census; move it out of the folder", r->path);
	memcpy(s->snapshot, id, sizeof s->snapshot);
	memcpy(s->key_id, key_id, sizeof s->key_id);
	s->rank = (int32_t)h5get_attr(r, "rank");
	s->seq = h5get_attr(r, "seq");
	s->session = h5get_attr(r, "session");
	s->sealed_at = h5get_attr(r, "sealed_at");
	if (snapshot && !r->e->code)
		shard_name_check(r->path, users, s->rank, s->seq, r->e);
}

static int read_guarded(struct account_shard *s, const char *path, const char *snapshot, struct err *e)
{
	struct h5get r = { -1, path, 0, e };
	struct stat st;

	if (h5safe_open(path, "move it away and crawl again", &r.file, e))
		return e->code;
	if (stat(path, &st)) {
		err_sys(e, errno, "cannot read '%s'", path);
	} else {
		r.nbytes = (uint64_t)st.st_size;
		get_attrs(&r, s, snapshot);
		get_accounts(&r, s);
		get_lists(&r, s);
		get_rest(&r, s);
	}
	H5Fclose(r.file);
	return e->code;
}

int account_shard_read(struct account_shard *s, const char *path, const char *snapshot, struct err *e)
{
	memset(s, 0, sizeof *s);
	if (stamp_check(path, "account-shard", ACCOUNT_SHARD_VERSION, e))
		return e->code;
	h5guard_begin(path);
	read_guarded(s, path, snapshot, e);
	h5guard_end();
	return e->code;
}
