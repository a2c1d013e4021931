// SPDX-License-Identifier: Apache-2.0
#include "crawler/hub.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A text that grows to a fixed end; `full` once something did not fit. */
struct out {
	char *at;
	size_t left;
	int full;
};

static void put_bytes(struct out *o, const char *s, size_t n)
{
	if (n >= o->left) {
		o->full = 1;
		return;
	}
	memcpy(o->at, s, n);
	o->at += n;
	o->left -= n;
	*o->at = '\0';
}

static void put(struct out *o, const char *s)
{
	put_bytes(o, s, strlen(s));
}

/* RFC 3986: everything but the unreserved characters is written as %XX. */
static void put_encoded(struct out *o, const char *s)
{
	static const char digit[] = "0123456789ABCDEF";

	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (isalnum(c) || strchr("-._~", c))
			put_bytes(o, s, 1);
		else
			put_bytes(o, (char[]){ '%', digit[c >> 4], digit[c & 15] }, 3);
	}
}

static int is_loopback(const char *host)
{
	unsigned a, b, c, d;
	char rest;

	if (!strcmp(host, "localhost") || !strcmp(host, "::1"))
		return 1;
	return sscanf(host, "%3u.%3u.%3u.%3u%c", &a, &b, &c, &d, &rest) == 4 && a == 127 && b < 256 && c < 256 &&
	       d < 256;
}

/* Where the host and the port of a URL lie. */
struct authority {
	const char *host;
	size_t nhost;
	int port; /* the scheme's own if none is written */
	int tls;
	const char *path; /* behind it */
};

/* Digits of a port. Returns 0 when they are none. */
static int port_parse(const char *s, size_t n)
{
	int port = 0;

	if (n == 0 || n > 5)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (!isdigit((unsigned char)s[i]))
			return 0;
		port = port * 10 + (s[i] - '0');
	}
	return port <= 65535 ? port : 0;
}

static int authority_parse(struct authority *a, const char *url, size_t n)
{
	const char *end = url + n, *p, *host_end;

	if (n > 8 && !strncasecmp(url, "https://", 8))
		a->tls = 1, p = url + 8;
	else if (n > 7 && !strncasecmp(url, "http://", 7))
		a->tls = 0, p = url + 7;
	else
		return -1;
	a->port = a->tls ? 443 : 80;
	for (a->path = p; a->path < end && !strchr("/?#", *a->path); a->path++)
		if (*a->path == '@' || *a->path == '\\')
			return -1;
	host_end = a->path;
	if (*p == '[') {
		const char *close = memchr(p, ']', (size_t)(a->path - p));

		if (!close)
			return -1;
		a->host = p + 1;
		a->nhost = (size_t)(close - p - 1);
		p = close + 1;
	} else {
		const char *colon = memchr(p, ':', (size_t)(a->path - p));

		a->host = p;
		a->nhost = (size_t)((colon ? colon : host_end) - p);
		p += a->nhost;
	}
	if (p < host_end && (*p != ':' || !(a->port = port_parse(p + 1, (size_t)(host_end - p - 1)))))
		return -1;
	return a->nhost > 0 && a->nhost < 254 ? 0 : -1;
}

int hub_parse(struct hub *h, const char *url, struct err *e)
{
	struct authority a;
	size_t n = strlen(url);

	*h = (struct hub){ .port = 0 };
	while (n > 0 && url[n - 1] == '/')
		n--;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)url[i] <= ' ' || (unsigned char)url[i] >= 0x7F || strchr("?#\"<>\\^`{|}%", url[i]))
			return err_set(e, E_USAGE, "'%s' is not the address of a Hub: give https://HOST[:PORT][/PATH]",
				       url);
	if (authority_parse(&a, url, n) || n >= sizeof h->base - 1)
		return err_set(e, E_USAGE, "'%s' is not the address of a Hub: give https://HOST[:PORT][/PATH]", url);
	memcpy(h->host, a.host, a.nhost);
	memcpy(h->base, url, n);
	for (char *c = h->host; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	for (char *c = h->base; c < h->base + (a.path - url); c++)
		*c = (char)tolower((unsigned char)*c);
	h->path = h->base + (a.path - url);
	h->port = a.port;
	h->tls = a.tls;
	h->loopback = is_loopback(h->host);
	return E_OK;
}

int hub_is_same_origin(const struct hub *h, const char *url, size_t n)
{
	struct authority a;

	if (authority_parse(&a, url, n))
		return 0;
	return a.tls == h->tls && a.port == h->port && a.nhost == strlen(h->host) &&
	       !strncasecmp(a.host, h->host, a.nhost);
}

int hub_stays(const struct hub *h, const char *location, size_t n)
{
	if (n > 0 && location[0] == '/')
		return n < 2 || location[1] != '/';
	return hub_is_same_origin(h, location, n);
}

/* Each member once, although two columns may come from the same one. */
static void put_expand(struct out *o, const struct hub_list *l)
{
	for (int f = 0; f < NFIELDS; f++) {
		int seen = 0;

		if (!(l->fields >> f & 1) || !schema_has(l->kind, (enum field)f) || !schema[f].expand ||
		    schema[f].flags & COL_IMPLICIT)
			continue;
		for (int g = 0; g < f; g++)
			seen |= (l->fields >> g & 1) && schema_has(l->kind, (enum field)g) && schema[g].expand &&
				!strcmp(schema[g].expand, schema[f].expand);
		if (!seen) {
			put(o, "&expand[]=");
			put_encoded(o, schema[f].expand);
		}
	}
}

int hub_list_url(const struct hub *h, const struct hub_list *l, char *dst, size_t n)
{
	struct out o = { dst, n, n == 0 };
	char head[96];

	if (n > 0)
		*dst = '\0';
	put(&o, h->base);
	snprintf(head, sizeof head, "/api/%s?limit=%d&sort=%s&direction=%s", kind_name[l->kind], l->limit,
		 l->sort ? l->sort : "createdAt", l->order == HUB_ASC ? "1" : "-1");
	put(&o, head);
	put_expand(&o, l);
	if (l->author && *l->author) {
		put(&o, "&author=");
		put_encoded(&o, l->author);
	}
	for (int i = 0; i < l->ntag; i++) {
		put(&o, "&filter=");
		put_encoded(&o, l->tag[i]);
	}
	if (l->cursor) {
		put(&o, "&cursor=");
		put_encoded(&o, l->cursor);
	}
	return o.full ? -1 : (int)(o.at - dst);
}

/* --- lists of accounts --- */

/* Where each is, and how many rows of it are asked for (0: as many as the Hub gives): followers come by 500 whatever is
 * asked (API notes, section 5). */
static const struct {
	const char *of, *what;
	int limit;
} account_path[NACCOUNT_LISTS] = {
	[LIST_OVERVIEW] = { "users", "overview", 0 },
	[LIST_MEMBERS] = { "organizations", "members", 1000 },
	[LIST_ORG_FOLLOWERS] = { "organizations", "followers", 0 },
	[LIST_FOLLOWERS] = { "users", "followers", 0 },
	[LIST_FOLLOWING] = { "users", "following", 0 },
	[LIST_LIKERS_MODEL] = { "models", "likers", 1000 },
	[LIST_LIKERS_DATASET] = { "datasets", "likers", 1000 },
	[LIST_LIKERS_SPACE] = { "spaces", "likers", 1000 },
};

int hub_account_path(enum account_list list, const char *whose, size_t nwhose, char *dst, size_t n)
{
	char one[2] = "";
	struct out o = { dst, n, n == 0 };

	put(&o, "/api/");
	put(&o, account_path[list].of);
	put(&o, "/");
	for (size_t i = 0; i < nwhose; i++) {
		one[0] = whose[i];
		if (one[0] == '/' || one[0] == '\0')
			put_bytes(&o, one, 1);
		else
			put_encoded(&o, one);
	}
	put(&o, "/");
	put(&o, account_path[list].what);
	return o.full ? -1 : (int)(o.at - dst);
}

int hub_account_url(const struct hub *h, enum account_list list, const char *path, const char *cursor, char *dst,
		    size_t n)
{
	struct out o = { dst, n, n == 0 };
	char limit[32];

	put(&o, h->base);
	put(&o, path);
	snprintf(limit, sizeof limit, "limit=%d", account_path[list].limit);
	if (account_path[list].limit || cursor)
		put(&o, "?");
	if (account_path[list].limit)
		put(&o, limit);
	if (cursor) {
		put(&o, account_path[list].limit ? "&cursor=" : "cursor=");
		put_encoded(&o, cursor);
	}
	return o.full ? -1 : (int)(o.at - dst);
}

int hub_total_url(const struct hub *h, enum kind kind, char *dst, size_t n)
{
	int len = snprintf(dst, n, "%s/%s-json?p=0&sort=trending&withCount=true", h->base, kind_name[kind]);

	return len < 0 || (size_t)len >= n ? -1 : len;
}

/* --- cursors --- */

/* Standard base64 with padding (RFC 4648, section 4); dst has room for 4 * ((n + 2) / 3) + 1. */
static char *base64(const char *text, size_t n, char *dst)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *o = dst;

	for (size_t i = 0; i < n; i += 3) {
		unsigned x = 0;

		for (size_t k = 0; k < 3; k++)
			x = x << 8 | (i + k < n ? (unsigned char)text[i + k] : 0u);
		for (int k = 0; k < 4; k++)
			*o++ = i + (size_t)k <= n ? digit[x >> (18 - 6 * k) & 63] : '=';
	}
	*o = '\0';
	return dst;
}

char *hub_cursor_make(enum hub_order order, struct oid after, char dst[HUB_CURSOR_ID])
{
	char hex[OID_HEX + 1], text[48];
	int n = snprintf(text, sizeof text, "{\"_id\":{\"$%s\":\"%s\"}}", order == HUB_ASC ? "gt" : "lt",
			 oid_hex(after, hex));

	return base64(text, (size_t)n, dst);
}

char *hub_cursor_sorted(const char *sort, int64_t value, struct oid after, char dst[HUB_CURSOR_SORTED])
{
	char hex[OID_HEX + 1], text[HUB_CURSOR_SORTED / 4 * 3];
	int n = snprintf(text, sizeof text,
			 "{\"$or\":[{\"%s\":%" PRId64 ",\"_id\":{\"$gt\":\"%s\"}},{\"%s\":{\"$lt\":%" PRId64
			 "}},{\"%s\":null}]}",
			 sort, value, oid_hex(after, hex), sort, value, sort);

	return base64(text, n < (int)sizeof text ? (size_t)n : sizeof text - 1, dst);
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	if (c == '/' || c == '_')
		return 63;
	return -1;
}

/* Decode at most cap bytes. Returns their number, or -1. */
static int base64_decode(const char *s, size_t n, char *dst, size_t cap)
{
	unsigned x = 0;
	int bits = 0;
	size_t o = 0;

	while (n > 0 && s[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n; i++) {
		int v = base64_value(s[i]);

		if (v < 0)
			return -1;
		x = (x << 6 | (unsigned)v) & 0xFFFFFF;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			if (o == cap)
				return -1;
			dst[o++] = (char)(x >> bits & 255);
		}
	}
	return (int)o;
}

int hub_cursor_parse(const char *s, size_t n, enum hub_order *order, struct oid *after)
{
	char text[48];
	int len = base64_decode(s, n, text, sizeof text);

	if (len != 42 || memcmp(text + 39, "\"}}", 3))
		return -1;
	if (!memcmp(text, "{\"_id\":{\"$gt\":\"", 15))
		*order = HUB_ASC;
	else if (!memcmp(text, "{\"_id\":{\"$lt\":\"", 15))
		*order = HUB_DESC;
	else
		return -1;
	return oid_parse(after, text + 15, OID_HEX);
}

/* --- Link --- */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 32);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decode %XX. Control characters are refused. Returns 0 or -1. */
static int percent_decode(const char *s, size_t n, char *dst, size_t cap)
{
	size_t o = 0;

	for (size_t i = 0; i < n; i++) {
		int c = (unsigned char)s[i];

		if (c == '%') {
			if (i + 2 >= n || hex_value(s[i + 1]) < 0 || hex_value(s[i + 2]) < 0)
				return -1;
			c = hex_value(s[i + 1]) << 4 | hex_value(s[i + 2]);
			i += 2;
		}
		if (c < 0x20 || c == 0x7F || o + 1 >= cap)
			return -1;
		dst[o++] = (char)c;
	}
	dst[o] = '\0';
	return o > 0 ? 0 : -1;
}

/* The value of the parameter "cursor" in the query of a URL. */
static int cursor_of(const char *url, size_t n, char cursor[HUB_CURSOR_MAX])
{
	const char *end = url + n, *p = memchr(url, '?', n);

	if (!p)
		return -1;
	while (p < end) {
		const char *amp;

		p++;
		amp = memchr(p, '&', (size_t)(end - p));
		if (!amp)
			amp = end;
		if (amp - p > 7 && !memcmp(p, "cursor=", 7))
			return percent_decode(p + 7, (size_t)(amp - p - 7), cursor, HUB_CURSOR_MAX);
		p = amp;
	}
	return -1;
}

static enum hub_next next_of(const struct hub *h, const char *path, const char *url, size_t n,
			     char cursor[HUB_CURSOR_MAX])
{
	size_t nbase = strlen(h->path), npath = strlen(path);
	struct authority a;

	if (authority_parse(&a, url, n) || !hub_is_same_origin(h, url, n))
		return HUB_NEXT_FOREIGN;
	if ((size_t)(url + n - a.path) <= nbase + npath || memcmp(a.path, h->path, nbase) != 0 ||
	    memcmp(a.path + nbase, path, npath) != 0 || a.path[nbase + npath] != '?')
		return HUB_NEXT_FOREIGN;
	if (cursor_of(url, n, cursor)) {
		cursor[0] = '\0';
		return HUB_NEXT_BROKEN;
	}
	return HUB_NEXT_OK;
}

/* Do the parameters of one link value, up to the comma that ends it, say rel=next? *end gets that comma or the end. */
static int is_rel_next(const char *p, const char *stop, const char **end)
{
	int quoted = 0, found = 0;

	for (; p < stop && (quoted || *p != ','); p++) {
		if (*p == '"')
			quoted = !quoted;
		if (quoted || *p != ';')
			continue;
		const char *q = p + 1;

		while (q < stop && (*q == ' ' || *q == '\t'))
			q++;
		found |= stop - q >= 10 && !strncasecmp(q, "rel=\"next\"", 10);
		found |= stop - q >= 8 && !strncasecmp(q, "rel=next", 8) && (stop - q == 8 || strchr(";, \t", q[8]));
	}
	*end = p;
	return found;
}

enum hub_next hub_next(const struct hub *h, enum kind kind, const char *link, size_t n, char cursor[HUB_CURSOR_MAX])
{
	char path[32];

	snprintf(path, sizeof path, "/api/%s", kind_name[kind]);
	return hub_next_path(h, path, link, n, cursor);
}

enum hub_next hub_next_path(const struct hub *h, const char *path, const char *link, size_t n,
			    char cursor[HUB_CURSOR_MAX])
{
	const char *p = link, *stop = link + n;

	cursor[0] = '\0';
	while (p < stop && (p = memchr(p, '<', (size_t)(stop - p)))) {
		const char *close = memchr(p, '>', (size_t)(stop - p));
		const char *end;

		if (!close)
			break;
		if (is_rel_next(close + 1, stop, &end))
			return next_of(h, path, p + 1, (size_t)(close - p - 1), cursor);
		p = end;
	}
	return HUB_NEXT_NONE;
}
