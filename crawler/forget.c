// SPDX-License-Identifier: Apache-2.0
#include "crawler/forget.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crawler/accounts.h"
#include "crawler/archive.h"
#include "crawler/refill.h"
#include "crawler/resume.h"
#include "crawler/stop.h"
#include "io/given.h"
#include "io/h5accounts.h"
#include "io/log.h"
#include "io/pseudonym.h"
#include "io/snapshot.h"

struct forget {
	struct accounts names;  /* to be forgotten; `done` is set where one was found */
	struct accounts hashes; /* theirs, with keyed hashes */
	struct snapshot snapshot;
	struct pseudonym pseudonym;
	int dry; /* nothing is written */
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
	return pseudonym_of(&f->pseudonym, name, n, hex) ? -1 : add(&f->hashes, hex, sizeof hex);
}

/* A name a line; blanks around it and empty lines do not matter. */
static int read_names(struct forget *f, const char *path, struct err *e)
{
	char *text, *at;
	size_t n;
	int number = 0;

	if (given_read("forget", path, &text, &n, e))
		return e->code;
	at = text;
	for (char *end = text + n; at < end && !e->code;) {
		char *p = at, *q = memchr(at, '\n', (size_t)(end - at));

		q = q ? q : end;
		at = q + 1;
		number++;
		while (p < q && isspace((unsigned char)*p))
			p++;
		while (q > p && isspace((unsigned char)q[-1]))
			q--;
		if (p == q)
			continue;
		if (!account_name_is_valid(p, (size_t)(q - p)))
			err_set(e, E_USAGE, "'%s' line %d is no name of an account: nothing was forgotten", path,
				number);
		else if (add_name(f, p, (size_t)(q - p)))
			err_set(e, E_NOMEM, "no memory for the names of '%s'", path);
	}
	free(text);
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

static int rewrite(struct forget *f, const char *dir, const char *path, const struct account_shard *from, struct err *e)
{
	const struct accounts *a = from->key_id[0] ? &f->hashes : &f->names;
	struct account_shard to;
	int64_t left_out = 0;
	int rc = E_OK;

	account_shard_init(&to, f->snapshot.id, from->rank, from->session, from->key_id);
	to.seq = from->seq;
	f->shards++;
	if (copy_rows(f, a, from, &to, &left_out) || copy_rest(a, from, &to, &left_out))
		rc = err_set(e, E_NOMEM, "no memory to write '%s' anew", path);
	if (!rc && left_out > 0 && f->dry) {
		f->rewritten++;
	} else if (!rc && left_out > 0) {
		memcpy(to.counter, from->counter, sizeof to.counter);
		to.counter[CNT_SHARDS]--; /* account_shard_replace() counts it again */
		memcpy(to.asked, from->asked, sizeof to.asked);
		to.sketch = from->sketch;
		rc = account_shard_replace(&to, dir, e);
		f->rewritten += rc == E_OK;
	}
	account_shard_release(&to);
	return rc;
}

/* A shard that counts is to be mended first: an error, but the others are done all the same. Anything else may go. */
static void leave(const char *path, int counts, int rc, const struct err *why, struct err *e)
{
	int64_t seq;
	int rank;

	if (counts && account_shard_name_parse(path, &rank, &seq))
		err_set(e, rc, "%s", why->text);
	else
		log_warn("'%s' cannot be written anew: remove it if nobody is to find a name in it", path);
}

static int forget_file(struct forget *f, const char *dir, const char *path, int counts, struct err *e)
{
	struct err own = ERR_INIT;
	struct account_shard s;
	int rc = account_shard_read(&s, path, f->snapshot.id, &own);

	/* One under another name is not read: the new file takes its name from what is in it. */
	if (!rc) {
		rc = rewrite(f, dir, path, &s, &own);
	} else if (rc != E_NOMEM) {
		leave(path, counts, rc, &own, e);
		rc = E_OK;
	}
	account_shard_release(&s);
	return rc ? err_set(e, rc, "%s", own.text) : E_OK;
}

/* Also a shard that got a number behind its name when it was set aside. */
static int is_of_accounts(const struct dirent *x)
{
	return !strncmp(x->d_name, "users-", 6);
}

/* Returns what the next file would not be spared, as a full disk; e holds what was left, too. */
static int forget_folder(struct forget *f, const char *dir, int counts, struct err *e)
{
	struct dirent **x = NULL;
	int n = scandir(dir, &x, is_of_accounts, alphasort), rc = E_OK;

	if (n < 0)
		return errno == ENOENT ? E_OK : err_sys(e, errno, "cannot read the folder '%s'", dir);
	for (int i = 0; i < n; i++) {
		char path[4500];

		snprintf(path, sizeof path, "%s/%s", dir, x[i]->d_name);
		rc = rc ? rc : stop_check(f->is_stopped, e);
		rc = rc ? rc : forget_file(f, dir, path, counts, e);
		free(x[i]);
	}
	free(x);
	return rc;
}

/* Every folder that has shards of accounts, and what kills leave: users.taken is gone when that is mended. */
static int forget_all(struct forget *f, const char *dir, struct err *e)
{
	static const struct {
		const char *name;
		int counts;
	} folder[] = { { "shards", 1 },         { "users.private", 1 },
		       { "shards/damaged", 0 }, { "users.private/damaged", 0 },
		       { "users.ended", 0 },    { "users.ended/damaged", 0 },
		       { "users.replay", 0 },   { "users.taken", 1 } };
	int rc = f->dry ? E_OK : refill_mend(&refill_accounts, dir, e);

	for (size_t i = 0; i < sizeof folder / sizeof *folder && !rc; i++) {
		char path[4200];

		snprintf(path, sizeof path, "%s/%s", dir, folder[i].name);
		rc = !f->dry && resume_clean(path, e) ? e->code : forget_folder(f, path, folder[i].counts, e);
	}
	return e->code;
}

/* --- the run --- */

static int open_census(struct forget *f, const char *dir, int *lock, struct err *e)
{
	struct stat st;
	int found;

	if (stat(dir, &st))
		return err_set(e, errno == ENOENT ? E_USAGE : E_IO, "cannot open the folder '%s': %s", dir,
			       strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return err_set(e, E_USAGE, "'%s' is no folder, and so no census", dir);
	if ((f->dry ? snapshot_look(dir, lock, e) : snapshot_lock(dir, lock, e)) ||
	    snapshot_read(&f->snapshot, dir, &found, e))
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
	char word[ERR_WORD];
	uint32_t ref = 0, at;
	int64_t found = 0;
	const struct accounts *a = f->snapshot.hashed ? &f->hashes : &f->names;

	for (const struct known *k; (k = accounts_next(a, &ref, &at));)
		found += k->done;
	if (f->dry) {
		printf("to forget    %lld of %llu accounts, in %zu of %zu shards; nothing was written\n",
		       (long long)found, (unsigned long long)a->n, f->rewritten, f->shards);
		fflush(stdout);
		return;
	}
	printf("forgotten    %lld of %llu accounts, in %zu of %zu shards\n", (long long)found, (unsigned long long)a->n,
	       f->rewritten, f->shards);
	printf("kept         repositories, whose ids name their owners%s\n",
	       f->snapshot.hashed ? "; the registers of the sketch" : "");
	printf("next         hubreduce %s: census.h5 and census.json still have them until they are made again\n",
	       err_word(word, sizeof word, dir));
	fflush(stdout);
}

int forget_run(const struct options *o, int (*is_stopped)(void), struct err *e)
{
	struct forget *f = calloc(1, sizeof *f);
	int lock = -1;

	if (!f)
		return err_set(e, E_NOMEM, "no memory");
	f->is_stopped = is_stopped;
	f->dry = o->dry_run;
	accounts_init(&f->names);
	accounts_init(&f->hashes);
	if (!open_census(f, o->dir, &lock, e) && !read_names(f, o->forget, e)) {
		forget_all(f, o->dir, e);
		if (!e->code)
			print(f, o->dir);
		if (!e->code && !f->dry && archive_is_there(o->dir))
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
