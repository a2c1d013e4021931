// SPDX-License-Identifier: Apache-2.0
#include "reduce/report.h"

#include <stdlib.h>
#include <string.h>

#include "reduce/sheet.h"
#include "reduce/summary_top.h"

#define NCOUNTER 2
static const char *const counter[NCOUNTER] = { "downloads", "downloads_all_time" };
static const char *const since[NCOUNTER] = { "30 days", "all time" };

/* What the parts of the summary are made from. */
struct source {
	const json_t *census;
	const char *kind[NKINDS]; /* of this census, in their usual order */
	int nkind;
	int year; /* of t0 */
};

static const json_t *value_of(const struct source *x, const char *key, const char *path)
{
	return summary_value(x->census, key, path);
}

static void init_source(struct source *x, const json_t *census)
{
	const char *t0 = json_string_value(json_object_get(json_object_get(census, "snapshot"), "t0"));
	const json_t *kinds = json_object_get(json_object_get(census, "snapshot"), "kinds");
	size_t i;
	json_t *k;

	*x = (struct source){ .census = census, .year = (int)strtol(t0 ? t0 : "0", NULL, 10) };
	json_array_foreach(kinds, i, k) if (i < NKINDS) x->kind[x->nkind++] = json_string_value(k);
}

static void begin(struct sheet *s, const json_t *census)
{
	const json_t *snap = json_object_get(census, "snapshot"), *filters = json_object_get(snap, "filters");
	char *text = filters ? json_dumps(filters, JSON_SORT_KEYS) : NULL, title[600];
	const char *hub = json_string_value(json_object_get(snap, "hub")),
		   *t0 = json_string_value(json_object_get(snap, "t0"));

	snprintf(title, sizeof title, "Census of %.200s up to %.20s: %s%s%.200s", hub ? hub : "", t0 ? t0 : "",
		 json_is_true(json_object_get(snap, "complete")) ? "complete" : "with gaps",
		 text ? ", only a part of the Hub: " : "", text ? text : "");
	sheet_init(s, title);
	free(text);
}

/* A line with a cell per kind. */
static void put_kinds(struct sheet *s, const struct source *x, const char *name, const char *key, const char *path)
{
	sheet_line(s, name);
	for (int i = 0; i < x->nkind; i++) {
		char at[128];

		snprintf(at, sizeof at, "%s%s%s", x->kind[i], *path ? "/" : "", path);
		sheet_value(s, value_of(x, key, at), SHEET_SHARE);
	}
}

/* The same, where any kind has something to tell. */
static void put_troubles(struct sheet *s, const struct source *x, const char *name, const char *member)
{
	for (int i = 0; i < x->nkind; i++) {
		char at[128];

		snprintf(at, sizeof at, "%s/%s", x->kind[i], member);
		if (json_integer_value(value_of(x, "completeness", at))) {
			put_kinds(s, x, name, "completeness", member);
			return;
		}
	}
}

static const json_t *year_of(const struct source *x, int kind, int year)
{
	char at[128];

	snprintf(at, sizeof at, "%s/year/%04d", x->kind[kind], year);
	return value_of(x, "totals.by_period", at);
}

/* A year of which some was listed, and some was not, has a mark. */
static int is_in_part(const struct source *x, int kind, int year)
{
	const json_t *y = year_of(x, kind, year);

	return json_is_integer(json_object_get(y, "new")) && json_object_get(y, "covered");
}

/* The first year that is shown. */
static int first_year(const struct source *x)
{
	return x->year - 2 > 2022 ? x->year - 2 : 2022;
}

static void tell_mark(struct sheet *s, const struct source *x)
{
	for (int y = first_year(x); y <= x->year; y++)
		for (int k = 0; k < x->nkind; k++)
			if (is_in_part(x, k, y)) {
				sheet_note(s, "Note: * a year that was listed in part, - of which nothing was: see "
					      "completeness.");
				return;
			}
}

/* New repositories of a year; a year without any is not in the figure, one that was not listed has null. */
static void put_year(struct sheet *s, const struct source *x, int year)
{
	int any = 0;
	char name[64];

	for (int i = 0; i < x->nkind; i++)
		any |= is_in_part(x, i, year);
	snprintf(name, sizeof name, "new in %d%s%s", year,
		 year == 2022      ? " and before"
		 : year == x->year ? " so far"
				   : "",
		 any ? "*" : "");
	sheet_line(s, name);
	for (int i = 0; i < x->nkind; i++) {
		const json_t *n = year_of(x, i, year);

		if (n)
			sheet_value(s, json_object_get(n, "new"), SHEET_COUNT);
		else
			sheet_count(s, 0);
	}
}

static void put_totals(struct sheet *s, const struct source *x)
{
	sheet_block(s, "Repositories", 0, x->kind, x->nkind);
	for (int y = first_year(x); y <= x->year && value_of(x, "totals.by_period", ""); y++)
		put_year(s, x, y);
	if (value_of(x, "totals.owners", ""))
		put_kinds(s, x, "owners", "totals.owners", "");
	if (!value_of(x, "completeness", ""))
		return;
	put_kinds(s, x, "total", "completeness", "rows");
	put_kinds(s, x, "the Hub's own total", "completeness", "hub_total");
	put_kinds(s, x, "listed part of the time", "completeness", "covered");
	if (value_of(x, "completeness.audit", ""))
		put_kinds(s, x, "missing at most (second pass)", "completeness.audit", "high");
	put_troubles(s, x, "gaps", "gaps");
	put_troubles(s, x, "suspect windows", "suspect_windows");
	put_troubles(s, x, "records not understood", "quarantined");
	put_troubles(s, x, "members not understood", "field_errors");
}

static void put_given_up(struct sheet *s, const struct source *x)
{
	int64_t n = json_integer_value(value_of(x, "completeness.accounts", "lists_given_up"));

	if (n == 0)
		return;
	sheet_line(s, "lists the Hub did not give");
	sheet_count(s, n);
}

/* Four numbers that are not one another. */
static void put_accounts(struct sheet *s, const struct source *x)
{
	static const char *const col[] = { "all", "users", "organisations", "unknown" };
	static const char *const member[] = { "observed/all", "observed/user", "observed/organisation",
					      "observed/unknown" };
	static const char *const bound[][2] = { { "users at least (Chao)", "at_least/point" },
						{ "  95 % from", "at_least/low" },
						{ "  95 % to", "at_least/high" } };

	if (!value_of(x, "totals.users", ""))
		return;
	sheet_block(s, "Accounts", 0, col, 4);
	sheet_line(s, "observed");
	for (size_t c = 0; c < 4; c++)
		sheet_value(s, value_of(x, "totals.users", member[c]), SHEET_COUNT);
	sheet_line(s, "that own a repository");
	sheet_value(s, value_of(x, "totals.users", "owners"), SHEET_COUNT);
	put_given_up(s, x);
	for (size_t i = 0; i < 3; i++) {
		const json_t *n = value_of(x, "totals.users", bound[i][1]);

		sheet_line(s, bound[i][0]);
		sheet_none(s);
		if (n && !json_is_null(n))
			sheet_count(s, (int64_t)json_number_value(n));
		else
			sheet_none(s);
	}
}

/* Both counters of models and of datasets side by side. */
static void put_concentration(struct sheet *s, const struct source *x)
{
	static const struct {
		const char *name, *key, *path;
		enum sheet_type type;
	} row[] = {
		{ "in all", "concentration.sum", "", SHEET_COUNT },
		{ "to the top 10", "concentration.shares", "/10", SHEET_SHARE },
		{ "to the top 200", "concentration.shares", "/200", SHEET_SHARE },
		{ "to the top 1 %", "concentration.shares", "/1%", SHEET_SHARE },
		{ "with fewer than 200", "concentration.below", "/200", SHEET_SHARE },
		{ "median", "concentration.deciles", "/50%", SHEET_COUNT },
		{ "Gini", "concentration.gini", "", SHEET_REAL },
	};
	static const char *const col[] = { "models 30d", "all time", "datasets 30d", "all time" };
	const json_t *shares = value_of(x, "concentration.shares", "");
	int has_models = json_object_get(shares, "models") != NULL,
	    has_datasets = json_object_get(shares, "datasets") != NULL;

	if (!has_models && !has_datasets)
		return;
	sheet_block(s, "Downloads", 0, has_models ? col : col + 2, has_models && has_datasets ? 4 : 2);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		sheet_line(s, row[i].name);
		for (int c = has_models ? 0 : 2; c < (has_datasets ? 4 : 2); c++) {
			char at[128];

			snprintf(at, sizeof at, "%s/%s%s", c < 2 ? "models" : "datasets", counter[c % 2], row[i].path);
			sheet_value(s, value_of(x, row[i].key, at), row[i].type);
		}
	}
}

/* Three organisations that are always shown, and those that grew most. */
static void put_growth(struct sheet *s, const struct source *x, int kind, int is_beside)
{
	static const char *const org[] = { "Baidu", "ByteDance", "Tencent" };
	char years[2][16], marked[2][20], ratio[32], title[64], at[128];
	const char *col[3] = { marked[0], marked[1], "ratio" }, *member[3] = { years[0], years[1], ratio };

	for (int i = 0; i < 2; i++) {
		int year = x->year - 2 + i;

		snprintf(years[i], sizeof years[i], "%d", year);
		snprintf(marked[i], sizeof marked[i], "%d%s", year, is_in_part(x, kind, year) ? "*" : "");
	}
	snprintf(ratio, sizeof ratio, "ratio_%d", x->year - 1);
	snprintf(title, sizeof title, "New %s", x->kind[kind]);
	sheet_block(s, title, is_beside, col, 3);
	for (size_t i = 0; i < sizeof org / sizeof *org && value_of(x, "growth.orgs", ""); i++) {
		sheet_line(s, org[i]);
		for (int c = 0; c < 3; c++) {
			snprintf(at, sizeof at, "%s/%s/%s", org[i], x->kind[kind], member[c]);
			sheet_value(s, value_of(x, "growth.orgs", at), SHEET_RATIO);
		}
	}
	snprintf(at, sizeof at, "absolute/%s", x->kind[kind]);
	summary_movers(s, value_of(x, "growth.top", at));
}

static void put_movers(struct sheet *s, const struct source *x)
{
	/* No creation time before 2022-03 is known, so nothing has grown before 2024. */
	if (x->year < 2024 || (!value_of(x, "growth.orgs", "") && !value_of(x, "growth.top", "")))
		return;
	for (int k = 0; k < x->nkind && k < 2; k++)
		put_growth(s, x, k, k > 0);
}

/* A line of shares of both counters; the first may be that of repositories. */
static void put_shares(struct sheet *s, const struct source *x, const char *key, int with_repositories,
		       const char *name, const char *member)
{
	sheet_line(s, name);
	for (int c = with_repositories ? -1 : 0; c < NCOUNTER; c++) {
		char at[128];

		snprintf(at, sizeof at, "%s/all%s%s", c < 0 ? "repositories" : counter[c], *member ? "/" : "", member);
		sheet_value(s, value_of(x, key, at), SHEET_SHARE);
	}
}

static void put_geography(struct sheet *s, const struct source *x)
{
	const char *country[SUMMARY_TOP];
	int n = summary_countries(x->census, country);

	if (!value_of(x, "geography.share", ""))
		return;
	sheet_block(s, "Downloads from", 0, since, NCOUNTER);
	for (int i = 0; i < n; i++)
		put_shares(s, x, "geography.share", 0, country[i], country[i]);
	put_shares(s, x, "geography.share", 0, "unclassified", "unclassified");
	put_shares(s, x, "geography.coverage", 0, "coverage", "");
}

static void put_sectors(struct sheet *s, const struct source *x)
{
	static const char *const col[] = { "models", "30 days", "all time" };

	if (!value_of(x, "sector.share", ""))
		return;
	sheet_block(s, "Sector", value_of(x, "geography.share", "") != NULL, col, 3);
	for (int i = 0; i < NSECTOR; i++)
		put_shares(s, x, "sector.share", 1, sector_name((enum sector)i), sector_name((enum sector)i));
}

static void put_sizes(struct sheet *s, const struct source *x)
{
	static const char *const bucket[] = { "<1B", "1-9B", "9-20B", "20-70B", "70-100B", ">=100B", "unknown" };
	static const char *const col[] = { "models", "30 days", "top 10" };
	static const char *const member[] = { "repositories", "downloads", "median_top10" };

	if (!value_of(x, "size.buckets", ""))
		return;
	sheet_block(s, "Parameters", 0, col, 3);
	for (size_t i = 0; i < sizeof bucket / sizeof *bucket; i++) {
		sheet_line(s, bucket[i]);
		for (size_t c = 0; c < sizeof member / sizeof *member; c++) {
			char at[128];

			snprintf(at, sizeof at, "%s/%s", bucket[i], member[c]);
			sheet_value(s, value_of(x, "size.buckets", at), SHEET_REAL);
		}
	}
}

/* Each reason once, with the number of figures that it holds for. */
static void put_missing(struct sheet *s, const json_t *census)
{
	json_t *figures = json_object_get(census, "figures"), *f;
	const char *key;

	json_object_foreach(figures, key, f)
	{
		const char *why = json_string_value(json_object_get(f, "why"));
		int n = 0, is_first = 1;

		for (void *it = json_object_iter(figures); it && why; it = json_object_iter_next(figures, it)) {
			const char *other = json_string_value(json_object_get(json_object_iter_value(it), "why"));

			if (!other || strcmp(why, other) != 0)
				continue;
			if (n++ == 0)
				is_first = !strcmp(key, json_object_iter_key(it));
		}
		if (n && is_first)
			sheet_note(s, "Note: %s (%d figure%s).", why, n, n == 1 ? "" : "s");
	}
}

static void put_run(struct sheet *s, const json_t *run)
{
	const json_t *crawl = json_object_get(json_object_get(run, "run"), "crawl"),
		     *reduce = json_object_get(json_object_get(run, "run"), "reduce");
	char a[32], b[32];

	sheet_note(s, "%s requests, %s replies of 429; reduced in %.1f s.",
		   sheet_thousands(json_integer_value(json_object_get(crawl, "requests")), a),
		   sheet_thousands(json_integer_value(json_object_get(crawl, "replies_429")), b),
		   (double)json_integer_value(json_object_get(reduce, "wall_ms")) / 1e3);
}

int report_summary(FILE *to, enum sheet_format format, const json_t *census, const json_t *run)
{
	struct source x;
	struct sheet s;
	int rc;

	init_source(&x, census);
	begin(&s, census);
	put_totals(&s, &x);
	summary_since(&s, census, x.kind, x.nkind);
	put_accounts(&s, &x);
	put_concentration(&s, &x);
	put_movers(&s, &x);
	put_geography(&s, &x);
	put_sectors(&s, &x);
	put_sizes(&s, &x);
	summary_families(&s, value_of(&x, "lineage.derivatives", ""), value_of(&x, "size.buckets", "") != NULL);
	tell_mark(&s, &x);
	put_missing(&s, census);
	put_run(&s, run);
	rc = sheet_print(&s, to, format);
	sheet_release(&s);
	return rc;
}
