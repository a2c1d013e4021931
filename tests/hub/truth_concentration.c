/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "truth_in.h"

struct sorted {
	int64_t *x; /* ascending */
	uint64_t n;
	__int128 sum;
};

static int cmp(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static void sort_counter(struct sorted *s, const struct truth *t, enum kind k, int c)
{
	s->x = mem_new(t->n[k] * sizeof *s->x);
	s->n = 0;
	s->sum = 0;
	for (uint64_t i = 0; i < t->n[k]; i++) {
		int64_t v = t->rows[k][i].counter[c];
		if (v < 0)
			continue;
		s->x[s->n++] = v;
		s->sum += v;
	}
	qsort(s->x, s->n, sizeof *s->x, cmp);
}

static json_t *top_share(const struct sorted *s, uint64_t top)
{
	__int128 sum = 0;
	for (uint64_t i = 0; i < top && i < s->n; i++)
		sum += s->x[s->n - 1 - i];
	return truth_share(sum, s->sum);
}

static json_t *shares(const struct sorted *s)
{
	static const struct {
		const char *name;
		uint64_t top, part; /* the first `top`, or one in `part` */
	} tops[] = { { "10", 10, 0 },       { "50", 50, 0 },       { "200", 200, 0 },   { "1000", 1000, 0 },
		     { "10000", 10000, 0 }, { "0.01%", 0, 10000 }, { "0.1%", 0, 1000 }, { "1%", 0, 100 } };
	json_t *o = json_object();
	for (size_t k = 0; k < sizeof tops / sizeof tops[0]; k++) {
		uint64_t top = tops[k].part ? (s->n + tops[k].part - 1) / tops[k].part : tops[k].top;
		json_object_set_new(o, tops[k].name, top_share(s, top ? top : 1));
	}
	return o;
}

static json_t *gini(const struct sorted *s)
{
	__int128 weighted = 0;
	if (s->sum == 0)
		return json_null();
	for (uint64_t i = 0; i < s->n; i++)
		weighted += (__int128)(i + 1) * s->x[i];
	return truth_share(2 * weighted - (__int128)(s->n + 1) * s->sum, (__int128)s->n * s->sum);
}

static json_t *below(const struct sorted *s, int64_t v)
{
	uint64_t n = 0;
	while (n < s->n && s->x[n] < v)
		n++;
	return truth_share(n, s->n);
}

static json_t *belows(const struct sorted *s)
{
	json_t *o = json_object();
	json_object_set_new(o, "1", below(s, 1));
	json_object_set_new(o, "10", below(s, 10));
	json_object_set_new(o, "100", below(s, 100));
	json_object_set_new(o, "200", below(s, 200));
	json_object_set_new(o, "1000", below(s, 1000));
	return o;
}

static json_t *deciles(const struct sorted *s)
{
	json_t *o = json_object();
	char name[8];
	for (uint64_t k = 1; k <= 9; k++) {
		snprintf(name, sizeof name, "%d0%%", (int)k);
		json_object_set_new(o, name, json_integer(s->x[(k * s->n + 9) / 10 - 1]));
	}
	return o;
}

void truth_concentration(struct truth *t)
{
	json_t *sum = json_object(), *rows = json_object(), *top = json_object(), *share = json_object(),
	       *g = json_object(), *under = json_object(), *all_under = json_object(), *decile = json_object();
	for (enum kind k = MODELS; k <= DATASETS; k++)
		for (int c = 0; c < NCOUNTER; c++) {
			struct sorted s;
			const char *kind = kind_name[k], *counter = counter_name[c];
			bool served = t->served[k][c];
			sort_counter(&s, t, k, c);
			json_object_set_new(truth_at(sum, kind), counter,
					    served ? json_integer((json_int_t)s.sum) : json_null());
			json_object_set_new(truth_at(rows, kind), counter, json_integer((json_int_t)s.n));
			json_object_set_new(truth_at(share, kind), counter, served ? shares(&s) : json_null());
			json_object_set_new(truth_at(g, kind), counter, served ? gini(&s) : json_null());
			json_object_set_new(truth_at(all_under, kind), counter, served ? belows(&s) : json_null());
			json_object_set_new(truth_at(decile, kind), counter, served ? deciles(&s) : json_null());
			if (k == MODELS) {
				json_object_set_new(top, counter, served ? top_share(&s, 200) : json_null());
				json_object_set_new(under, counter, served ? below(&s, 200) : json_null());
			}
			free(s.x);
		}
	truth_figure(t, "concentration.sum", sum);
	truth_figure(t, "concentration.rows", rows);
	truth_figure(t, "concentration.top200_share", top);
	truth_figure(t, "concentration.shares", share);
	truth_figure(t, "concentration.gini", g);
	truth_figure(t, "concentration.below_200", under);
	truth_figure(t, "concentration.below", all_under);
	truth_figure(t, "concentration.deciles", decile);
}
