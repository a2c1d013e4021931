// SPDX-License-Identifier: Apache-2.0
#include "reduce/names.h"

#include <stdlib.h>
#include <string.h>

int name_lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

int name_key_cmp(const char *key, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int a = (unsigned char)key[i], b = name_lower((unsigned char)s[i]);

		if (a != b || !a)
			return a < b ? -1 : 1; /* a NUL within s is no end of it: the key is shorter */
	}
	return key[n] != '\0';
}

static int name_cmp(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int names_init(struct names *s, size_t cap)
{
	s->n = 0;
	s->v = calloc(cap ? cap : 1, sizeof *s->v);
	return s->v ? 0 : -1;
}

void names_settle(struct names *s)
{
	int k = 0;

	qsort(s->v, (size_t)s->n, sizeof *s->v, name_cmp);
	for (int i = 0; i < s->n; i++)
		if (!k || strcmp(s->v[k - 1], s->v[i]) != 0)
			s->v[k++] = s->v[i];
	s->n = k;
}

int names_index(const struct names *s, const char *name)
{
	const char **p = s->v ? bsearch(&name, s->v, (size_t)s->n, sizeof *s->v, name_cmp) : NULL;

	return p ? (int)(p - s->v) : -1;
}

char *names_pack(const char **s, int n, int key)
{
	size_t size = strlen(s[0]) + 1;
	char *block, *p;

	for (int i = 1; i < n; i++)
		size += strlen(s[i]) + 1;
	p = block = malloc(size);
	for (int i = 0; p && i < n; i++) {
		size_t len = strlen(s[i]) + 1;

		memcpy(p, s[i], len);
		for (size_t j = 0; i == key && j < len; j++)
			p[j] = (char)name_lower((unsigned char)p[j]);
		s[i] = p;
		p += len;
	}
	return block;
}

void *rows_grown(void *v, size_t n, size_t width)
{
	if (n && (n < 64 || (n & (n - 1))))
		return v;
	return realloc(v, (n ? 2 * n : 64) * width);
}

void *rows_copied(const void *v, size_t n, size_t width)
{
	size_t cap = 64;
	void *p;

	while (cap <= n)
		cap *= 2;
	if ((p = malloc(cap * width)) && n)
		memcpy(p, v, n * width);
	return p;
}
