// SPDX-License-Identifier: Apache-2.0
#include "crawler/page_label.h"

#include <stdlib.h>
#include <string.h>

#include "io/json.h"

void page_label_release(struct page_label *l)
{
	free(l->text);
	free(l->run);
	free(l->code);
	*l = (struct page_label){ 0 };
}

int page_label_init(struct page_label *l)
{
	l->text = malloc(PAGE_LABEL_MAX * sizeof *l->text);
	l->run = malloc(PAGE_LABEL_MAX * sizeof *l->run);
	l->code = malloc(PAGE_LABEL_MAX * sizeof *l->code);
	return l->text && l->run && l->code ? 0 : -1;
}

void page_label_begin(struct page_label *l)
{
	l->n = l->nrun = l->nlast = 0;
	l->last = OID_MIN;
}

void page_label_drop(struct page_label *l, const struct table *t)
{
	if (l->nrun > 0 && l->run[l->nrun - 1].row == t->n)
		l->n -= l->run[--l->nrun].n;
}

size_t page_label_cut(const char *s, size_t n, size_t cap)
{
	if (n <= cap)
		return n;
	while (cap > 0 && ((unsigned char)s[cap] & 0xC0) == 0x80)
		cap--;
	return cap;
}

static struct oid record_of(const struct page_label *l, uint32_t i, const struct table *t)
{
	const struct table_run *run = l->run;

	for (uint32_t before = run->n; before <= i; before += run->n)
		run++;
	return t->col[F_OID].oid[run->row];
}

static int refuse(struct page_label *l, uint32_t i, enum field f, struct shard *to, int64_t observed)
{
	char raw[REFUSAL_RAW_MAX + 1];
	struct oid oid = record_of(l, i, &to->rows);
	const char *why;
	size_t n;

	if (oid_cmp(oid, l->last)) {
		l->last = oid;
		l->nlast = 0;
	}
	why = page_refused_why(l->nlast++, "a NUL in it");
	if (!why)
		return 0;
	n = js_write_text(l->text[i].s, l->text[i].len, raw, sizeof raw);
	return shard_add_refusal(to, (int)f, observed, oid, why, raw, n < REFUSAL_RAW_MAX ? n : REFUSAL_RAW_MAX);
}

/* A label that the dictionary does not have. Control characters stay (there are tags with a tab), but for NUL, which no
 * text of census.h5 can hold: then the code is -1. */
static int add_new(struct page_label *l, uint32_t i, uint32_t hash, enum field f, struct shard *to, int64_t observed,
		   struct page_label_counts *counts)
{
	struct dict *d = &to->rows.col[f].labels;
	const char *s = l->text[i].s;
	size_t len = page_label_cut(s, l->text[i].len, schema[f].cap);

	if (memchr(s, '\0', l->text[i].len)) {
		l->code[i] = -1;
		counts->refused++;
		return refuse(l, i, f, to, observed);
	}
	if (len == l->text[i].len)
		return dict_add_hashed(d, s, len, hash, l->code + i);
	counts->cut++;
	return dict_add(d, s, len, l->code + i);
}

/* The refused ones go. */
static void close_up(struct page_label *l)
{
	const int32_t *from = l->code;
	int32_t *to = l->code;

	for (uint32_t i = 0; i < l->nrun; i++) {
		const int32_t *end = from + l->run[i].n;
		int32_t *begin = to;

		for (; from < end; from++)
			if (*from >= 0)
				*to++ = *from;
		l->run[i].n = (uint32_t)(to - begin);
	}
}

int page_label_flush(struct page_label *l, enum field f, struct shard *to, uint64_t end, int64_t observed,
		     struct page_label_counts *counts)
{
	struct dict *d = &to->rows.col[f].labels;
	int rc = 0;

	for (uint32_t i = 0, m; i < l->n && !rc; i += m) {
		struct dict_missing missing[DICT_BATCH];
		size_t nmissing;

		m = l->n - i < DICT_BATCH ? l->n - i : DICT_BATCH;
		nmissing = dict_recall_all(d, l->text + i, m, l->code + i, missing);
		for (size_t k = 0; k < nmissing && !rc; k++)
			rc = add_new(l, i + missing[k].which, missing[k].hash, f, to, observed, counts);
	}
	if (counts->refused > 0)
		close_up(l);
	rc = rc ? rc : table_put_codes(&to->rows, f, l->run, l->nrun, l->code, end);
	l->n = l->nrun = 0;
	return rc;
}
