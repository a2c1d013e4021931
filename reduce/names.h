// SPDX-License-Identifier: Apache-2.0
/* Names of a table that people write (reduce/orgs.h, reduce/topics.h), and the room for its rows. Local, pure. */
#ifndef REDUCE_NAMES_H
#define REDUCE_NAMES_H

#include <stddef.h>

/* Distinct names in bytewise order; the index of a name is its place. */
struct names {
	const char **v; /* views into the rows; freed by its owner */
	int n;
};

/* Room for `cap` names. 0, or -1: no memory. */
int names_init(struct names *s, size_t cap);

/* Sort what was put into v[0 … n), and keep each once. */
void names_settle(struct names *s);

/* The index of a name, -1 if it is not there. */
int names_index(const struct names *s, const char *name);

/* Replace n > 0 strings by copies in one block, which begins with s[0], and return it, to be freed. With `key` >= 0
 * that one is lower-cased. NULL: no memory. */
char *names_pack(const char **s, int n, int key);

/* The lower case of an ASCII letter, any other byte as it is. */
int name_lower(int c);

/* As strcmp() of a lower-cased key with n bytes of either case. */
int name_key_cmp(const char *key, const char *s, size_t n);

/* Room for one row more in an array of `width` bytes a row that is full at 0, 64, 128, 256, ... rows. NULL: no memory,
 * and v is as before. */
void *rows_grown(void *v, size_t n, size_t width);

/* A copy of n rows with the room that rows_grown() expects. NULL: no memory. */
void *rows_copied(const void *v, size_t n, size_t width);

#endif
