// SPDX-License-Identifier: Apache-2.0
#include "crawler/archive.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "io/log.h"
#include "io/utc.h"

#define PATH_CAP    4096
#define SESSION_LEN 17 /* 20261122221501123 */

static const char ending[] = ".warc.gz";

int archive_reply(struct warc *w, const struct fetch_reply *r, const struct note *n, struct err *e)
{
	char note[NOTE_MAX] = "";
	struct err own = ERR_INIT;
	struct warc_exchange x = { .uri = r->url,
				   .date_ms = r->received_at_ms,
				   .head = r->head,
				   .nhead = r->nhead,
				   .body = r->body,
				   .nbody = r->nbody,
				   .note = note };

	if (!w || r->nhead == 0)
		return E_OK;
	if (r->status == 0)
		x.truncated = r->failure == FETCH_TOO_BIG ? "length"
			    : r->failure == FETCH_TIMEOUT ? "time"
							  : "disconnect";
	if (n && r->status > 0)
		note_format(n, note);
	if (warc_append(w, &x, &own) != E_BUG)
		return own.code ? err_set(e, own.code, "%s", own.text) : E_OK;
	log_warn("a reply is not in the archive: %s", own.text);
	return E_OK;
}

/* ---- The segments of a rank */

struct archive {
	struct archive_setup setup;
	int64_t number;
	struct warc *segment; /* NULL: not begun */
};

struct archive *archive_create(const struct archive_setup *s)
{
	struct archive *a = calloc(1, sizeof *a);

	if (a)
		a->setup = *s;
	return a;
}

static int segment_path(const struct archive *a, char path[PATH_CAP], struct err *e)
{
	time_t s = (time_t)(a->setup.session / 1000);
	char when[32];
	struct tm tm;

	if (!gmtime_r(&s, &tm) || strftime(when, sizeof when, "%Y%m%d%H%M%S", &tm) != 14)
		return err_set(e, E_BUG, "the session %" PRId64 " is no time", a->setup.session);
	if (snprintf(path, PATH_CAP, "%s/archive/%s%03d-r%04d-%06" PRId64 "%s", a->setup.dir, when,
		     (int)(a->setup.session % 1000), a->setup.rank, a->number, ending) >= PATH_CAP)
		return err_set(e, E_USAGE, "the path '%.60s...' is too long", a->setup.dir);
	return E_OK;
}

static int begin_segment(struct archive *a, struct err *e)
{
	const struct archive_setup *s = &a->setup;
	struct warc_setup w = { .snapshot = s->snapshot, .user_agent = s->user_agent };
	char path[PATH_CAP];

	if (segment_path(a, path, e))
		return e->code;
	return warc_create(&a->segment, path, &w, e);
}

int archive_add(struct archive *a, const struct fetch_reply *r, const struct note *n, struct err *e)
{
	int rc = a && r->nhead > 0 && !a->segment ? begin_segment(a, e) : E_OK;

	return a && !rc ? archive_reply(a->segment, r, n, e) : rc;
}

int archive_seal(struct archive *a, struct err *e)
{
	int rc;

	if (!a || !a->segment || warc_count(a->segment) == 0)
		return E_OK;
	rc = warc_seal(a->segment, e);
	warc_leave(a->segment);
	a->segment = NULL;
	a->number++;
	return rc;
}

void archive_free(struct archive *a)
{
	struct err e = ERR_INIT;

	if (!a)
		return;
	if (archive_seal(a, &e))
		log_warn("%s", e.text);
	warc_free(a->segment);
	free(a);
}

/* ---- The folder */

static int ends_with(const char *name, const char *with)
{
	size_t n = strlen(name), m = strlen(with);

	return n > m && !strcmp(name + n - m, with);
}

static int is_leftover(const char *name)
{
	return ends_with(name, ".warc.gz.tmp");
}

/* Call `take` for each file of the folder. */
static int each_file(const char *dir, int (*take)(void *to, const char *dir, const char *name, struct err *e), void *to,
		     struct err *e)
{
	DIR *d = opendir(dir);
	struct dirent *x;
	int rc = E_OK;

	if (!d)
		return err_sys(e, errno, "cannot read the folder '%s'", dir);
	/* An end and a failure look the same but for errno: half a list would hide segments. */
	for (errno = 0; !rc && (x = readdir(d)); errno = 0)
		if (x->d_name[0] != '.')
			rc = take(to, dir, x->d_name, e);
	if (!rc && errno)
		rc = err_sys(e, errno, "cannot read the folder '%s'", dir);
	closedir(d);
	return rc;
}

static int name_leftover(void *to, const char *dir, const char *name, struct err *e)
{
	char path[PATH_CAP], final[PATH_CAP];
	int n = snprintf(path, sizeof path, "%s/%s", dir, name), *found = to;

	if (!is_leftover(name) || n >= (int)sizeof path)
		return E_OK;
	snprintf(final, sizeof final, "%.*s", n - 4, path);
	/* Sealed and not renamed, or renamed over: the sealed one stays. */
	if (access(final, F_OK) == 0)
		return E_OK;
	*found = 1;
	return rename(path, final) ? err_sys(e, errno, "cannot rename '%s'", path) : E_OK;
}

int archive_is_there(const char *dir)
{
	char path[PATH_CAP];
	struct stat st;

	return snprintf(path, sizeof path, "%s/archive", dir) < (int)sizeof path && stat(path, &st) == 0 &&
	       S_ISDIR(st.st_mode);
}

int archive_open(const char *dir, struct err *e)
{
	char path[PATH_CAP];
	int found = 0;

	if (snprintf(path, sizeof path, "%s/archive", dir) >= (int)sizeof path)
		return err_set(e, E_USAGE, "the folder's name is too long");
	if (snapshot_make_dir(path, 0777, e) || each_file(path, name_leftover, &found, e) ||
	    snapshot_copy(dir, path, e))
		return e->code;
	return found ? snapshot_sync_dir(path, e) : E_OK;
}

void archive_forget(const char *dir)
{
	char path[PATH_CAP];

	if (snprintf(path, sizeof path, "%s/archive/snapshot.json", dir) < (int)sizeof path)
		unlink(path);
}

static int add_name(void *to, const char *dir, const char *name, struct err *e)
{
	struct archive_list *l = to;
	size_t n = strlen(name) + 1;
	char *names;

	(void)dir;
	if (!is_leftover(name) && !ends_with(name, ending) && !ends_with(name, ".warc"))
		return E_OK;
	names = realloc(l->names, l->nbytes + n);
	if (!names)
		return err_set(e, E_NOMEM, "no memory to list the archive");
	memcpy(names + l->nbytes, name, n);
	l->names = names;
	l->nbytes += n;
	l->n++;
	return E_OK;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int sort_names(struct archive_list *l)
{
	char **at = malloc((l->n + 1) * sizeof *at), *sorted = malloc(l->nbytes + 1), *p = l->names, *to = sorted;

	if (!at || !sorted) {
		free(at);
		free(sorted);
		return -1;
	}
	for (size_t i = 0; i < l->n; p += strlen(p) + 1)
		at[i++] = p;
	qsort(at, l->n, sizeof *at, by_name);
	for (size_t i = 0; i < l->n; i++)
		to = stpcpy(to, at[i]) + 1;
	free(at);
	free(l->names);
	l->names = sorted;
	return 0;
}

int archive_list(struct archive_list *l, const char *dir, struct err *e)
{
	int rc;

	*l = (struct archive_list){ NULL, 0, 0 };
	rc = each_file(dir, add_name, l, e);
	if (!rc && l->n > 0 && sort_names(l))
		rc = err_set(e, E_NOMEM, "no memory to list the archive");
	if (rc)
		archive_list_release(l);
	return rc;
}

void archive_list_release(struct archive_list *l)
{
	free(l->names);
	*l = (struct archive_list){ NULL, 0, 0 };
}

size_t archive_session(const char *name)
{
	return strspn(name, "0123456789") == SESSION_LEN && name[SESSION_LEN] == '-' ? SESSION_LEN : 0;
}

/* The session of a segment's name, ms since 1970; 0 if it is none. */
static int64_t session_of(const char *name)
{
	char text[32];
	int64_t s;
	int n;

	if (!archive_session(name))
		return 0;
	n = snprintf(text, sizeof text, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", name, name + 4, name + 6, name + 8, name + 10,
		     name + 12);
	return utc_parse(text, (size_t)n, &s) ? 0 : s * 1000 + strtol(name + 14, NULL, 10);
}

int64_t archive_last_session(const char *dir)
{
	char path[PATH_CAP];
	struct archive_list l = { NULL, 0, 0 };
	struct err e = ERR_INIT;
	const char *name;
	int64_t last = 0;

	if (!archive_is_there(dir) || snprintf(path, sizeof path, "%s/archive", dir) >= (int)sizeof path ||
	    archive_list(&l, path, &e))
		return 0;
	name = l.names;
	for (size_t i = 0; i < l.n; i++, name += strlen(name) + 1)
		last = session_of(name) > last ? session_of(name) : last;
	archive_list_release(&l);
	return last;
}
