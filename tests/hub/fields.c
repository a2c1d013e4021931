/* SPDX-License-Identifier: Apache-2.0 */
#include "fields.h"

#include <string.h>

/* When a member comes without being named. */
enum { BARE = 1, FULL = 2, CONFIG = 4, CARD = 8, SINGLE = 16 };

#define FIELD(name, when, value)                                                                                       \
	{                                                                                                              \
		name, ",\"" name "\":", sizeof(name) + 3, when, VALUE_##value                                          \
	}

/* In the order of the Hub's replies. */
const struct field field_table[NKIND][FIELD_MAX] = {
	[MODELS] = { FIELD("_id", BARE, OID),
		     FIELD("id", BARE, ID),
		     FIELD("author", FULL, AUTHOR),
		     FIELD("disabled", FULL, DISABLED),
		     FIELD("gated", FULL, GATED),
		     FIELD("lastModified", FULL, MODIFIED),
		     FIELD("likes", BARE, LIKES),
		     FIELD("trendingScore", BARE, TRENDING),
		     FIELD("private", BARE, PRIVATE),
		     FIELD("sha", FULL, SHA),
		     FIELD("config", CONFIG, CONFIG),
		     FIELD("downloads", BARE, DOWNLOADS),
		     FIELD("downloadsAllTime", 0, ALL_TIME),
		     FIELD("tags", BARE, TAGS),
		     FIELD("pipeline_tag", BARE, PIPELINE),
		     FIELD("library_name", BARE, LIBRARY),
		     FIELD("createdAt", BARE, CREATED),
		     FIELD("modelId", BARE, ID),
		     FIELD("cardData", CARD, CARD),
		     FIELD("siblings", FULL, SIBLINGS),
		     FIELD("spaces", SINGLE, NONE),
		     FIELD("safetensors", SINGLE, SAFETENSORS),
		     FIELD("gguf", SINGLE, GGUF),
		     FIELD("baseModels", 0, BASES),
		     FIELD("childrenModelCount", 0, CHILDREN),
		     FIELD("xetEnabled", 0, YES),
		     FIELD("usedStorage", SINGLE, SIZE),
		     FIELD("model-index", CONFIG, ABSENT),
		     FIELD("evalResults", 0, ABSENT),
		     FIELD("inference", 0, ABSENT),
		     FIELD("inferenceProviderMapping", 0, ABSENT),
		     FIELD("mask_token", 0, ABSENT),
		     FIELD("transformersInfo", 0, ABSENT),
		     FIELD("widgetData", 0, ABSENT),
		     FIELD("resourceGroup", 0, ABSENT) },
	[DATASETS] = { FIELD("_id", BARE, OID),
		       FIELD("id", BARE, ID),
		       FIELD("author", BARE, AUTHOR),
		       FIELD("disabled", BARE, DISABLED),
		       FIELD("gated", BARE, GATED),
		       FIELD("lastModified", BARE, MODIFIED),
		       FIELD("likes", BARE, LIKES),
		       FIELD("trendingScore", BARE, TRENDING),
		       FIELD("private", BARE, PRIVATE),
		       FIELD("sha", BARE, SHA),
		       FIELD("description", BARE, DESCRIPTION),
		       FIELD("downloads", BARE, DOWNLOADS),
		       FIELD("downloadsAllTime", 0, ALL_TIME),
		       FIELD("tags", BARE, TAGS),
		       FIELD("createdAt", BARE, CREATED),
		       FIELD("mainSize", 0, SIZE),
		       FIELD("cardData", FULL | CARD, CARD),
		       FIELD("siblings", FULL, SIBLINGS),
		       FIELD("xetEnabled", 0, YES),
		       FIELD("usedStorage", SINGLE, SIZE),
		       FIELD("citation", BARE, ABSENT),
		       FIELD("paperswithcode_id", BARE, ABSENT),
		       FIELD("key", BARE, ABSENT),
		       FIELD("resourceGroup", 0, ABSENT) },
	[SPACES] = { FIELD("_id", BARE, OID),
		     FIELD("id", BARE, ID),
		     FIELD("author", FULL, AUTHOR),
		     FIELD("disabled", SINGLE, DISABLED),
		     FIELD("lastModified", FULL, MODIFIED),
		     FIELD("likes", BARE, LIKES),
		     FIELD("trendingScore", BARE, TRENDING),
		     FIELD("private", BARE, PRIVATE),
		     FIELD("sha", FULL, SHA),
		     FIELD("subdomain", SINGLE, SUBDOMAIN),
		     FIELD("sdk", BARE, SDK),
		     FIELD("runtime", SINGLE, RUNTIME),
		     FIELD("region", 0, REGION),
		     FIELD("tags", BARE, TAGS),
		     FIELD("createdAt", BARE, CREATED),
		     FIELD("models", FULL, NONE),
		     FIELD("datasets", FULL, NONE),
		     FIELD("siblings", FULL, SIBLINGS),
		     FIELD("cardData", CARD, CARD),
		     FIELD("xetEnabled", 0, YES),
		     FIELD("usedStorage", SINGLE, SIZE),
		     FIELD("resourceGroup", 0, ABSENT) },
};

/* What may be named, as the Hub's own refusal lists it (hub-api 1.2). */
static const char *const allowed[NKIND][32] = {
	[MODELS] = { "author",
		     "baseModels",
		     "cardData",
		     "config",
		     "createdAt",
		     "disabled",
		     "downloads",
		     "downloadsAllTime",
		     "evalResults",
		     "gated",
		     "inference",
		     "inferenceProviderMapping",
		     "lastModified",
		     "library_name",
		     "likes",
		     "mask_token",
		     "model-index",
		     "pipeline_tag",
		     "private",
		     "safetensors",
		     "sha",
		     "siblings",
		     "spaces",
		     "tags",
		     "transformersInfo",
		     "trendingScore",
		     "widgetData",
		     "gguf",
		     "resourceGroup",
		     "xetEnabled" },
	[DATASETS] = { "author",      "cardData",  "citation",          "createdAt",     "disabled",
		       "description", "downloads", "downloadsAllTime",  "gated",         "lastModified",
		       "likes",       "mainSize",  "paperswithcode_id", "private",       "siblings",
		       "sha",         "tags",      "trendingScore",     "resourceGroup", "xetEnabled" },
	[SPACES] = { "author", "cardData", "datasets", "disabled", "lastModified", "createdAt", "likes", "private",
		     "region", "runtime", "sdk", "siblings", "sha", "subdomain", "tags", "trendingScore", "models",
		     "resourceGroup", "xetEnabled" },
};

/* What a single repository has beyond that. */
static const char *const allowed_single[NKIND][4] = { [MODELS] = { "childrenModelCount", "usedStorage", "gitalyUid" },
						      [DATASETS] = { "usedStorage", "gitalyUid" },
						      [SPACES] = { "usedStorage", "gitalyUid" } };

static bool listed(const char *const *list, const char *name)
{
	for (; *list; list++)
		if (!strcmp(*list, name))
			return true;
	return false;
}

static void refusal(struct buf *why, enum kind kind, bool single)
{
	const char *const *list = allowed[kind];
	why->n = 0;
	buf_str(why, single ? "\"expand\" must be one of [" : "✖ Invalid option: expected one of ");
	for (int k = 0; list[k]; k++)
		buf_fmt(why, single ? "%s%s" : "%s\"%s\"", k == 0 ? "" : single ? ", " : "|", list[k]);
	for (int k = 0; single && allowed_single[kind][k]; k++)
		buf_fmt(why, ", %s", allowed_single[kind][k]);
	buf_str(why, single ? "]" : "\n  → at expand");
}

void fields_init(struct fields *f, enum kind kind)
{
	memset(f, 0, sizeof *f);
	f->kind = kind;
}

int fields_expand(struct fields *f, bool single, const char *name, struct buf *why)
{
	if (!listed(allowed[f->kind], name) && !(single && listed(allowed_single[f->kind], name))) {
		refusal(why, f->kind, single);
		return -1;
	}
	f->expanded = true;
	for (int k = 0; field_table[f->kind][k].name; k++)
		if (k < 2 || !strcmp(field_table[f->kind][k].name, name))
			f->want |= (uint64_t)1 << k;
	return 0;
}

void fields_default(struct fields *f, bool single, bool full, bool config, bool card)
{
	unsigned when = BARE | (full ? FULL : 0) | (config ? CONFIG : 0) | (card ? CARD : 0) | (single ? SINGLE : 0);
	for (int k = 0; field_table[f->kind][k].name; k++)
		if (field_table[f->kind][k].when & when)
			f->want |= (uint64_t)1 << k;
	f->all = single;
}

bool fields_has(const struct fields *f, const char *name)
{
	if (f->all)
		return true;
	for (int k = 0; field_table[f->kind][k].name; k++)
		if (!strcmp(field_table[f->kind][k].name, name))
			return f->want >> k & 1;
	return false;
}
