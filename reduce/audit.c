// SPDX-License-Identifier: Apache-2.0
#include "reduce/audit.h"

const struct figure_col audit_cols[6] = {
	{ "kind", CELL_TEXT, FIGURE_KEY, NULL, "models, datasets or spaces" },
	{ "high", CELL_F64, 0, "share", "upper end of the 95 % interval of the share missed" },
	{ "low", CELL_F64, 0, "share", "lower end of it" },
	{ "missed", CELL_I64, 0, "repositories", "of the sampled ones, those that the census lacks" },
	{ "sampled", CELL_I64, 0, "repositories", "distinct repositories of the second pass" },
	{ "share", CELL_F64, 0, "share", "missed / sampled" },
};

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "io/h5shard.h"
#include "reduce/analyzer.h"
#include "reduce/census.h"
#include "reduce/estimate.h"
#include "reduce/figures.h"
#include "reduce/wire.h"

/* Sampled ids of one rank, as read. */
struct sample {
	struct oid *at;
	uint64_t n, cap;
};

static int sample_add(struct sample *s, struct oid o)
{
	if (s->n == s->cap) {
		uint64_t cap = s->cap ? 2 * s->cap : 1024;
		struct oid *at = realloc(s->at, cap * sizeof *at);

		if (!at)
			return -1;
		s->at = at;
		s->cap = cap;
	}
	s->at[s->n++] = o;
	return 0;
}

static int is_covered(const struct coverage *c, struct oid o)
{
	struct span s = { oid_prev(o), o };

	return cover_has(&c->clean, s) || cover_has(&c->suspect, s);
}

static int take_rows(struct sample *to, const struct table *t, const struct census *c, struct err *e)
{
	for (uint64_t i = 0; i < t->n; i++) {
		struct oid o = t->col[F_OID].oid[i];

		if (oid_seconds(o) <= c->snap.t0 && is_covered(&c->load.cover[t->kind], o) && sample_add(to, o))
			return err_set(e, E_NOMEM, "no memory for the second pass");
	}
	return E_OK;
}

/* The files are few: every rank takes those of its turn. Local. */
static int read_files(struct sample *s, int64_t *pages, const struct census *c, int kind, const char *dir,
		      struct crawls *crawls, struct err *e)
{
	struct shard_list list;
	int rc = shard_list(&list, dir, e);

	for (size_t i = (size_t)c->rank; !rc && i < list.n; i += (size_t)c->nranks) {
		struct shard shard;
		uint64_t nrows;

		rc = shard_read(&shard, list.path[i], c->snap.id, 1, &nrows, e);
		if (!rc && (int)shard.kind == kind) {
			*pages += shard.counter[CNT_PAGES];
			rc = crawls_note_sample(crawls, (struct seal){ shard.session, shard.rank, shard.sealed_at },
						shard.counter)
				   ? err_set(e, E_NOMEM, "no memory for the second pass")
				   : take_rows(s, &shard.rows, c, e);
		}
		shard_release(&shard);
	}
	shard_list_release(&list);
	return rc;
}

static int by_oid(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct oid));
}

/* The last id that each rank owns; OID_MIN where it owns none. */
static int last_ids(const struct census *c, int kind, struct oid *last, int rc, struct err *e)
{
	const struct table *t = &c->kind[kind].t;
	struct oid mine = t->n ? t->col[F_OID].oid[t->n - 1] : OID_MIN;

	if (err_agree(c->comm, rc, e))
		return e->code;
	MPI_Allgather(&mine, sizeof mine, MPI_BYTE, last, sizeof mine, MPI_BYTE, c->comm);
	return E_OK;
}

/* The rank in whose range an id lies: the first that owns an id as large, else the last that owns any. */
static int owner_of(const struct oid *last, int nranks, struct oid o)
{
	int owner = 0;

	for (int r = 0; r < nranks; r++) {
		if (oid_cmp(last[r], OID_MIN) == 0)
			continue;
		owner = r;
		if (oid_cmp(o, last[r]) <= 0)
			break;
	}
	return owner;
}

static int pack(struct parcel *p, const struct sample *s, const struct oid *last, const struct census *c, struct err *e)
{
	if (parcel_init(p, c->comm, sizeof(struct oid), e))
		return e->code;
	/* Sorted by id they are sorted by owner. */
	if (s->n)
		qsort(s->at, s->n, sizeof *s->at, by_oid);
	for (uint64_t i = 0; i < s->n; i++)
		p->n[owner_of(last, c->nranks, s->at[i])]++;
	if (parcel_alloc(p, c->comm, e))
		return e->code;
	if (s->n)
		memcpy(p->data, s->at, s->n * sizeof *s->at);
	return E_OK;
}

/* Count the distinct ids that came and those of them that no row has. Local. */
static void look_up(struct parcel *p, const struct table *t, int64_t *sampled, int64_t *missed)
{
	struct oid *at = p->data;

	*sampled = *missed = 0;
	if (p->total)
		qsort(at, p->total, sizeof *at, by_oid);
	for (uint64_t i = 0; i < p->total; i++) {
		if (i > 0 && oid_cmp(at[i], at[i - 1]) == 0)
			continue;
		++*sampled;
		*missed += t->n == 0 || !bsearch(&at[i], t->col[F_OID].oid, t->n, sizeof *at, by_oid);
	}
}

static int count_kind(struct audit *a, const struct census *c, int kind, const char *dir, struct crawls *crawls,
		      struct err *e)
{
	struct parcel out = { 0 }, in = { 0 };
	struct sample s = { NULL, 0, 0 };
	struct oid *last = calloc((size_t)c->nranks, sizeof *last);
	int64_t mine[3] = { 0, 0, 0 }, all[3];
	int rc = last ? read_files(&s, &mine[2], c, kind, dir, crawls, e)
		      : err_set(e, E_NOMEM, "no memory for the second pass");

	rc = last_ids(c, kind, last, rc, e);
	if (!rc)
		rc = pack(&out, &s, last, c, e);
	rc = wire_exchange(c->comm, rc, &out, &in, e);
	if (!rc) {
		look_up(&in, &c->kind[kind].t, &mine[0], &mine[1]);
		agree_sum(c->comm, mine, all, 3);
		a->sampled[kind] = all[0];
		a->missed[kind] = all[1];
		a->pages[kind] = all[2];
	}
	parcel_release(&out);
	parcel_release(&in);
	free(last);
	free(s.at);
	return rc;
}

int audit_count(struct audit *a, const struct census *c, const char *dir, struct crawls *crawls, struct err *e)
{
	char path[4096];
	int rc = E_OK;

	memset(a, 0, sizeof *a);
	snprintf(path, sizeof path, "%s/audit", dir);
	for (int k = 0; k < NKINDS && !rc; k++)
		if (census_has(c, k))
			rc = count_kind(a, c, k, path, crawls, e);
	return rc;
}

/* The kinds have as many pages each, one after the other: one that has fewer says that the pass is not over, and so
 * does the snapshot, but for one that was read again from an archive. */
static void tell_unfinished(const struct census *c, struct figure_table *t)
{
	int64_t most = c->snap.audit;

	for (int k = 0; k < NKINDS; k++)
		most = c->audit.pages[k] > most ? c->audit.pages[k] : most;
	for (int k = 0; k < NKINDS; k++)
		if (census_has(c, k) && c->kind[k].total > 0 && c->audit.pages[k] < most)
			figure_status(t, FIGURE_PARTIAL,
				      "the second pass has %lld of %lld pages of %s: hubcrawl --audit=%lld goes on",
				      (long long)c->audit.pages[k], (long long)most, kind_name[k], (long long)most);
}

/* The places from which a page is asked for are told by a counter. */
static void tell_order(const struct census *c, struct figure_table *t)
{
	for (int k = 0; k < NKINDS; k++) {
		enum field by = schema_has((enum kind)k, F_DOWNLOADS) ? F_DOWNLOADS : F_LIKES;

		if (c->audit.sampled[k] > 0 && !(c->snap.fields >> by & 1))
			figure_status(t, FIGURE_PARTIAL,
				      "%s was not asked for: the second pass took the %s with most of them, no random "
				      "sample",
				      schema[by].expand, kind_name[k]);
	}
}

void audit_make(const struct facts *f, struct figure_table *t)
{
	const struct audit *a = &f->c->audit;
	int any = 0;

	for (int k = 0; k < NKINDS; k++) {
		double low, high;

		if (!census_has(f->c, k) || a->sampled[k] == 0)
			continue;
		any = 1;
		estimate_share(a->missed[k], a->sampled[k], &low, &high);
		figure_row(t);
		figure_name(t, 0, kind_name[k]);
		figure_f64(t, 1, high);
		figure_f64(t, 2, low);
		figure_i64(t, 3, a->missed[k]);
		figure_i64(t, 4, a->sampled[k]);
		figure_share(t, 5, (double)a->missed[k], (double)a->sampled[k]);
	}
	tell_order(f->c, t);
	tell_unfinished(f->c, t);
	if (!any)
		figure_status(t, FIGURE_NOT_AVAILABLE, "no second pass was made (hubcrawl --audit)");
}
