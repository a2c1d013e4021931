// SPDX-License-Identifier: Apache-2.0
#include "crawler/fetch.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "io/given.h"
#include "io/json.h"

enum slot_state { SLOT_FREE, SLOT_FLYING, SLOT_DONE, SLOT_TAKEN };

struct slot {
	CURL *easy;
	struct fetch *owner;
	enum slot_state state;
	struct fetch_reply reply;
	char *body;
	size_t nbody, cap;
	size_t nheaders, nhead; /* nhead: as far as they were kept */
	char *head;             /* with keep_heads: FETCH_HEADERS_MAX bytes */
	const char *too_big;    /* why, NULL: it is not */
	char link[FETCH_LINK_MAX], location[2048], ratelimit[256], policy[256], retry_after[64];
	char why[CURL_ERROR_SIZE];
};

struct fetch {
	struct fetch_setup setup;
	CURLM *multi;
	struct curl_slist *headers; /* with the token, hence wiped */
	const char *token;          /* in them; NULL: none */
	struct slot *slot;
	size_t store; /* bytes taken of FETCH_STORE */
	int nflying;
};

int64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- callbacks --- */

/* Room for a page at once: what is not touched costs nothing, growing copies. */
#define BODY_FIRST ((size_t)1 << 20)

static const char larger[] = "larger than allowed";

/* What a body of this room takes of the store. */
static size_t beyond(size_t cap)
{
	return cap > FETCH_SLOT_OWN ? cap - FETCH_SLOT_OWN : 0;
}

/* Returns NULL, or why there is no room. */
static const char *grow(struct slot *s, size_t need)
{
	size_t cap = s->cap ? s->cap : BODY_FIRST, most = (size_t)s->owner->setup.body_max + JS_PADDING, store;
	char *p;

	while (cap < need + JS_PADDING)
		cap *= 2;
	if (cap > most) /* doubled, the largest would have twice the room that it may use */
		cap = most;
	if (cap <= s->cap)
		return NULL;
	store = s->owner->store - beyond(s->cap) + beyond(cap);
	if (store > FETCH_STORE)
		return "larger than there is room for beside other replies";
	p = realloc(s->body, cap);
	if (!p)
		return "no memory";
	s->owner->store = store;
	s->body = p;
	s->cap = cap;
	return NULL;
}

/* A monster's memory is not kept for the pages that follow. */
static void shrink(struct slot *s)
{
	if (s->cap <= FETCH_SLOT_OWN)
		return;
	s->owner->store -= beyond(s->cap);
	free(s->body);
	s->body = NULL;
	s->cap = 0;
}

/* curl decompresses before it calls this, so the cap holds for a bomb too; CURLOPT_MAXFILESIZE counts compressed bytes.
 */
static size_t on_body(char *data, size_t size, size_t n, void *to)
{
	struct slot *s = to;

	n *= size;
	s->too_big = n > (size_t)s->owner->setup.body_max - s->nbody ? larger : grow(s, s->nbody + n);
	if (s->too_big)
		return 0;
	memcpy(s->body + s->nbody, data, n);
	s->nbody += n;
	return n;
}

/* The value of a header line if it is the one named, else NULL. */
static const char *header_value(const char *line, size_t n, const char *name, size_t *len)
{
	size_t l = strlen(name);

	if (n <= l || strncasecmp(line, name, l) || line[l] != ':')
		return NULL;
	line += l + 1;
	n -= l + 1;
	while (n > 0 && (*line == ' ' || *line == '\t'))
		line++, n--;
	while (n > 0 && strchr("\r\n \t", line[n - 1]))
		n--;
	*len = n;
	return line;
}

/* Repeated headers are joined by a comma (RFC 9110, 5.3); what does not fit is left out. */
static void keep(char *dst, size_t cap, const char *v, size_t n)
{
	size_t have = strlen(dst), comma = have ? 2 : 0;

	if (memchr(v, '\0', n) || have + comma + n + 1 > cap)
		return;
	memcpy(dst + have, ", ", comma);
	memcpy(dst + have + comma, v, n);
	dst[have + comma + n] = '\0';
}

static size_t on_header(char *data, size_t size, size_t n, void *to)
{
	struct slot *s = to;
	const char *v;
	size_t len;

	n *= size;
	s->nheaders += n;
	if (s->nheaders > FETCH_HEADERS_MAX) {
		s->too_big = larger;
		return 0;
	}
	if (s->head) {
		memcpy(s->head + s->nhead, data, n);
		s->nhead = s->nheaders;
	}
	if ((v = header_value(data, n, "link", &len)))
		keep(s->link, sizeof s->link, v, len);
	else if ((v = header_value(data, n, "location", &len)))
		keep(s->location, sizeof s->location, v, len);
	else if ((v = header_value(data, n, "ratelimit", &len)))
		keep(s->ratelimit, sizeof s->ratelimit, v, len);
	else if ((v = header_value(data, n, "ratelimit-policy", &len)))
		keep(s->policy, sizeof s->policy, v, len);
	else if ((v = header_value(data, n, "retry-after", &len)))
		keep(s->retry_after, sizeof s->retry_after, v, len);
	else if ((v = header_value(data, n, "content-type", &len)))
		s->reply.is_json = len >= 16 && !strncasecmp(v, "application/json", 16);
	return n;
}

/* --- set-up --- */

#define SET(h, option, value) (void)curl_easy_setopt(h, option, value)

static void set_protocols(CURL *h, int tls)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	SET(h, CURLOPT_PROTOCOLS_STR, tls ? "https" : "http");
	SET(h, CURLOPT_REDIR_PROTOCOLS_STR, "");
#else
	SET(h, CURLOPT_PROTOCOLS, tls ? (long)CURLPROTO_HTTPS : (long)CURLPROTO_HTTP);
	SET(h, CURLOPT_REDIR_PROTOCOLS, 0L);
#endif
}

static void slot_setup(struct slot *s, const struct fetch_setup *f, struct curl_slist *headers)
{
	CURL *h = s->easy;
	long idle_s = (long)(f->timeout_ms / 3000);

	set_protocols(h, f->hub->tls);
	SET(h, CURLOPT_NOSIGNAL, 1L);
	SET(h, CURLOPT_FOLLOWLOCATION, 0L);
	SET(h, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(h, CURLOPT_PATH_AS_IS, 1L);
	SET(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	SET(h, CURLOPT_PIPEWAIT, f->hub->tls ? 1L : 0L);
	SET(h, CURLOPT_ACCEPT_ENCODING, "gzip");
	SET(h, CURLOPT_USERAGENT, f->user_agent);
	SET(h, CURLOPT_HTTPHEADER, headers);
	SET(h, CURLOPT_CONNECTTIMEOUT_MS, (long)(f->timeout_ms < 30000 ? f->timeout_ms : 30000));
	SET(h, CURLOPT_TIMEOUT_MS, (long)f->timeout_ms);
	SET(h, CURLOPT_LOW_SPEED_LIMIT, 1L);
	SET(h, CURLOPT_LOW_SPEED_TIME, idle_s > 1 ? idle_s : 1L);
	SET(h, CURLOPT_TCP_KEEPALIVE, 1L);
	SET(h, CURLOPT_BUFFERSIZE, 131072L);
	SET(h, CURLOPT_SSL_VERIFYPEER, 1L);
	SET(h, CURLOPT_SSL_VERIFYHOST, 2L);
	if (f->ca_file)
		SET(h, CURLOPT_CAINFO, f->ca_file);
	/* A proxy of the environment must not see requests to this very machine. */
	if (f->hub->loopback)
		SET(h, CURLOPT_NOPROXY, "*");
	SET(h, CURLOPT_WRITEFUNCTION, on_body);
	SET(h, CURLOPT_WRITEDATA, (void *)s);
	SET(h, CURLOPT_HEADERFUNCTION, on_header);
	SET(h, CURLOPT_HEADERDATA, (void *)s);
	SET(h, CURLOPT_ERRORBUFFER, s->why);
	SET(h, CURLOPT_PRIVATE, (void *)s);
}

static int make_headers(struct fetch *f, const char *token)
{
	static const char name[] = "Authorization: Bearer ";
	struct curl_slist *l = curl_slist_append(NULL, "Accept: application/json");
	char line[8192];

	f->headers = l;
	if (!l || !token || !*token)
		return l ? 0 : -1;
	snprintf(line, sizeof line, "%s%s", name, token);
	l = curl_slist_append(f->headers, line);
	explicit_bzero(line, sizeof line);
	if (l)
		f->token = f->headers->next->data + sizeof name - 1;
	return l ? 0 : -1;
}

int fetch_create(struct fetch **out, const struct fetch_setup *s, struct err *e)
{
	struct fetch *f;

	*out = NULL;
	if (s->token && *s->token && !s->hub->tls && !s->hub->loopback)
		return err_set(
			e, E_USAGE,
			"the token would go over plain http to '%s': use https, or set HF_HUB_DISABLE_IMPLICIT_TOKEN=1",
			s->hub->base);
	if (s->ca_file && given_check("ca-file", s->ca_file, GIVEN_MAX, e))
		return e->code;
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return err_set(e, E_IO, "cannot initialise libcurl");
	f = calloc(1, sizeof *f);
	if (!f)
		return err_set(e, E_NOMEM, "no memory for %d requests", s->nslots);
	*out = f;
	f->setup = *s;
	f->setup.token = NULL;
	if (f->setup.body_max <= 0)
		f->setup.body_max = FETCH_BODY_MAX;
	f->multi = curl_multi_init();
	f->slot = calloc((size_t)s->nslots, sizeof *f->slot);
	if (!f->multi || !f->slot || make_headers(f, s->token))
		return err_set(e, E_NOMEM, "no memory for %d requests", s->nslots);
	curl_multi_setopt(f->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	curl_multi_setopt(f->multi, CURLMOPT_MAXCONNECTS, (long)s->nslots);
	for (int i = 0; i < s->nslots; i++) {
		f->slot[i].owner = f;
		f->slot[i].easy = curl_easy_init();
		f->slot[i].head = s->keep_heads ? malloc(FETCH_HEADERS_MAX) : NULL;
		if (!f->slot[i].easy || (s->keep_heads && !f->slot[i].head))
			return err_set(e, E_NOMEM, "no memory for %d requests", s->nslots);
		slot_setup(f->slot + i, &f->setup, f->headers);
	}
	return E_OK;
}

void fetch_abort(struct fetch *f)
{
	for (int i = 0; i < f->setup.nslots; i++) {
		if (f->slot[i].state == SLOT_FLYING)
			curl_multi_remove_handle(f->multi, f->slot[i].easy);
		if (f->slot[i].state != SLOT_TAKEN) {
			f->slot[i].state = SLOT_FREE;
			shrink(f->slot + i);
		}
	}
	f->nflying = 0;
}

void fetch_free(struct fetch *f)
{
	if (!f)
		return;
	if (f->slot && f->multi)
		fetch_abort(f);
	for (int i = 0; f->slot && i < f->setup.nslots; i++) {
		curl_easy_cleanup(f->slot[i].easy);
		free(f->slot[i].body);
		free(f->slot[i].head);
	}
	for (struct curl_slist *l = f->headers; l; l = l->next)
		explicit_bzero(l->data, strlen(l->data));
	curl_slist_free_all(f->headers);
	curl_multi_cleanup(f->multi);
	free(f->slot);
	free(f);
}

/* --- requests --- */

static void slot_clear(struct slot *s, uint64_t tag)
{
	s->reply = (struct fetch_reply){ .tag = tag, .slot = (int)(s - s->owner->slot) };
	s->nbody = s->nheaders = s->nhead = 0;
	s->too_big = NULL;
	s->link[0] = s->location[0] = s->ratelimit[0] = s->policy[0] = s->retry_after[0] = s->why[0] = '\0';
}

/* A failure as others, so that it is tried again, and not for ever. */
static int not_sent(struct slot *s, enum fetch_failure failure, const char *why)
{
	s->reply.failure = failure;
	s->reply.why = why;
	s->reply.received_ms = clock_ms();
	s->reply.received_at_ms = clock_wall_ms();
	s->state = SLOT_DONE;
	return 0;
}

int fetch_start(struct fetch *f, const char *url, uint64_t tag)
{
	struct slot *s = NULL;

	for (int i = 0; i < f->setup.nslots && !s; i++)
		if (f->slot[i].state == SLOT_FREE)
			s = f->slot + i;
	if (!s)
		return -1;
	slot_clear(s, tag);
	s->reply.sent_ms = clock_ms();
	if (!hub_is_same_origin(f->setup.hub, url, strlen(url)))
		return not_sent(s, FETCH_UNFIT, "its URL is not the Hub's");
	if (curl_easy_setopt(s->easy, CURLOPT_URL, url) != CURLE_OK ||
	    curl_multi_add_handle(f->multi, s->easy) != CURLM_OK)
		return not_sent(s, FETCH_BROKEN, "libcurl has no memory for a request");
	s->state = SLOT_FLYING;
	f->nflying++;
	return 0;
}

static enum fetch_failure classify(const struct slot *s, CURLcode rc)
{
	if (s->too_big)
		return FETCH_TOO_BIG;
	switch (rc) {
	case CURLE_OK:
		return FETCH_OK;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
		return FETCH_NO_CONNECTION;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
		return FETCH_TLS;
	case CURLE_OPERATION_TIMEDOUT:
		return FETCH_TIMEOUT;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
		return FETCH_UNFIT;
	default:
		return FETCH_BROKEN;
	}
}

static void finish(struct fetch *f, struct slot *s, CURLcode rc)
{
	struct fetch_reply *r = &s->reply;
	curl_off_t wire = 0;
	long status = 0;

	curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(s->easy, CURLINFO_SIZE_DOWNLOAD_T, &wire);
	curl_multi_remove_handle(f->multi, s->easy);
	f->nflying--;
	s->state = SLOT_DONE;
	r->received_ms = clock_ms();
	r->received_at_ms = clock_wall_ms();
	r->failure = classify(s, rc);
	r->why = s->too_big ? s->too_big : *s->why ? s->why : curl_easy_strerror(rc);
	r->status = r->failure == FETCH_OK ? (int)status : 0;
	r->wire = (int64_t)wire;
}

void fetch_poll(struct fetch *f, int wait_ms)
{
	CURLMsg *m;
	int running, left;

	curl_multi_perform(f->multi, &running);
	if (running == f->nflying && wait_ms > 0) {
		curl_multi_poll(f->multi, NULL, 0, wait_ms, NULL);
		curl_multi_perform(f->multi, &running);
	}
	while ((m = curl_multi_info_read(f->multi, &left))) {
		struct slot *s = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&s);
		finish(f, s, m->data.result);
	}
}

/* No redirect is followed, so this is what was asked for. */
static const char *url_of(const struct slot *s)
{
	char *url = NULL;

	curl_easy_getinfo(s->easy, CURLINFO_EFFECTIVE_URL, &url);
	return url ? url : "";
}

/* A Hub that repeats the token must not bring it into a file or a message: an x for each letter, wherever it stands. */
static void mask_token(char *text, size_t n, const char *token)
{
	size_t len = strlen(token);
	char *end = text + n, *at;

	while ((at = memmem(text, (size_t)(end - text), token, len))) {
		memset(at, 'x', len);
		text = at + len;
	}
}

static void mask_reply(struct slot *s)
{
	char *header[] = { s->link, s->location, s->ratelimit, s->policy, s->retry_after };
	const char *token = s->owner->token;

	if (!token)
		return;
	if (s->body)
		mask_token(s->body, s->nbody, token);
	if (s->head)
		mask_token(s->head, s->nhead, token);
	for (size_t i = 0; i < sizeof header / sizeof *header; i++)
		mask_token(header[i], strlen(header[i]), token);
}

const struct fetch_reply *fetch_next(struct fetch *f)
{
	static const char nothing[JS_PADDING + 1];

	for (int i = 0; i < f->setup.nslots; i++) {
		struct slot *s = f->slot + i;

		if (s->state != SLOT_DONE)
			continue;
		s->state = SLOT_TAKEN;
		if (s->body)
			memset(s->body + s->nbody, 0, JS_PADDING);
		mask_reply(s);
		s->reply.body = s->body ? s->body : nothing;
		s->reply.nbody = s->nbody;
		s->reply.url = url_of(s);
		s->reply.head = s->head;
		s->reply.nhead = s->nhead;
		s->reply.link = s->link;
		s->reply.nlink = strlen(s->link);
		s->reply.location = s->location;
		s->reply.ratelimit = s->ratelimit;
		s->reply.policy = s->policy;
		s->reply.retry_after = s->retry_after;
		return &s->reply;
	}
	return NULL;
}

void fetch_release(struct fetch *f, const struct fetch_reply *r)
{
	struct slot *s = f->slot + r->slot;

	shrink(s);
	s->state = SLOT_FREE;
}

int fetch_has_token(const struct fetch *f)
{
	return f->token != NULL;
}

int fetch_flying(const struct fetch *f)
{
	return f->nflying;
}
