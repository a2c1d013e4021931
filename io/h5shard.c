// SPDX-License-Identifier: Apache-2.0
/* The shard in memory. Its file: h5shard_write.c and h5shard_read.c. */
#include "io/h5shard.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/snapshot.h"

#include "io/h5accounts.h"

const char *const counter_name[NCOUNTERS] = {
	[CNT_REQUESTS] = "requests",
	[CNT_OK] = "replies_ok",
	[CNT_REDIRECT] = "replies_redirect",
	[CNT_TOO_MANY] = "replies_429",
	[CNT_CLIENT_ERROR] = "replies_client_error",
	[CNT_SERVER_ERROR] = "replies_server_error",
	[CNT_NO_REPLY] = "no_reply",
	[CNT_NOT_JSON] = "replies_not_json",
	[CNT_RETRIES] = "retries",
	[CNT_PAGES] = "pages",
	[CNT_PAGES_BROKEN] = "pages_broken",
	[CNT_ROWS] = "rows",
	[CNT_ROWS_OUTSIDE] = "rows_outside",
	[CNT_DUPLICATES] = "duplicates",
	[CNT_REFUSED] = "records_refused",
	[CNT_FIELDS_REFUSED] = "fields_refused",
	[CNT_LABELS_CUT] = "labels_cut",
	[CNT_BYTES_WIRE] = "bytes_wire",
	[CNT_BYTES] = "bytes",
	[CNT_SHARDS] = "shards",
	[CNT_WINDOWS_SPLIT] = "windows_split",
	[CNT_WAIT_QUOTA_MS] = "wait_quota_ms",
};

void shard_init(struct shard *s, enum kind kind, const char *snapshot, int rank, int64_t session)
{
	memset(s, 0, sizeof *s);
	snprintf(s->snapshot, sizeof s->snapshot, "%s", snapshot);
	s->kind = kind;
	s->rank = rank;
	s->session = session;
	s->hub_total = -1;
	table_init(&s->rows, kind);
}

static void drop_content(struct shard *s)
{
	for (uint32_t i = 0; i < s->npiece; i++)
		free(s->piece[i].next);
	for (uint32_t i = 0; i < s->nrefusal; i++) {
		free(s->refusal[i].why);
		free(s->refusal[i].raw);
	}
	s->npiece = s->nrefusal = 0;
	s->refusal_nbytes = 0;
	memset(s->counter, 0, sizeof s->counter);
}

void shard_clear(struct shard *s)
{
	/* What a hostile page took would be held for the rest of the crawl, by the shard of each kind. */
	if (shard_is_full(s)) {
		shard_release(s);
		return;
	}
	drop_content(s);
	table_clear(&s->rows);
}

void shard_release(struct shard *s)
{
	drop_content(s);
	free(s->piece);
	free(s->refusal);
	table_release(&s->rows);
	s->piece = NULL;
	s->refusal = NULL;
	s->piece_cap = s->refusal_cap = 0;
}

static char *copy(const char *s, size_t n)
{
	char *d = malloc(n + 1);

	if (d) {
		if (n)
			memcpy(d, s, n);
		d[n] = '\0';
	}
	return d;
}

/* Does p lengthen q? Upwards (its lo is q's hi) or downwards. */
static int goes_on(const struct shard_piece *q, const struct shard_piece *p)
{
	return q->flags == p->flags && (oid_cmp(q->span.hi, p->span.lo) == 0 || oid_cmp(q->span.lo, p->span.hi) == 0);
}

static void lengthen(struct shard_piece *q, const struct shard_piece *p)
{
	if (oid_cmp(q->span.hi, p->span.lo) == 0)
		q->span.hi = p->span.hi;
	else
		q->span.lo = p->span.lo;
	q->pages += p->pages;
	q->rows += p->rows;
	if (p->observed_first < q->observed_first)
		q->observed_first = p->observed_first;
	if (p->observed_last > q->observed_last)
		q->observed_last = p->observed_last;
}

int shard_add_piece(struct shard *s, const struct shard_piece *p)
{
	char *next = p->next ? copy(p->next, strlen(p->next)) : NULL;

	if (p->next && !next)
		return -1;
	/* Several windows walk at once: the one that goes on is among the last few. */
	for (uint32_t i = s->npiece, tried = 0; i-- > 0 && tried < 64; tried++) {
		if (!goes_on(&s->piece[i], p))
			continue;
		lengthen(&s->piece[i], p);
		free(s->piece[i].next);
		s->piece[i].next = next;
		return 0;
	}
	if (s->npiece == s->piece_cap) {
		uint32_t cap = s->piece_cap ? 2 * s->piece_cap : 16;
		struct shard_piece *a = realloc(s->piece, cap * sizeof *a);

		if (!a) {
			free(next);
			return -1;
		}
		s->piece = a;
		s->piece_cap = cap;
	}
	s->piece[s->npiece] = *p;
	s->piece[s->npiece++].next = next;
	return 0;
}

int shard_add_refusal(struct shard *s, int field, int64_t observed, struct oid oid, const char *why, const char *raw,
		      size_t nraw)
{
	struct shard_refusal r = { .field = field, .observed = observed, .oid = oid };

	if (s->nrefusal == s->refusal_cap) {
		uint32_t cap = s->refusal_cap ? 2 * s->refusal_cap : 16;
		struct shard_refusal *a = realloc(s->refusal, cap * sizeof *a);

		if (!a)
			return -1;
		s->refusal = a;
		s->refusal_cap = cap;
	}
	if (nraw > REFUSAL_RAW_MAX)
		nraw = REFUSAL_RAW_MAX;
	r.nraw = (uint32_t)nraw;
	r.why = copy(why, strlen(why));
	r.raw = copy(raw, nraw);
	if (!r.why || !r.raw) {
		free(r.why);
		free(r.raw);
		return -1;
	}
	s->refusal[s->nrefusal++] = r;
	s->refusal_nbytes += strlen(why) + nraw;
	return 0;
}

uint64_t shard_nbytes(const struct shard *s)
{
	return table_nbytes(&s->rows) + s->nrefusal * sizeof *s->refusal + s->refusal_nbytes;
}

int shard_is_full(const struct shard *s)
{
	return s->nrefusal >= SHARD_REFUSALS_FULL || shard_nbytes(s) >= SHARD_NBYTES_FULL;
}

int shard_is_empty(const struct shard *s)
{
	if (s->rows.n || s->npiece || s->nrefusal)
		return 0;
	for (int i = 0; i < NCOUNTERS; i++)
		if (s->counter[i])
			return 0;
	return 1;
}

int shard_name_parse(const char *path, enum kind *kind, int *rank, int64_t *seq)
{
	const char *name = strrchr(path, '/'), *p;
	long long q;
	int r, len = 0;

	name = name ? name + 1 : path;
	for (int k = 0; k < NKINDS; k++) {
		size_t n = strlen(kind_name[k]);

		if (strncmp(name, kind_name[k], n))
			continue;
		p = name + n;
		if (sscanf(p, "-r%6d-%12lld.h5%n", &r, &q, &len) == 2 && len > 0 && p[len] == '\0' && r >= 0 &&
		    q >= 0) {
			*kind = (enum kind)k;
			*rank = r;
			*seq = q;
			return 1;
		}
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_path(struct shard_list *l, size_t *cap, const char *dir, const char *name)
{
	size_t n = strlen(dir) + strlen(name) + 2;
	char *path;

	if (l->n == *cap) {
		size_t c = *cap ? 2 * *cap : 64;
		char **a = realloc(l->path, c * sizeof *a);

		if (!a)
			return -1;
		l->path = a;
		*cap = c;
	}
	path = malloc(n);
	if (!path)
		return -1;
	snprintf(path, n, "%s/%s", dir, name);
	l->path[l->n++] = path;
	return 0;
}

static int is_no_account_shard(const char *name)
{
	int64_t seq;
	int rank;

	return !account_shard_name_parse(name, &rank, &seq);
}

int shard_list(struct shard_list *l, const char *dir, struct err *e)
{
	return shard_list_where(l, dir, is_no_account_shard, e);
}

int shard_list_where(struct shard_list *l, const char *dir, int (*is_wanted)(const char *name), struct err *e)
{
	DIR *d = opendir(dir);
	struct dirent *x;
	size_t cap = 0;
	int rc = E_OK;

	memset(l, 0, sizeof *l);
	if (!d)
		return errno == ENOENT ? E_OK : err_sys(e, errno, "cannot read the folder '%s'", dir);
	/* An end and a failure look the same but for errno: half a list would hide shards. */
	for (errno = 0; !rc && (x = readdir(d)); errno = 0) {
		size_t n = strlen(x->d_name);

		if (n < 4 || strcmp(x->d_name + n - 3, ".h5") || x->d_name[0] == '.' || !is_wanted(x->d_name))
			continue;
		if (add_path(l, &cap, dir, x->d_name))
			rc = err_set(e, E_NOMEM, "no memory to list '%s'", dir);
	}
	if (!rc && errno)
		rc = err_sys(e, errno, "cannot read the folder '%s'", dir);
	closedir(d);
	if (rc)
		shard_list_release(l);
	else if (l->n)
		qsort(l->path, l->n, sizeof *l->path, by_name);
	return rc;
}

void shard_list_release(struct shard_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->path[i]);
	free(l->path);
	memset(l, 0, sizeof *l);
}

static int raise_numbers(const char *dir, int64_t next[NKINDS], struct err *e)
{
	struct shard_list l;
	enum kind k;
	int64_t seq;
	int rank;

	if (shard_list(&l, dir, e))
		return e->code;
	for (size_t i = 0; i < l.n; i++)
		if (shard_name_parse(l.path[i], &k, &rank, &seq) && seq >= next[k])
			next[k] = seq + 1;
	shard_list_release(&l);
	return E_OK;
}

int shard_numbers(const char *dir, int64_t next[NKINDS], struct err *e)
{
	char damaged[4096];

	memset(next, 0, NKINDS * sizeof *next);
	if (snprintf(damaged, sizeof damaged, "%s/damaged", dir) >= (int)sizeof damaged)
		return err_set(e, E_USAGE, "the path '%.60s...' is too long", dir);
	return raise_numbers(dir, next, e) ? e->code : raise_numbers(damaged, next, e);
}

int shard_set_aside(const char *path, char to[4200], struct err *e)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char dir[4096], damaged[4112];

	snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	snprintf(damaged, sizeof damaged, "%s/damaged", dir);
	if (mkdir(damaged, 0777) && errno != EEXIST)
		return err_sys(e, errno, "cannot make the folder '%s'", damaged);
	if (snprintf(to, 4200, "%s/%s", damaged, name) >= 4180)
		return err_set(e, E_USAGE, "the path '%.60s...' is too long", path);
	for (int i = 1; access(to, F_OK) == 0; i++)
		snprintf(to, 4200, "%s/%s.%d", damaged, name, i);
	/* Of which it cannot be told whether it is there must not be replaced. */
	if (errno != ENOENT)
		return err_sys(e, errno, "cannot look into the folder '%s'", damaged);
	if (rename(path, to))
		return err_sys(e, errno, "cannot rename '%s'", path);
	return snapshot_sync_dir(damaged, e) ? e->code : snapshot_sync_dir(dir, e);
}
