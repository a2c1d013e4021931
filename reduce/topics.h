// SPDX-License-Identifier: Apache-2.0
/* What a tag says: jobs/topics.csv, a table that people write (its form: reduce/record.h).
 *
 * Local to a rank, no MPI. Rank 0 reads the files with record_file() and broadcasts
 * the bytes; every rank parses the same bytes, so the indices of topics are the same on all ranks.
 *
 * A table takes any number of files, one parse call each. A later file adds to the earlier ones, and replaces what they
 * say about the same tag of a group (all its topics).
 */
#ifndef REDUCE_TOPICS_H
#define REDUCE_TOPICS_H

#include <stddef.h>

#include "io/err.h"

enum topic_group { TOPIC_LANGUAGE, TOPIC_FORMAT, TOPIC_QUANTIZATION, TOPIC_SCIENCE, TOPIC_ROBOTICS, NTOPIC_GROUP };

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

struct topics;

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
