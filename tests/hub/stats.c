/* SPDX-License-Identifier: Apache-2.0 */
#include "stats.h"

#include <string.h>

#include "timer.h"

static const char *const class_name[NPATH] = { "list", "repository", "page", "overview", "accounts", "other" };

int stats_init(struct stats *s, const char *log_path)
{
	memset(s, 0, sizeof *s);
	pthread_mutex_init(&s->lock, NULL);
	s->start_s = timer_now();
	if (log_path && !(s->log = fopen(log_path, "we")))
		return -1;
	if (s->log)
		setvbuf(s->log, NULL, _IOLBF, 1 << 14); /* tests read it while it is written */
	return 0;
}

void stats_release(struct stats *s)
{
	if (s->log)
		fclose(s->log);
	pthread_mutex_destroy(&s->lock);
}

void stats_enter(struct stats *s)
{
	pthread_mutex_lock(&s->lock);
	if (++s->in_flight > s->max_in_flight)
		s->max_in_flight = s->in_flight;
	pthread_mutex_unlock(&s->lock);
}

void stats_leave(struct stats *s)
{
	pthread_mutex_lock(&s->lock);
	s->in_flight--;
	pthread_mutex_unlock(&s->lock);
}

static enum path_class classify(const char *uri)
{
	size_t n = strcspn(uri, "?");
	if (strncmp(uri, "/api/", 5) != 0)
		return n > 5 && !memcmp(uri + n - 5, "-json", 5) ? PATH_PAGE : PATH_OTHER;
	if (n > 9 && !memcmp(uri + n - 9, "/overview", 9))
		return PATH_OVERVIEW;
	if (!strncmp(uri, "/api/users/", 11) || !strncmp(uri, "/api/organizations/", 19) ||
	    (n > 7 && !memcmp(uri + n - 7, "/likers", 7)))
		return PATH_ACCOUNTS;
	const char *rest = uri + 5 + strcspn(uri + 5, "/?");
	if (strncmp(uri + 5, "models", 6) != 0 && strncmp(uri + 5, "datasets", 8) != 0 &&
	    strncmp(uri + 5, "spaces", 6) != 0)
		return PATH_OTHER;
	return *rest == '/' ? PATH_REPO : PATH_LIST;
}

void stats_note(struct stats *s, const struct sighting *v)
{
	pthread_mutex_lock(&s->lock);
	s->requests++;
	s->bytes += v->bytes;
	s->by_status[v->status < 600 ? v->status : 0]++;
	s->by_class[classify(v->uri)]++;
	s->refused += v->status == 429;
	s->broken += v->status == 0;
	if (s->log && s->log_times)
		fprintf(s->log, "%.6f ", v->came_s - s->start_s);
	if (s->log)
		fprintf(s->log, "%.6f %u %s %s %s %s\n", timer_now() - s->start_s, v->status, v->method, v->uri,
			v->authorized ? "yes" : "no", v->agent ? v->agent : "-");
	pthread_mutex_unlock(&s->lock);
}

void stats_json(struct stats *s, struct buf *b)
{
	const char *sep = "";
	pthread_mutex_lock(&s->lock);
	buf_fmt(b, "{\"broken\":%llu,\"bytes\":%llu,\"by_class\":{", (unsigned long long)s->broken,
		(unsigned long long)s->bytes);
	for (int c = 0; c < NPATH; c++)
		buf_fmt(b, "%s\"%s\":%llu", c ? "," : "", class_name[c], (unsigned long long)s->by_class[c]);
	buf_lit(b, "},\"by_status\":{");
	for (int c = 0; c < 600; c++) {
		if (!s->by_status[c])
			continue;
		buf_fmt(b, "%s\"%d\":%llu", sep, c, (unsigned long long)s->by_status[c]);
		sep = ",";
	}
	buf_fmt(b, "},\"max_in_flight\":%d,\"requests\":%llu,\"seconds\":%.3f,\"too_many_requests\":%llu}",
		s->max_in_flight, (unsigned long long)s->requests, timer_now() - s->start_s,
		(unsigned long long)s->refused);
	pthread_mutex_unlock(&s->lock);
}
