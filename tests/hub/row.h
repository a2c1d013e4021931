/* SPDX-License-Identifier: Apache-2.0 */
/* One repository, whatever population it comes from. */
#ifndef HUB_ROW_H
#define HUB_ROW_H

#include <stddef.h>
#include <stdint.h>

enum kind { MODELS, DATASETS, SPACES, NKIND };
enum sort { SORT_TRENDING, SORT_CREATED, SORT_DOWNLOADS, SORT_LIKES, SORT_MODIFIED, NSORT };
enum gated { GATED_ABSENT = -1, GATED_FALSE, GATED_AUTO, GATED_MANUAL, GATED_TRUE };

enum { OID_TEXT = 25, ROW_BASES = 4, ROW_TAGS = 64, ROW_TEXT = 8192 };

extern const char *const kind_name[NKIND]; /* "models", … as in the URL */
extern const char *const kind_one[NKIND];  /* "model", … */
extern const char *const sort_name[NSORT]; /* "trendingScore", … */

struct base {
	const char *id;
	char oid[OID_TEXT]; /* "" if the Hub does not have it */
};

/* A member of a recorded element, exactly as it was served. */
struct member {
	const char *key;
	const char *raw;
	size_t nraw;
};

/* Strings are views: of the population (recorded), or of the row_space (synthetic) until that is used again.
 * Absent: NULL, -1, NAN, GATED_ABSENT. */
struct row {
	enum kind kind;
	uint64_t index; /* position in _id order */
	uint64_t hash;  /* of kind and index, for whatever else has to be invented */
	char oid[OID_TEXT];
	int64_t created;  /* s */
	int64_t modified; /* s */
	const char *id, *author;
	enum gated gated;
	int disabled;
	int64_t downloads, all_time, likes;
	double trending;
	const char *pipeline, *library, *sdk, *arch;
	int64_t st_total;   /* safetensors.total */
	int64_t gguf_total; /* gguf.total */
	const char *relation;
	int nbase;
	struct base base[ROW_BASES];
	const char *const *tags;
	int ntags;
	const char *tags_json; /* the same as a JSON array, if it is there already */
	size_t ntags_json;
	const struct member *members; /* recorded elements only */
	int nmembers;
};

/* Where a synthetic row keeps its strings. */
enum { ROW_WORD = 256, ROW_JSON = ROW_TAGS * (ROW_WORD + 4) };
struct row_space {
	const char *tags[ROW_TAGS + 1]; /* one is written that may not count */
	char text[ROW_TEXT];
	char json[ROW_JSON + ROW_WORD];
	size_t used, njson; /* of text, of json */
};

/* 24 lower-case hex digits of a time and a counter. */
void oid_format(char out[OID_TEXT], uint32_t seconds, uint64_t rest);

/* Copies s as a lower-case ObjectId; returns 0, or -1 if it is not 24 hex digits. */
int oid_parse(char out[OID_TEXT], const char *s);

#endif
