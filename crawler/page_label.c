// SPDX-License-Identifier: Apache-2.0
#include "crawler/page_label.h"

#include <stdlib.h>
#include <string.h>

#include "io/json.h"

void page_label_release(struct page_label *l)
{
	free(l->text);
	free(l->row);
	free(l->code);
	*l = (struct page_label){ 0 };
}

int page_label_init(struct page_label *l)
{
	l->text = malloc(PAGE_LABEL_MAX * sizeof *l->text);
	l->row = malloc(PAGE_LABEL_MAX * sizeof *l->row);
	l->code = malloc(PAGE_LABEL_MAX * sizeof *l->code);
	return l->text && l->row && l->code ? 0 : -1;
}

void page_label_drop(struct page_label *l, const struct table *t)
{
	while (l->n > 0 && l->row[l->n - 1] == t->n)
		l->n--;
}

size_t page_label_cut(const char *s, size_t n, size_t cap)
{
	if (n <= cap)
		return n;
	while (cap > 0 && ((unsigned char)s[cap] & 0xC0) == 0x80)
		cap--;
	return cap;
}

static int refuse(const struct page_label *l, uint32_t i, enum field f, struct shard *to, int64_t observed)
{
	char raw[REFUSAL_RAW_MAX + 1];
	size_t n = js_write_text(l->text[i].s, l->text[i].len, raw, sizeof raw);

	return shard_add_refusal(to, (int)f, observed, to->rows.col[F_OID].oid[l->row[i]], "a NUL in it", raw,
				 n < REFUSAL_RAW_MAX ? n : REFUSAL_RAW_MAX);
}

/* A label that the dictionary does not have. Control characters stay (there are tags with a tab), but for NUL, which no
 * text of census.h5 can hold: then the code stays -1. */
static int add_new(const struct page_label *l, uint32_t i, enum field f, struct shard *to, int64_t observed,
		   struct page_label_counts *counts)
{
	const char *s = l->text[i].s;
	size_t len = page_label_cut(s, l->text[i].len, schema[f].cap);

	if (memchr(s, '\0', l->text[i].len)) {
		counts->refused++;
		return refuse(l, i, f, to, observed);
	}
	counts->cut += len < l->text[i].len;
	return dict_add(&to->rows.col[f].labels, s, len, l->code + i);
}

int page_label_flush(struct page_label *l, enum field f, struct shard *to, uint64_t end, int64_t observed,
		     struct page_label_counts *counts)
{
	struct dict *d = &to->rows.col[f].labels;
	uint32_t n = l->n;

	l->n = 0;
	for (uint32_t i = 0, m; i < n; i += m) {
		m = n - i < DICT_BATCH ? n - i : DICT_BATCH;
		if (dict_recall_all(d, l->text + i, m, l->code + i) == m)
			continue;
		for (uint32_t k = i; k < i + m; k++)
			if (l->code[k] < 0 && add_new(l, k, f, to, observed, counts))
				return -1;
	}
	return table_put_codes(&to->rows, f, l->row, l->code, n, end);
}
