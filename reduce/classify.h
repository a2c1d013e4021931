// SPDX-License-Identifier: Apache-2.0
/* Two tables that people write: who stands behind a namespace (jobs/orgs.csv), and what a tag says (jobs/topics.csv).
 *
 * Everything here is local to a rank and knows no MPI. Rank 0 reads the files with classify_read() and broadcasts the
 * bytes; every rank parses the same bytes, so parent, topic and country indices are the same on all ranks.
 *
 * Both files: CSV as in RFC 4180, split by libcsv in strict mode. One row is one line: a line break within quotes is an
 * error, so that an unbalanced quote is found on its own line. A line that begins with '#' is a comment, blank lines
 * are skipped, LF or CRLF, a UTF-8 byte order mark is skipped, blanks around an unquoted field are dropped, the header
 * line is required. Refused with the number of the line: bytes that are not UTF-8, control and bidirectional formatting
 * characters, a field longer than CLASSIFY_FIELD bytes, a line longer than CLASSIFY_LINE bytes, more than CLASSIFY_ROWS
 * rows.
 *
 * A table takes any number of files, one parse call each. A later file adds to the earlier ones, and replaces what they
 * say about the same namespace (all its periods) or the same tag of a group (all its topics).
 */
#ifndef REDUCE_CLASSIFY_H
#define REDUCE_CLASSIFY_H

#include <stddef.h>
#include <stdint.h>

#include "io/err.h"

enum {
	CLASSIFY_FIELD = 256,    /* bytes of a field, without its quotes */
	CLASSIFY_NAMESPACE = 96, /* bytes of a namespace: the Hub's limit for a name (huggingface_hub, REPO_ID_REGEX) */
	CLASSIFY_LINE = 4096,    /* bytes of a line that is not a comment */
	CLASSIFY_ROWS = 1000000, /* rows of a table */
	CLASSIFY_BYTES = 128 << 20, /* bytes of a file */
	NCOUNTRY = 249,             /* officially assigned codes of ISO 3166-1, 2024 */
};

enum sector {
	SECTOR_INDUSTRY,
	SECTOR_ACADEMIA,
	SECTOR_NON_PROFIT,
	SECTOR_GOVERNMENT,
	SECTOR_COMMUNITY,
	SECTOR_INDIVIDUAL,
	SECTOR_UNCLASSIFIED, /* of a namespace that orgs_find() does not know; never in a row */
	NSECTOR
};

enum topic_group { TOPIC_LANGUAGE, TOPIC_FORMAT, TOPIC_QUANTIZATION, TOPIC_SCIENCE, TOPIC_ROBOTICS, NTOPIC_GROUP };

/* A row of orgs.csv. Strings are UTF-8, NUL-terminated, and live as long as the row. */
struct org {
	const char *namespace; /* as written */
	const char *key;       /* lower-cased (ASCII) */
	const char *parent_name;
	const char *source;
	int parent;  /* index for orgs_parent() */
	int country; /* index for country_code(), -1 where the row names none */
	enum sector sector;
	int64_t from_s,
		to_s; /* holds for created in [from_s, to_s), s since 1970 UTC; INT64_MIN and INT64_MAX where open */
	int file;     /* 0 for the first file parsed, then 1, ... */
	int line;     /* of that file, from 1 */
};

/* A row of topics.csv. Strings as above. */
struct topic {
	enum topic_group group;
	int topic;        /* index for topics_name(t, group, ...) */
	const char *name; /* of the topic */
	const char *tag;  /* as written */
	const char *key;  /* lower-cased (ASCII) */
	const char *source;
	int file, line;
};

struct orgs;
struct topics;

/* Read a whole file through stdio. The caller frees *text (free()), which is *n bytes and a NUL behind them.
 * Errors: E_IO (cannot be opened or read), E_FORMAT (more than CLASSIFY_BYTES), E_NOMEM; then *text is NULL. */
int classify_read(const char *path, char **text, size_t *n, struct err *e);

/* An empty table, in which every namespace is unclassified. NULL: no memory. */
struct orgs *orgs_create(void);
void orgs_free(struct orgs *o);

/* Add a file to the table.
 *   file  its name, for messages
 *   text  n bytes, any content; the caller keeps them
 * Columns: namespace,parent,country,sector,source and, both or none, from,to. Two rows of one namespace in one file may
 * not overlap in time. Ends the life of every struct org and name of `o`. On error `o` is as before. Errors: E_FORMAT
 * (the message names file and line), E_NOMEM. */
int orgs_parse(struct orgs *o, const char *file, const char *text, size_t n, struct err *e);

/* The row for a namespace (n bytes, ASCII letter case aside) and a repository's creation in s since 1970, by binary
 * search. NULL: unclassified. Valid until the next orgs_parse() or orgs_free(). */
const struct org *orgs_find(const struct orgs *o, const char *namespace, size_t n, int64_t created_s);

/* The rows in force, sorted by key and then from_s; i < orgs_nrow(). */
size_t orgs_nrow(const struct orgs *o);
const struct org *orgs_row(const struct orgs *o, size_t i);

/* The parents of the rows in force, each once, sorted bytewise: the index of a parent depends on the set of parents
 * alone. */
int orgs_nparent(const struct orgs *o);
const char *orgs_parent(const struct orgs *o, int parent);

/* The index of a parent by its exact name, -1 if there is none. */
int orgs_parent_index(const struct orgs *o, const char *name);

/* "industry", ... "unclassified". */
const char *sector_name(enum sector s);

/* The ISO 3166-1 alpha-2 code of a country index 0 <= country < NCOUNTRY; the indices are in the order of the codes. */
const char *country_code(int country);

/* The index of a code of n bytes in capital letters, -1 if ISO 3166-1 does not assign it. */
int country_index(const char *code, size_t n);

/* As orgs_create() and orgs_free(): a table in which no tag says anything. */
struct topics *topics_create(void);
void topics_free(struct topics *t);

/* As orgs_parse(). Columns: group,topic,tag,source. The same group, topic and tag twice in one file is an error. */
int topics_parse(struct topics *t, const char *file, const char *text, size_t n, struct err *e);

/* What a tag says (n bytes, the whole tag, ASCII letter case aside): returns the number of rows, sorted by group and
 * then topic, and the first of them in *first (NULL if there is none). Valid until the next topics_parse() or
 * topics_free(). A binary search of about 1 us: ask it once per distinct tag rather than once per repository. */
size_t topics_find(const struct topics *t, const char *tag, size_t n, const struct topic **first);

/* The rows in force, sorted by key, group, topic; i < topics_nrow(). */
size_t topics_nrow(const struct topics *t);
const struct topic *topics_row(const struct topics *t, size_t i);

/* The topics of a group, each once, sorted bytewise. */
int topics_count(const struct topics *t, enum topic_group group);
const char *topics_name(const struct topics *t, enum topic_group group, int topic);

/* "language", ... */
const char *topic_group_name(enum topic_group group);

#endif
