/* SPDX-License-Identifier: Apache-2.0 */
/* What --truth works on: the two tables a user edits, and all rows in plain arrays. */
#ifndef HUB_TRUTH_IN_H
#define HUB_TRUTH_IN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "names.h"
#include "population.h"
#include "truth.h"

enum { COUNTER_RECENT, COUNTER_ALL_TIME, NCOUNTER };
extern const char *const counter_name[NCOUNTER]; /* "downloads", "downloads_all_time" */

/* A row of orgs.csv. */
struct org_row {
	char *name, *parent, *country, *sector; /* name in lower case; country may be "" */
	int64_t from, to;                       /* s, [from, to) */
};

/* A row of topics.csv. */
struct topic_row {
	char *group, *topic, *tag; /* tag in lower case */
};

struct tables {
	struct org_row *org;
	size_t norg;
	struct topic_row *topic;
	size_t ntopic;
};

/* Returns 0, or -1 with one line in text. */
int tables_read(struct tables *t, const char *org_csv, const char *topic_csv, char *text, size_t ntext);
void tables_release(struct tables *t);

struct truth_base {
	uint32_t name; /* lower-case id */
	char oid[OID_TEXT];
};

struct truth_row {
	char oid[OID_TEXT];
	int64_t created;
	int year, month; /* 2025; months since year 0 */
	bool lump;
	uint32_t owner, id;        /* lower case, names */
	int org;                   /* row of the orgs table, or -1 */
	int64_t counter[NCOUNTER]; /* -1 absent */
	enum gated gated;
	int disabled;
	uint32_t pipeline, library; /* names, 0 absent */
	int64_t st_total, gguf_total;
	uint32_t *tags; /* names, each once */
	int ntags;
	struct truth_base base[ROW_BASES];
	int nbase;
};

struct truth {
	const struct population *pop;
	int64_t t0;
	int t0_year, t0_month;
	struct tables tables;
	struct names names;
	uint32_t *org_name; /* names, one per row of the orgs table */
	struct truth_row *rows[NKIND];
	uint64_t n[NKIND];
	bool served[NKIND][NCOUNTER];
	json_t *figures;
};

/* Sets figures[key] = {"value": v}; takes v. */
void truth_figure(struct truth *t, const char *key, json_t *v);

/* The object at o[key], made if need be. */
json_t *truth_at(json_t *o, const char *key);

/* a / b with 9 decimals, or null if b is 0. */
json_t *truth_share(__int128 a, __int128 b);
json_t *truth_real(double x);

/* "2025", "2025-03" */
void truth_month(char out[16], int month);

/* The sector or country of a row's owner, NULL: unclassified. */
const char *truth_sector(const struct truth *t, const struct truth_row *r);
const char *truth_country(const struct truth *t, const struct truth_row *r);

/* Which of group's topics a row has, as indices into topics[] of names; each topic once. Returns how many. */
enum { TOPICS_MAX = 512 };
struct topic_set {
	const char *group;
	uint32_t *of_tag; /* names -> index + 1 of a list of topics, 0 none */
	uint32_t ntag;
	const char **topic; /* distinct topics */
	uint32_t ntopic;
};
void topics_init(struct topic_set *s, const struct truth *t, const char *group);
int topics_of(const struct topic_set *s, const struct truth_row *r, uint32_t out[TOPICS_MAX]);
void topics_release(struct topic_set *s);

/* The figures, by family. */
void truth_totals(struct truth *t);
void truth_concentration(struct truth *t);
void truth_growth(struct truth *t);
void truth_categories(struct truth *t);
void truth_geography(struct truth *t);
void truth_lineage(struct truth *t);
void truth_size(struct truth *t);
void truth_compare(struct truth *t, const struct truth_since *since);

/* Not a figure of the repositories: a new object. */
json_t *truth_accounts(const struct truth *t, const struct fault_plan *faults);

#endif
