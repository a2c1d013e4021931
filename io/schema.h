// SPDX-License-Identifier: Apache-2.0
/* The table of columns: what is asked of the Hub, kept in shards, and written to census.h5. One row here is one column
 * everywhere; the crawler's expand[] list, the shards, the exchange and the attributes of census.h5 are made from it.
 */
#ifndef IO_SCHEMA_H
#define IO_SCHEMA_H

#include <stdint.h>

enum kind { KIND_MODELS, KIND_DATASETS, KIND_SPACES, NKINDS };

/* "models", "datasets", "spaces": in URLs, file names, groups and figures. */
extern const char *const kind_name[NKINDS];

/* The kind of that name, or -1. */
int kind_find(const char *name);

enum field {
	F_OID, /* _id */
	F_ID,  /* id */
	F_AUTHOR,
	F_CREATED,
	F_MODIFIED,
	F_GATED,
	F_DISABLED,
	F_DOWNLOADS,
	F_DOWNLOADS_ALL,
	F_LIKES,
	F_PIPELINE,
	F_LIBRARY,
	F_SDK,
	F_PARAMETERS, /* safetensors.total */
	F_GGUF,       /* gguf.total */
	F_RELATION,   /* baseModels.relation */
	F_BASES,      /* baseModels.models[]._id */
	F_TAGS,
	F_OBSERVED, /* when the page was received */
	NFIELDS
};

/* How a column is held: in memory (io/table.h), in shards and in census.h5. */
enum col_type {
	COL_OID,  /* 12 bytes; 24 hexadecimal digits in files */
	COL_STR,  /* UTF-8 text; fixed width in census.h5, packed in shards; absent: empty */
	COL_I64,  /* absent: -1; every value is >= 0 */
	COL_FLAG, /* int8: 0, 1; absent: -1 */
	COL_CAT,  /* int32 code into labels; absent: -1 */
	COL_LIST, /* offsets and int32 codes into labels; absent and empty are the same */
};

/* How its JSON member is read. */
enum col_parse {
	PARSE_NONE, /* not from the Hub */
	PARSE_OID,
	PARSE_TEXT,  /* string */
	PARSE_LABEL, /* string or boolean, kept as its text */
	PARSE_TIME,  /* RFC 3339, whole seconds kept */
	PARSE_COUNT, /* integer 0 … 2^63 - 1 */
	PARSE_FLAG,  /* boolean */
	PARSE_TEXTS, /* array of strings */
	PARSE_OIDS,  /* array of objects with a member _id */
};

enum col_flag {
	COL_REQUIRED = 1, /* a record without it goes to the quarantine */
	COL_OPTIONAL = 2, /* not asked for unless --fields names it */
	COL_SHARD = 4,    /* kept in shards only: it differs from run to run */
	COL_IMPLICIT = 8, /* the Hub sends it unasked: not in expand[] */
};

struct col {
	const char *name; /* of the dataset */
	enum col_type type;
	enum col_parse parse;
	unsigned kinds;     /* bit per kind */
	unsigned flags;     /* enum col_flag */
	uint32_t cap;       /* bytes that a text or label may have */
	const char *expand; /* member asked for in expand[] */
	const char *member; /* member of that member, or NULL */
	const char *unit;
	const char *description;
};

extern const struct col schema[NFIELDS];

/* Does the kind have the column? */
static inline int schema_has(enum kind k, enum field f)
{
	return (int)(schema[f].kinds >> k & 1);
}

/* What stands for absent, as text, for an attribute. */
const char *schema_missing(enum col_type type);

/* The column named so, or -1. */
int schema_find(const char *name);

#endif
