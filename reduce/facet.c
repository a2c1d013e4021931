// SPDX-License-Identifier: Apache-2.0
#include "reduce/facet.h"

#include <stdlib.h>
#include <string.h>

#define KEY_MAX 1024 /* a facet's name and the longest label: the schema's cap is 256 */

void facets_release(struct facets *x)
{
	free(x->off);
	free(x->key);
	free(x->last);
	memset(x, 0, sizeof *x);
}

int32_t facets_key(struct tally *t, const char *facet, const char *category, size_t len)
{
	char key[KEY_MAX];
	size_t n = strlen(facet) + 1;

	len = len < sizeof key - n ? len : sizeof key - n;
	memcpy(key, facet, n);
	memcpy(key + n, category, len);
	return tally_index(t, key, n + len);
}

static int add_key(struct facets *x, int32_t key)
{
	uint64_t cap = x->cap ? 2 * x->cap : 64;
	int32_t *k;

	if (key < 0)
		return -1;
	if (x->n == x->cap) {
		if (!(k = realloc(x->key, (size_t)cap * sizeof *k)))
			return -1;
		x->key = k;
		x->cap = cap;
	}
	x->key[x->n++] = key;
	return 0;
}

static int find_prefix(struct facets *x, struct tally *t, const char *s, size_t len, const struct facet_prefix *p)
{
	for (; p->prefix; p++) {
		size_t n = strlen(p->prefix);

		if (len > n && !memcmp(s, p->prefix, n))
			return add_key(x, facets_key(t, p->facet, s + n, len - n));
	}
	return 0;
}

/* The keys of the topics by hash, for millions of tags that mostly are none. */
struct index {
	struct dict key;
	size_t longest;
};

static int index_topics(struct index *ix, const struct topics *topics)
{
	memset(ix, 0, sizeof *ix);
	for (size_t i = 0; i < topics_nrow(topics); i++) {
		const char *key = topics_row(topics, i)->key;
		size_t n = strlen(key);
		int32_t code;

		if (dict_add(&ix->key, key, n, &code))
			return -1;
		ix->longest = n > ix->longest ? n : ix->longest;
	}
	return 0;
}

static int is_known(const struct index *ix, const char *s, size_t len)
{
	char lower[KEY_MAX];

	if (len > ix->longest || len > sizeof lower)
		return 0;
	for (size_t i = 0; i < len; i++)
		lower[i] = (char)(s[i] >= 'A' && s[i] <= 'Z' ? s[i] + 32 : s[i]);
	return dict_find(&ix->key, lower, len) >= 0;
}

static int find_topics(struct facets *x, struct tally *t, const char *s, size_t len, const struct topics *topics,
		       const enum topic_group *group)
{
	const struct topic *row;
	size_t n = topics_find(topics, s, len, &row);

	for (size_t i = 0; i < n; i++)
		for (const enum topic_group *g = group; *g != NTOPIC_GROUP; g++)
			if (row[i].group == *g &&
			    add_key(x, facets_key(t, topic_group_name(*g), row[i].name, strlen(row[i].name))))
				return -1;
	return 0;
}

int facets_find(struct facets *x, struct tally *t, const struct texts *label, const struct facet_prefix *prefix,
		const struct topics *topics, const enum topic_group *group)
{
	struct index ix;
	int rc = index_topics(&ix, topics);

	memset(x, 0, sizeof *x);
	x->off = malloc((size_t)(label->n + 1) * sizeof *x->off);
	if (!x->off)
		rc = -1;
	for (uint64_t i = 0; i < label->n && !rc; i++) {
		size_t len;
		const char *s = texts_get(label, i, &len);

		x->off[i] = (uint32_t)x->n;
		rc = find_prefix(x, t, s, len, prefix);
		if (!rc && is_known(&ix, s, len))
			rc = find_topics(x, t, s, len, topics, group);
	}
	dict_release(&ix.key);
	if (rc)
		return -1;
	x->off[label->n] = (uint32_t)x->n;
	x->last = calloc((size_t)t->key.text.n + 1, sizeof *x->last);
	return x->last ? 0 : -1;
}
