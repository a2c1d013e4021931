/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP side: libmicrohttpd, tokens and quotas, headers, compression, latency, and the faults of transport. */
#ifndef HUB_SERVER_H
#define HUB_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hub.h"
#include "quota.h"

struct server_opts {
	unsigned port;    /* 0: a free one */
	uint32_t address; /* to listen on, IPv4, host's byte order */
	unsigned threads;
	bool gzip;
	double latency_lo_s, latency_hi_s; /* uniform in between */
	struct quota quota, page_quota;    /* anonymous: /api/, anything else */
	struct quota token_quota, token_page_quota;
	const char *token; /* NULL: no token is valid */
	const char *log;   /* NULL: none */
	bool log_times;
	uint64_t seed;
};

struct server;

/* Serves `hub` until server_stop(); fills in hub->base and hub->port. NULL: one line in text. */
struct server *server_start(struct hub *hub, const struct server_opts *o, char *text, size_t ntext);
void server_stop(struct server *s);

#endif
