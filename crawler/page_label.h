// SPDX-License-Identifier: Apache-2.0
/* Labels of a page's rows: kept until there are many, then looked up together, because a dictionary of tens of
 * thousands of texts lies in no near cache, and who asks for one at a time waits for memory each time. The inside of
 * page_row.c; local. */
#ifndef CRAWLER_PAGE_LABEL_H
#define CRAWLER_PAGE_LABEL_H

#include "io/h5shard.h"

/* More of a column are looked up before the next is kept: a hostile page has millions. */
#define PAGE_LABEL_MAX 32768

/* Of the elements of a list that are no texts so many go to the quarantine, and one more that says that there are more;
 * the rest is only counted, for a hostile list has millions. Likewise of those that hold a NUL. Counted by the list,
 * and not by the page, so that what is kept of a record depends on nothing but itself. */
#define PAGE_REFUSED_MAX  16
#define PAGE_REFUSED_MORE "one of more such elements, which are only counted"

/* Refusals of a record at most: it, or each of its columns, once, and two sorts of elements of base_models and tags. */
#define PAGE_REFUSALS_MAX (NFIELDS + 4 * (PAGE_REFUSED_MAX + 1))

/* What the n-th refused element, from 0 on, says; NULL: it is not kept. */
static inline const char *page_refused_why(uint32_t n, const char *why)
{
	return n < PAGE_REFUSED_MAX ? why : n == PAGE_REFUSED_MAX ? PAGE_REFUSED_MORE : NULL;
}

/* Of one column. All zero: without room. */
struct page_label {
	struct text *text;     /* n of them; the parser's */
	struct table_run *run; /* nrun of them: of which rows they are */
	int32_t *code;         /* room */
	uint32_t n, nrun;
	struct oid last; /* the record that a label was refused of, and of it how many: whatever was flushed between */
	uint32_t nlast;
};

struct page_label_counts {
	int64_t refused, cut;
};

void page_label_release(struct page_label *l);

/* Keep none; a page begins. */
void page_label_begin(struct page_label *l);

/* Make the room. Returns 0, or -1 when memory is short. */
int page_label_init(struct page_label *l);

/* Keep n of the row that was begun, which stand in l->text behind those that are kept. */
static inline void page_label_added(struct page_label *l, const struct table *t, size_t n)
{
	if (n == 0)
		return;
	if (l->nrun == 0 || l->run[l->nrun - 1].row != t->n)
		l->run[l->nrun++] = (struct table_run){ (uint32_t)t->n, 0 };
	l->run[l->nrun - 1].n += (uint32_t)n;
	l->n += (uint32_t)n;
}

/* Keep one. There must be room: l->n < PAGE_LABEL_MAX. */
static inline void page_label_add(struct page_label *l, const struct table *t, struct text text)
{
	l->text[l->n] = text;
	page_label_added(l, t, 1);
}

/* Forget what the row that was begun has. */
void page_label_drop(struct page_label *l, const struct table *t);

/* Give the rows before `end` their labels, and keep none. Those that hold a NUL are refused, and the first of a
 * record go to the quarantine, as `observed`; those above the cap are cut. Returns 0, or -1 when memory is short. */
int page_label_flush(struct page_label *l, enum field f, struct shard *to, uint64_t end, int64_t observed,
		     struct page_label_counts *counts);

/* Length of the longest beginning of s, at most cap bytes, that does not cut a UTF-8 character. */
size_t page_label_cut(const char *s, size_t n, size_t cap);

#endif
