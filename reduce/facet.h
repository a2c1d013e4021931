// SPDX-License-Identifier: Apache-2.0
/* What the tags of a column say: for each label the keys of a tally that a repository with this tag counts for. Local.
 */
#ifndef REDUCE_FACET_H
#define REDUCE_FACET_H

#include "reduce/tally.h"
#include "reduce/topics.h"

/* A tag "license:mit" says facet license, category mit. */
struct facet_prefix {
	const char *prefix; /* with its colon */
	const char *facet;
};

struct facets {
	uint32_t *off; /* per label: key[off[label]] … key[off[label + 1] - 1], mostly none */
	int32_t *key;  /* index into the tally */
	uint64_t n, cap;
	uint64_t *last; /* per key of the tally: the last row that counted for it, + 1 */
};

/* Enter into t what the labels say: by prefix (ends with NULL), and by the topics of a group (facet: the group's name),
 * NTOPIC_GROUP: none. t may have other keys; none may be added while `x` is in use. Returns 0, or -1 when memory is
 * short; release in both cases. */
int facets_find(struct facets *x, struct tally *t, const struct texts *label, const struct facet_prefix *prefix,
		const struct topics *topics, const enum topic_group *group);
void facets_release(struct facets *x);

/* Does this row count for the key now? Once per row and key. */
static inline int facets_once(struct facets *x, int32_t key, uint64_t row)
{
	if (x->last[key] == row + 1)
		return 0;
	x->last[key] = row + 1;
	return 1;
}

/* Index in t of the key facet NUL category, or -1 when memory is short. */
int32_t facets_key(struct tally *t, const char *facet, const char *category, size_t len);

#endif
