// SPDX-License-Identifier: Apache-2.0
#include "crawler/folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crawler/archive.h"
#include "io/h5accounts.h"

static int open_snapshot(struct folder *f, const struct options *o, const struct plan *p, const struct snapshot *from,
			 struct err *e)
{
	struct snapshot *s = &f->snapshot, old;
	char *echo;
	struct stat st;
	int found, rc;

	if (snapshot_make_dir(f->dir, 0777, e))
		return e->code;
	if (!stat(f->dir, &st) && !S_ISDIR(st.st_mode))
		return err_set(e, E_USAGE, "'%s' is no folder: name another one", f->dir);
	if (snapshot_lock(f->dir, &f->lock, e) || snapshot_read(&old, f->dir, &found, e))
		return e->code;
	if (options_snapshot(s, p, from ? from : found ? &old : NULL, e))
		return e->code;
	/* That of the archive's census is not this one's. */
	s->audit = found ? old.audit : 0;
	if (from && snapshot_check(from, s, o->from_archive, e))
		return e->code;
	if (found) {
		memcpy(s->id, old.id, sizeof s->id);
		if (snapshot_has_shards(f->dir, e) || snapshot_check(&old, s, f->dir, e) ||
		    snapshot_make_dir(f->shards, 0777, e))
			return e->code;
		return old.users == s->users ? E_OK : snapshot_add_users(s, f->dir, e);
	}
	echo = opts_echo(&crawl_opts, o);
	rc = echo ? snapshot_create(s, f->dir, echo, e) : err_set(e, E_NOMEM, "no memory for the options");
	free(echo);
	f->is_new = !rc;
	return rc;
}

static int find_missing(struct folder *f, struct err *e)
{
	struct cover gaps = COVER_INIT;
	int rc = 0;

	f->complete = 1;
	for (int k = 0; k < NKINDS && !rc; k++) {
		rc = resume_gaps(&f->resume, &f->snapshot, (enum kind)k, &gaps);
		f->complete &= gaps.n == 0;
	}
	cover_release(&gaps);
	return rc ? err_set(e, E_NOMEM, "no memory for the windows") : E_OK;
}

/* The session of the accounts that were numbered last: numbers go up from session to session. What cannot be read is
 * told later, by who needs it. -1: there is none. */
static int64_t last_accounts(const struct folder *f)
{
	int64_t session = -1, below = INT64_MAX, seq;
	struct err own = ERR_INIT;
	struct shard_list l;
	size_t at = 0;

	account_shard_list(&l, f->shards, &own);
	do {
		struct account_shard s;
		int64_t x;
		int rank;

		seq = -1;
		for (size_t i = 0; i < l.n; i++)
			if (account_shard_name_parse(l.path[i], &rank, &x) && x < below && x > seq) {
				seq = x;
				at = i;
			}
		if (seq < 0)
			break;
		err_clear(&own);
		if (!account_shard_read(&s, l.path[at], f->snapshot.id, &own))
			session = s.session;
		account_shard_release(&s);
		below = seq;
	} while (session < 0);
	shard_list_release(&l);
	return session;
}

static int64_t next_session(const struct folder *f)
{
	int64_t now = clock_wall_ms(), last = archive_last_session(f->dir), accounts = last_accounts(f);

	if (accounts > last)
		last = accounts;
	if (f->resume.session > last)
		last = f->resume.session;
	return now > last ? now : last + (last < INT64_MAX);
}

int folder_open(struct folder *f, const struct options *o, const struct plan *p, const struct snapshot *from,
		int (*is_stopped)(void), struct err *e)
{
	memset(f, 0, sizeof *f);
	f->dir = o->dir;
	f->lock = -1;
	resume_init(&f->resume);
	if (snprintf(f->shards, sizeof f->shards, "%s/shards", f->dir) >= (int)sizeof f->shards)
		return err_set(e, E_USAGE, "the folder's name is too long");
	if (open_snapshot(f, o, p, from, e) || resume_clean(f->shards, e) ||
	    resume_read(&f->resume, f->shards, &f->snapshot, is_stopped, e) || resume_set_aside(&f->resume, e))
		return e->code;
	f->session = next_session(f);
	return find_missing(f, e);
}

int folder_reread(struct folder *f, struct err *e)
{
	resume_release(&f->resume);
	if (resume_read(&f->resume, f->shards, &f->snapshot, NULL, e))
		return e->code;
	if (f->resume.damaged.n > 0)
		return err_set(e, E_DAMAGED, "'%s' was damaged since it was sealed; run the same command again",
			       f->resume.damaged.path[0]);
	return find_missing(f, e);
}

int64_t folder_rows(const struct folder *f)
{
	int64_t n = 0;

	for (int k = 0; k < NKINDS; k++)
		n += f->resume.rows[k];
	return n;
}

void folder_forget(const struct folder *f)
{
	char path[4096];

	if (!f->is_new || snprintf(path, sizeof path, "%s/snapshot.json", f->dir) >= (int)sizeof path)
		return;
	unlink(path);
	if (snprintf(path, sizeof path, "%s/users.json", f->dir) < (int)sizeof path)
		unlink(path);
	archive_forget(f->dir);
}

void folder_close(struct folder *f)
{
	resume_release(&f->resume);
	if (f->lock >= 0)
		close(f->lock);
	f->lock = -1;
}
