// SPDX-License-Identifier: Apache-2.0
/* One record of a list into one row of a table, by the schema; the inside of page.c. */
#ifndef CRAWLER_PAGE_ROW_H
#define CRAWLER_PAGE_ROW_H

#include "io/h5shard.h"
#include "io/json.h"

struct page_row;

struct page_row_counts {
	int64_t fields_refused, labels_cut;
};

struct page_row *page_row_create(void);
void page_row_free(struct page_row *r);

/* Rows of a page follow: of which kind, with which columns (bit per enum field), received when. Sets the counts to 0.
 */
void page_row_begin(struct page_row *r, enum kind kind, unsigned fields, int64_t observed);

/* Add the row, but for its labels (page_row_end()); refused members go to to->refusal. *why is set, and nothing added,
 * if the record cannot be a row. Returns 0, or -1 when memory is short: the table is as before then. */
int page_row_take(struct page_row *r, struct js_value record, struct oid oid, struct shard *to, const char **why);

/* The rows since page_row_begin() get their labels, for which the records' texts must still be there. Returns 0, or -1
 * when memory is short: the rows of the page must be dropped then. */
int page_row_end(struct page_row *r, struct shard *to);

struct page_row_counts page_row_counts(const struct page_row *r);

/* Why a record without a usable _id is none. */
const char *page_row_why(struct js_value record);

/* Does a text hold C0 or C1 control characters or DEL? */
int page_row_has_control(const char *s, size_t n);

#endif
