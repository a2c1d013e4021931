// SPDX-License-Identifier: Apache-2.0
#include "reduce/summary_top.h"

#include <string.h>

#define NMOVERS 10

const json_t *summary_value(const json_t *census, const char *key, const char *path)
{
	const json_t *x = json_object_get(json_object_get(json_object_get(census, "figures"), key), "value");

	while (x && *path) {
		size_t len = strcspn(path, "/");

		x = json_object_getn(x, path, len);
		path += len + (path[len] == '/');
	}
	return x;
}

void summary_movers(struct sheet *s, const json_t *list)
{
	for (int i = 1; i <= NMOVERS; i++) {
		char place[8];
		const json_t *x;
		const char *name;

		snprintf(place, sizeof place, "%03d", i);
		x = json_object_get(list, place);
		if (!(name = json_string_value(json_object_get(x, "organisation"))))
			return;
		if (i == 1)
			sheet_line(s, "largest growth:");
		sheet_line(s, name);
		sheet_value(s, json_object_get(x, "base"), SHEET_COUNT);
		sheet_value(s, json_object_get(x, "new"), SHEET_COUNT);
		sheet_value(s, json_object_get(x, "ratio"), SHEET_RATIO);
	}
}

/* The key with the largest number of an object (its own, or its member `of`) that is not among the n chosen; of the
 * same the first. NULL if there is none. */
static const char *next_largest(const json_t *object, const char *of, const char *const *chosen, int n)
{
	const char *best = NULL;
	double most = 0;
	json_t *root = json_incref((json_t *)(uintptr_t)object); /* iterators are not const */

	for (void *it = json_object_iter(root); it; it = json_object_iter_next(root, it)) {
		const char *key = json_object_iter_key(it);
		const json_t *value = json_object_iter_value(it);
		double x = json_number_value(of ? json_object_get(value, of) : value);
		int is_chosen = 0;

		for (int i = 0; i < n; i++)
			is_chosen |= !strcmp(chosen[i], key);
		if (is_chosen || (best && (x < most || (x == most && strcmp(key, best) > 0))))
			continue;
		best = key;
		most = x;
	}
	json_decref(root);
	return best;
}

int summary_countries(const json_t *census, const char *country[SUMMARY_TOP])
{
	const char *chosen[SUMMARY_TOP + 1] = { "unclassified" };
	const json_t *share = summary_value(census, "geography.share", "downloads/all");
	int n = 1;

	if (!share)
		share = summary_value(census, "geography.share", "downloads_all_time/all");
	while (share && n <= SUMMARY_TOP && (chosen[n] = next_largest(share, NULL, chosen, n)))
		n++;
	memcpy(country, chosen + 1, (size_t)(n - 1) * sizeof *country);
	return n - 1;
}

void summary_families(struct sheet *s, const json_t *families, int is_beside)
{
	static const char *const col[] = { "derived", "by others" }, *const member[] = { "all", "all_by_others" };
	const char *name[SUMMARY_TOP];
	int n = 0;

	if (!families)
		return;
	sheet_block(s, "Families", is_beside, col, 2);
	while (n < SUMMARY_TOP && (name[n] = next_largest(families, "all", name, n))) {
		sheet_line(s, name[n]);
		for (int c = 0; c < 2; c++)
			sheet_value(s, json_object_get(json_object_get(families, name[n]), member[c]), SHEET_COUNT);
		n++;
	}
}

/* A line with a cell per kind, if any kind has something else than 0, also what is not known, or the line is always
 * shown. */
static void put_since(struct sheet *s, const json_t *census, const char *const *kind, int nkind, const char *name,
		      const char *key, const char *member, int always)
{
	const json_t *x[3];
	int any = always;

	for (int i = 0; i < nkind && i < 3; i++) {
		char at[96];

		snprintf(at, sizeof at, "1/%s/%s", kind[i], member);
		x[i] = summary_value(census, key, at);
		any |= json_integer_value(x[i]) != 0 || json_is_null(x[i]);
	}
	if (any)
		sheet_line(s, name);
	for (int i = 0; i < nkind && i < 3 && any; i++)
		sheet_value(s, x[i], SHEET_COUNT);
}

void summary_since(struct sheet *s, const json_t *census, const char *const *kind, int nkind)
{
	static const struct {
		const char *name, *member;
		int always;
	} row[] = {
		{ "new", "new", 1 },
		{ "of those, created before", "published", 0 },
		{ "gone", "gone", 1 },
		{ "renamed", "renamed", 1 },
		{ "of those, to another owner", "transferred", 1 },
		{ "unknown: new or not", "unknown_new", 0 },
		{ "unknown: gone or not", "unknown_gone", 0 },
	};
	const char *t0 = json_string_value(summary_value(census, "compare.previous", "1/t0"));
	const char *repositories = "compare.repositories", *counters = "compare.counters";
	char title[64];

	if (!t0 || !summary_value(census, repositories, ""))
		return;
	snprintf(title, sizeof title, "Since %.20s", t0);
	sheet_block(s, title, 0, kind, nkind);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		put_since(s, census, kind, nkind, row[i].name, repositories, row[i].member, row[i].always);
	put_since(s, census, kind, nkind, "downloads made", counters, "downloads_all_time/made", 0);
	put_since(s, census, kind, nkind, "taken back", counters, "downloads_all_time/decrease", 0);
	put_since(s, census, kind, nkind, "likes made", counters, "likes/made", 0);
	put_since(s, census, kind, nkind, "taken back", counters, "likes/decrease", 0);
}
