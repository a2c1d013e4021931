// SPDX-License-Identifier: Apache-2.0
/* What audit.c (which places, and what is sealed) and audit_page.c (a page) share. */
#ifndef CRAWLER_AUDIT_IN_H
#define CRAWLER_AUDIT_IN_H

#include "crawler/audit.h"
#include "crawler/outage.h"
#include "crawler/watch.h"

/* Behind this repository the page begins. */
struct place {
	uint64_t index; /* in the census, in the order of the shards */
	int64_t number; /* in the sample: when it was drawn */
	struct oid oid;
	int64_t value; /* of the counter */
};

/* Of a kind. */
struct audit {
	const struct audit_setup *s;
	enum kind kind;
	const char *sort;
	enum field counter;
	struct page *page;
	struct shard sample;
	int64_t oldest_ms; /* when the first page of what is not sealed came */
	int64_t done;      /* pages that earlier sessions have sealed */
	int is_unsealed;   /* what is in `sample` could not be sealed */
	int plain;         /* made-up cursors do not work */
	int heard;         /* the Hub has answered in this session */
	int told_limited;  /* since the last page */
	struct outage outage;
	struct watch watch;
	uint64_t random;
};

/* audit.c */

/* What has come is sealed, if it is time to. Errors: those of audit_seal() and archive_seal(). */
int audit_seal_due(struct audit *r, struct err *e);

/* audit_page.c */

/* May another request be made? Errors: E_STOPPED. */
int audit_limits(const struct audit *r, struct err *e);

/* Ask for the page behind a place until it is in the sample. A Hub that has answered in this session and does so no
 * more is waited for; one that answers, and does not give this page, is an error. Errors: those of audit_run(). */
int audit_page(struct audit *r, const struct place *at, struct err *e);

#endif
