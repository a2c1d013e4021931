// SPDX-License-Identifier: Apache-2.0
/* The Hub's HTTP interface as text: URLs, cursors, Link, rate-limit headers. Local, no I/O, nothing allocated; what
 * comes from the network is hostile, so every function takes any bytes and says "no" to what it does not understand.
 *
 * Sources: the API notes of the project (sections 1, 2 and 6), RFC 3986 (URLs), RFC 4648 (base64), RFC 8288 (Link),
 * draft-ietf-httpapi-ratelimit-headers-09, RFC 9110 section 10.2.3 (Retry-After).
 */
#ifndef CRAWLER_HUB_H
#define CRAWLER_HUB_H

#include <stddef.h>
#include <stdint.h>

#include "io/account.h"
#include "io/err.h"
#include "io/oid.h"
#include "io/schema.h"

/* A page has at most 1000 rows; a larger limit is clamped without a word. */
#define HUB_PAGE_ROWS 1000
/* A cursor of the Hub's own that is longer than this is refused: an `_id` cursor has 56 characters. */
#define HUB_CURSOR_MAX  1024
#define HUB_URL_MAX     8192
#define HUB_NFILTER_MAX 32

struct hub {
	char base[512];   /* scheme://host[:port][/path], lower-case scheme and host, no trailing slash */
	char host[256];   /* without brackets */
	const char *path; /* into base: "" or "/path" */
	int port;
	int tls;
	int loopback; /* localhost, 127.0.0.0/8 or ::1 */
};

/* Read the address of a Hub. User name, query, fragment, blanks and control characters are refused. Errors: E_USAGE. */
int hub_parse(struct hub *h, const char *url, struct err *e);

/* Has the absolute URL (n bytes) the Hub's scheme, host and port? */
int hub_is_same_origin(const struct hub *h, const char *url, size_t n);

/* Does a redirect to `location` (n bytes) stay on the Hub: a path, or the Hub's own origin? */
int hub_stays(const struct hub *h, const char *location, size_t n);

enum hub_order { HUB_ASC, HUB_DESC };

/* Does a list of this order show a after b? */
static inline int hub_is_behind(enum hub_order order, struct oid a, struct oid b)
{
	return order == HUB_ASC ? oid_cmp(a, b) > 0 : oid_cmp(a, b) < 0;
}

/* One request for a page of a list. */
struct hub_list {
	enum kind kind;
	enum hub_order order;
	const char *sort;   /* NULL: createdAt */
	unsigned fields;    /* bit per enum field: what expand[] asks for */
	int limit;          /* rows, 1 … HUB_PAGE_ROWS */
	const char *author; /* NULL or "": any */
	int ntag;
	const char *tag[HUB_NFILTER_MAX];
	const char *cursor; /* NULL: from the beginning */
};

/* Write the URL of a page. Returns its length, or -1 if it does not fit n bytes. */
int hub_list_url(const struct hub *h, const struct hub_list *l, char *dst, size_t n);

/* The page that tells the number of repositories of a kind (a page of the web site, not of the API). */
int hub_total_url(const struct hub *h, enum kind kind, char *dst, size_t n);

#define HUB_CURSOR_ID 57 /* 42 bytes of JSON are 56 characters of base64 without padding, and a NUL */

/* The cursor behind which a walk goes on: `$gt` the id when ascending, `$lt` when descending. Returns dst. */
char *hub_cursor_make(enum hub_order order, struct oid after, char dst[HUB_CURSOR_ID]);

#define HUB_CURSOR_SORTED 240

/* The cursor behind a row of a list sorted by a counter, largest first, ties by _id: `value` and `after` are that
 * row's. In the form that the Hub itself gives (API notes, section 2.2). Returns dst. */
char *hub_cursor_sorted(const char *sort, int64_t value, struct oid after, char dst[HUB_CURSOR_SORTED]);

/* Read such a cursor: either base64 alphabet, padded or not. Returns 0, or -1 if it is of another form. */
int hub_cursor_parse(const char *s, size_t n, enum hub_order *order, struct oid *after);

enum hub_next { HUB_NEXT_NONE, HUB_NEXT_OK, HUB_NEXT_FOREIGN, HUB_NEXT_BROKEN };

/* Look for rel="next" in a Link header (several headers joined by commas), and take the cursor from its URL.
 *   cursor  gets the decoded cursor, terminated; "" unless HUB_NEXT_OK
 * HUB_NEXT_FOREIGN: another scheme, host, port or path than the list's; HUB_NEXT_BROKEN: no cursor in it, or too long.
 */
enum hub_next hub_next(const struct hub *h, enum kind kind, const char *link, size_t n, char cursor[HUB_CURSOR_MAX]);

/* The same for the list at `path` (behind the Hub's own, as "/api/models"): its next page has the same path. */
enum hub_next hub_next_path(const struct hub *h, const char *path, const char *link, size_t n,
			    char cursor[HUB_CURSOR_MAX]);

/* The path of a list of accounts, "/api/users/NAME/followers": whose is the name of an account, or the id of a
 * repository. Returns its length, or -1 if it does not fit n bytes. */
int hub_account_path(enum account_list list, const char *whose, size_t nwhose, char *dst, size_t n);

/* The URL of a page of it; cursor NULL: the first. Likewise. */
int hub_account_url(const struct hub *h, enum account_list list, const char *path, const char *cursor, char *dst,
		    size_t n);

/* What the two rate-limit headers say; -1: not said, or nonsense. */
struct hub_quota {
	int64_t left;     /* r: requests left */
	int64_t reset_s;  /* t: whole seconds until the quota is whole again */
	int64_t quota;    /* q: requests per window */
	int64_t window_s; /* w: length of the window */
};

/* Read `ratelimit` and `ratelimit-policy` (either may be NULL). Of several limits the one named "api", else the first.
 */
void hub_quota_parse(struct hub_quota *q, const char *limit, const char *policy);

/* Retry-After in ms from `now_s` (s since 1970): seconds, of which a part counts as one, or an HTTP date; -1 if
 * neither. At most a day. */
int64_t hub_retry_after(const char *s, int64_t now_s);

#endif
