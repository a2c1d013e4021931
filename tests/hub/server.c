/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "body.h"
#include "mix.h"
#include "refusal.h"
#include "stats.h"
#include "timer.h"

enum { USER_ANONYMOUS, USER_TOKEN, NUSER };
enum { BUCKET_API, BUCKET_PAGES, NBUCKET };
enum { DRIP_BYTES = 100 };
static const double drip_s = 0.1;

struct server {
	struct hub *hub;
	struct server_opts opts;
	struct MHD_Daemon *daemon;
	struct timer *timer;
	struct stats stats;
	atomic_bool stopping;
	pthread_mutex_t lock; /* of what follows */
	uint64_t number;      /* requests so far */
	struct quota_use use[NUSER][NBUCKET];
};

/* One request, from its first line to the end of its reply. */
struct exchange {
	struct server *server;
	struct MHD_Connection *connection;
	char *uri;
	uint64_t number;
	int phase; /* 0 fresh, 1 admitted, 2 waited */
	bool own_path, api, bad_token, token;
	struct quota_state quota;
	double came_s;
	/* the reply, made while its latency passes */
	struct MHD_Response *response;
	unsigned status;
	size_t nreply;
	/* a body that is sent bit by bit */
	char *body;
	size_t nbody, sent;
	bool slept;
	enum { SEND_ALL, SEND_DRIP, SEND_STALL, SEND_RESET } mode;
};

/* ---- admission ---- */

static const char *header(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

static void read_token(struct exchange *x)
{
	const char *a = header(x->connection, "Authorization");
	if (!a)
		return;
	x->token = x->server->opts.token && !strncasecmp(a, "Bearer ", 7) && !strcmp(a + 7, x->server->opts.token);
	x->bad_token = !x->token;
}

static void admit(struct exchange *x)
{
	struct server *s = x->server;
	const struct quota *q[NUSER][NBUCKET] = { { &s->opts.quota, &s->opts.page_quota },
						  { &s->opts.token_quota, &s->opts.token_page_quota } };
	x->own_path = !strncmp(x->uri, "/.hubsim/", 9);
	x->api = !strncmp(x->uri, "/api/", 5);
	read_token(x);
	if (x->own_path)
		return;
	int user = x->token ? USER_TOKEN : USER_ANONYMOUS, bucket = x->api ? BUCKET_API : BUCKET_PAGES;
	pthread_mutex_lock(&s->lock);
	x->number = ++s->number;
	x->came_s = timer_now();
	x->quota = quota_take(q[user][bucket], &s->use[user][bucket], x->came_s);
	pthread_mutex_unlock(&s->lock);
}

static double latency(const struct exchange *x)
{
	const struct server_opts *o = &x->server->opts;
	return o->latency_lo_s +
	       (o->latency_hi_s - o->latency_lo_s) * mix_unit(mix_nth(mix_nth(o->seed, 8000), x->number));
}

static bool fault(const struct exchange *x, enum fault f)
{
	return x->api && fault_hits(&x->server->hub->faults, f, x->number);
}

/* ---- bodies ---- */

/* A reply that takes the place of the answer. */
static bool answer_fault(const struct exchange *x, struct reply *r)
{
	if (fault(x, FAULT_504))
		refusal_gateway(r, 504, "504 Gateway Time-out");
	else if (fault(x, FAULT_502))
		refusal_gateway(r, 502, "502 Bad Gateway");
	else if (fault(x, FAULT_500))
		reply_error(r, 500, "Internal Error - We're working hard to fix this as soon as possible!");
	else if (fault(x, FAULT_HTML))
		refusal_gateway(r, 200, "Hugging Face");
	else if (fault(x, FAULT_NOT_JSON))
		reply_text(r, 200, TYPE_JSON, "upstream request timeout");
	else if (fault(x, FAULT_REDIRECT))
		refusal_redirect(r);
	else
		return false;
	return true;
}

struct param_list {
	struct param *p;
	int n, max;
};

static enum MHD_Result add_param(void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct param_list *list = cls;
	(void)kind;
	if (list->n < list->max)
		list->p[list->n++] = (struct param){ key, value ? value : "" };
	return MHD_YES;
}

enum { PARAMS = 128 };

static void answer(const struct exchange *x, const char *path, const char *method, struct reply *r)
{
	struct param params[PARAMS];
	struct param_list list = { params, 0, PARAMS };
	struct request q = { .path = path,
			     .params = params,
			     .host = header(x->connection, "Host"),
			     .token = x->token,
			     .number = x->number };
	if (x->own_path) {
		if (!strcmp(path, "/.hubsim/stats"))
			stats_json(&x->server->stats, &r->body);
		else
			reply_error(r, 404, "hubsim has only /.hubsim/stats");
	} else if (!x->quota.allowed) {
		refusal_quota(r, &x->quota, x->token, x->api);
	} else if (x->bad_token) {
		reply_error(r, 401, "Invalid credentials in Authorization header");
		reply_header(r, "x-error-message", "Invalid credentials in Authorization header");
	} else if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
		reply_error(r, 405, "Method not allowed");
	} else if (!answer_fault(x, r)) {
		MHD_get_connection_values(x->connection, MHD_GET_ARGUMENT_KIND, add_param, &list);
		q.nparam = list.n;
		hub_answer(x->server->hub, &q, r);
		if (fault(x, FAULT_TRUNCATE) && r->status == 200)
			r->body.n /= 2;
	}
}

/* ---- headers ---- */

static void rate_headers(const struct exchange *x, struct MHD_Response *m)
{
	char text[96];
	const char *bucket = x->api ? "api" : "pages";
	unsigned long long r = x->quota.r, q = x->quota.q;
	unsigned t = x->quota.t;
	if (x->own_path || fault(x, FAULT_NO_RATELIMIT))
		return;
	if (fault(x, FAULT_NONSENSE_RATELIMIT)) {
		static const char *const nonsense[] = { "\"api\";r=-5;t=99999999999999999999", "soon",
							"\"api\";r=;t=", "r=1e9", "\"api\";r=0;t=0" };
		MHD_add_response_header(m, "ratelimit", nonsense[x->number % 5]);
		MHD_add_response_header(m, "ratelimit-policy",
					x->number & 1 ? "\"fixed window\";\"api\";q=0;w=0" : "\"fixed window\"");
		return;
	}
	if (fault(x, FAULT_STALE_RATELIMIT)) {
		r = r + 29 < q ? r + 29 : q;
		t = t + 29 < x->quota.w ? t + 29 : x->quota.w;
		MHD_add_response_header(m, "age", "29");
	}
	snprintf(text, sizeof text, "\"%s\";r=%llu;t=%u", bucket, r, t);
	MHD_add_response_header(m, "ratelimit", text);
	snprintf(text, sizeof text, "\"fixed window\";\"%s\";q=%llu;w=%u", bucket, q, x->quota.w);
	MHD_add_response_header(m, "ratelimit-policy", text);
}

static void common_headers(const struct exchange *x, struct MHD_Response *m, const struct reply *r)
{
	char text[64];
	uint64_t h = mix_nth(x->server->opts.seed, 9000 + x->number);
	MHD_add_response_header(m, "content-type", r->type);
	MHD_add_response_header(m, "x-powered-by", "huggingface-moon");
	snprintf(text, sizeof text, "Root=1-%08x-%08x%016llx", (unsigned)(h >> 32), (unsigned)x->number,
		 (unsigned long long)mix64(h));
	MHD_add_response_header(m, "x-request-id", text);
	MHD_add_response_header(m, "cross-origin-opener-policy", "same-origin");
	MHD_add_response_header(m, "referrer-policy", "strict-origin-when-cross-origin");
	MHD_add_response_header(m, "access-control-max-age", "86400");
	MHD_add_response_header(m, "access-control-allow-origin", "https://huggingface.co");
	MHD_add_response_header(m, "vary", x->server->opts.gzip ? "Origin, Accept-Encoding" : "Origin");
	MHD_add_response_header(m, "access-control-expose-headers",
				"X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,"
				"Accept-Ranges,Content-Range,X-Linked-Size,"
				"X-Linked-ETag,X-Xet-Hash");
	for (int i = 0; i < r->nheader; i++)
		MHD_add_response_header(m, r->name[i], r->value[i]);
	rate_headers(x, m);
}

/* ---- sending ---- */

static bool gzip_wanted(const struct exchange *x)
{
	const char *a = header(x->connection, "Accept-Encoding");
	const char *g = a ? strcasestr(a, "gzip") : NULL;
	return x->server->opts.gzip && g && strncmp(g + 4, ";q=0", 4) != 0;
}

/* Suspend until the timer wakes the connection. */
static void sleep_for(struct exchange *x, double s)
{
	MHD_suspend_connection(x->connection);
	if (!timer_at(x->server->timer, timer_now() + s, x->connection))
		MHD_resume_connection(x->connection);
}

static void wake(void *connection)
{
	MHD_resume_connection(connection);
}

/* The bodies that do not come at once. */
static ssize_t send_some(void *cls, uint64_t pos, char *out, size_t max)
{
	struct exchange *x = cls;
	size_t left = x->nbody - (size_t)pos, n = left < max ? left : max;
	if (x->server->stopping || (x->mode == SEND_RESET && pos >= x->nbody / 2))
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (x->mode == SEND_RESET && n > x->nbody / 2 - (size_t)pos)
		n = x->nbody / 2 - (size_t)pos;
	if (x->mode == SEND_STALL && pos > 0) {
		sleep_for(x, 3600);
		return 0;
	}
	if (x->mode == SEND_DRIP && pos > 0 && !x->slept) {
		x->slept = true;
		sleep_for(x, drip_s);
		return 0;
	}
	x->slept = false;
	if (x->mode != SEND_RESET && n > DRIP_BYTES)
		n = DRIP_BYTES;
	memcpy(out, x->body + pos, n);
	return (ssize_t)n;
}

static struct MHD_Response *make_response(struct exchange *x, struct reply *r)
{
	size_t n = r->body.n;
	char *p = r->body.p;
	memset(&r->body, 0, sizeof r->body);
	if (x->mode == SEND_ALL)
		return MHD_create_response_from_buffer(n, p, MHD_RESPMEM_MUST_FREE);
	x->body = p;
	x->nbody = n;
	return MHD_create_response_from_callback(n, 4096, send_some, x, NULL);
}

static void note(struct exchange *x, const char *method, unsigned status, size_t bytes)
{
	struct sighting v = { method,
			      x->uri,
			      header(x->connection, "User-Agent"),
			      header(x->connection, "Authorization") != NULL,
			      status,
			      x->came_s,
			      bytes };
	if (!x->own_path)
		stats_note(&x->server->stats, &v);
}

/* A connection that ends with RST instead of FIN (SO_LINGER 0). */
static void linger_off(struct exchange *x)
{
	const union MHD_ConnectionInfo *ci = MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct linger l = { 1, 0 };
	if (ci)
		setsockopt(ci->connect_fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
}

/* A reset of every second one comes before the reply. */
static bool is_cut_at_once(const struct exchange *x)
{
	return fault(x, FAULT_RESET) && x->quota.allowed && x->number % 2;
}

static void make_reply(struct exchange *x, const char *path, const char *method)
{
	struct reply r;
	char tag[ETAG_TEXT];

	reply_init(&r);
	answer(x, path, method, &r);
	if (r.status == 200 && x->quota.allowed)
		x->mode = fault(x, FAULT_RESET) ? SEND_RESET
			: fault(x, FAULT_STALL) ? SEND_STALL
			: fault(x, FAULT_DRIP)  ? SEND_DRIP
						: SEND_ALL;
	uint64_t hash = body_hash(&r.body);
	body_etag(&r.body, hash, tag);
	bool packed = gzip_wanted(x) && body_gzip(&r.body, hash, x->server->hub->cache);
	x->status = r.status;
	x->nreply = r.body.n;
	x->response = make_response(x, &r);
	if (x->response && packed)
		MHD_add_response_header(x->response, "content-encoding", "gzip");
	if (x->response) {
		MHD_add_response_header(x->response, "etag", tag);
		common_headers(x, x->response, &r);
	}
	reply_release(&r);
}

static enum MHD_Result send_reply(struct exchange *x, const char *method)
{
	if (fault(x, FAULT_RESET) && x->quota.allowed)
		linger_off(x);
	if (is_cut_at_once(x))
		note(x, method, 0, 0);
	if (is_cut_at_once(x) || !x->response)
		return MHD_NO;
	note(x, method, x->mode == SEND_RESET ? 0 : x->status, x->nreply);
	return MHD_queue_response(x->connection, x->status, x->response);
}

/* ---- libmicrohttpd's callbacks ---- */

static void *on_uri(void *cls, const char *uri, struct MHD_Connection *c)
{
	struct exchange *x = mem_new(sizeof *x);
	x->server = cls;
	x->connection = c;
	x->uri = mem_str(uri);
	stats_enter(&x->server->stats);
	return x;
}

static void on_completed(void *cls, struct MHD_Connection *c, void **con, enum MHD_RequestTerminationCode why)
{
	struct exchange *x = *con;
	(void)cls;
	(void)c;
	(void)why;
	if (!x)
		return;
	stats_leave(&x->server->stats);
	if (x->response)
		MHD_destroy_response(x->response);
	free(x->body);
	free(x->uri);
	free(x);
	*con = NULL;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *url, const char *method,
				  const char *version, const char *upload, size_t *nupload, void **con)
{
	struct exchange *x = *con;
	(void)cls;
	(void)c;
	(void)version;
	(void)upload;
	if (x->phase == 0) {
		x->phase = 1;
		admit(x);
		return MHD_YES;
	}
	if (*nupload) { /* a body is read and forgotten */
		*nupload = 0;
		return MHD_YES;
	}
	if (x->phase == 1) {
		double wait;

		x->phase = 2;
		make_reply(x, url, method);
		wait = x->own_path ? 0 : x->came_s + latency(x) - timer_now();
		if (wait > 0) {
			sleep_for(x, wait);
			return MHD_YES;
		}
	}
	return send_reply(x, method);
}

static void quiet(void *cls, const char *fmt, va_list ap)
{
	(void)cls;
	(void)fmt;
	(void)ap;
}

static struct MHD_Daemon *listen_on(struct server *s)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)s->opts.port) };
	a.sin_addr.s_addr = htonl(s->opts.address);
	/* A pool of one thread is no pool to libmicrohttpd. */
	enum MHD_OPTION pool = s->opts.threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END;
	return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, (uint16_t)s->opts.port, NULL,
				NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, quiet, NULL, MHD_OPTION_SOCK_ADDR,
				(struct sockaddr *)&a, MHD_OPTION_URI_LOG_CALLBACK, on_uri, s,
				MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				(size_t)65536, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U, pool, s->opts.threads,
				MHD_OPTION_END);
}

static const char *dotted(uint32_t address, char name[INET_ADDRSTRLEN])
{
	struct in_addr a = { .s_addr = htonl(address) };
	return inet_ntop(AF_INET, &a, name, INET_ADDRSTRLEN);
}

struct server *server_start(struct hub *hub, const struct server_opts *o, char *text, size_t ntext)
{
	char name[INET_ADDRSTRLEN];
	struct server *s = mem_new(sizeof *s);
	s->hub = hub;
	s->opts = *o;
	pthread_mutex_init(&s->lock, NULL);
	if (stats_init(&s->stats, o->log)) {
		snprintf(text, ntext, "cannot write the log '%.100s': %s", o->log, strerror(errno));
		goto fail;
	}
	s->stats.log_times = o->log_times;
	s->timer = timer_create_thread(wake);
	s->daemon = listen_on(s);
	if (!s->daemon) {
		snprintf(text, ntext, "cannot listen on %s, port %u: %s", dotted(o->address, name), o->port,
			 strerror(errno));
		timer_drain(s->timer);
		goto fail;
	}
	hub->port = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
	snprintf(hub->base, sizeof hub->base, "http://%s:%u", dotted(o->address, name), hub->port);
	return s;
fail:
	timer_free(s->timer);
	stats_release(&s->stats);
	pthread_mutex_destroy(&s->lock);
	free(s);
	return NULL;
}

void server_stop(struct server *s)
{
	if (!s)
		return;
	/* No suspended connection may be left when the daemon stops. */
	s->stopping = true;
	timer_drain(s->timer);
	MHD_stop_daemon(s->daemon);
	timer_free(s->timer);
	stats_release(&s->stats);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
