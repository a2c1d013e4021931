// SPDX-License-Identifier: Apache-2.0
#include "reduce/compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/base.h"
#include "reduce/order.h"
#include "reduce/period.h"
#include "reduce/wire.h"

/* The walk along one kind's axis, of both censuses at once. */
struct walk {
	const struct census *c;
	const struct previous *p;
	struct comparison *to;
	struct changes *changes; /* NULL: not asked for */
	const struct oid *lost;  /* of this census, ascending */
	uint64_t nlost;
	int kind;
	int64_t *life; /* of models: downloads_all_time in the earlier census per row now, -1 not known; or NULL */
};

/* An id and what follows from it. */
struct name {
	const char *s;
	size_t n, nowner;
	const struct org *org;
};

static struct name name_of(const struct census *c, const struct texts *id, uint64_t i, int64_t created)
{
	struct name x = { .org = NULL };

	x.s = texts_get(id, i, &x.n);
	x.nowner = base_namespace(x.s, x.n);
	if (x.nowner)
		x.org = orgs_find(c->orgs, x.s, x.nowner, created);
	return x;
}

static int same_owner(const struct name *a, const struct name *b)
{
	char x[1024], y[1024]; /* the schema's cap for an id is far below */

	if (a->nowner != b->nowner || a->nowner > sizeof x)
		return 0;
	base_lower(x, a->s, a->nowner);
	base_lower(y, b->s, b->nowner);
	return !memcmp(x, y, a->nowner);
}

static int64_t *org_sums(const struct walk *w, const struct org *org)
{
	return org ? w->to->org + ((int64_t)org->parent * NKINDS + w->kind) * NORG_SUM : NULL;
}

static void org_add(const struct walk *w, const struct org *org, enum org_sum what, int64_t x)
{
	int64_t *sum = org_sums(w, org);

	if (sum)
		sum[what] = wire_add(sum[what], x);
}

static void add(int64_t *to, int64_t x)
{
	*to = wire_add(*to, x);
}

/* Downloads or likes made by something of an owner: a difference, or all that one created since then has. */
static void add_made(const struct walk *w, const struct org *org, enum then_counter counter, int64_t x)
{
	int64_t up = x > 0 ? x : 0, down = x < 0 ? -x : 0;

	if (counter == THEN_LIKES) {
		org_add(w, org, ORG_LIKES_UP, up);
		org_add(w, org, ORG_LIKES_DOWN, down);
	} else if (counter == THEN_ALL_TIME) {
		org_add(w, org, ORG_MADE_UP, up);
		org_add(w, org, ORG_MADE_DOWN, down);
		if (w->kind == KIND_MODELS) {
			struct made *country = &w->to->country[org ? org->country + 1 : 0],
				    *sector = &w->to->sector[org ? org->sector : SECTOR_UNCLASSIFIED];

			add(&country->up, up);
			add(&country->down, down);
			add(&sector->up, up);
			add(&sector->down, down);
		}
	}
}

static int64_t counter_now(const struct walk *w, uint64_t row, int i)
{
	const struct table *t = &w->c->kind[w->kind].t;

	return schema_has(t->kind, then_field[i]) ? t->col[then_field[i]].i64[row] : -1;
}

static int note(const struct walk *w, struct oid o, enum change what, const struct name *before, const struct name *now)
{
	return w->changes ? changes_add(w->changes, w->kind, o, what, before ? before->s : NULL, before ? before->n : 0,
					now ? now->s : NULL, now ? now->n : 0)
			  : 0;
}

/* In both. */
static int count_kept(const struct walk *w, const struct then *then, uint64_t j, uint64_t i)
{
	const struct table *t = &w->c->kind[w->kind].t;
	int64_t created = oid_seconds(then->oid[j]), *fate = w->to->fate[w->kind];
	struct name before = name_of(w->c, &then->id, j, created), now = name_of(w->c, &t->col[F_ID].str, i, created);
	int renamed = order_text_cmp(before.s, before.n, now.s, now.n) != 0,
	    transferred = renamed && !same_owner(&before, &now);

	fate[FATE_KEPT]++;
	fate[FATE_RENAMED] += renamed;
	fate[FATE_TRANSFERRED] += transferred;
	org_add(w, before.org, ORG_BEFORE, 1);
	org_add(w, now.org, ORG_NOW, 1);
	if ((before.org ? before.org->parent : -1) != (now.org ? now.org->parent : -1)) {
		org_add(w, before.org, ORG_LEFT, 1);
		org_add(w, now.org, ORG_JOINED, 1);
	}
	for (int x = 0; x < NTHEN; x++) {
		int64_t a = then->counter[x][j], b = counter_now(w, i, x), *sum = w->to->sum[w->kind][x];

		sum[SUM_HAD] += a >= 0;
		sum[SUM_HAVE] += b >= 0;
		if (a < 0 || b < 0)
			continue;
		sum[SUM_PAIRS]++;
		add(&sum[SUM_BEFORE], a);
		add(&sum[SUM_NOW], b);
		add(&sum[b > a ? SUM_UP : SUM_DOWN], b > a ? b - a : a - b);
		sum[SUM_RISING] += b > a;
		sum[SUM_FALLING] += b < a;
		add_made(w, now.org, (enum then_counter)x, b - a);
	}
	if (w->life)
		w->life[i] = then->counter[THEN_ALL_TIME][j];
	return renamed ? note(w, then->oid[j], transferred ? CHANGE_TRANSFERRED : CHANGE_RENAMED, &before, &now) : 0;
}

static int count_new(const struct walk *w, uint64_t i)
{
	const struct table *t = &w->c->kind[w->kind].t;
	struct oid o = t->col[F_OID].oid[i];
	int64_t created = oid_seconds(o), *fate = w->to->fate[w->kind];
	struct name now = name_of(w->c, &t->col[F_ID].str, i, created);
	int is_young = created > w->p->head.t0;

	org_add(w, now.org, ORG_NOW, 1);
	for (int x = 0; x < NTHEN; x++)
		w->to->sum[w->kind][x][SUM_HAVE] += counter_now(w, i, x) >= 0;
	if (!is_young && hole_has(&w->p->hole[w->kind], w->p->lost[w->kind], w->p->nlost[w->kind], o)) {
		fate[FATE_UNKNOWN_NEW]++;
		org_add(w, now.org, ORG_UNKNOWN_NEW, 1);
		return 0;
	}
	fate[FATE_NEW]++;
	fate[FATE_PUBLISHED] += !is_young;
	org_add(w, now.org, ORG_NEW, 1);
	for (int x = 0; x < NTHEN; x++) {
		int64_t n = counter_now(w, i, x);

		if (n < 0)
			continue;
		add(&w->to->sum[w->kind][x][SUM_NEW], n);
		if (is_young) {
			add(&w->to->sum[w->kind][x][SUM_CREATED], n);
			add_made(w, now.org, (enum then_counter)x, n);
		}
	}
	return note(w, o, CHANGE_NEW, NULL, &now);
}

static int count_gone(const struct walk *w, const struct then *then, uint64_t j)
{
	const struct coverage *cover = &w->c->load.cover[w->kind];
	int64_t created = oid_seconds(then->oid[j]), *fate = w->to->fate[w->kind];
	struct name before = name_of(w->c, &then->id, j, created);

	org_add(w, before.org, ORG_BEFORE, 1);
	for (int x = 0; x < NTHEN; x++)
		w->to->sum[w->kind][x][SUM_HAD] += then->counter[x][j] >= 0;
	if (hole_has(&cover->gap, w->lost, w->nlost, then->oid[j]) ||
	    hole_has(&cover->suspect, NULL, 0, then->oid[j])) {
		fate[FATE_UNKNOWN_GONE]++;
		org_add(w, before.org, ORG_UNKNOWN_GONE, 1);
		return 0;
	}
	fate[FATE_GONE]++;
	org_add(w, before.org, ORG_GONE, 1);
	for (int x = 0; x < NTHEN; x++)
		if (then->counter[x][j] >= 0)
			add(&w->to->sum[w->kind][x][SUM_GONE], then->counter[x][j]);
	return note(w, then->oid[j], CHANGE_GONE, &before, NULL);
}

/* The growth that creation times tell. */
static void count_created(const struct walk *w)
{
	const struct table *t = &w->c->kind[w->kind].t;

	for (uint64_t i = t->n; i-- > 0;) {
		int64_t created = census_created(w->c, w->kind, i);

		if (created <= w->p->head.t0)
			break;
		org_add(w, name_of(w->c, &t->col[F_ID].str, i, created).org, ORG_CREATED, 1);
	}
}

/* Returns 0, or -1 when memory is short. */
static int walk_both(const struct walk *w, const struct then *then)
{
	const struct table *t = &w->c->kind[w->kind].t;
	uint64_t i = 0, j = 0;
	int rc = 0;

	while ((i < t->n || j < then->n) && !rc) {
		int c = i == t->n ? 1 : j == then->n ? -1 : oid_cmp(t->col[F_OID].oid[i], then->oid[j]);

		if (c < 0)
			rc = count_new(w, i++);
		else if (c > 0)
			rc = count_gone(w, then, j++);
		else
			rc = count_kept(w, then, j++, i++);
	}
	w->to->fate[w->kind][FATE_BEFORE] += (int64_t)then->n;
	w->to->fate[w->kind][FATE_NOW] += (int64_t)t->n;
	count_created(w);
	return rc;
}

/* ---- attention by age ---- */

#define WEEK 604800 /* s */

/* Watched from `from`, or since its creation, to `to`: counted at the age in the middle. */
static void count_age(struct between *week, int64_t created, int64_t from, int64_t to, int64_t before, int64_t now)
{
	int64_t begin = created > from ? created : from, age = ((begin - created) + (to - created)) / 2 / WEEK;
	struct between *b = &week[age];

	if (age >= ENGAGEMENT_WEEKS)
		return;
	b->repositories++;
	add(&b->seconds, to - begin);
	add(now > before ? &b->up : &b->down, now > before ? now - before : before - now);
}

/* life[0] and life[1]: downloads_all_time of the models at times from and to, -1 not known. */
static void count_ages(struct between *week, const struct census *c, int64_t from, int64_t to, const int64_t *before,
		       const int64_t *now)
{
	for (uint64_t i = 0; i < c->kind[KIND_MODELS].t.n; i++) {
		int64_t created = census_created(c, KIND_MODELS, i);

		/* The age of what is in the lump is not known. */
		if (created < PERIOD_LUMP_END || now[i] < 0 || created > to)
			continue;
		if (created > from)
			count_age(week, created, from, to, 0, now[i]);
		else if (before[i] >= 0)
			count_age(week, created, from, to, before[i], now[i]);
	}
}

/* ---- all of it ---- */

/* This census's lost records, ascending, on all ranks. */
struct lost {
	struct oid *oid[NKINDS];
	uint64_t n[NKINDS];
};

static int by_oid(const void *a, const void *b)
{
	return oid_cmp(*(const struct oid *)a, *(const struct oid *)b);
}

static int find_lost(struct lost *l, const struct census *c, int rc, struct err *e)
{
	const struct quarantine *q = &c->load.quarantine; /* rank 0's */

	memset(l, 0, sizeof *l);
	for (int k = 0; k < NKINDS; k++) {
		uint64_t nbytes;
		void *x;

		if (c->rank == 0 && !rc && !(l->oid[k] = malloc((size_t)(q->n + 1) * sizeof *l->oid[k])))
			rc = err_set(e, E_NOMEM, "out of memory for the quarantine");
		for (uint64_t i = 0; i < q->n && l->oid[k]; i++)
			if ((int)q->row[i].kind == k && q->row[i].field < 0 && oid_cmp(q->row[i].oid, OID_MIN) != 0)
				l->oid[k][l->n[k]++] = q->row[i].oid;
		if (l->n[k])
			qsort(l->oid[k], (size_t)l->n[k], sizeof *l->oid[k], by_oid);
		nbytes = l->n[k] * sizeof *l->oid[k];
		x = l->oid[k];
		rc = wire_share(c->comm, rc, &x, &nbytes, e);
		l->oid[k] = x;
		l->n[k] = rc ? 0 : nbytes / sizeof *l->oid[k];
	}
	return rc;
}

static void lost_release(struct lost *l)
{
	for (int k = 0; k < NKINDS; k++)
		free(l->oid[k]);
}

static int64_t *fill(uint64_t n, int64_t x)
{
	int64_t *a = malloc((size_t)(n + 1) * sizeof *a);

	for (uint64_t i = 0; i < n && a; i++)
		a[i] = x;
	return a;
}

static void sum_up(struct comparison *to, const struct census *c)
{
	uint64_t norg = (uint64_t)orgs_nparent(c->orgs) * NKINDS * NORG_SUM;

	wire_sum(c->comm, &to->fate[0][0], sizeof to->fate / sizeof(int64_t));
	wire_sum(c->comm, &to->sum[0][0][0], sizeof to->sum / sizeof(int64_t));
	wire_sum(c->comm, &to->country[0].up, (NCOUNTRY + 1) * (sizeof(struct made) / sizeof(int64_t)));
	wire_sum(c->comm, &to->sector[0].up, NSECTOR * (sizeof(struct made) / sizeof(int64_t)));
	wire_sum(c->comm, to->org, norg);
}

/* One earlier census, kind by kind; life: as in struct walk, of the models. */
static int compare_one(struct compare *x, int at, const struct census *c, const struct lost *lost, int64_t *life,
		       struct err *e)
{
	const struct previous *p = &x->previous.at[at];
	struct h5in *in = NULL;
	struct h5in_head head;
	int rc = h5in_open(&in, p->path, 0, &head, e);

	x->with[at].org = calloc((size_t)orgs_nparent(c->orgs) * NKINDS * NORG_SUM + 1, sizeof *x->with[at].org);
	if (!rc && !x->with[at].org)
		rc = err_set(e, E_NOMEM, "out of memory for the comparison with '%s'", p->path);
	if (!rc && (head.t0 != p->head.t0 || memcmp(head.nrows, p->head.nrows, sizeof head.nrows) != 0))
		rc = err_set(e, E_IO, "'%s' has changed while it was read; run the same command again", p->path);
	for (int k = 0; k < NKINDS; k++) {
		struct walk w = { c,
				  p,
				  &x->with[at],
				  at + 1 == x->previous.n ? &x->changes : NULL,
				  lost->oid[k],
				  lost->n[k],
				  k,
				  k == KIND_MODELS ? life : NULL };
		struct then then;

		if (!(c->snap.kinds & p->head.kinds & 1u << k))
			continue;
		rc = previous_rows(p, in, c->comm, rc, (enum kind)k, &c->kind[k], &then, e);
		if (!rc && walk_both(&w, &then))
			rc = err_set(e, E_NOMEM, "out of memory for the comparison with '%s'", p->path);
		then_release(&then);
	}
	h5in_close(&in);
	if (!(rc = err_agree(c->comm, rc, e)))
		sum_up(&x->with[at], c);
	return rc;
}

int compare_has(const struct census *c, const struct compare *x, int at, int kind, enum then_counter counter,
		char why[COMPARE_WHY])
{
	const int64_t *sum = x->with[at].sum[kind][counter], *fate = x->with[at].fate[kind];
	const char *member = schema[then_field[counter]].expand;

	if (fate[FATE_NOW] && !sum[SUM_HAVE] && !(c->snap.fields >> then_field[counter] & 1))
		snprintf(why, COMPARE_WHY, "%s was not asked for", member);
	else if (fate[FATE_NOW] && !sum[SUM_HAVE])
		snprintf(why, COMPARE_WHY, "the Hub served no %s for %s", member, kind_name[kind]);
	else if (fate[FATE_BEFORE] && !sum[SUM_HAD])
		snprintf(why, COMPARE_WHY, "an earlier census has no %s of %s", member, kind_name[kind]);
	else
		return 1;
	return 0;
}

/* Does the earlier census have lifetime counters? */
static int has_life(const struct compare *x, int at)
{
	const struct comparison *with = &x->with[at];

	return !with->fate[KIND_MODELS][FATE_BEFORE] || with->sum[KIND_MODELS][THEN_ALL_TIME][SUM_HAD];
}

/* Those not in an earlier census are not known there, so only neighbours are compared by age. One without the counter
 * tells nothing of the intervals that it bounds. */
static int compare_all(struct compare *x, const struct census *c, const struct lost *lost, struct err *e)
{
	const struct table *t = &c->kind[KIND_MODELS].t;
	int64_t *before = fill(t->n, -1), *now = fill(t->n, -1);
	int rc = before && now ? E_OK : err_set(e, E_NOMEM, "out of memory for the comparison");

	rc = err_agree(c->comm, rc, e);
	for (int i = 0; i < x->previous.n && !rc; i++) {
		int64_t *y = before;

		rc = compare_one(x, i, c, lost, now, e);
		if (i > 0 && !rc && has_life(x, i - 1) && has_life(x, i))
			count_ages(x->week, c, x->previous.at[i - 1].head.t0, x->previous.at[i].head.t0, before, now);
		before = now;
		now = y;
		for (uint64_t row = 0; row < t->n; row++)
			now[row] = -1;
	}
	if (!rc && census_has(c, KIND_MODELS) && has_life(x, x->previous.n - 1))
		count_ages(x->week, c, x->previous.at[x->previous.n - 1].head.t0, c->snap.t0, before,
			   t->col[F_DOWNLOADS_ALL].i64);
	if (!rc)
		wire_sum(c->comm, &x->week[0].repositories,
			 ENGAGEMENT_WEEKS * (sizeof(struct between) / sizeof(int64_t)));
	free(before);
	free(now);
	return rc;
}

int compare_make(struct compare **out, const struct census *c, const struct opt_texts *paths, struct err *e)
{
	struct compare *x;
	struct lost lost;
	int rc;

	*out = NULL;
	if (paths->n == 0)
		return E_OK;
	*out = x = calloc(1, sizeof *x);
	if ((rc = err_agree(c->comm, x ? E_OK : err_set(e, E_NOMEM, "out of memory for the comparison"), e)) || !x)
		return rc;
	rc = previous_open(&x->previous, c, paths, e);
	if (!rc && !(x->with = calloc((size_t)x->previous.n, sizeof *x->with)))
		rc = err_set(e, E_NOMEM, "out of memory for the comparison");
	rc = err_agree(c->comm, rc, e);
	rc = find_lost(&lost, c, rc, e);
	if (!rc)
		rc = compare_all(x, c, &lost, e);
	lost_release(&lost);
	return rc;
}

void compare_free(struct compare *x)
{
	if (!x)
		return;
	for (int i = 0; i < x->previous.n && x->with; i++)
		free(x->with[i].org);
	free(x->with);
	previous_release(&x->previous);
	changes_release(&x->changes);
	free(x);
}

unsigned compare_kinds(const struct census *c)
{
	return c->snap.kinds & c->compare->previous.at[c->compare->previous.n - 1].head.kinds;
}

int64_t compare_since(const struct census *c)
{
	return c->compare->previous.at[c->compare->previous.n - 1].head.t0;
}
