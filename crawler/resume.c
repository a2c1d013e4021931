// SPDX-License-Identifier: Apache-2.0
#include "crawler/resume.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crawler/stop.h"
#include "io/log.h"

/* Year 10000, ms: no later beginning of a crawl is believed. */
#define SESSION_END 253402300800000ll

void resume_init(struct resume *r)
{
	memset(r, 0, sizeof *r);
	for (int k = 0; k < NKINDS; k++)
		r->hub_total[k] = -1;
}

void resume_release(struct resume *r)
{
	for (int k = 0; k < NKINDS; k++) {
		cover_release(r->cover + k);
		for (uint32_t i = 0; i < r->nchain[k]; i++)
			free(r->chain[k][i].next);
		free(r->chain[k]);
	}
	shard_list_release(&r->damaged);
	resume_init(r);
}

struct span resume_axis(const struct snapshot *s)
{
	return (struct span){ OID_MIN, oid_prev(oid_at(s->t0 + 1)) };
}

int resume_clean(const char *shards, struct err *e)
{
	DIR *d = opendir(shards);
	struct dirent *x;
	char path[4096];
	int rc = E_OK;

	if (!d)
		return errno == ENOENT ? E_OK : err_sys(e, errno, "cannot read the folder '%s'", shards);
	for (errno = 0; !rc && (x = readdir(d)); errno = 0) {
		size_t n = strlen(x->d_name);

		if (n < 4 || strcmp(x->d_name + n - 4, ".tmp"))
			continue;
		if (snprintf(path, sizeof path, "%s/%s", shards, x->d_name) < (int)sizeof path && unlink(path))
			rc = err_sys(e, errno, "cannot remove '%s'", path);
	}
	if (!rc && errno)
		rc = err_sys(e, errno, "cannot read the folder '%s'", shards);
	closedir(d);
	return rc;
}

static int add_chain(struct resume *r, enum kind k, const struct shard_piece *p)
{
	struct shard_piece *more = realloc(r->chain[k], (r->nchain[k] + 1) * sizeof *more);

	if (!more)
		return -1;
	r->chain[k] = more;
	more[r->nchain[k]] = *p;
	more[r->nchain[k]].next = strdup(p->next);
	return more[r->nchain[k]++].next ? 0 : -1;
}

static int add_shard(struct resume *r, const struct shard *s, uint64_t nrows)
{
	enum kind k = s->kind;

	r->rows[k] += (int64_t)nrows;
	r->nshards++;
	if (s->session > r->session && s->session < SESSION_END)
		r->session = s->session;
	if (s->hub_total >= 0)
		r->hub_total[k] = s->hub_total;
	for (int c = 0; c < NCOUNTERS; c++)
		r->counter[c] += s->counter[c];
	for (uint32_t i = 0; i < s->npiece; i++) {
		const struct shard_piece *p = s->piece + i;

		r->suspect += (p->flags & PIECE_SUSPECT) != 0;
		if (cover_add(r->cover + k, p->span) || (p->next && add_chain(r, k, p)))
			return -1;
	}
	return 0;
}

static int add_damaged(struct resume *r, char *path)
{
	char **more = realloc(r->damaged.path, (r->damaged.n + 1) * sizeof *more);

	if (!more)
		return -1;
	r->damaged.path = more;
	more[r->damaged.n] = strdup(path);
	return more[r->damaged.n++] ? 0 : -1;
}

static int read_shard(struct resume *r, char *path, const struct snapshot *snap, struct err *e)
{
	struct err own = ERR_INIT;
	struct shard s;
	uint64_t nrows;
	int rc;

	rc = shard_read(&s, path, snap->id, 0, &nrows, &own);
	if (!rc ? add_shard(r, &s, nrows) : rc == E_DAMAGED && add_damaged(r, path))
		rc = err_set(e, E_NOMEM, "no memory for the windows of '%s'", path);
	else if (rc == E_DAMAGED)
		rc = E_OK;
	else if (rc)
		rc = err_set(e, rc, "%s", own.text);
	shard_release(&s);
	return rc;
}

int resume_read(struct resume *r, const char *shards, const struct snapshot *snap, int (*is_stopped)(void),
		struct err *e)
{
	struct shard_list l = { NULL, 0 };
	int rc = shard_numbers(shards, r->next_seq, e);

	if (!rc)
		rc = shard_list(&l, shards, e);
	for (size_t i = 0; i < l.n && !rc; i++)
		rc = stop_check(is_stopped, e) ? e->code : read_shard(r, l.path[i], snap, e);
	shard_list_release(&l);
	return rc;
}

int resume_set_aside(struct resume *r, struct err *e)
{
	char to[4200];

	for (size_t i = 0; i < r->damaged.n; i++) {
		if (shard_set_aside(r->damaged.path[i], to, e))
			return e->code;
		log_warn("'%s' is damaged: set aside as '%s', its part is crawled again", r->damaged.path[i], to);
	}
	return E_OK;
}

int resume_gaps(const struct resume *r, const struct snapshot *s, enum kind k, struct cover *gaps)
{
	gaps->n = 0;
	if (!(s->kinds >> k & 1))
		return 0;
	return cover_gaps(r->cover + k, resume_axis(s), gaps);
}

const char *resume_cursor(const struct resume *r, enum kind k, int descending, struct oid end)
{
	for (uint32_t i = r->nchain[k]; i-- > 0;) {
		const struct shard_piece *p = r->chain[k] + i;

		if (!oid_cmp(descending ? p->span.lo : p->span.hi, end))
			return p->next;
	}
	return NULL;
}
