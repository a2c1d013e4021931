// SPDX-License-Identifier: Apache-2.0
/* What the next request to each class of lists can be expected to bring: new accounts per request, learned as it goes.
 * Pure.
 *
 * A class is a kind of list together with what is known of whose list it is (crawler/frontier.h). Of a class of which
 * little is known the expectation is drawn to that of its kind, and of that to an optimistic one, so each is tried a
 * few times. What is long past counts less: sources run dry.
 */
#ifndef CRAWLER_SOURCE_H
#define CRAWLER_SOURCE_H

#include <stdint.h>

struct source {
	double tried, gained;           /* requests and new accounts, weighted */
	double saved;                   /* requests that need not be made any more, because these told so */
	double ever_tried, ever_gained; /* not weighted */
};

struct sources {
	struct source *of_class;
	struct source *of_kind;
	int nclass, nkind;
};

/* 0, or -1 when memory is short; release in any case. */
int sources_init(struct sources *s, int nclass, int nkind);
void sources_release(struct sources *s);

/* A request was answered; and what it brought, which may be told in parts and later. */
void sources_asked(struct sources *s, int class, int kind);
void sources_gained(struct sources *s, int class, int kind, double naccounts);

void sources_saved(struct sources *s, int class, int kind, int64_t nrequests);

/* New accounts expected of the next request. */
double sources_yield(const struct sources *s, int class, int kind);

/* Requests that the next one is expected to save. */
double sources_saving(const struct sources *s, int class, int kind);

#endif
