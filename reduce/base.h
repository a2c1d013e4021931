// SPDX-License-Identifier: Apache-2.0
/* What tags say about bases: "base_model:finetune:Qwen/Qwen3-8B", "base_model:Qwen/Qwen3-8B". Local, pure. */
#ifndef REDUCE_BASE_H
#define REDUCE_BASE_H

#include "io/table.h"

enum relation { FINETUNE, ADAPTER, QUANTIZED, MERGE, UNKNOWN, NRELATIONS };

/* "finetune", "adapter", "quantized", "merge", "unknown" */
extern const char *const relation_name[NRELATIONS];

/* The base that a tag names, or NULL: the tag is another one, or names nothing. */
const char *base_of_tag(const char *tag, size_t len, enum relation *relation, size_t *nname);

/* Copy n bytes of s in ASCII lower case to dst, which has room for as many. */
void base_lower(char *dst, const char *s, size_t n);

/* Bytes before the first slash; 0 if there is none. */
size_t base_namespace(const char *name, size_t n);

/* The names that the tags of a column tell, each once, in lower case, and for every label which. */
struct base_names {
	struct dict name;
	int32_t *of_tag;  /* per label: index of a name, or -1 */
	int8_t *relation; /* per label */
};

/* Returns 0, or -1 when memory is short; release in any case. */
int base_names_find(struct base_names *x, const struct texts *tags);
void base_names_release(struct base_names *x);

#endif
