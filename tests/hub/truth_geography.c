/* SPDX-License-Identifier: Apache-2.0 */
/* Downloads by country and by sector of the owner; models only. */
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "truth_in.h"

static const char *const sectors[] = { "industry",  "academia",   "non-profit",  "government",
				       "community", "individual", "unclassified" };
enum { NSECTOR = sizeof sectors / sizeof sectors[0], FIRST_YEAR = 2022, COUNTRIES = 300 };

/* Weight of a row: a counter, or 1 for "repositories". */
static int64_t weight(const struct truth_row *r, int counter)
{
	return counter == NCOUNTER ? 1 : r->counter[counter] > 0 ? r->counter[counter] : 0;
}

/* Countries of the table, and "unclassified" as number 0. */
static uint32_t country_id(struct names *c, const struct truth *t, const struct truth_row *r)
{
	const char *s = truth_country(t, r);
	return s ? names_of(c, s) : 0;
}

static void country_period(struct truth *t, int counter, int year, json_t *share, json_t *cover)
{
	struct names c;
	int64_t sum[COUNTRIES] = { 0 };
	__int128 all = 0;
	char key[16];
	names_init(&c);
	for (uint64_t i = 0; i < t->n[MODELS]; i++) {
		const struct truth_row *r = &t->rows[MODELS][i];
		if (year && r->year != year)
			continue;
		uint32_t id = country_id(&c, t, r);
		if (id < COUNTRIES)
			sum[id] += weight(r, counter);
		all += weight(r, counter);
	}
	snprintf(key, sizeof key, year ? "%d" : "all", year);
	if (all) {
		json_t *leaf = truth_at(share, key);
		json_object_set_new(leaf, "unclassified", truth_share(sum[0], all));
		for (uint32_t k = 1; k < c.n; k++)
			json_object_set_new(leaf, c.text[k], truth_share(sum[k], all));
		json_object_set_new(cover, key, truth_share(all - sum[0], all));
	}
	names_release(&c);
}

/* A counter that nobody has anything of has no shares: null. */
static void null_if_empty(json_t *o, const char *name)
{
	if (json_object_size(json_object_get(o, name)) == 0)
		json_object_set_new(o, name, json_null());
}

static void shares(struct truth *t)
{
	json_t *share = json_object(), *cover = json_object();
	for (int c = 0; c < NCOUNTER; c++) {
		if (!t->served[MODELS][c]) {
			json_object_set_new(share, counter_name[c], json_null());
			json_object_set_new(cover, counter_name[c], json_null());
			continue;
		}
		country_period(t, c, 0, truth_at(share, counter_name[c]), truth_at(cover, counter_name[c]));
		for (int y = FIRST_YEAR; y <= t->t0_year; y++)
			country_period(t, c, y, truth_at(share, counter_name[c]), truth_at(cover, counter_name[c]));
		null_if_empty(share, counter_name[c]);
		null_if_empty(cover, counter_name[c]);
	}
	truth_figure(t, "geography.share", share);
	truth_figure(t, "geography.coverage", cover);
}

static void cumulative(struct truth *t)
{
	json_t *v = json_object();
	int first = t->n[MODELS] ? t->rows[MODELS][0].month : t->t0_month, months = t->t0_month - first + 1;
	for (int c = 0; c < NCOUNTER; c++) {
		struct names n;
		if (!t->served[MODELS][c]) {
			json_object_set_new(v, counter_name[c], json_null());
			continue;
		}
		names_init(&n);
		names_of(&n, "US");
		names_of(&n, "CN");
		int64_t *sum = mem_new((size_t)COUNTRIES * (size_t)months * sizeof *sum);
		for (uint64_t i = 0; i < t->n[MODELS]; i++) {
			const struct truth_row *r = &t->rows[MODELS][i];
			uint32_t id = country_id(&n, t, r);
			if (id > 0 && id < COUNTRIES)
				sum[(size_t)id * (size_t)months + (size_t)(r->month - first)] += weight(r, c);
		}
		for (uint32_t id = 1; id < n.n && id < COUNTRIES; id++) {
			int64_t so_far = 0;
			char key[16];
			for (int m = 0; m < months; m++) {
				so_far += sum[(size_t)id * (size_t)months + (size_t)m];
				truth_month(key, first + m);
				json_object_set_new(truth_at(truth_at(v, counter_name[c]), n.text[id]), key,
						    json_integer(so_far));
			}
		}
		free(sum);
		names_release(&n);
	}
	truth_figure(t, "geography.cumulative", v);
}

static void sector_period(struct truth *t, int counter, int year, json_t *v)
{
	int64_t sum[NSECTOR] = { 0 };
	__int128 all = 0;
	char key[16];
	for (uint64_t i = 0; i < t->n[MODELS]; i++) {
		const struct truth_row *r = &t->rows[MODELS][i];
		const char *s = truth_sector(t, r);
		int k = NSECTOR - 1;
		if (year && r->year != year)
			continue;
		for (int j = 0; s && j < NSECTOR - 1; j++)
			if (!strcmp(s, sectors[j]))
				k = j;
		sum[k] += weight(r, counter);
		all += weight(r, counter);
	}
	snprintf(key, sizeof key, year ? "%d" : "all", year);
	for (int k = 0; all && k < NSECTOR; k++)
		json_object_set_new(truth_at(v, key), sectors[k], truth_share(sum[k], all));
}

static void sector_shares(struct truth *t)
{
	json_t *v = json_object();
	for (int c = 0; c <= NCOUNTER; c++) {
		const char *name = c == NCOUNTER ? "repositories" : counter_name[c];
		if (c < NCOUNTER && !t->served[MODELS][c]) {
			json_object_set_new(v, name, json_null());
			continue;
		}
		sector_period(t, c, 0, truth_at(v, name));
		for (int y = FIRST_YEAR; y <= t->t0_year; y++)
			sector_period(t, c, y, truth_at(v, name));
		null_if_empty(v, name);
	}
	truth_figure(t, "sector.share", v);
}

void truth_geography(struct truth *t)
{
	shares(t);
	cumulative(t);
	sector_shares(t);
}
