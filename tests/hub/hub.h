/* SPDX-License-Identifier: Apache-2.0 */
/* What the stand-in answers, without any HTTP: a request as the server has taken it apart, and the reply it sends. */
#ifndef HUB_HUB_H
#define HUB_HUB_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "cache.h"
#include "fault.h"
#include "population.h"
#include "query.h"

struct hub {
	struct population pop;
	struct fault_plan faults;
	struct cache *cache; /* of lists' rows; NULL: none */
	uint64_t list_page;  /* accounts on a page of a list at most; 0: as many as the Hub gives */
	char base[64];       /* http://127.0.0.1:PORT */
	unsigned port;
};

struct request {
	const char *path; /* decoded */
	const struct param *params;
	int nparam;
	const char *host; /* the Host header, or NULL */
	bool token;       /* a valid token came */
	uint64_t number;  /* from 1 */
};

enum { REPLY_HEADERS = 8 };

struct reply {
	unsigned status;
	struct buf body;
	const char *type; /* content-type */
	const char *name[REPLY_HEADERS];
	char *value[REPLY_HEADERS];
	int nheader;
};

#define TYPE_JSON "application/json; charset=utf-8"
#define TYPE_HTML "text/html; charset=utf-8"
#define TYPE_TEXT "text/plain; charset=utf-8"

void reply_init(struct reply *r);
void reply_release(struct reply *r);

/* Add a header; the name is kept, the value copied. */
void reply_header(struct reply *r, const char *name, const char *value);

/* The whole reply becomes {"error":"…"}, or a text. */
void reply_error(struct reply *r, unsigned status, const char *text);
void reply_text(struct reply *r, unsigned status, const char *type, const char *text);

/* Base URL to be used in links: the client's own name for us if it is a loopback one, else ours. */
void hub_base(const struct hub *h, const struct request *q, struct buf *out);

/* The Link header to the next page: the request's path and parameters, with another cursor; NULL: without. */
void hub_link(const struct hub *h, const struct request *q, const char *cursor, struct reply *r);

/* Value of a parameter, or NULL. */
const char *request_param(const struct request *q, const char *key);

/* Answer anything but what is about the server itself. */
void hub_answer(const struct hub *h, const struct request *q, struct reply *r);

/* The parts of it, by path. */
void list_answer(const struct hub *h, const struct request *q, enum kind kind, struct reply *r);
void repo_answer(const struct hub *h, const struct request *q, enum kind kind, const char *id, struct reply *r);
void page_answer(const struct hub *h, const struct request *q, enum kind kind, struct reply *r);
void overview_answer(const struct hub *h, const char *name, bool org, struct reply *r);
void avatar_answer(const struct hub *h, const char *name, bool org, struct reply *r);
void likers_answer(const struct hub *h, const struct request *q, enum kind kind, uint64_t row, struct reply *r);
/* false: an account has no such list */
bool social_answer(const struct hub *h, const struct request *q, const char *name, bool org, const char *what,
		   struct reply *r);

#endif
