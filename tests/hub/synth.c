/* SPDX-License-Identifier: Apache-2.0 */
#include "synth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "flagship.h"
#include "when.h"

void sieve_mark(struct sieve *v, uint64_t x)
{
	x = x * 0x9e3779b97f4a7c15u >> (64 - SIEVE_BITS);
	v->word[x >> 6] |= (uint64_t)1 << (x & 63);
}

static int cmp_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

static uint64_t moved(const struct moves *m, uint64_t x)
{
	if (!sieve_may(&m->some, x))
		return x;
	const uint64_t *p = bsearch(&x, m->from, (size_t)m->n, sizeof x, cmp_u64);
	return p ? m->to[p - m->from] : x;
}

int synth_flag(const struct synth *s, uint64_t i)
{
	if (!sieve_may(&s->special, i))
		return -1;
	const uint64_t *p = bsearch(&i, s->flag_index, (size_t)s->nflag, sizeof i, cmp_u64);
	return p ? (int)(p - s->flag_index) : -1;
}

/* ---- set-up ---- */

static void years_init(struct synth_kind *k)
{
	k->year[0] = 0;
	for (int y = 1; y <= ACCOUNT_YEARS; y++)
		k->year[y] = curve_count(&k->curve, when_date(CURVE_FIRST_YEAR + y, 1, 1));
	k->year[ACCOUNT_YEARS] = k->n; /* later years count as the last */
}

/* Rows for the flagships: the first free one of the month of their release. A small population has only some. */
static void flagships_init(struct synth *s)
{
	const struct synth_kind *k = &s->kind[MODELS];
	s->nflag = 0;
	if (k->n < 2000)
		return;
	for (int b = 0; b < nflagship; b++) {
		const struct flagship *f = &flagships[b];
		bool old = f->year == 2022 && f->month == 3;
		uint64_t i = old ? (uint64_t)b : curve_count(&k->curve, when_date(f->year, f->month, 1 + b % 28));
		while (synth_flag(s, i) >= 0)
			i++;
		if (i >= k->n)
			continue;
		int at = s->nflag++;
		for (; at > 0 && s->flag_index[at - 1] > i; at--) {
			s->flag_index[at] = s->flag_index[at - 1];
			s->flag_of[at] = s->flag_of[at - 1];
		}
		s->flag_index[at] = i;
		s->flag_of[at] = b;
		sieve_mark(&s->special, i);
	}
	for (int f = 0; f < s->nflag; f++)
		s->flag_weight[f + 1] = s->flag_weight[f] + flagships[s->flag_of[f]].weight;
}

static void moves_add(struct moves *m, uint64_t from, uint64_t to)
{
	int at = m->n++;
	for (; at > 0 && m->from[at - 1] > from; at--) {
		m->from[at] = m->from[at - 1];
		m->to[at] = m->to[at - 1];
	}
	m->from[at] = from;
	m->to[at] = to;
	sieve_mark(&m->some, from);
}

static bool has(const uint64_t *x, int n, uint64_t v)
{
	for (int i = 0; i < n; i++)
		if (x[i] == v)
			return true;
	return false;
}

/* Flagship number b gets rank 3b, the first four lead; whoever had that rank gets one that a flagship leaves. */
static void ranks_init(struct synth *s)
{
	uint64_t drawn[SYNTH_FLAGSHIPS] = { 0 }, wanted[SYNTH_FLAGSHIPS] = { 0 };
	s->up.n = s->down.n = 0;
	for (int f = 0; f < s->nflag; f++) {
		drawn[f] = perm_apply(&s->kind[MODELS].perm[SORT_DOWNLOADS], s->flag_index[f]);
		wanted[f] = (uint64_t)(s->flag_of[f] < 4 ? s->flag_of[f] : 3 * s->flag_of[f]);
		moves_add(&s->up, drawn[f], wanted[f]);
	}
	int free_at = 0;
	for (int f = 0; f < s->nflag; f++) {
		if (has(drawn, s->nflag, wanted[f]))
			continue;
		while (has(wanted, s->nflag, drawn[free_at]))
			free_at++;
		moves_add(&s->up, wanted[f], drawn[free_at++]);
	}
	for (int m = 0; m < s->up.n; m++)
		moves_add(&s->down, s->up.to[m], s->up.from[m]);
}

/* The parents whose growth was published: Baidu none in 2024 and more than a hundred in 2025, ByteDance and Tencent 8-9
 * times. */
static void slots_choose(struct synth *s)
{
	uint64_t n = s->kind[MODELS].n, base = 12 + n / 100000;
	const struct slot_row all[SYNTH_SLOTS] = { { SPECIAL_BAIDU, 3, 104 + n / 100000, 0.11 },
						   { SPECIAL_BYTEDANCE, 2, base, 0.31 },
						   { SPECIAL_BYTEDANCE, 3, base * 17 / 2, 0.53 },
						   { SPECIAL_TENCENT, 2, base + 2, 0.71 },
						   { SPECIAL_TENCENT, 3, (base + 2) * 33 / 4, 0.87 } };
	memcpy(s->slot, all, sizeof all);
}

/* Place number q of `count` spread over [lo, hi), each shifted by `phase` of their distance. */
static uint64_t slot_place(const struct synth *s, const struct slot_row *r, uint64_t q)
{
	const uint64_t *year = &s->kind[MODELS].year[r->year];
	uint64_t len = year[1] - year[0], gap = len / r->count;
	return year[0] + q * len / r->count + (uint64_t)(r->phase * (double)gap);
}

/* Is i one of the places? The shift is at least one row and less than the distance, so the place that could be i
 * follows from one division. */
static bool on_slot(const struct synth *s, const struct slot_row *r, uint64_t i)
{
	const uint64_t *year = &s->kind[MODELS].year[r->year];
	if (i < year[0] || i >= year[1] || r->count == 0)
		return false;
	return slot_place(s, r, (i - year[0]) * r->count / (year[1] - year[0])) == i;
}

static void slots_init(struct synth *s)
{
	const struct synth_kind *k = &s->kind[MODELS];
	slots_choose(s);
	for (const struct slot_row *r = s->slot; k->n >= 20000 && r < s->slot + SYNTH_SLOTS; r++)
		for (uint64_t q = 0; q < r->count && k->year[r->year] < k->year[r->year + 1]; q++)
			if (on_slot(s, r, slot_place(s, r, q)))
				sieve_mark(&s->special, slot_place(s, r, q));
}

bool synth_slotted(const struct synth *s, uint64_t i, enum special *publisher)
{
	if (!sieve_may(&s->special, i) || s->kind[MODELS].n < 20000)
		return false;
	for (const struct slot_row *r = s->slot; r < s->slot + SYNTH_SLOTS; r++)
		if (on_slot(s, r, i) && synth_flag(s, i) < 0) {
			*publisher = r->publisher;
			return true;
		}
	return false;
}

/* ---- counters ---- */

struct head_sum {
	const struct synth *s;
	enum kind kind;
};

static int64_t value_recent(const struct synth_kind *k, uint64_t r)
{
	return (int64_t)ladder_at(&k->recent, (double)r);
}

/* Lifetime downloads: a ladder of its own, blurred, so that the two counters do not rank alike. What is younger than
 * the 30 days of the other counter has had no other downloads. */
static int64_t value_all_time(const struct synth_kind *k, const struct ladder *l, uint64_t h, uint64_t r,
			      int64_t created, int64_t recent)
{
	if (k->curve.until - created < 30 * 86400)
		return recent;
	double blur = 0.9 + 0.2 * mix_unit(mix_nth(h, 9));
	int64_t v = (int64_t)(ladder_at(l, (double)r) * blur);
	return v > recent ? v : recent;
}

static double head_all_time(const struct ladder *l, const void *arg)
{
	const struct head_sum *h = arg;
	const struct synth_kind *k = &h->s->kind[h->kind];
	double sum = 0;
	for (uint64_t r = 0; (double)r < l->head; r++) {
		uint64_t i = synth_at(h->s, h->kind, SORT_DOWNLOADS, r);
		sum += (double)value_all_time(k, l, synth_hash(h->s, h->kind, i), r, curve_time(&k->curve, i),
					      value_recent(k, r));
	}
	return sum;
}

static void counters_init(struct synth *s, enum kind kind)
{
	struct synth_kind *k = &s->kind[kind];
	ladder_init(&k->recent, k->n, kind == MODELS ? 40 : 25, 0.8, 0.72);
	ladder_init(&k->all_time, k->n, kind == MODELS ? 212 : 120, 0.8, 1.0);
	ladder_tune(&k->recent, 0.496, NULL, NULL);
	ladder_tune(&k->all_time, 0.489, head_all_time, &(struct head_sum){ s, kind });
}

void synth_init(struct synth *s, const struct synth_opts *o)
{
	memset(s, 0, sizeof *s);
	s->opts = *o;
	synth_owners_init(s);
	for (enum kind kind = MODELS; kind < NKIND; kind++) {
		struct synth_kind *k = &s->kind[kind];
		k->n = o->n[kind];
		k->seed = mix_nth(o->seed, 100 + kind);
		if (k->n == 0)
			continue;
		k->step = UINT64_MAX / (k->n + 2);
		curve_init(&k->curve, kind, k->n, o->until);
		years_init(k);
		for (int q = 0; q < NSORT; q++)
			perm_init(&k->perm[q], k->n, mix_nth(k->seed, 200 + (uint64_t)q));
		k->block = k->n >= 4000 ? 1000 : k->n / 4 + 1;
		perm_init(&k->perm[SORT_MODIFIED], k->block, mix_nth(k->seed, 300));
		for (int c = 0; c < NREGION; c++)
			k->lean[c] = 1;
		if (kind == MODELS) {
			flagships_init(s);
			ranks_init(s);
			slots_init(s);
		}
		counters_init(s, kind);
		synth_head_init(s, kind);
	}
}

/* ---- orders ---- */

/* lastModified is the creation time of another row of the next block, so it never precedes the row's own; in the last
 * block it is `until`. Position 0 is the newest, so positions count blocks from the end.
 *   within  where the row comes in its block */
static uint64_t modified_pos(const struct synth_kind *k, uint64_t i, uint64_t within)
{
	uint64_t from = i - i % k->block;
	if (from + k->block > k->n) /* an incomplete last block keeps its own order */
		return k->n - 1 - i;
	return k->n - 1 - (from + within);
}

static uint64_t modified_at(const struct synth_kind *k, uint64_t pos)
{
	uint64_t x = k->n - 1 - pos, full = k->n / k->block, b = x / k->block;
	if (b >= full)
		return x;
	return b * k->block + perm_invert(&k->perm[SORT_MODIFIED], x % k->block);
}

static int64_t modified_time(const struct synth_kind *k, uint64_t pos)
{
	uint64_t x = k->n - 1 - pos + k->block;
	return x < k->n ? curve_time(&k->curve, x) : k->curve.until;
}

uint64_t synth_pos(const struct synth *s, enum kind kind, enum sort sort, uint64_t i)
{
	const struct synth_kind *k = &s->kind[kind];
	if (sort == SORT_MODIFIED)
		return modified_pos(k, i, perm_apply(&k->perm[sort], i % k->block));
	uint64_t r = perm_apply(&k->perm[sort], i);
	return kind == MODELS && sort == SORT_DOWNLOADS ? moved(&s->up, r) : r;
}

uint64_t synth_at(const struct synth *s, enum kind kind, enum sort sort, uint64_t pos)
{
	const struct synth_kind *k = &s->kind[kind];
	if (sort == SORT_MODIFIED)
		return modified_at(k, pos);
	if (kind == MODELS && sort == SORT_DOWNLOADS)
		pos = moved(&s->down, pos);
	return perm_invert(&k->perm[sort], pos);
}

/* A quarter of the repositories has a like; the others are spared the power. */
static double value_likes(const struct synth_kind *k, uint64_t r)
{
	double x = 0.25 * (double)k->n / ((double)r + 0.5);
	return x <= 1 ? 0 : floor(0.99 * pow(x, 0.75));
}

/* One in fifty is trending; small scores are fractional. */
static double value_trending(const struct synth_kind *k, uint64_t r)
{
	double ratio = 0.02 * (double)k->n / ((double)r + 0.5);
	if (ratio < 0.999)
		return 0;
	double x = 0.2 * pow(ratio, 0.8);
	return x >= 1 ? floor(x) : x >= 0.2 ? floor(x * 10) / 10 : 0;
}

double synth_key(const struct synth *s, enum kind kind, enum sort sort, uint64_t pos)
{
	const struct synth_kind *k = &s->kind[kind];
	switch (sort) {
	case SORT_DOWNLOADS:
		return (double)value_recent(k, pos);
	case SORT_LIKES:
		return value_likes(k, pos);
	case SORT_TRENDING:
		return value_trending(k, pos);
	case SORT_MODIFIED:
		return (double)modified_time(k, pos) * 1000;
	default:
		return 0;
	}
}

/* The 8 bytes behind the time rise with the index, so that rows of one second are in order too. */
static void oid_write(const struct synth_kind *k, uint64_t i, uint64_t h, int64_t created, char oid[OID_TEXT])
{
	oid_format(oid, (uint32_t)created, (i + 1) * k->step + h % k->step);
}

void synth_oid(const struct synth *s, enum kind kind, uint64_t i, char oid[OID_TEXT])
{
	const struct synth_kind *k = &s->kind[kind];
	oid_write(k, i, synth_hash(s, kind, i), curve_time(&k->curve, i), oid);
}

void synth_ranks(const struct synth *s, enum kind kind, const uint64_t *i, size_t n, bool trending, struct ranks *ranks)
{
	const struct synth_kind *k = &s->kind[kind];
	uint64_t x[NSORT][SYNTH_RUN];
	for (size_t j = 0; j < n; j++) {
		x[SORT_DOWNLOADS][j] = x[SORT_LIKES][j] = x[SORT_TRENDING][j] = i[j];
		x[SORT_MODIFIED][j] = i[j] % k->block;
	}
	for (enum sort q = SORT_TRENDING; q < NSORT; q++)
		if (q != SORT_CREATED && (q != SORT_TRENDING || trending))
			perm_apply_many(&k->perm[q], x[q], n);
	for (size_t j = 0; j < n; j++) {
		uint64_t d = x[SORT_DOWNLOADS][j];
		ranks[j].downloads = kind == MODELS ? moved(&s->up, d) : d;
		ranks[j].likes = x[SORT_LIKES][j];
		ranks[j].trending = trending ? x[SORT_TRENDING][j] : k->n - 1;
		ranks[j].modified = modified_pos(k, i[j], x[SORT_MODIFIED][j]);
	}
}

void synth_counts(const struct kin *kin, const struct ranks *ranks, struct row *row)
{
	const struct synth *s = kin->s;
	const struct synth_kind *k = &s->kind[kin->kind];
	row->created = curve_time(&k->curve, kin->i);
	oid_write(k, kin->i, kin->h, row->created, row->oid);
	row->modified = modified_time(k, ranks->modified);
	row->likes = (int64_t)value_likes(k, ranks->likes);
	row->trending = value_trending(k, ranks->trending);
	bool counted = kin->kind != SPACES;
	row->downloads = counted ? value_recent(k, kin->rank) : -1;
	row->all_time = counted && s->opts.all_time
			      ? value_all_time(k, &k->all_time, kin->h, kin->rank, row->created, row->downloads)
			      : -1;
}
