/* SPDX-License-Identifier: Apache-2.0 */
/* What the server saw, for tests: counters at /.hubsim/stats, and one line per request in the log. */
#ifndef HUB_STATS_H
#define HUB_STATS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "buf.h"

enum path_class { PATH_LIST, PATH_REPO, PATH_PAGE, PATH_OVERVIEW, PATH_ACCOUNTS, PATH_OTHER, NPATH };

struct stats {
	pthread_mutex_t lock;
	FILE *log;      /* NULL: none */
	bool log_times; /* when each came, too */
	double start_s;
	uint64_t requests, bytes, refused, broken;
	uint64_t by_status[600];
	uint64_t by_class[NPATH];
	int in_flight, max_in_flight;
};

struct sighting {
	const char *method, *uri, *agent; /* uri as it came on the wire */
	bool authorized;                  /* an Authorization header came; its value is nowhere kept */
	unsigned status;                  /* 0: the connection was broken on purpose */
	double came_s;                    /* timer_now() when it was counted */
	uint64_t bytes;
};

/* Returns 0, or -1 with errno: the log cannot be written. */
int stats_init(struct stats *s, const char *log_path);
void stats_release(struct stats *s);

void stats_enter(struct stats *s);
void stats_leave(struct stats *s);
void stats_note(struct stats *s, const struct sighting *v);
void stats_json(struct stats *s, struct buf *b);

#endif
