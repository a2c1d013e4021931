// SPDX-License-Identifier: Apache-2.0
/* A page of a list: bytes from the network into rows of a table. No I/O, no MPI; local.
 *
 * What is done with what is not as documented:
 *   - a record without a readable _id or id, or with an id that is too long or holds control characters, goes to the
 * quarantine as a whole;
 *   - another member of the wrong type, negative, fractional or too large is refused: it goes to the quarantine with
 * its name, and the row is taken without it. So are single tags that are no texts or hold a NUL, the first
 * of each record: page_label.h, PAGE_REFUSED_MAX;
 *   - a label above its cap is cut at a character and counted;
 *   - a page that is no JSON but a complete list in brackets is cut into its records and each is parsed alone
 * (page_take() with PAGE_SPLIT);
 *   - rows that repeat another of the page are dropped and counted; rows beyond the window likewise;
 *   - a page that is not in order, or begins before its window, or has no record with an _id, is broken, and nothing of
 * it is taken, unless PAGE_FORCE says to take those rows that lie in the window.
 */
#ifndef CRAWLER_PAGE_H
#define CRAWLER_PAGE_H

#include <stddef.h>
#include <stdint.h>

#include "crawler/window.h"
#include "io/err.h"
#include "io/h5shard.h"

/* More elements than this are no page: 1000 are asked for. */
#define PAGE_RECORDS_MAX 10000
/* An _id whose time lies further ahead than this of the clock and of t0 is made up, s. */
#define PAGE_FUTURE_S (2 * 86400)

struct page;

/* A parser for pages. NULL when memory is short. */
struct page *page_create(void);
void page_free(struct page *p);

enum page_flag {
	PAGE_SPLIT = 1,    /* cut it into records if it is no JSON */
	PAGE_FORCE = 2,    /* take what fits of a broken page */
	PAGE_PRECEDES = 4, /* rows before the window are no fault: a chain that begins at the end of the axis */
};

/* What a page should be. */
struct page_ask {
	struct window
		window;   /* what is left: rows must lie behind its near end, those beyond the far end are dropped */
	unsigned fields;  /* bit per enum field */
	unsigned flags;   /* enum page_flag */
	int64_t t0;       /* s since 1970: repositories may be as young, whatever the clock says */
	int64_t observed; /* s since 1970, when it was received */
};

enum page_verdict {
	PAGE_TAKEN,
	PAGE_NOT_JSON, /* ... */
	PAGE_NOT_LIST, /* JSON, but no array of at most PAGE_RECORDS_MAX */
	PAGE_BROKEN,   /* out of order, begins before its window, or nothing in it can be read */
};

struct page_result {
	enum page_verdict verdict;
	int splittable; /* PAGE_NOT_JSON, but PAGE_SPLIT would find records */
	char why[160];  /* what is wrong, printable */
	int64_t nrecords;
	int64_t rows, outside, duplicates, refused, fields_refused, labels_cut;
	int is_beyond; /* a row lies beyond the far end: the window is finished */
	int has_last;
	struct oid last; /* the farthest row inside the window */
	int has_any;
	struct oid farthest; /* the farthest row of all, in the window or not */
};

/* Take a page of n bytes (JS_PADDING readable bytes behind them) into to->rows, refusals into to->refusal. Pieces and
 * counters are the caller's. With a verdict other than PAGE_TAKEN nothing is added, but for PAGE_BROKEN with
 * PAGE_FORCE. Returns E_OK, whatever the page is; E_NOMEM with the table as before. */
int page_take(struct page *p, const char *text, size_t n, const struct page_ask *ask, struct shard *to,
	      struct page_result *r, struct err *e);

/* The number in member `name` of an object, as for the total of a kind: 0 … 2^53, or -1. Errors, with -1: E_NOMEM. */
int64_t page_number(struct page *p, const char *text, size_t n, const char *name, struct err *e);

#endif
