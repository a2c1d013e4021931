// SPDX-License-Identifier: Apache-2.0
#include "crawler/audit_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crawler/refill.h"
#include "crawler/retry.h"
#include "crawler/stop.h"
#include "io/h5shard.h"
#include "io/log.h"

/* --- the places --- */

static int by_index(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return x->index < y->index ? -1 : x->index > y->index;
}

static int by_number(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

/* The shards of the kind: their paths stay in the list, the others' are dropped. */
static int list_kind(struct shard_list *l, enum kind kind, const char *dir, struct err *e)
{
	char path[4096];
	size_t n = 0;

	snprintf(path, sizeof path, "%s/shards", dir);
	if (shard_list(l, path, e))
		return e->code;
	for (size_t i = 0; i < l->n; i++) {
		enum kind k;
		int64_t seq;
		int rank;

		if (shard_name_parse(l->path[i], &k, &rank, &seq) && k == kind)
			l->path[n++] = l->path[i];
		else
			free(l->path[i]);
	}
	l->n = n;
	return E_OK;
}

/* Rows of each shard, in nrow[]; their sum is returned, -1 after an error. */
static int64_t count_rows(const struct audit *r, const struct shard_list *l, uint64_t *nrow, struct err *e)
{
	int64_t sum = 0;

	for (size_t i = 0; i < l->n; i++) {
		struct shard x;
		int rc;

		if (stop_check(r->s->is_stopped, e))
			return -1;
		rc = shard_read(&x, l->path[i], r->s->snapshot->id, 0, &nrow[i], e);
		shard_release(&x);
		if (rc)
			return -1;
		sum += (int64_t)nrow[i];
	}
	return sum;
}

/* Fill those of p[0 … n) that lie in the shard, whose first row is number `first`. */
static int read_places(const struct audit *r, const char *path, uint64_t first, struct place *p, int64_t n,
		       struct err *e)
{
	struct shard x;
	uint64_t nrow;
	int rc = shard_read(&x, path, r->s->snapshot->id, 1, &nrow, e);
	const struct oid *oid = x.rows.col[F_OID].oid;
	const int64_t *value = x.rows.col[r->counter].i64;

	if (!rc && (x.kind != r->kind || first + nrow <= p[n - 1].index || !oid || !value))
		rc = err_set(e, E_FORMAT, "'%s' is not what it was a moment ago; run the same command again", path);
	for (int64_t i = 0; i < n && !rc && oid && value; i++) {
		p[i].oid = oid[p[i].index - first];
		p[i].value = value[p[i].index - first];
	}
	shard_release(&x);
	return rc;
}

static int fill_places(const struct audit *r, const struct shard_list *l, const uint64_t *nrow, struct place *p,
		       int64_t n, struct err *e)
{
	uint64_t first = 0;
	int64_t at = 0;
	int rc = E_OK;

	for (size_t i = 0; i < l->n && !rc && !(rc = stop_check(r->s->is_stopped, e)); first += nrow[i++]) {
		int64_t end = at;

		while (end < n && p[end].index < first + nrow[i])
			end++;
		if (end > at)
			rc = read_places(r, l->path[i], first, p + at, end - at, e);
		at = end;
	}
	return rc;
}

/* Draw n places, in p[] as they were drawn, so that the first of them are the same for any larger n, and look up those
 * that are not done. *got of them, 0 for an empty census. */
static int draw(struct audit *r, struct place *p, int64_t n, int64_t *got, struct err *e)
{
	struct place *rest = p + r->done;
	size_t nrest = (size_t)(n - r->done);
	struct shard_list l;
	uint64_t *nrow = NULL;
	int64_t total = 0;
	int rc = list_kind(&l, r->kind, r->s->dir, e);

	*got = 0;
	if (!rc) {
		nrow = calloc(l.n + 1, sizeof *nrow);
		total = nrow ? count_rows(r, &l, nrow, e) : -1;
	}
	if (total < 0)
		rc = err_set(e, E_NOMEM, "no memory for the second pass"); /* unless count_rows() has said more */
	if (!rc && total > 0) {
		for (int64_t i = 0; i < n; i++)
			p[i] = (struct place){ .index = retry_random(&r->random) % (uint64_t)total, .number = i };
		/* In the order of the shards each of them is read once. */
		qsort(rest, nrest, sizeof *p, by_index);
		rc = fill_places(r, &l, nrow, rest, (int64_t)nrest, e);
		qsort(rest, nrest, sizeof *p, by_number);
		*got = n;
	}
	free(nrow);
	shard_list_release(&l);
	return rc;
}

/* --- what has come --- */

static int seal(struct audit *r, struct err *e)
{
	if (r->sample.counter[CNT_PAGES] == 0)
		return E_OK;
	if (archive_seal(r->s->archive, e) || audit_seal(&r->sample, r->s->dir, "audit", e)) {
		r->is_unsealed = 1;
		return e->code;
	}
	shard_clear(&r->sample);
	return E_OK;
}

int audit_seal_due(struct audit *r, struct err *e)
{
	const struct shard *x = &r->sample;
	int is_due = x->rows.n >= (uint64_t)r->s->seal_rows || shard_is_full(x) ||
		     clock_ms() - r->oldest_ms >= r->s->seal_ms;

	return is_due ? seal(r, e) : E_OK;
}

/* --- a kind --- */

static int set_one_aside(const char *path, enum kind kind, struct err *e)
{
	char to[4200];

	if (!shard_set_aside(path, to, e))
		log_warn("'%s' is set aside as '%s': the second pass of %s has damage and is asked anew", path, to,
			 kind_name[kind]);
	return e->code;
}

/* With one file of the sample lost, which of its places it held is lost too: all of the kind are asked anew. The
 * damaged one last: a kill or an error before leaves it to be found again. */
static int set_aside(const struct shard_list *l, size_t damaged, enum kind kind, struct err *e)
{
	for (size_t i = 0; i < l->n; i++) {
		enum kind k;
		int64_t seq;
		int rank;

		if (i != damaged && shard_name_parse(l->path[i], &k, &rank, &seq) && k == kind &&
		    set_one_aside(l->path[i], kind, e))
			return e->code;
	}
	return set_one_aside(l->path[damaged], kind, e);
}

/* How many pages of a kind are sealed, and with how many requests (`counter`, or NULL); and what is done about damage.
 */
static int look_back(int64_t *done, int64_t *counter, enum kind kind, const char *dir, const char *snapshot,
		     int (*is_stopped)(void), int (*mend)(const struct shard_list *, size_t, enum kind, struct err *),
		     struct err *e)
{
	struct shard_list l;
	struct err own = ERR_INIT;
	int rc = shard_list(&l, dir, e);
	size_t at = 0;

	for (size_t i = 0; i < l.n && !rc && !own.code; i++) {
		struct shard x;
		enum kind k;
		uint64_t n;
		int64_t seq;
		int rank;

		if (!shard_name_parse(l.path[i], &k, &rank, &seq) || k != kind)
			continue;
		if (stop_check(is_stopped, &own))
			break;
		at = i;
		if (!shard_read(&x, l.path[i], snapshot, 0, &n, &own)) {
			*done += x.counter[CNT_PAGES];
			for (int c = 0; counter && c < NCOUNTERS; c++)
				counter[c] += counter_is_of_requests(c) ? x.counter[c] : 0;
		}
		shard_release(&x);
	}
	if (own.code == E_DAMAGED) {
		*done = 0;
		rc = mend ? mend(&l, at, kind, e) : E_OK;
	} else if (own.code) {
		rc = err_set(e, own.code, "%s", own.text);
	}
	shard_list_release(&l);
	return rc;
}

/* Whoever stops from now on leaves a second pass that a later session can tell of. */
static int note_begun(const struct audit_setup *s, struct err *e)
{
	if (*s->unfinished >= s->pages)
		return E_OK;
	*s->unfinished = s->pages;
	return snapshot_note_audit(s->dir, s->pages, e);
}

static int note_end(const struct audit_setup *s, struct err *e)
{
	if (*s->unfinished == 0 || *s->unfinished > s->pages)
		return E_OK;
	*s->unfinished = 0;
	return snapshot_note_audit(s->dir, 0, e);
}

static int sample_kind(struct audit *r, const char *dir, struct err *e)
{
	int64_t got = 0, n = r->s->pages;
	struct err own = ERR_INIT;
	struct place *p;
	int rc = look_back(&r->done, NULL, r->kind, dir, r->s->snapshot->id, r->s->is_stopped, set_aside, e);

	/* Without a cursor there is but one page. */
	if (r->plain && n > 1)
		n = 1;
	if (rc || r->done >= n || note_begun(r->s, e) || audit_limits(r, e))
		return e->code;
	p = calloc((size_t)n, sizeof *p);
	if (!p)
		return err_set(e, E_NOMEM, "no memory for the second pass");
	rc = draw(r, p, n, &got, e);
	/* To draw takes a while, in which nothing is asked. */
	outage_good(&r->outage, clock_ms());
	for (int64_t i = r->done; i < got && !rc; i++) {
		rc = audit_page(r, &p[i], e) || audit_seal_due(r, e) ? e->code : E_OK;
		if (r->plain)
			break; /* the same page again and again */
	}
	/* What has come is kept, whatever stopped it; but what could not be sealed may be there nevertheless. */
	if (!r->is_unsealed && seal(r, &own) && !rc)
		rc = err_set(e, own.code, "%s", own.text);
	free(p);
	return rc;
}

/* The seed of a kind's draws: the snapshot's own. */
static uint64_t seed_of(const char *id, enum kind kind)
{
	char part[17];

	snprintf(part, sizeof part, "%.16s", id);
	return strtoull(part, NULL, 16) + (uint64_t)kind * 0x9E3779B97F4A7C15u;
}

static int audit_dir(const char *dir, const char *name, char path[4096], struct err *e)
{
	return snprintf(path, 4096, "%s/%s", dir, name) >= 4096 ? err_set(e, E_USAGE, "the folder's name is too long")
								: E_OK;
}

int audit_seal(struct shard *sample, const char *dir, const char *name, struct err *e)
{
	int64_t next[NKINDS];
	char path[4096];

	if (audit_dir(dir, name, path, e) || snapshot_make_dir(path, 0777, e))
		return e->code;
	if (shard_numbers(path, next, e))
		return e->code;
	sample->seq = next[sample->kind];
	return shard_seal(sample, path, e);
}

int audit_check(const char *dir, const struct snapshot *s, int (*is_stopped)(void), struct err *e)
{
	char path[4096];
	int64_t done = 0;
	int rc = audit_dir(dir, "audit", path, e) ? e->code : refill_mend(&refill_audit, dir, e);

	for (int k = 0; k < NKINDS && !rc; k++)
		rc = look_back(&done, NULL, (enum kind)k, path, s->id, is_stopped, set_aside, e);
	return rc;
}

int audit_look(const char *dir, const struct snapshot *s, int64_t pages[NKINDS], int64_t *counter,
	       int (*is_stopped)(void), struct err *e)
{
	char path[4096];
	int rc = audit_dir(dir, "audit", path, e);

	for (int k = 0; k < NKINDS; k++)
		pages[k] = 0;
	for (int k = 0; k < NKINDS && !rc; k++)
		rc = look_back(pages + k, counter, (enum kind)k, path, s->id, is_stopped, NULL, e);
	return rc;
}

int audit_run(const struct audit_setup *s, struct err *e)
{
	char dir[4096];
	int heard = s->heard;

	if (audit_dir(s->dir, "audit", dir, e))
		return e->code;
	for (int k = 0; k < NKINDS && !e->code; k++) {
		struct audit r = {
			.s = s, .kind = (enum kind)k, .sort = "downloads", .counter = F_DOWNLOADS, .heard = heard
		};

		if (!(s->snapshot->kinds >> k & 1))
			continue;
		if (!schema_has(r.kind, F_DOWNLOADS)) {
			r.sort = "likes";
			r.counter = F_LIKES;
		}
		if (!(s->snapshot->fields >> r.counter & 1)) {
			log_note("%s was not asked for: the second pass of %s asks for those with most of them, no "
				 "random sample",
				 schema[r.counter].expand, kind_name[k]);
			r.plain = 1;
		}
		outage_good(&r.outage, clock_ms());
		r.random = seed_of(s->snapshot->id, r.kind);
		r.page = page_create();
		shard_init(&r.sample, r.kind, s->snapshot->id, 0, s->session);
		if (!r.page)
			err_set(e, E_NOMEM, "no memory for the second pass");
		else
			sample_kind(&r, dir, e);
		heard = r.heard;
		shard_release(&r.sample);
		page_free(r.page);
	}
	return e->code ? e->code : note_end(s, e);
}
