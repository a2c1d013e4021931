// SPDX-License-Identifier: Apache-2.0
#include "crawler/forget.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crawler/accounts.h"
#include "crawler/archive.h"
#include "crawler/stop.h"
#include "io/h5accounts.h"
#include "io/log.h"
#include "io/pseudonym.h"
#include "io/snapshot.h"

struct forget {
	struct accounts names;  /* to be forgotten; `done` is set where one was found */
	struct accounts hashes; /* theirs, with keyed hashes */
	struct snapshot snapshot;
	struct pseudonym pseudonym;
	int (*is_stopped)(void);
	int64_t rows;
	size_t shards, rewritten;
};

/* --- the names --- */

static int add(struct accounts *a, const char *name, size_t n)
{
	uint32_t ref;
	int is_new;

	return accounts_add(a, name, n, account_hash_of(name, n), &ref, &is_new) ? 0 : -1;
}

static int add_name(struct forget *f, const char *name, size_t n)
{
	char hex[PSEUDONYM_HEX];

	if (add(&f->names, name, n))
		return -1;
	if (!f->snapshot.hashed)
		return 0;
	pseudonym_of(&f->pseudonym, name, n, hex);
	return add(&f->hashes, hex, sizeof hex);
}

/* A name a line; blanks around it and empty lines do not matter. */
static int read_names(struct forget *f, const char *path, struct err *e)
{
	FILE *in = fopen(path, "r");
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	int number = 0;

	if (!in)
		return err_sys(e, errno, "cannot read '%s'", path);
	while (!e->code && (len = getline(&line, &cap, in)) >= 0) {
		char *p = line, *end = line + len;

		number++;
		while (p < end && isspace((unsigned char)*p))
			p++;
		while (end > p && isspace((unsigned char)end[-1]))
			end--;
		if (p == end)
			continue;
		if (!account_name_is_valid(p, (size_t)(end - p)))
			err_set(e, E_USAGE, "'%s' line %d is no name of an account: nothing was forgotten", path,
				number);
		else if (add_name(f, p, (size_t)(end - p)))
			err_set(e, E_NOMEM, "no memory for the names of '%s'", path);
	}
	if (ferror(in))
		err_sys(e, EIO, "cannot read '%s'", path);
	free(line);
	fclose(in);
	return e->code;
}

/* --- shards --- */

static struct known *find(const struct accounts *a, const char *name, size_t n)
{
	return accounts_find(a, name, n, account_hash_of(name, n));
}

/* Does the text hold one of the names, as a word of its own and in any case? */
static int mentions(const struct accounts *a, const char *s, size_t n)
{
	for (size_t i = 0, w; i < n; i += w + 1) {
		for (w = 0; i + w < n && account_name_may_hold(s[i + w]); w++)
			;
		if (w > 0 && w <= ACCOUNT_NAME_MAX && find(a, s + i, w))
			return 1;
	}
	return 0;
}

static int copy_rows(struct forget *f, const struct accounts *a, const struct account_shard *from,
		     struct account_shard *to, int64_t *left_out)
{
	for (uint64_t i = 0; i < from->n; i++) {
		size_t n;
		const char *name = texts_get(&from->name, i, &n);
		struct known *k = find(a, name, n);

		if (k) {
			k->done = 1;
			f->rows++;
			++*left_out;
		} else if (account_shard_add(to, from->row + i, name, n)) {
			return -1;
		}
	}
	return 0;
}

static int copy_rest(const struct accounts *a, const struct account_shard *from, struct account_shard *to,
		     int64_t *left_out)
{
	for (uint64_t i = 0; i < from->nlist; i++) {
		size_t nwhose, nnext;
		const char *whose = texts_get(&from->whose, i, &nwhose), *next = texts_get(&from->next, i, &nnext);

		if (from->list[i].list < NACCOUNT_OWN && find(a, whose, nwhose))
			++*left_out;
		else if (account_shard_add_list(to, from->list + i, whose, nwhose, next, nnext))
			return -1;
	}
	for (uint64_t i = 0; i < from->why.n; i++) {
		char why[1025];
		size_t nwhy, nraw;
		const char *w = texts_get(&from->why, i, &nwhy), *raw = texts_get(&from->raw, i, &nraw);

		snprintf(why, sizeof why, "%.*s", (int)nwhy, w);
		if (mentions(a, raw, nraw))
			++*left_out;
		else if (account_shard_add_refusal(to, why, raw, nraw))
			return -1;
	}
	return 0;
}

static int forget_shard(struct forget *f, const char *dir, const char *path, struct err *e)
{
	struct account_shard from, to;
	const struct accounts *a;
	int64_t left_out = 0;
	int rc = account_shard_read(&from, path, f->snapshot.id, e);

	account_shard_init(&to, f->snapshot.id, from.rank, from.session, from.key_id);
	a = from.key_id[0] ? &f->hashes : &f->names;
	to.seq = from.seq;
	f->shards++;
	if (!rc && (copy_rows(f, a, &from, &to, &left_out) || copy_rest(a, &from, &to, &left_out)))
		rc = err_set(e, E_NOMEM, "no memory to write '%s' anew", path);
	if (!rc && left_out > 0) {
		memcpy(to.counter, from.counter, sizeof to.counter);
		to.counter[CNT_SHARDS]--; /* account_shard_seal() counts it again */
		memcpy(to.asked, from.asked, sizeof to.asked);
		to.sketch = from.sketch;
		rc = account_shard_seal(&to, dir, e);
		f->rewritten += rc == E_OK;
	}
	account_shard_release(&from);
	account_shard_release(&to);
	return rc;
}

static int forget_folder(struct forget *f, const char *dir, struct err *e)
{
	struct shard_list l;
	int rc = account_shard_list(&l, dir, e);

	for (size_t i = 0; i < l.n && !rc; i++)
		rc = stop_check(f->is_stopped, e) ? e->code : forget_shard(f, dir, l.path[i], e);
	shard_list_release(&l);
	return rc;
}

/* --- the run --- */

static int open_census(struct forget *f, const char *dir, int *lock, struct err *e)
{
	struct stat st;
	int found;

	if (stat(dir, &st))
		return err_sys(e, errno, "cannot read the folder '%s'", dir);
	if (snapshot_lock(dir, lock, e) || snapshot_read(&f->snapshot, dir, &found, e))
		return e->code;
	if (!found || !f->snapshot.users)
		return err_set(e, E_USAGE, "'%s' is no census with accounts: there is nothing to forget", dir);
	if (!f->snapshot.hashed || pseudonym_open(&f->pseudonym, dir, 0, &found, e))
		return e->code;
	return found ? E_OK
		     : err_set(e, E_USAGE, "'%s/users.key' was destroyed: nobody can find a name in this census", dir);
}

static void print(const struct forget *f, const char *dir)
{
	uint32_t ref = 0, at;
	int64_t found = 0;
	const struct accounts *a = f->snapshot.hashed ? &f->hashes : &f->names;

	for (const struct known *k; (k = accounts_next(a, &ref, &at));)
		found += k->done;
	printf("forgotten    %lld of %llu accounts, in %zu of %zu shards\n", (long long)found, (unsigned long long)a->n,
	       f->rewritten, f->shards);
	printf("kept         repositories, whose ids name their owners%s\n",
	       f->snapshot.hashed ? "; the registers of the sketch" : "");
	printf("next         hubreduce %s: census.h5 and census.json still have them until they are made again\n", dir);
	fflush(stdout);
}

int forget_run(const struct options *o, int (*is_stopped)(void), struct err *e)
{
	struct forget *f = calloc(1, sizeof *f);
	char path[4200];
	int lock = -1;

	if (!f)
		return err_set(e, E_NOMEM, "no memory");
	f->is_stopped = is_stopped;
	accounts_init(&f->names);
	accounts_init(&f->hashes);
	if (!open_census(f, o->dir, &lock, e) && !read_names(f, o->forget, e)) {
		snprintf(path, sizeof path, "%s/shards", o->dir);
		if (!forget_folder(f, path, e)) {
			snprintf(path, sizeof path, "%s/users.private", o->dir);
			forget_folder(f, path, e);
		}
		if (!e->code)
			print(f, o->dir);
		if (!e->code && archive_is_there(o->dir))
			log_warn("'%s/archive' holds what the Hub has said, as it said it: remove it if nobody is to "
				 "find "
				 "them there",
				 o->dir);
	}
	accounts_release(&f->names);
	accounts_release(&f->hashes);
	if (lock >= 0)
		close(lock);
	free(f);
	return e->code;
}
