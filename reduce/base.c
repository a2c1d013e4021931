// SPDX-License-Identifier: Apache-2.0
#include "reduce/base.h"

#include <stdlib.h>
#include <string.h>

#define PREFIX  "base_model:"
#define LONGEST 1024 /* the schema's cap for a tag is 256 */

const char *const relation_name[NRELATIONS] = { "finetune", "adapter", "quantized", "merge", "unknown" };

const char *base_of_tag(const char *tag, size_t len, enum relation *relation, size_t *nname)
{
	size_t at = sizeof PREFIX - 1;

	if (len <= at || memcmp(tag, PREFIX, at) != 0)
		return NULL;
	*relation = UNKNOWN;
	for (int r = 0; r < UNKNOWN; r++) {
		size_t n = strlen(relation_name[r]);

		if (len - at > n && !memcmp(tag + at, relation_name[r], n) && tag[at + n] == ':') {
			*relation = (enum relation)r;
			at += n + 1;
			break;
		}
	}
	*nname = len - at;
	return *nname ? tag + at : NULL;
}

void base_lower(char *dst, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		dst[i] = (char)(s[i] >= 'A' && s[i] <= 'Z' ? s[i] + 32 : s[i]);
}

size_t base_namespace(const char *name, size_t n)
{
	const char *slash = memchr(name, '/', n);

	return slash ? (size_t)(slash - name) : 0;
}

void base_names_release(struct base_names *x)
{
	dict_release(&x->name);
	free(x->of_tag);
	free(x->relation);
	memset(x, 0, sizeof *x);
}

int base_names_find(struct base_names *x, const struct texts *tags)
{
	memset(x, 0, sizeof *x);
	x->of_tag = malloc((size_t)(tags->n + 1) * sizeof *x->of_tag);
	x->relation = calloc((size_t)tags->n + 1, sizeof *x->relation);
	if (!x->of_tag || !x->relation)
		return -1;
	for (uint64_t i = 0; i < tags->n; i++) {
		char lower[LONGEST];
		size_t len, n;
		const char *tag = texts_get(tags, i, &len), *name;
		enum relation r;

		x->of_tag[i] = -1;
		if (!(name = base_of_tag(tag, len, &r, &n)))
			continue;
		n = n < sizeof lower ? n : sizeof lower;
		base_lower(lower, name, n);
		x->relation[i] = (int8_t)r;
		if (dict_add(&x->name, lower, n, &x->of_tag[i]))
			return -1;
	}
	return 0;
}
