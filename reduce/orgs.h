// SPDX-License-Identifier: Apache-2.0
/* Who stands behind a namespace: jobs/orgs.csv, a table that people write (its form: reduce/record.h).
 *
 * Local to a rank, no MPI. Rank 0 reads the files with record_file() and broadcasts
 * the bytes; every rank parses the same bytes, so parent and country indices are the same on all ranks.
 *
 * A table takes any number of files, one parse call each. A later file adds to the earlier ones, and replaces what they
 * say about the same namespace (all its periods).
 */
#ifndef REDUCE_ORGS_H
#define REDUCE_ORGS_H

#include <stddef.h>
#include <stdint.h>

#include "io/err.h"

enum { ORG_NAMESPACE = 96 }; /* bytes of a namespace: the Hub's limit for a name (huggingface_hub, REPO_ID_REGEX) */

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

struct orgs;

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

#endif
