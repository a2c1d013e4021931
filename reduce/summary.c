// SPDX-License-Identifier: Apache-2.0
#include "reduce/report.h"

#include <string.h>

#include "io/err.h"
#include "reduce/period.h"

#define LABEL 26 /* width of the first column */
#define CELL  15 /* of the others */
#define LINE  78

/* The value of a figure, or of what is in it; NULL if there is none. `path`: members, divided by '/'. */
static const json_t *value_of(const json_t *census, const char *key, const char *path)
{
	const json_t *x = json_object_get(json_object_get(json_object_get(census, "figures"), key), "value");

	while (x && *path) {
		size_t len = strcspn(path, "/");

		x = json_object_getn(x, path, len);
		path += len + (path[len] == '/');
	}
	return x;
}

/* 1234567 as "1,234,567". */
static const char *thousands(int64_t x, char dst[32])
{
	char digits[24];
	size_t n = (size_t)snprintf(digits, sizeof digits, "%lld", (long long)x), o = 0;

	for (size_t i = 0; i < n; i++) {
		dst[o++] = digits[i];
		if (n - i > 1 && (n - i) % 3 == 1 && digits[i] != '-')
			dst[o++] = ',';
	}
	dst[o] = '\0';
	return dst;
}

static void label(FILE *to, const char *text)
{
	fprintf(to, "  %-*s", LABEL, text);
}

static void cell(FILE *to, const json_t *x, int is_share)
{
	char text[32];

	if (json_is_integer(x))
		fprintf(to, "%*s", CELL, thousands(json_integer_value(x), text));
	else if (json_is_real(x) && is_share)
		fprintf(to, "%*.2f %%", CELL - 2, 100 * json_real_value(x));
	else if (json_is_real(x))
		fprintf(to, "%*.2f", CELL, json_real_value(x));
	else if (json_is_string(x))
		fprintf(to, "%*s", CELL, json_string_value(x));
	else
		fprintf(to, "%*s", CELL, "-");
}

static void heading(FILE *to, const char *text, const char *const *col, int n)
{
	fprintf(to, "\n%-*s", LABEL + 2, text);
	for (int i = 0; i < n; i++)
		fprintf(to, "%*s", CELL, col[i]);
	fputc('\n', to);
}

/* The kinds of this census, in their usual order. */
static int kinds_of(const json_t *census, const char *kind[NKINDS])
{
	int n = 0;

	for (int k = 0; k < NKINDS; k++)
		if (value_of(census, "completeness", kind_name[k]))
			kind[n++] = kind_name[k];
	return n;
}

static void print_head(FILE *to, const json_t *census)
{
	const json_t *s = json_object_get(census, "snapshot"), *filters = json_object_get(s, "filters");
	char hub[256], *text;
	const char *h = json_string_value(json_object_get(s, "hub"));

	err_printable(hub, sizeof hub, h ? h : "", h ? strlen(h) : 0);
	fprintf(to, "Census of %s, repositories created up to %s\n", hub, json_string_value(json_object_get(s, "t0")));
	if (filters && (text = json_dumps(filters, JSON_SORT_KEYS))) {
		fprintf(to, "Only a part of the Hub: %s\n", text);
		free(text);
	}
}

static void print_row(FILE *to, const json_t *census, const char *name, const char *key, const char *path, int is_share,
		      const char **kind, int n)
{
	label(to, name);
	for (int i = 0; i < n; i++) {
		char at[128];

		snprintf(at, sizeof at, "%s%s%s", kind[i], *path ? "/" : "", path);
		cell(to, value_of(census, key, at), is_share);
	}
	fputc('\n', to);
}

static void print_totals(FILE *to, const json_t *census, const char **kind, int n)
{
	int year = 0, first;
	const char *t0 = json_string_value(json_object_get(json_object_get(census, "snapshot"), "t0"));

	sscanf(t0 ? t0 : "", "%d", &year);
	heading(to, "Repositories", kind, n);
	print_row(to, census, "total", "completeness", "rows", 0, kind, n);
	print_row(to, census, "owners", "totals.owners", "", 0, kind, n);
	first = year - 3 > 2022 ? year - 3 : 2022;
	for (int y = first; y <= year && value_of(census, "totals.by_period", ""); y++) {
		char name[64], path[64];

		snprintf(name, sizeof name, "new in %d%s", y, y == 2022 ? " and before" : y == year ? " so far" : "");
		snprintf(path, sizeof path, "year/%04d/new", y);
		print_row(to, census, name, "totals.by_period", path, 0, kind, n);
	}
}

static void print_shares(FILE *to, const json_t *census, const char *kind, const char *name)
{
	static const char *const counter[2] = { "downloads", "downloads_all_time" }, *const col[2] = { "30 days",
												       "all time" };
	static const struct {
		const char *name, *key, *path;
		int is_share;
	} row[] = {
		{ "sum", "concentration.sum", "", 0 },
		{ "top 10", "concentration.shares", "/10", 1 },
		{ "top 200", "concentration.shares", "/200", 1 },
		{ "top 1,000", "concentration.shares", "/1000", 1 },
		{ "top 1 %", "concentration.shares", "/1%", 1 },
		{ "repositories below 200", "concentration.below", "/200", 1 },
		{ "median", "concentration.deciles", "/50%", 0 },
		{ "Gini", "concentration.gini", "", 0 },
	};
	char at[128];

	snprintf(at, sizeof at, "%s", kind);
	if (!value_of(census, "concentration.shares", at))
		return;
	heading(to, name, col, 2);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		label(to, row[i].name);
		for (int c = 0; c < 2; c++) {
			snprintf(at, sizeof at, "%s/%s%s", kind, counter[c], row[i].path);
			cell(to, value_of(census, row[i].key, at), row[i].is_share);
		}
		fputc('\n', to);
	}
}

/* New repositories of the three that are always shown, in the last two complete years. */
static void print_growth(FILE *to, const json_t *census, const char **kind, int n)
{
	static const char *const org[] = { "Baidu", "ByteDance", "Tencent" };
	const char *t0 = json_string_value(json_object_get(json_object_get(census, "snapshot"), "t0"));
	int year = 0;
	char years[2][16], ratio[32];
	const char *col[3] = { years[0], years[1], "ratio" };

	sscanf(t0 ? t0 : "", "%d", &year);
	if (!value_of(census, "growth.orgs", "") || year < 2024)
		return;
	snprintf(years[0], sizeof years[0], "%d", year - 2);
	snprintf(years[1], sizeof years[1], "%d", year - 1);
	snprintf(ratio, sizeof ratio, "ratio_%d", year - 1);
	heading(to, "New repositories", col, 3);
	for (size_t i = 0; i < sizeof org / sizeof *org; i++)
		for (int k = 0; k < n; k++) {
			const char *member[3] = { years[0], years[1], ratio };
			char name[64], at[128];

			snprintf(name, sizeof name, "%s, %s", org[i], kind[k]);
			label(to, name);
			for (int c = 0; c < 3; c++) {
				snprintf(at, sizeof at, "%s/%s/%s", org[i], kind[k], member[c]);
				cell(to, value_of(census, "growth.orgs", at), 0);
			}
			fputc('\n', to);
		}
}

static void print_completeness(FILE *to, const json_t *census, const char **kind, int n)
{
	heading(to, "Completeness", kind, n);
	print_row(to, census, "listed part of the axis", "completeness", "covered", 1, kind, n);
	print_row(to, census, "gaps", "completeness", "gaps", 0, kind, n);
	print_row(to, census, "records not understood", "completeness", "quarantined", 0, kind, n);
	print_row(to, census, "members not understood", "completeness", "field_errors", 0, kind, n);
	print_row(to, census, "suspect windows", "completeness", "suspect_windows", 0, kind, n);
	print_row(to, census, "the Hub's own total", "completeness", "hub_total", 0, kind, n);
}

/* Each reason once, with the number of figures that it holds for. */
static void print_missing(FILE *to, const json_t *census)
{
	const json_t *figures = json_object_get(census, "figures"), *f, *g;
	const char *key, *key2, *why, *why2;
	json_t *root = json_object_get(census, "figures");
	int any = 0;

	json_object_foreach(root, key, f)
	{
		int n = 0, first = 1;

		why = json_string_value(json_object_get(f, "why"));
		if (!why)
			continue;
		for (void *it = json_object_iter(root); it; it = json_object_iter_next(root, it)) {
			key2 = json_object_iter_key(it);
			g = json_object_get(figures, key2);
			why2 = json_string_value(json_object_get(g, "why"));
			if (!why2 || strcmp(why, why2))
				continue;
			if (n == 0 && strcmp(key, key2))
				first = 0;
			n++;
		}
		if (!first)
			continue;
		if (!any++)
			fprintf(to, "\nMissing\n");
		fprintf(to, "  %s (%d figure%s)\n", why, n, n == 1 ? "" : "s");
	}
}

static void print_run(FILE *to, const json_t *run)
{
	const json_t *crawl = json_object_get(json_object_get(run, "run"), "crawl"),
		     *reduce = json_object_get(json_object_get(run, "run"), "reduce");
	char a[32], b[32];

	fprintf(to, "\n%s requests, %s replies of 429; ",
		thousands(json_integer_value(json_object_get(crawl, "requests")), a),
		thousands(json_integer_value(json_object_get(crawl, "replies_429")), b));
	fprintf(to, "reduced in %.1f s\n", (double)json_integer_value(json_object_get(reduce, "wall_ms")) / 1e3);
}

void report_summary(FILE *to, const json_t *census, const json_t *run)
{
	const char *kind[NKINDS];
	int n = kinds_of(census, kind);

	print_head(to, census);
	print_totals(to, census, kind, n);
	print_shares(to, census, "models", "Downloads of models");
	print_shares(to, census, "datasets", "Downloads of datasets");
	print_growth(to, census, kind, n);
	print_completeness(to, census, kind, n);
	print_missing(to, census);
	print_run(to, run);
}
