/* SPDX-License-Identifier: Apache-2.0 */
#include "names.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"

static uint32_t hash(const char *s)
{
	uint32_t h = 2166136261u; /* FNV-1a */
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h ^ h >> 15;
}

static uint32_t *place(const struct names *m, const char *s)
{
	uint32_t k = hash(s) & (m->nslot - 1);
	while (m->slot[k] && strcmp(m->text[m->slot[k] - 1], s) != 0)
		k = (k + 1) & (m->nslot - 1);
	return &m->slot[k];
}

static void grow(struct names *m)
{
	free(m->slot);
	m->nslot *= 2;
	m->slot = mem_new(m->nslot * sizeof *m->slot);
	for (uint32_t i = 0; i < m->n; i++)
		*place(m, m->text[i]) = i + 1;
}

void names_init(struct names *m)
{
	memset(m, 0, sizeof *m);
	m->nslot = 1024;
	m->slot = mem_new(m->nslot * sizeof *m->slot);
	names_of(m, "");
}

void names_release(struct names *m)
{
	for (uint32_t i = 0; i < m->n; i++)
		free(m->text[i]);
	free(m->text);
	free(m->slot);
	memset(m, 0, sizeof *m);
}

uint32_t names_of(struct names *m, const char *s)
{
	uint32_t *p = place(m, s);
	if (*p)
		return *p - 1;
	if (m->n == m->cap) {
		m->cap = m->cap ? 2 * m->cap : 256;
		m->text = mem_grow(m->text, m->cap * sizeof *m->text);
	}
	m->text[m->n++] = mem_str(s);
	*p = m->n;
	if (m->n * 2 > m->nslot)
		grow(m);
	return m->n - 1;
}

uint32_t names_of_lower(struct names *m, const char *s)
{
	char *t = mem_str(s);
	for (char *p = t; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 32);
	uint32_t id = names_of(m, t);
	free(t);
	return id;
}

uint32_t names_find(const struct names *m, const char *s)
{
	uint32_t *p = place(m, s);
	return *p ? *p - 1 : UINT32_MAX;
}
