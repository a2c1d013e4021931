// SPDX-License-Identifier: Apache-2.0
#include "reduce/compare_figures.h"

#include <stdio.h>
#include <string.h>

#include "io/utc.h"
#include "reduce/compare.h"
#include "reduce/country.h"
#include "reduce/wire.h"

#define EARLIER                                                                                                        \
	{                                                                                                              \
		"previous", CELL_TEXT, FIGURE_KEY, NULL, "the earlier census: 1 is the latest; see compare.previous"   \
	}
#define KIND                                                                                                           \
	{                                                                                                              \
		"kind", CELL_TEXT, FIGURE_KEY, NULL, "models, datasets or spaces"                                      \
	}
#define REPOSITORIES(name, text)                                                                                       \
	{                                                                                                              \
		name, CELL_I64, 0, "repositories", text                                                                \
	}

const struct figure_col compare_previous_cols[5] = {
	EARLIER,
	{ "complete", CELL_BOOL, 0, NULL, "whether it had everything" },
	{ "days", CELL_F64, 0, "days", "from its t0 to this one's" },
	{ "t0", CELL_TEXT, 0, NULL, "end of its axis" },
	{ "version", CELL_TEXT, 0, NULL, "of the program that made it" },
};

const struct figure_col compare_repository_cols[12] = {
	EARLIER,
	KIND,
	REPOSITORIES("before", "in the earlier census"),
	REPOSITORIES("gone", "in the earlier one, not in this one: deleted, made private, or hidden"),
	REPOSITORIES("kept", "in both"),
	REPOSITORIES("new", "in this one, not in the earlier one"),
	REPOSITORIES("now", "in this census"),
	REPOSITORIES("published", "of the new ones: created before the earlier t0, but not listed then"),
	REPOSITORIES("renamed", "of those in both: with another id"),
	REPOSITORIES("transferred", "of the renamed: with another owner, ASCII letter case aside"),
	REPOSITORIES("unknown_gone", "in the earlier one, where this one has a gap: may be gone or not"),
	REPOSITORIES("unknown_new", "in this one, where the earlier one has a gap: may be new or not"),
};

const struct figure_col compare_counter_cols[15] = {
	EARLIER,
	KIND,
	{ "counter", CELL_TEXT, FIGURE_KEY, NULL, "downloads (30 days), downloads_all_time or likes" },
	{ "before", CELL_I64, 0, "downloads or likes", "sum then, over those that both have" },
	{ "decrease", CELL_DIFF, 0, "downloads or likes", "sum of the negative differences" },
	{ "difference", CELL_DIFF, 0, "downloads or likes", "now - before" },
	REPOSITORIES("falling", "with a negative difference"),
	{ "increase", CELL_I64, 0, "downloads or likes", "sum of the positive differences" },
	{ "made", CELL_DIFF, 0, "downloads or likes",
	  "difference, and all of the repositories created since the earlier t0; not of the 30-day counter" },
	{ "now", CELL_I64, 0, "downloads or likes", "sum now, over those that both have" },
	{ "of_created", CELL_I64, 0, "downloads or likes", "of the repositories created since the earlier t0" },
	{ "of_gone", CELL_I64, 0, "downloads or likes", "of the repositories that are gone, then" },
	{ "of_new", CELL_I64, 0, "downloads or likes", "of the new repositories" },
	REPOSITORIES("repositories", "in both, with the counter in both"),
	REPOSITORIES("rising", "with a positive difference"),
};

const struct figure_col compare_org_cols[14] = {
	EARLIER,
	{ "parent", CELL_TEXT, FIGURE_KEY, NULL, "organisation, as the orgs table joins its namespaces" },
	KIND,
	REPOSITORIES("before", "in the earlier census"),
	REPOSITORIES("created", "in this census, created since the earlier t0: growth as createdAt tells it"),
	{ "downloads", CELL_DIFF, 0, "downloads",
	  "downloads_all_time made: differences, and all of those created since" },
	REPOSITORIES("gone", "in the earlier one, not in this one"),
	REPOSITORIES("joined", "in both, then of another owner"),
	REPOSITORIES("left", "in both, now of another owner"),
	{ "likes", CELL_DIFF, 0, "likes", "likes made: differences, and all of those created since" },
	REPOSITORIES("new", "in this one, not in the earlier one"),
	REPOSITORIES("now", "in this census; before + new + joined + unknown_new - gone - left - unknown_gone"),
	REPOSITORIES("unknown_gone", "in the earlier one, where this one has a gap"),
	REPOSITORIES("unknown_new", "in this one, where the earlier one has a gap"),
};

const struct figure_col compare_country_cols[4] = {
	EARLIER,
	{ "country", CELL_TEXT, FIGURE_KEY, NULL, "ISO 3166-1 alpha-2 code, or unclassified" },
	{ "downloads", CELL_DIFF, 0, "downloads", "downloads_all_time of models made in between" },
	{ "share", CELL_F64, 0, "share", "of all that were made; missing where these are not above 0" },
};

const struct figure_col compare_sector_cols[4] = {
	EARLIER,
	{ "sector", CELL_TEXT, FIGURE_KEY, NULL, "sector of the owner, or unclassified" },
	{ "downloads", CELL_DIFF, 0, "downloads", "downloads_all_time of models made in between" },
	{ "share", CELL_F64, 0, "share", "of all that were made; missing where these are not above 0" },
};

/* One earlier census, numbered for people. */
struct pair {
	const struct previous *p;
	const struct comparison *x;
	int at;
	char number[16];
};

/* Number i from the latest on; 0 behind the last. */
static int pair_at(const struct facts *f, int i, struct pair *to)
{
	const struct compare *x = f->c->compare;
	int at = x ? x->previous.n - 1 - i : -1;

	if (at < 0)
		return 0;
	to->at = at;
	to->p = &x->previous.at[at];
	to->x = &x->with[at];
	snprintf(to->number, sizeof to->number, "%d", i + 1);
	return 1;
}

/* What holds for all of these figures. Returns whether there is anything to tell. */
static int begin(const struct facts *f, struct figure_table *t)
{
	struct pair x;

	if (!f->c->compare)
		figure_status(t, FIGURE_NOT_AVAILABLE, "no earlier census was given (hubreduce --previous)");
	for (int i = 0; pair_at(f, i, &x); i++) {
		if (!x.p->head.complete)
			figure_status(t, FIGURE_PARTIAL, "an earlier census has gaps: what lies there is unknown");
		for (int k = 0; k < NKINDS; k++)
			if (census_has(f->c, k) && !(x.p->head.kinds >> k & 1))
				figure_status(t, FIGURE_PARTIAL, "an earlier census does not take %s", kind_name[k]);
	}
	return f->c->compare != NULL;
}

static int both_have(const struct facts *f, const struct pair *x, int kind)
{
	return census_has(f->c, kind) && x->p->head.kinds >> kind & 1;
}

/* Is the counter told on both sides? If not, t says so. */
static int is_told(const struct facts *f, struct figure_table *t, const struct pair *x, int kind,
		   enum then_counter counter)
{
	char why[COMPARE_WHY];

	if (compare_has(f->c, f->c->compare, x->at, kind, counter, why))
		return 1;
	figure_status(t, FIGURE_PARTIAL, "%s", why);
	return 0;
}

void compare_previous(const struct facts *f, struct figure_table *t)
{
	struct pair x;
	char t0[32];

	for (int i = 0; begin(f, t) && pair_at(f, i, &x); i++) {
		figure_row(t);
		figure_name(t, 0, x.number);
		figure_bool(t, 1, x.p->head.complete != 0);
		figure_f64(t, 2, (double)(f->c->snap.t0 - x.p->head.t0) / 86400);
		figure_name(t, 3, utc_format(x.p->head.t0, t0));
		figure_name(t, 4, x.p->head.version);
	}
}

void compare_repositories(const struct facts *f, struct figure_table *t)
{
	static const enum fate fate[] = { FATE_BEFORE,       FATE_GONE,       FATE_KEPT,    FATE_NEW,
					  FATE_NOW,          FATE_PUBLISHED,  FATE_RENAMED, FATE_TRANSFERRED,
					  FATE_UNKNOWN_GONE, FATE_UNKNOWN_NEW };
	struct pair x;

	for (int i = 0; begin(f, t) && pair_at(f, i, &x); i++)
		for (int k = 0; k < NKINDS; k++) {
			if (!both_have(f, &x, k))
				continue;
			figure_row(t);
			figure_name(t, 0, x.number);
			figure_name(t, 1, kind_name[k]);
			for (int c = 0; c < NFATE; c++)
				figure_i64(t, 2 + c, x.x->fate[k][fate[c]]);
		}
}

/* What takes the counter of both. */
static void put_difference(struct figure_table *t, int counter, const int64_t *sum)
{
	figure_i64(t, 3, sum[SUM_BEFORE]);
	figure_i64(t, 4, -sum[SUM_DOWN]);
	figure_i64(t, 5, sum[SUM_UP] - sum[SUM_DOWN]);
	figure_i64(t, 6, sum[SUM_FALLING]);
	figure_i64(t, 7, sum[SUM_UP]);
	if (counter != THEN_DOWNLOADS)
		figure_i64(t, 8, wire_add(sum[SUM_UP], sum[SUM_CREATED]) - sum[SUM_DOWN]);
	figure_i64(t, 9, sum[SUM_NOW]);
	figure_i64(t, 14, sum[SUM_RISING]);
}

static void put_counter(const struct facts *f, struct figure_table *t, const struct pair *x, int kind, int counter)
{
	const int64_t *sum = x->x->sum[kind][counter], *fate = x->x->fate[kind];

	figure_row(t);
	figure_name(t, 0, x->number);
	figure_name(t, 1, kind_name[kind]);
	figure_name(t, 2, schema[then_field[counter]].name);
	if (counter == THEN_DOWNLOADS)
		figure_omit(t, 8);
	if (is_told(f, t, x, kind, (enum then_counter)counter))
		put_difference(t, counter, sum);
	if (sum[SUM_HAVE] || !fate[FATE_NOW]) {
		figure_i64(t, 10, sum[SUM_CREATED]);
		figure_i64(t, 12, sum[SUM_NEW]);
	}
	if (sum[SUM_HAD] || !fate[FATE_BEFORE])
		figure_i64(t, 11, sum[SUM_GONE]);
	figure_i64(t, 13, sum[SUM_PAIRS]);
}

void compare_counters(const struct facts *f, struct figure_table *t)
{
	struct pair x;

	for (int i = 0; begin(f, t) && pair_at(f, i, &x); i++)
		for (int k = 0; k < NKINDS; k++)
			for (int n = 0; n < NTHEN; n++)
				if (both_have(f, &x, k) && schema_has((enum kind)k, then_field[n]))
					put_counter(f, t, &x, k, n);
}

static void put_org(const struct facts *f, struct figure_table *t, const struct pair *x, const char *parent, int kind,
		    const int64_t *sum)
{
	static const enum org_sum plain[] = { ORG_BEFORE, ORG_CREATED,      NORG_SUM,       ORG_GONE,
					      ORG_JOINED, ORG_LEFT,         NORG_SUM,       ORG_NEW,
					      ORG_NOW,    ORG_UNKNOWN_GONE, ORG_UNKNOWN_NEW };

	figure_row(t);
	figure_name(t, 0, x->number);
	figure_name(t, 1, parent);
	figure_name(t, 2, kind_name[kind]);
	for (int c = 0; c < (int)(sizeof plain / sizeof *plain); c++)
		if (plain[c] != NORG_SUM)
			figure_i64(t, 3 + c, sum[plain[c]]);
	/* Spaces have no downloads. */
	if (kind == KIND_SPACES)
		figure_omit(t, 5);
	else if (is_told(f, t, x, kind, THEN_ALL_TIME))
		figure_i64(t, 5, sum[ORG_MADE_UP] - sum[ORG_MADE_DOWN]);
	if (is_told(f, t, x, kind, THEN_LIKES))
		figure_i64(t, 9, sum[ORG_LIKES_UP] - sum[ORG_LIKES_DOWN]);
}

void compare_orgs(const struct facts *f, struct figure_table *t)
{
	const struct orgs *orgs = f->c->orgs;
	struct pair x;

	for (int i = 0; begin(f, t) && pair_at(f, i, &x); i++)
		for (int p = 0; p < orgs_nparent(orgs); p++)
			for (int k = 0; k < NKINDS; k++) {
				const int64_t *sum = x.x->org + ((int64_t)p * NKINDS + k) * NORG_SUM;

				if (both_have(f, &x, k) && (sum[ORG_BEFORE] || sum[ORG_NOW]))
					put_org(f, t, &x, orgs_parent(orgs, p), k, sum);
			}
}

/* One class of the owner, if it has made any, or always. */
static void put_made(struct figure_table *t, const struct pair *x, const char *name, const struct made *m, wide whole,
		     int always)
{
	if (!always && !m->up && !m->down)
		return;
	figure_row(t);
	figure_name(t, 0, x->number);
	figure_name(t, 1, name);
	figure_i64(t, 2, m->up - m->down);
	if (whole > 0)
		figure_share(t, 3, (double)(m->up - m->down), (double)whole);
}

static wide all_made(const struct made *m, int n)
{
	wide sum = 0;

	for (int i = 0; i < n; i++)
		sum += m[i].up - m[i].down;
	return sum;
}

/* Downloads of models by class of the owner, since each earlier census that has the counter. */
static void for_each(const struct facts *f, struct figure_table *t,
		     void (*put)(struct figure_table *t, const struct pair *x))
{
	struct pair x;
	char why[COMPARE_WHY] = "";
	int any = 0;

	if (begin(f, t) && !census_has(f->c, KIND_MODELS))
		figure_status(t, FIGURE_NOT_AVAILABLE, "this census does not take models");
	for (int i = 0; t->status != FIGURE_NOT_AVAILABLE && pair_at(f, i, &x); i++) {
		if (!both_have(f, &x, KIND_MODELS))
			continue;
		if (is_told(f, t, &x, KIND_MODELS, THEN_ALL_TIME)) {
			put(t, &x);
			any = 1;
		} else
			compare_has(f->c, f->c->compare, x.at, KIND_MODELS, THEN_ALL_TIME, why);
	}
	if (!any && *why)
		figure_status(t, FIGURE_NOT_AVAILABLE, "%s", why);
}

static void put_countries(struct figure_table *t, const struct pair *x)
{
	wide whole = all_made(x->x->country, NCOUNTRY + 1);

	for (int c = 0; c < NCOUNTRY; c++)
		put_made(t, x, country_code(c), &x->x->country[c + 1], whole, 0);
	put_made(t, x, "unclassified", &x->x->country[0], whole, 1);
}

void compare_geography(const struct facts *f, struct figure_table *t)
{
	for_each(f, t, put_countries);
}

static void put_sectors(struct figure_table *t, const struct pair *x)
{
	wide whole = all_made(x->x->sector, NSECTOR);

	for (int s = 0; s < NSECTOR; s++)
		put_made(t, x, sector_name((enum sector)s), &x->x->sector[s], whole, 1);
}

void compare_sectors(const struct facts *f, struct figure_table *t)
{
	for_each(f, t, put_sectors);
}
