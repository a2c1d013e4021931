// SPDX-License-Identifier: Apache-2.0
#include "io/schema.h"

#include <string.h>

const char *const kind_name[NKINDS] = { "models", "datasets", "spaces" };

#define M (1u << KIND_MODELS)
#define D (1u << KIND_DATASETS)
#define S (1u << KIND_SPACES)

/* Caps: an account name has at most 42 characters and a repository's 96 (the Hub's own rule), so 192 bytes hold every
 * id and leave room for what breaks the rule. The members are those of the Hub's expand allow-lists of 2026. */
const struct col schema[NFIELDS] = {
	[F_OID] = { "_id", COL_OID, PARSE_OID, M | D | S, COL_REQUIRED | COL_IMPLICIT, 24, "_id", NULL, "1",
		    "ObjectId: names the repository for good, its first 8 digits are the creation time" },
	[F_ID] = { "id", COL_STR, PARSE_TEXT, M | D | S, COL_REQUIRED | COL_IMPLICIT, 192, "id", NULL, "1",
		   "owner/name at the time of the snapshot; a rename changes it" },
	[F_AUTHOR] = { "author", COL_CAT, PARSE_LABEL, M | D | S, 0, 96, "author", NULL, "1",
		       "namespace that owns the repository" },
	[F_CREATED] = { "created_at", COL_I64, PARSE_TIME, M | D | S, 0, 0, "createdAt", NULL,
			"s since 1970-01-01T00:00:00Z",
			"creation time; everything older than 2022-03-02 reads 2022-03-02T23:29:04 to :22" },
	[F_MODIFIED] = { "last_modified", COL_I64, PARSE_TIME, M | D | S, 0, 0, "lastModified", NULL,
			 "s since 1970-01-01T00:00:00Z", "time of the last commit" },
	[F_GATED] = { "gated", COL_CAT, PARSE_LABEL, M | D, 0, 32, "gated", NULL, "1",
		      "access rule as served: false, auto, manual" },
	[F_DISABLED] = { "disabled", COL_FLAG, PARSE_FLAG, M | D | S, 0, 0, "disabled", NULL, "1",
			 "1 if the Hub disabled the repository" },
	[F_DOWNLOADS] = { "downloads", COL_I64, PARSE_COUNT, M | D, 0, 0, "downloads", NULL, "downloads in 30 days",
			  "downloads in the 30 days before the request" },
	[F_DOWNLOADS_ALL] = { "downloads_all_time", COL_I64, PARSE_COUNT, M | D, 0, 0, "downloadsAllTime", NULL,
			      "downloads", "downloads since creation" },
	[F_LIKES] = { "likes", COL_I64, PARSE_COUNT, M | D | S, 0, 0, "likes", NULL, "likes",
		      "likes at the time of the request" },
	[F_PIPELINE] = { "pipeline_tag", COL_CAT, PARSE_LABEL, M, 0, 256, "pipeline_tag", NULL, "1", "task" },
	[F_LIBRARY] = { "library_name", COL_CAT, PARSE_LABEL, M, 0, 256, "library_name", NULL, "1", "library" },
	[F_SDK] = { "sdk", COL_CAT, PARSE_LABEL, S, 0, 256, "sdk", NULL, "1",
		    "how the Space is built: gradio, docker, static, streamlit" },
	[F_PARAMETERS] = { "safetensors_total", COL_I64, PARSE_COUNT, M, 0, 0, "safetensors", "total", "parameters",
			   "elements of the safetensors files; packed elements of quantised weights count once" },
	[F_GGUF] = { "gguf_total", COL_I64, PARSE_COUNT, M, COL_OPTIONAL, 0, "gguf", "total", "parameters",
		     "elements of the GGUF file" },
	[F_RELATION] = { "base_relation", COL_CAT, PARSE_LABEL, M, 0, 64, "baseModels", "relation", "1",
			 "how the model derives from its base models: finetune, adapter, merge, quantized" },
	[F_BASES] = { "base_models", COL_LIST, PARSE_OIDS, M, 0, 24, "baseModels", "models", "1",
		      "_id of each base model" },
	[F_TAGS] = { "tags", COL_LIST, PARSE_TEXTS, M | D | S, 0, 256, "tags", NULL, "1", "tags, in the order served" },
	[F_OBSERVED] = { "observed_at", COL_I64, PARSE_NONE, M | D | S, COL_SHARD, 0, NULL, NULL,
			 "s since 1970-01-01T00:00:00Z", "when the page was received, by the clock of the rank" },
};

int kind_find(const char *name)
{
	for (int k = 0; k < NKINDS; k++)
		if (!strcmp(name, kind_name[k]))
			return k;
	return -1;
}

int schema_find(const char *name)
{
	for (int f = 0; f < NFIELDS; f++)
		if (!strcmp(name, schema[f].name))
			return f;
	return -1;
}

const char *schema_missing(enum col_type type)
{
	switch (type) {
	case COL_STR:
		return "empty string";
	case COL_I64:
	case COL_FLAG:
	case COL_CAT:
		return "-1";
	case COL_LIST:
		return "no element";
	case COL_OID:
		break;
	}
	return "never missing";
}
