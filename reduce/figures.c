// SPDX-License-Identifier: Apache-2.0
#include "reduce/figures.h"

#include <stdlib.h>
#include <string.h>

#include "io/agree.h"
#include "reduce/audit.h"
#include "reduce/category.h"
#include "reduce/compare_figures.h"
#include "reduce/complete.h"
#include "reduce/concentration.h"
#include "reduce/engagement.h"
#include "reduce/gating.h"
#include "reduce/geography.h"
#include "reduce/growth.h"
#include "reduce/lineage.h"
#include "reduce/quantization.h"
#include "reduce/science.h"
#include "reduce/sector.h"
#include "reduce/sizes.h"
#include "reduce/totals.h"
#include "reduce/users.h"

#define COLS(x) (x), (int)(sizeof(x) / sizeof *(x))
#define BOTH    "downloads, downloads_all_time"

/* Each figure with its definition, as census.json says it too. */
const struct figure figure_list[] = {
	{ "totals.models", "repositories", NULL, "Distinct public models by _id, created at or before t0.",
	  COLS(totals_cols), NULL, totals_models },
	{ "totals.datasets", "repositories", NULL, "Distinct public datasets by _id, created at or before t0.",
	  COLS(totals_cols), NULL, totals_datasets },
	{ "totals.spaces", "repositories", NULL, "Distinct public Spaces by _id, created at or before t0.",
	  COLS(totals_cols), NULL, totals_spaces },
	{ "totals.owners", "namespaces", NULL,
	  "Distinct namespaces, ASCII letter case aside, that own a repository: of each kind, and of all kinds "
	  "together.",
	  COLS(totals_owner_cols), NULL, totals_owners },
	{ "totals.by_period", "repositories", NULL,
	  "New repositories per day, month and year of creation (UTC), and how many there were at its end; periods "
	  "without any are left out. "
	  "Everything older than 2022-03-02 reads as created on that day: its periods are marked lump.",
	  COLS(totals_period_cols), totals_prepare, totals_by_period },
	{ "totals.users", "accounts", NULL,
	  "Four numbers that are not one another, and none is the Hub's number of registered accounts. owners: "
	  "namespaces that own a repository, no matter what they are. observed: distinct names that any list showed, "
	  "by what they are; it grows with the lists that are asked and counts a renamed account twice. at_least: "
	  "users, organisations apart, by totals.users.at_least. sketch: observed, as whoever merges sketches without "
	  "names would estimate it, within 2.5 % (three standard errors).",
	  COLS(users_cols), users_prepare, users_totals },
	{ "totals.users.at_least", "users", NULL,
	  "A lower bound of the users that lists can show (Chao 1987, for lists of unequal size Chao 1989), with a 95 "
	  "% "
	  "log-normal interval: the users that any list showed, and (f1^2 - sum of squares of those that one list "
	  "alone showed) / (2 (f2 + 1)). Users whom no list can show are not in it. Lists that overlap more than by "
	  "chance make it too low, lists that avoid each other too high; dependent says if they do either: then the "
	  "variance is multiplied by x2 / df and the bound is the lower end of the interval. The lists "
	  "are members, followers (of organisations and of users as one, for the one can take the other's place), "
	  "following and likers: they show users as users. Owners are none of them: which owners are users is not "
	  "always known, and they lead to the lists.",
	  COLS(users_bound_cols), users_prepare, users_bound },
	{ "totals.users.occasions", "users", NULL,
	  "What totals.users.at_least is computed from: users by the lists that count as occasions.",
	  COLS(users_occasion_cols), users_prepare, users_occasions },
	{ "totals.users.by_source", "accounts", NULL,
	  "Accounts observed, by where they were seen; one may be seen in several places, so the sum is no number of "
	  "accounts. earlier: known from an earlier census.",
	  COLS(users_source_cols), users_prepare, users_by_source },
	{ "totals.users.captures", "accounts", NULL,
	  "Accounts observed, by the set of sources that showed them (capture history); each counts once.",
	  COLS(users_capture_cols), users_prepare, users_captures },
	{ "totals.users.by_year", "accounts", NULL,
	  "Accounts observed, by the year of their _id, that is of their creation: not how many came that year, but "
	  "how "
	  "many of those were observed.",
	  COLS(users_type_cols), users_prepare, users_by_year },
	{ "totals.users.lists", "lists", NULL,
	  "What was asked of accounts and repositories: lists that are known, and how far they were asked. Private "
	  "lists "
	  "are refused, and nobody knows how long they are.",
	  COLS(users_list_cols), users_prepare, users_lists },
	{ "concentration.sum", "downloads", BOTH, "Sum of the counter over the repositories that have it.",
	  COLS(concentration_sum_cols), concentration_prepare, concentration_sum },
	{ "concentration.rows", "repositories", BOTH, "Repositories that have the counter.",
	  COLS(concentration_rows_cols), concentration_prepare, concentration_rows },
	{ "concentration.top200_share", "share", BOTH,
	  "Share of all downloads of models that go to the 200 most downloaded ones.", COLS(concentration_counter_cols),
	  concentration_prepare, concentration_top200 },
	{ "concentration.shares", "share", BOTH,
	  "Share of all downloads that go to the most downloaded repositories: a number of them, or a part of those "
	  "that have the counter, rounded up.",
	  COLS(concentration_top_cols), concentration_prepare, concentration_shares },
	{ "concentration.gini", "1", BOTH,
	  "Gini's coefficient of downloads, 2 sum(i x_i) / (n sum(x)) - (n + 1) / n over ascending x_i.",
	  COLS(concentration_gini_cols), concentration_prepare, concentration_gini },
	{ "concentration.below_200", "share", BOTH,
	  "Share of the models that have the counter with fewer than 200 downloads.", COLS(concentration_counter_cols),
	  concentration_prepare, concentration_below200 },
	{ "concentration.below", "share", BOTH,
	  "Share of the repositories that have the counter with fewer downloads than a bound.",
	  COLS(concentration_below_cols), concentration_prepare, concentration_below },
	{ "concentration.deciles", "downloads", BOTH,
	  "Deciles of downloads: quantile p of n ascending values is number ceil(p n), counted from 1; 50% is the "
	  "median.",
	  COLS(concentration_decile_cols), concentration_prepare, concentration_deciles },
	{ "geography.share", "share", BOTH,
	  "Share of the downloads of models by country of the publishing organisation (table of organisations, as of "
	  "the "
	  "model's creation), over all models and by year of creation. Without a country: unclassified, as are user "
	  "accounts; coverage is the share that has one.",
	  COLS(geography_share_cols), publishers_prepare, geography_share },
	{ "geography.coverage", "share", BOTH,
	  "Share of the downloads of models whose owner has a country: how much geography.share rests on.",
	  COLS(geography_coverage_cols), publishers_prepare, geography_coverage },
	{ "geography.cumulative", "downloads", BOTH,
	  "Downloads of the models created up to the end of each month, by country of the publishing organisation.",
	  COLS(geography_cumulative_cols), publishers_prepare, geography_cumulative },
	{ "geography.china_above_us", "month of creation", BOTH,
	  "When models from China have more downloads than those from the United States: the first such month, and the "
	  "month since which it has been so in every one; null: never, or not at t0.",
	  COLS(geography_passing_cols), publishers_prepare, geography_passing },
	{ "sector.share", "share", BOTH,
	  "Share of models, and of their downloads, by sector of the owner (table of organisations, as of the model's "
	  "creation), over all models and by year of creation. Owners that the table does not know are unclassified.",
	  COLS(sector_share_cols), publishers_prepare, sector_share },
	{ "growth.orgs", "repositories", NULL,
	  "New repositories per organisation and year of creation, kinds apart, and their ratio to the year before: "
	  "from none for 0 to n, null for 0 to 0. "
	  "An organisation joins its namespaces (table of organisations). Repositories of 2022-03-02 are apart, as "
	  "before, and no base of a ratio.",
	  COLS(growth_org_cols), growth_prepare, growth_orgs },
	{ "growth.orgs_monthly", "repositories", NULL,
	  "New repositories per organisation and month of creation; months without any are left out.",
	  COLS(growth_month_cols), growth_prepare, growth_orgs_monthly },
	{ "growth.top", "repositories", NULL,
	  "The 100 organisations whose new repositories grew most between the last two complete years before t0: by "
	  "difference, and by ratio where "
	  "there were at least 10 in the first year. A namespace that the table of organisations does not know is one "
	  "of its own; ties by name.",
	  COLS(growth_top_cols), growth_prepare, growth_top },
	{ "size.buckets", "repositories", "downloads",
	  "Models by parameter count, their downloads, and the median of the ten most downloaded. The count is that of "
	  "the model it was quantized from, if a tag says so and that is known; else safetensors.total; else "
	  "gguf.total; "
	  "else the number in the name (7B, 8x7B, 350M). sources: how many were counted in which way.",
	  COLS(size_bucket_cols), sizes_prepare, sizes_buckets },
	{ "size.mean_downloaded", "parameters", "downloads",
	  "Mean and median parameter count of models, weighted by downloads, over all and by year of creation. The "
	  "median is the least count up to which half of the downloads go.",
	  COLS(size_mean_cols), sizes_prepare, sizes_mean },
	{ "lineage.derivatives", "repositories", NULL,
	  "Models that derive from those of a namespace, the 100 largest families, ties by name: direct, with a base "
	  "in "
	  "it (tag base_model, baseModels), by relation; all, from which a way of bases leads to it. Each model counts "
	  "once per family; ids that differ in letter case alone are one. named_by_tags: models outside the family, "
	  "owned by others, with a tag that holds the namespace as a word.",
	  COLS(lineage_family_cols), lineage_prepare, lineage_derivatives },
	{ "lineage.trees", "repositories", NULL,
	  "The 100 models without a base from which most models derive; ties by _id, names that are not in the census "
	  "last.",
	  COLS(lineage_tree_cols), lineage_prepare, lineage_trees },
	{ "lineage.depth", "repositories", NULL,
	  "Models by the number of bases on the shortest way to one that has none; 0: they have none themselves. A "
	  "cycle that nothing else leads to is cut.",
	  COLS(lineage_depth_cols), lineage_prepare, lineage_depth },
	{ "lineage.orphans", "names", NULL, "Distinct bases that are not in the census.", COLS(lineage_orphan_cols),
	  lineage_prepare, lineage_orphans },
	{ "lineage.edges", "edges", NULL,
	  "From models to bases, by who tells them: tags by name, baseModels by _id, both; and former names of models "
	  "that were followed.",
	  COLS(lineage_edge_cols), lineage_prepare, lineage_edges },
	{ "lineage.cycles", "1", NULL,
	  "Groups of models that derive from one another in a circle, and models that name themselves.",
	  COLS(lineage_cycle_cols), lineage_prepare, lineage_cycles },
	{ "categories.datasets", "repositories", NULL,
	  "Datasets per category of a facet (tag facet:category), by year of creation: new, cumulative at the year's "
	  "end, and rank by the latter, ties by "
	  "name. 2022 holds everything older.",
	  COLS(category_dataset_cols), category_prepare, category_datasets },
	{ "categories.models", "repositories", BOTH,
	  "Models, and their downloads, by task (pipeline_tag), library, license, region, language and format; one "
	  "model may count in several categories "
	  "of a facet, and once in each.",
	  COLS(category_model_cols), category_prepare, category_models },
	{ "science", "repositories", NULL,
	  "Repositories with a tag of a scientific topic (table of topics, group science); one may count in several "
	  "topics, and once in each.",
	  COLS(science_cols), science_prepare, science_make },
	{ "robotics", "repositories", NULL,
	  "Repositories with a tag of robotics (table of topics, group robotics), by year of creation: new, and "
	  "cumulative at the year's end. 2022 holds everything older.",
	  COLS(science_robotics_cols), science_prepare, science_robotics },
	{ "quantization", "repositories", NULL,
	  "Models with a tag of a quantised format or bit width (table of topics, group quantization), and of those "
	  "with a known base model the share whose owner owns none of their bases. A base is known by _id (baseModels) "
	  "where it is in the census, and by name where a tag base_model: names it; a model counts once per label.",
	  COLS(quantization_cols), quantization_prepare, quantization_make },
	{ "engagement.weeks", "downloads", BOTH,
	  "Downloads of models by age in whole weeks, up to 104, without those of 2022-03-02. cross_section: of this "
	  "census, age at t0; those that have both counters and a lifetime of at least 1; the rate is 7/30 of the sum "
	  "of "
	  "downloads over the sum of downloads_all_time: the share of a lifetime that falls in a week. differences, "
	  "with "
	  "hubreduce --previous: downloads_all_time between each census and the next, of models that both have or that "
	  "were created in between, at their age in the middle of the interval, or of the part that they lived; "
	  "weekly: "
	  "per model and week.",
	  COLS(engagement_week_cols), engagement_prepare, engagement_weeks },
	{ "engagement.half_peak", "weeks", BOTH,
	  "The first age, behind the one with the highest rate (cross_section) or weekly downloads (differences) of "
	  "engagement.weeks, at which that is below half; compared in integers. In a cross-section downloads spread "
	  "evenly over a life would halve the rate at 9 weeks, so what is below that says that attention fades.",
	  COLS(engagement_half_cols), engagement_prepare, engagement_half_peak },
	{ "compare.previous", "1", NULL,
	  "The earlier censuses that this one is compared with (hubreduce --previous), numbered from the latest.",
	  COLS(compare_previous_cols), NULL, compare_previous },
	{ "compare.repositories", "repositories", NULL,
	  "Repositories by _id in an earlier census and in this one: new, gone, renamed, transferred to another owner "
	  "(the "
	  "part of the id before the slash). What only one has is unknown, neither new nor gone, where the other did "
	  "not "
	  "crawl, has a suspect span, or did not understand its record.",
	  COLS(compare_repository_cols), NULL, compare_repositories },
	{ "compare.counters", "downloads or likes", "downloads, downloads_all_time, likes",
	  "What the counters of the repositories in both censuses have grown by, falls apart and with their sign: the "
	  "Hub "
	  "corrects downloads_all_time, likes are taken back, downloads are those of a moving 30 days.",
	  COLS(compare_counter_cols), NULL, compare_counters },
	{ "compare.orgs", "repositories", "downloads_all_time, likes",
	  "Growth of organisations from the difference of two censuses, beside that from createdAt (created), which "
	  "misses what is gone, moved or was published later. An organisation joins its namespaces (table of "
	  "organisations, as of the creation); the owner is the part of the id before the slash.",
	  COLS(compare_org_cols), NULL, compare_orgs },
	{ "compare.geography", "downloads", "downloads_all_time",
	  "Downloads of models made between two censuses, by country of the owner now: differences of those in both, "
	  "falls with their sign, and all of those created since. What is classified is 1 less the share of "
	  "unclassified.",
	  COLS(compare_country_cols), NULL, compare_geography },
	{ "compare.sectors", "downloads", "downloads_all_time", "The same by sector of the owner.",
	  COLS(compare_sector_cols), NULL, compare_sectors },
	{ "gating", "repositories", NULL,
	  "Repositories by access rule (gated), and whether the Hub disabled them, as served; absent: the Hub sent "
	  "none.",
	  COLS(gating_cols), gating_prepare, gating_make },
	{ "completeness", "1", NULL,
	  "What of each kind was listed, as shares and spans of the axis of creation, what was not understood, and the "
	  "Hub's own total.",
	  COLS(complete_cols), NULL, complete_make },
	{ "completeness.accounts", "lists", NULL,
	  "How the discovery of accounts ended, and the lists that the Hub did not give, however often they were asked "
	  "for; where there are such, or it is not over, the census is not complete. One that ended with its request "
	  "limit is a sample: totals.users.lists tells of which lists.",
	  COLS(complete_account_cols), users_prepare, complete_accounts },
	{ "completeness.audit", "share", NULL,
	  "Second pass: repositories that the Hub lists by another order, from places drawn at random, looked for in "
	  "the "
	  "census; the share that it lacks, with the score interval of Wilson (1927) at 95 %. What the Hub hides from "
	  "both "
	  "orders is not seen.",
	  COLS(audit_cols), NULL, audit_make },
};

const int figure_count = (int)(sizeof figure_list / sizeof *figure_list);

int figures_find(const char *key, size_t len)
{
	for (int i = 0; i < figure_count; i++)
		if (strlen(figure_list[i].key) == len && !memcmp(figure_list[i].key, key, len))
			return i;
	return -1;
}

static int is_group(const char *key, const char *s, size_t len)
{
	return !strncmp(key, s, len) && (key[len] == '.' || key[len] == '\0');
}

int figures_select(const char *list, unsigned char *chosen, struct err *e)
{
	memset(chosen, list ? 0 : 1, (size_t)figure_count);
	for (const char *s = list; s && *s;) {
		size_t len = strcspn(s, ",");
		int any = 0;

		for (int i = 0; i < figure_count; i++)
			if (len > 0 && is_group(figure_list[i].key, s, len))
				any = chosen[i] = 1;
		if (!any)
			return err_set(e, E_USAGE,
				       "--figures: there is no figure '%.*s'; see 'hubreduce --list-figures'", (int)len,
				       s);
		s += len + (s[len] == ',');
	}
	return list && !*list ? err_set(e, E_USAGE, "--figures names none; see 'hubreduce --list-figures'") : E_OK;
}

static void facts_release(struct facts *f)
{
	totals_release(f->periods);
	free(f->concentration);
	growth_release(f->growth);
	category_release(f->categories);
	tally_release(&f->gating);
	lineage_release(f->lineage);
	sizes_release(f->sizes);
	if (f->nodes)
		nodes_release(f->nodes);
	free(f->nodes);
	publishers_release(f->publishers);
	science_release(f->topical);
	tally_release(&f->quantization);
	free(f->engagement);
	free(f->users);
}

/* Has an earlier figure had this function called? */
static int is_prepared(const unsigned char *chosen, int i)
{
	for (int j = 0; j < i; j++)
		if (chosen[j] && figure_list[j].prepare == figure_list[i].prepare)
			return 1;
	return 0;
}

/* What holds for every figure of a census that is not whole. */
static void qualify(const struct census *c, int i, struct figure_table *t)
{
	if (figure_list[i].make == complete_make)
		return;
	if (snapshot_is_partial(&c->snap))
		figure_status(t, FIGURE_PARTIAL, "only repositories that pass the filters of the snapshot are counted");
	if (census_gaps(c))
		figure_status(t, FIGURE_PARTIAL, "parts of the Hub were not crawled: see completeness");
}

/* The figure that tells how much another rests on; its value stands beside the other's. -1: there is none. */
static int coverage_of(int i)
{
	return figure_list[i].make == geography_share ? figures_find("geography.coverage", strlen("geography.coverage"))
						      : -1;
}

/* Chosen, or beside one that is. */
static int is_wanted(const unsigned char *chosen, int i)
{
	for (int j = 0; j < figure_count; j++)
		if (chosen[j] && (j == i || coverage_of(j) == i))
			return 1;
	return 0;
}

int figures_make(const struct census *c, int rc, const unsigned char *chosen, struct figure_table *table, struct err *e)
{
	struct facts f = { .c = c };

	for (int i = 0; i < figure_count; i++)
		figure_init(&table[i], figure_list[i].col, figure_list[i].ncol);
	for (int i = 0; i < figure_count; i++)
		if (chosen[i] && figure_list[i].prepare && !is_prepared(chosen, i)) {
			rc = err_agree(c->comm, figure_list[i].prepare(&f, rc, e), e);
			laps_end(c->laps, "figures.", figure_list[i].key);
		}
	for (int i = 0; i < figure_count && !rc && c->rank == 0; i++) {
		if (!is_wanted(chosen, i))
			continue;
		figure_list[i].make(&f, &table[i]);
		qualify(c, i, &table[i]);
		if (table[i].no_memory)
			rc = err_set(e, E_NOMEM, "out of memory for figure '%s'", figure_list[i].key);
	}
	facts_release(&f);
	rc = err_agree(c->comm, rc, e);
	laps_end(c->laps, "figures.", "tables");
	return rc;
}

static int store_one(const struct figure *f, const struct figure_table *t, struct h5out *out, const struct err *e)
{
	char group[128];
	int rc;

	snprintf(group, sizeof group, "/figures/%s", f->key);
	rc = h5out_attr_text(out, group, "definition", f->definition, e);
	rc = rc ? rc : h5out_attr_text(out, group, "unit", f->unit, e);
	if (!rc && f->counter)
		rc = h5out_attr_text(out, group, "counter", f->counter, e);
	return rc ? rc : figure_store_status(t, group, out, e);
}

int figures_store(const unsigned char *chosen, const struct figure_table *table, struct h5out *out, const struct err *e)
{
	int rc = E_OK;

	for (int i = 0; i < figure_count && !rc; i++)
		if (chosen[i])
			rc = store_one(&figure_list[i], &table[i], out, e);
	return rc;
}

static json_t *one_json(const struct figure *f, const struct figure_table *t)
{
	json_t *o = json_pack("{s:s, s:s, s:s}", "status", figure_status_name(t->status), "unit", f->unit, "definition",
			      f->definition);
	json_t *value = t->status == FIGURE_NOT_AVAILABLE ? NULL : figure_json(t);
	int rc = !o || (!value && t->status != FIGURE_NOT_AVAILABLE);

	if (value)
		rc |= json_object_set_new(o, "value", value);
	if (f->counter)
		rc |= json_object_set_new(o, "counter", json_string(f->counter));
	if (t->status != FIGURE_OK)
		rc |= json_object_set_new(o, "why", json_string(t->why));
	if (t->rows >= 0)
		rc |= json_object_set_new(o, "rows", json_integer(t->rows));
	if (rc) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static int put_figure(json_t *all, int i, const struct figure_table *table)
{
	json_t *o = one_json(&figure_list[i], &table[i]);
	int rc = json_object_set_new(all, figure_list[i].key, o), beside = coverage_of(i);

	if (!rc && beside >= 0 && table[beside].status != FIGURE_NOT_AVAILABLE)
		rc = json_object_set_new(o, "coverage", figure_json(&table[beside]));
	return rc;
}

json_t *figures_json(const unsigned char *chosen, const struct figure_table *table)
{
	json_t *all = json_object();

	for (int i = 0; i < figure_count && all; i++)
		if (chosen[i] && put_figure(all, i, table)) {
			json_decref(all);
			return NULL;
		}
	return all;
}

/* Words of s, in lines of at most 100 characters. */
static void print_wrapped(FILE *to, const char *s)
{
	size_t col = 0;

	while (*s) {
		size_t len = strcspn(s, " ");

		if (col && col + 1 + len > 94) {
			fputc('\n', to);
			col = 0;
		}
		fprintf(to, "%s%.*s", col ? " " : "      ", (int)len, s);
		col += len + (col > 0);
		s += len + (s[len] == ' ');
	}
	fputc('\n', to);
}

void figures_print_list(FILE *to)
{
	for (int i = 0; i < figure_count; i++) {
		const struct figure *f = &figure_list[i];

		fprintf(to, "%s (%s%s%s)\n", f->key, f->unit, f->counter ? "; " : "", f->counter ? f->counter : "");
		print_wrapped(to, f->definition);
	}
}
