/* SPDX-License-Identifier: Apache-2.0 */
/* The parameters of a list request (hub-api 1.1-1.4). */
#ifndef HUB_QUERY_H
#define HUB_QUERY_H

#include <stdbool.h>

#include "buf.h"
#include "population.h"
#include "render.h"

struct param {
	const char *key, *value; /* decoded; value may be "" */
};

enum { QUERY_LIMIT = 1000, QUERY_TERMS = 32 };

struct query {
	enum kind kind;
	unsigned limit;
	enum sort sort;
	bool up;
	const char *cursor; /* NULL: none */
	struct start start;
	const char *author, *pipeline;
	int gated; /* -1: either */
	const char *search[QUERY_TERMS];
	int nsearch;
	char *filter[QUERY_TERMS]; /* owned */
	int nfilter;
	struct fields fields;
};

/* Reads a list request. Returns 0, or -1: a 400 whose text is in `why`.
 * direction_ok  whether createdAt may be asked in ascending order */
int query_parse(struct query *q, enum kind kind, const struct param *p, int np, bool direction_ok, struct buf *why);
void query_release(struct query *q);

/* Whether any row might be left out; and whether this one stays. */
bool query_filters(const struct query *q);
bool query_match(const struct query *q, const struct row *row);

/* Only `author`, which is known long before the rest of a row. */
bool query_owner(const struct query *q, const struct population *p, uint64_t i);

/* Read `expand`, `expand[]`, `full`, `config` and `cardData` for a list or a single repository. As query_parse(). */
int query_fields(struct fields *f, enum kind kind, bool single, const struct param *p, int np, struct buf *why);

#endif
