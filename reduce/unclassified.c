// SPDX-License-Identifier: Apache-2.0
#include "reduce/unclassified.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/analyzer.h" /* last */
#include "reduce/concentration.h"
#include "reduce/tally.h"
#include "reduce/wire.h"

/* Per namespace: both counters, then repositories of every kind. */
#define WIDTH (NDOWNLOADS + NKINDS)

/* The counters of all repositories of the kind that is ranked. */
struct whole {
	int kind;
	int by; /* enum counter_of: the one that ranks */
	int64_t has[NDOWNLOADS];
	wide sum[NDOWNLOADS], unclassified[NDOWNLOADS];
};

static void add_counters(struct whole *w, const struct table *t, uint64_t row, int64_t *x)
{
	for (int i = 0; i < NDOWNLOADS; i++) {
		int64_t n = t->col[counter_field[i]].i64[row];

		if (n < 0)
			continue;
		w->has[i]++;
		w->sum[i] += n;
		if (x) {
			w->unclassified[i] += n;
			x[i] = wire_add(x[i], n);
		}
	}
}

/* Slot 0 of `own` is for repositories without an owner. */
static void count_rows(struct whole *w, const struct census *c, int kind, int64_t *own)
{
	const struct rows *r = &c->kind[kind];

	for (uint64_t i = 0; i < r->t.n; i++) {
		int64_t *x = own + (int64_t)(r->owner[i] + 1) * WIDTH;

		if (owners_org(&c->owners, c->orgs, r->owner[i], census_created(c, kind, i)))
			x = NULL;
		else
			x[NDOWNLOADS + kind]++;
		if (kind == w->kind)
			add_counters(w, &r->t, i, x);
	}
}

struct candidate {
	int64_t value;
	uint64_t at; /* names are in order, so this breaks ties by name */
};

static int candidate_order(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->value != y->value)
		return x->value > y->value ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static int is_there(const int64_t *x)
{
	for (int k = 0; k < NKINDS; k++)
		if (x[NDOWNLOADS + k])
			return 1;
	return 0;
}

/* The best n of nname namespaces. *best is allocated, free() it; returns how many, or -1 when memory is short. */
static int64_t choose(const int64_t *x, uint64_t nname, int by, int64_t n, struct candidate **best)
{
	int64_t m = 0;

	*best = malloc((size_t)(nname + 1) * sizeof **best);
	for (uint64_t i = 0; i < nname && *best; i++)
		if (is_there(x + i * WIDTH))
			(*best)[m++] = (struct candidate){ x[i * WIDTH + (uint64_t)by], i };
	if (!*best)
		return -1;
	qsort(*best, (size_t)m, sizeof **best, candidate_order);
	return m < n ? m : n;
}

/* The best of those that this rank owns in the dictionary. */
static int propose(struct tally *t, const struct texts *name, const int64_t *own, int by, int64_t n)
{
	struct candidate *best;
	int64_t m = choose(own, name->n, by, n, &best);
	int rc = m < 0 ? -1 : 0;

	for (int64_t i = 0; i < m && !rc; i++) {
		size_t len;
		const char *s = texts_get(name, best[i].at, &len);
		int64_t *x = tally_at(t, s, len);

		if (x)
			memcpy(x, own + best[i].at * WIDTH, WIDTH * sizeof *x);
		rc = x ? 0 : -1;
	}
	free(best);
	return rc;
}

static void begin(struct sheet *s, const struct census *c, const struct whole *w)
{
	const char *col[SHEET_COLS] = { "30 days", "share", "all time" };
	int n = 3;
	char title[160];

	for (int k = 0; k < NKINDS; k++)
		if (census_has(c, k))
			col[n++] = kind_name[k];
	snprintf(title, sizeof title, "Namespaces that the table of organisations does not know, by downloads of %s%s",
		 kind_name[w->kind], w->by == COUNTER_30_DAYS ? " in 30 days" : "");
	sheet_init(s, title);
	sheet_block(s, "Namespace", 0, col, n);
}

static void put_share(struct sheet *s, wide x, wide whole)
{
	if (whole)
		sheet_real(s, SHEET_SHARE, (double)x / (double)whole);
	else
		sheet_none(s);
}

static void put_counter(struct sheet *s, const struct whole *w, const int64_t *x, int i)
{
	if (w->has[i])
		sheet_count(s, x[i]);
	else
		sheet_none(s);
}

static void put_line(struct sheet *s, const struct census *c, const struct whole *w, const char *name, size_t len,
		     const int64_t *x)
{
	char text[204];

	snprintf(text, sizeof text, "%.*s", (int)len, name);
	sheet_line(s, text);
	put_counter(s, w, x, COUNTER_30_DAYS);
	put_share(s, x[w->by], w->sum[w->by]);
	put_counter(s, w, x, COUNTER_ALL_TIME);
	for (int k = 0; k < NKINDS; k++)
		if (census_has(c, k))
			sheet_count(s, x[NDOWNLOADS + k]);
}

static int write_sheet(struct sheet *s, const struct census *c, const struct whole *w, const struct tally *t, int64_t n)
{
	struct candidate *best;
	int64_t m = choose(t->x, t->key.text.n, w->by, n, &best);
	wide listed = 0, whole = w->sum[w->by];

	begin(s, c, w);
	for (int64_t i = 0; i < m; i++) {
		size_t len;
		const char *name = texts_get(&t->key.text, best[i].at, &len);

		put_line(s, c, w, name, len, t->x + best[i].at * WIDTH);
		listed += best[i].value;
	}
	if (whole)
		sheet_note(s, "Unclassified: %.2f%% of these downloads, of which those listed here: %.2f%%.",
			   100 * (double)w->unclassified[w->by] / (double)whole, 100 * (double)listed / (double)whole);
	else
		sheet_note(s, "There are no downloads to rank by.");
	free(best);
	return m < 0 || s->no_memory ? -1 : 0;
}

/* Fill `own`, of the namespaces that this rank owns, and w, from all ranks. */
static int sum_all(struct whole *w, const struct census *c, int rc, int64_t *own, struct err *e)
{
	int64_t *local = calloc((size_t)(c->owners.name.n + 1) * WIDTH, sizeof *local);

	if (!rc && (!local || !own))
		rc = err_set(e, E_NOMEM, "out of memory for namespaces");
	for (int k = 0; k < NKINDS && !rc; k++)
		count_rows(w, c, k, local);
	rc = labels_sum(&c->owners.all, c->comm, rc, local ? local + WIDTH : NULL, WIDTH, own, e);
	free(local);
	if (rc)
		return rc;
	wire_sum(c->comm, w->has, NDOWNLOADS);
	wire_sum_wide(c->comm, w->sum, NDOWNLOADS);
	wire_sum_wide(c->comm, w->unclassified, NDOWNLOADS);
	w->by = w->has[COUNTER_30_DAYS] || !w->has[COUNTER_ALL_TIME] ? COUNTER_30_DAYS : COUNTER_ALL_TIME;
	return E_OK;
}

int unclassified_list(const struct census *c, int rc, int64_t n, struct sheet *s, struct err *e)
{
	struct whole w = { .kind = census_has(c, KIND_MODELS) ? KIND_MODELS : KIND_DATASETS };
	int64_t *own = calloc((size_t)(c->owners.all.own.n + 1) * WIDTH, sizeof *own);
	struct tally t;

	sheet_init(s, "");
	tally_init(&t, WIDTH);
	rc = sum_all(&w, c, rc, own, e);
	if (!rc && propose(&t, &c->owners.all.own, own, w.by, n))
		rc = err_set(e, E_NOMEM, "out of memory for namespaces");
	free(own);
	rc = tally_reduce(&t, c->comm, rc, e);
	if (!rc && c->rank == 0 && write_sheet(s, c, &w, &t, n))
		rc = err_set(e, E_NOMEM, "out of memory for namespaces");
	tally_release(&t);
	return err_agree(c->comm, rc, e);
}
