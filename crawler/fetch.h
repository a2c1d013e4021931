// SPDX-License-Identifier: Apache-2.0
/* Requests to the Hub, many at a time, by curl's multi interface. Local to a rank. The only file that knows curl.
 *
 * What it guarantees: only to the Hub's scheme, host and port; no redirect is followed; the token (if any) goes as
 * Authorization header and nowhere else, and where a reply repeats it, letter for letter, there are as many x (0.04 ms
 * for a page of 0.7 MB); certificates are verified; a body, decompressed, never exceeds the cap, nor do headers theirs,
 * nor all bodies together theirs.
 */
#ifndef CRAWLER_FETCH_H
#define CRAWLER_FETCH_H

#include <stddef.h>
#include <stdint.h>

#include "crawler/hub.h"
#include "io/err.h"

struct fetch;

/* A page of 1,000 models with every member that we ask for has 0.7 MB. A parser needs up to 11 bytes for a byte of JSON
 * (measured: lists of nothing), 352 MB for the largest body: it is one at a time. The bodies beside it are as many as
 * there are slots, so what these hold is bounded together: each has room for an honest page of its own, which no other
 * reply can take from it, and what is beyond that comes out of a common store. One that finds it empty fails, and is
 * asked for again. With 8 slots that is 64 MB, and a rank stays under half a gigabyte whatever comes. */
#define FETCH_BODY_MAX    (32ll << 20)
#define FETCH_SLOT_OWN    ((size_t)2 << 20)
#define FETCH_STORE       ((size_t)48 << 20)
#define FETCH_HEADERS_MAX 65536
#define FETCH_LINK_MAX    8192

struct fetch_setup {
	const struct hub *hub; /* lives as long as the fetch */
	const char *token;     /* "" or NULL: none; copied */
	const char *user_agent;
	const char *ca_file; /* NULL: the system's */
	int nslots;          /* requests at a time */
	int64_t timeout_ms;  /* for a whole request; 30 s for connecting; a third of it without a byte */
	int64_t body_max;    /* 0: FETCH_BODY_MAX */
	int keep_heads;      /* replies have their header lines as received */
};

enum fetch_failure {
	FETCH_OK,
	FETCH_NO_CONNECTION, /* name, route, refused, connect timeout */
	FETCH_TLS,           /* certificate or handshake */
	FETCH_BROKEN,        /* reset, cut short, bad encoding */
	FETCH_TIMEOUT,       /* too slow */
	FETCH_TOO_BIG,       /* body or headers beyond their cap, or all bodies beyond theirs */
	FETCH_UNFIT,         /* the URL is not the Hub's; nothing was sent */
};

/* A finished request. Everything in it belongs to the fetch and lives until fetch_release(). */
struct fetch_reply {
	int slot;
	uint64_t tag; /* the caller's */
	const char *url;
	int status; /* HTTP status, 0 if failure is not FETCH_OK */
	enum fetch_failure failure;
	const char *why;  /* of a failure, for people */
	const char *body; /* decompressed; JS_PADDING bytes behind it are readable */
	size_t nbody;
	int64_t wire;                 /* bytes of the body as received */
	int64_t sent_ms, received_ms; /* clock_ms() */
	int64_t received_at_ms;       /* clock_wall_ms() */
	int is_json;                  /* content-type says so */
	const char *head; /* with keep_heads: status and header lines as received, else NULL; of a broken reply
			   * too, as its body, as far as they came */
	size_t nhead;
	const char *link; /* all Link headers, joined by ", " */
	size_t nlink;
	const char *location;                         /* of a redirect, which is never followed; "" where absent */
	const char *ratelimit, *policy, *retry_after; /* "" where absent */
};

/* Local. Errors: E_USAGE (a CA file that cannot be read, a token that would go over plain http to another machine),
 * E_NOMEM, E_IO. */
int fetch_create(struct fetch **f, const struct fetch_setup *s, struct err *e);

/* Ends what is in flight. NULL is fine. The token's copy is wiped. */
void fetch_free(struct fetch *f);

/* Does a token go with every request? */
int fetch_has_token(const struct fetch *f);

/* Start a GET. Returns 0, or -1 if all slots are taken. What cannot be sent comes back as a reply that failed. */
int fetch_start(struct fetch *f, const char *url, uint64_t tag);

/* Let the network move; sleeps until something happens, at most wait_ms. */
void fetch_poll(struct fetch *f, int wait_ms);

/* A finished request, or NULL. */
const struct fetch_reply *fetch_next(struct fetch *f);

/* Done with a reply: its slot is free again. */
void fetch_release(struct fetch *f, const struct fetch_reply *r);

/* Requests started and not yet finished. */
int fetch_flying(const struct fetch *f);

/* Give up what is in flight; nothing of it is reported. */
void fetch_abort(struct fetch *f);

/* CLOCK_MONOTONIC, and the time of day, in ms. */
int64_t clock_ms(void);
int64_t clock_wall_ms(void);

#endif
